"""Fixtures and the closing report of the test suite."""

import gc
import re
import signal
import sys
from pathlib import Path

import pytest
from clock import clock  # noqa: F401
from machine import machine  # noqa: F401
from saved import saved  # noqa: F401

PASSED = pytest.StashKey[bool]()
NO_TORCH = "PyTorch is not installed"  # the reason that lib/pytorch.py gives
collect_ignore = ["lib", "files"]

# A shell that starts something in the background has it ignore Ctrl-C, and all its children too.
for _number, _usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGTERM, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)


def pytest_terminal_summary(terminalreporter):
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())]
    without = sum(NO_TORCH in reason for reason in skipped)
    if without:
        project = (Path(__file__).parent.parent / "pyproject.toml").read_text()
        terminalreporter.section("this run has checked little", red=True, bold=True)
        terminalreporter.write_line(
            f"{NO_TORCH}: {without} files and tests that compare with it were NOT run; pip install "
            + re.search(r"torch==[\d.]+", project).group(),
            red=True,
            bold=True,
        )
    harness = sys.modules.get("harness")
    if harness and harness.WORST:
        terminalreporter.section("worst errors of the op checks")
        for check, (error, where) in sorted(harness.WORST.items()):
            terminalreporter.write_line(f"{check:28} {error:.3g}  {where}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        item.stash[PASSED] = report.get_result().passed


@pytest.fixture
def torch():
    """PyTorch; the test is skipped without it."""
    return pytest.importorskip("torch", reason=NO_TORCH)


@pytest.fixture
def no_live_tensors(request):
    """The test leaves no tensor behind in either core, and every switch as it was."""
    from ganc import _core, _core64

    def state(core):
        return core.get_isa(), core.get_num_threads(), core.is_grad_enabled()

    threads = [core.get_num_threads() for core in (_core, _core64)]
    for core in (_core, _core64):
        core.set_num_threads(1)
    before = [state(core) for core in (_core, _core64)]
    live = _core.live_tensors() + _core64.live_tensors()
    yield
    if not request.node.stash.get(PASSED, False):
        return  # the traceback of a failure holds tensors
    assert [state(core) for core in (_core, _core64)] == before
    for core, n in zip((_core, _core64), threads, strict=True):
        core.set_num_threads(n)
    if _core.live_tensors() + _core64.live_tensors() > live:
        gc.collect()
    assert _core.live_tensors() + _core64.live_tensors() <= live
