"""Tests of signals where the shell has Ctrl-C ignored, as for what runs in the background."""

import subprocess
import sys

from children import ROOT, environment

TESTS = [
    "test_interrupt.py::test_what_ctrl_c_leaves[4]",
    "test_interrupt.py::test_other_threads_run_to_their_end",
    "test_gan.py::test_ctrl_c_leaves_a_usable_model",
    "test_cli.py::test_ctrl_c_keeps_what_was_done",
    "test_resume_crash.py::test_sigterm_saves_and_exits_with_0",
]


def test_they_pass_where_signals_are_ignored():
    ignored = "import os, signal, sys\nfor number in (signal.SIGINT, signal.SIGTERM):\n"
    ignored += "    signal.signal(number, signal.SIG_IGN)\nos.execv(sys.argv[1], sys.argv[1:])"
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=100"]
    done = subprocess.run(
        [sys.executable, "-c", ignored, *pytest_, *(f"{ROOT}/tests/{name}" for name in TESTS)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=290, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
