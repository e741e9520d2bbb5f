"""Files that lie: whatever they claim, loading them takes no more than 4 x the file + 64 MB."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import lies
import pytest
from test_gan import digest

import ganc

MEGABYTES_64 = 64 * 2**20


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measured by Linux alone")
def test_memory_while_loading():
    """A child loads mutants of every kind of model, and headers whose values take much."""
    child = subprocess.run(
        [sys.executable, lies.__file__, "400", "12"], capture_output=True, text=True
    )
    assert child.returncode == 0, child.stderr[-2000:]
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    found = {name: (kinds, worst) for name, kinds, worst in lines}
    assert set(found) == {"toy", "own", "vae", "headers"}
    for name, (kinds, worst) in found.items():
        assert worst < MEGABYTES_64, f"{name}: {child.stderr[-2000:]}"
        assert set(kinds) <= {"NoneType", "FormatError", "NeedsModel"}


def test_a_model_that_a_lie_was_loaded_into_is_unchanged(tmp_path):
    for model in lies.models().values():
        case = lies.Case(model, tmp_path)
        wanted = model.preview(3, seed=0).tobytes(), model.step, digest(model)
        for path, value in random.Random(1).sample(lies.mutants(case.data), 120):
            case.write(path, value)
            if case.load(model) is not None:
                found = model.preview(3, seed=0).tobytes(), model.step, digest(model)
                assert found == wanted, (path, value)
            else:  # a number that may be: take it back
                lies.write_tensors(case.path, case.arrays, {"ganc.model": json.dumps(case.data)})
                assert case.load(model) is None and digest(model) == wanted[2]


def test_values_without_end(tmp_path):
    for name, header in lies.headers(2_000_000):
        lies.write_header(tmp_path / "a.ganc", header)
        with pytest.raises(ganc.FormatError) as caught:
            ganc.load(tmp_path / "a.ganc")
        assert len(str(caught.value)) < 2000, name
    with pytest.raises(ValueError, match="more values than a reader"):
        ganc.io.write_tensors(tmp_path / "b", {}, {"x": json.dumps([0.5] * 1_000_000)})
