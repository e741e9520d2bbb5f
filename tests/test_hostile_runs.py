"""A run's folder from a stranger; `tools/hostile_runs.py` tries 2,000 changes of one."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[1] / "tools" / "hostile_runs.py"


def test_what_a_run_says_changes_nothing_outside_of_its_folder():
    command = [sys.executable, TOOL, "--mutants", "40", "--seed", "1", "--show"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout == "40 mutants, 0 faults\n"
