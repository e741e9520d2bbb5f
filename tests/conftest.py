"""Fixtures and the closing report of the test suite."""

import gc
import sys

import pytest
from machine import machine  # noqa: F401
from saved import saved  # noqa: F401

PASSED = pytest.StashKey[bool]()


def pytest_terminal_summary(terminalreporter):
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
