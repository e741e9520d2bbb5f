"""Fixtures and the closing report of the test suite."""

import gc
import sys

import pytest

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
        return core.live_tensors(), core.get_isa(), core.get_num_threads(), core.is_grad_enabled()

    before = [state(core) for core in (_core, _core64)]
    yield
    if not request.node.stash.get(PASSED, False):
        return  # the traceback of a failure holds tensors
    after = [state(core) for core in (_core, _core64)]
    if after != before:
        gc.collect()
        after = [state(core) for core in (_core, _core64)]
    assert after == before
