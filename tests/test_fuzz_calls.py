"""Spoilt arguments are refused where they enter; `tools/fuzz_calls.py` makes 20,000 such calls."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[1] / "tools" / "fuzz_calls.py"


def test_spoilt_arguments_end_in_errors_of_their_own():
    command = [sys.executable, TOOL, "--calls", "500", "--seed", "7", "--show"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "500 calls, 0 faults, 0 crashes, 0 hangs"
