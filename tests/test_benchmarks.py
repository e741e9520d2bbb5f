"""The benchmarks run and say what they should; what they measure is not tested."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="only in the source tree")


def run(script, *arguments):
    command = [sys.executable, str(FOLDER / script), *arguments]
    environment = os.environ | {"PYTHONPATH": str(FOLDER.parent)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


@pytest.mark.parametrize(
    ("script", "arguments", "columns"),
    [
        ("gemm.py", (), {"GFLOP/s", "of peak", "vs torch"}),
        ("ops.py", (), {"ganc us", "PyTorch us"}),
        ("step.py", ("--model", "ToyGAN", "--rival", "torch"), {"ganc ms", "torch ms", "vs best"}),
    ],
)
def test_quick_run_writes_table_and_json(script, arguments, columns, tmp_path):
    path = tmp_path / "figures.json"
    done = run(script, "--quick", "--json", str(path), *arguments)
    assert done.returncode == 0, done.stderr
    document = json.loads(path.read_text())
    assert document["rows"]
    for row in document["rows"]:
        assert columns <= set(row)
        assert all(value > 0 for value in row.values() if isinstance(value, float))
    assert all(f" {column} |" in done.stdout for column in columns)


def test_unknown_names_are_refused():
    done = run("step.py", "--quick", "--rival", "numpy")
    assert done.returncode == 2 and "no numpy; there are torch," in done.stderr
