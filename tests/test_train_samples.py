"""tools/train_samples.py: it trains for a budget, goes on from there, and tells what it did."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import ganc

TOOL = Path(__file__).resolve().parent.parent / "tools" / "train_samples.py"
pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="only in the source tree")


@pytest.fixture
def tool(monkeypatch):
    spec = importlib.util.spec_from_file_location("train_samples", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    small = {"g_channels": (3, 3), "d_channels": (3,), "latent_dim": 4}
    monkeypatch.setitem(
        module.TASKS,
        "cnngan",
        module.Task(
            lambda path: np.random.default_rng(0).integers(0, 256, (64, 8, 8), dtype=np.uint8),
            lambda: ganc.models.CNNGAN((1, 8, 8), seed=0, **small),
            8,
            "noise",
            False,
            2,
        ),  # fmt: skip
    )
    return module


def test_runs_add_up(tool, tmp_path, capsys, clock):
    clock.tick = 0.01
    steps = []
    for budget in ("0.3 s", "0.6 s", "0.6 s"):
        argv = ["cnngan", "--budget", budget, "--work", str(tmp_path / "w"), "--docs"]
        assert tool.main([*argv, str(tmp_path)]) == 0
        found = json.loads((tmp_path / "cnngan.json").read_text())
        steps.append(found["steps"])
    assert 0 < steps[0] < steps[1] == steps[2]
    assert found["command"] == "python tools/train_samples.py cnngan --budget '0.6 s'"
    assert "metrics" not in found  # no classifier of ganc knows such pictures
    assert found["epochs"] == pytest.approx(steps[2] / 8, abs=0.06)
    assert (tmp_path / "cnngan.png").stat().st_size > 1000
    gan = ganc.load(tmp_path / "w" / "cnngan.ganc")
    assert gan.step == steps[2] and gan.ema == 0.999


def test_a_stopped_run_is_kept(tool, tmp_path, monkeypatch):
    task = tool.TASKS["cnngan"]

    def stop(self, batch, logs=None):
        if self.model.step == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(tool.Keeper, "on_train_batch_end", stop)
    path = tmp_path / "a.ganc"
    with pytest.raises(KeyboardInterrupt):
        tool.train(task, task.data(None), path, 60.0)
    gan, seconds = tool.resume(task, path)
    assert gan.step == 3 and 0 < seconds < 60
