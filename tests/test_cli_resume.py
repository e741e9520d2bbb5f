"""Runs on the command line that are stopped and go on; what their folders tell."""

import json
import shlex
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import ganc
from ganc import cli
from ganc.io import read_tensors

TRAIN = ["train", "toy", "--set", "g_hidden=8,", "--set", "d_hidden=8,", "--set", "n_critic=2"]
TRAIN += ["--batch-size", "500", "--seed", "3", "--threads", "1", "--save-every", "20 steps"]


# The command line, but epoch 10 does not begin before stdin is closed.
WAITS = """
import sys
from ganc import cli
from ganc.callbacks import LambdaCallback
from ganc.train import Model

fit, wait = Model.fit, LambdaCallback(on_epoch_begin=lambda e, logs: e == 9 and sys.stdin.read())
Model.fit = lambda *a, callbacks=(), **more: fit(*a, callbacks=[*callbacks, wait], **more)
sys.exit(cli.main(sys.argv[1:]))
"""


def child(*argv):
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", WAITS, *argv], stdin=pipe, stdout=pipe, stderr=pipe
    )


def content(folder):
    """Return all that was learned and recorded, without the numbers of files."""
    arrays, metadata = read_tensors(folder / "model.ganc")
    data = json.loads(metadata["ganc.model"])
    return {name: x.tobytes() for name, x in arrays.items()}, data | {"callbacks": None}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert cli.main([*TRAIN, "--epochs", "12", "--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_stopped_run_is_resumed_to_the_bit(how, whole, tmp_path, capsys):
    folder = tmp_path / "run"
    run = child(*TRAIN, "--epochs", "12", "--out", str(folder))
    assert b"epoch 1/" in run.stderr.readline()
    time.sleep(0.05)
    run.send_signal(getattr(signal, how))
    out, err = run.communicate(timeout=120)
    wanted = {"SIGKILL": -9, "SIGTERM": 0, "SIGINT": 130}[how]
    assert run.returncode == wanted, err
    log = (folder / "log.txt").read_text()
    assert {"SIGKILL": "epoch 1", "SIGTERM": "terminated", "SIGINT": "interrupted"}[how] in log
    assert cli.main(["resume", str(folder), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["epochs"] == 12 and result["steps"] == 1200
    assert content(folder) == content(whole)
    assert (folder / "history.csv").read_text() == (whole / "history.csv").read_text()
    assert (folder / "samples.png").read_bytes() == (whole / "samples.png").read_bytes()
    assert len(list((folder / "checkpoints").iterdir())) <= 4


def test_the_folder_tells_how_to_repeat_the_run(whole, tmp_path, capsys):
    run = json.loads((whole / "config.json").read_text())["run"]
    words = shlex.split(run["command"])
    assert words[0] == "ganc"
    words[words.index("--out") + 1] = str(tmp_path / "again")
    assert cli.main(words[1:]) == 0
    assert content(tmp_path / "again") == content(whole)
    assert cli.main(["train", "toy", *TRAIN[2:6], "--out", str(tmp_path / "b")]) == 0
    command = json.loads((tmp_path / "b" / "config.json").read_text())["run"]["command"]
    assert command.endswith(f"--seed {ganc.load(tmp_path / 'b' / 'model.ganc').seed}")


def test_resume_with_more_epochs_and_a_budget(whole, tmp_path, capsys, clock):
    clock.tick = 0.001
    folder = tmp_path / "run"
    argv = [*TRAIN, "--budget", "0.3s", "--out", str(folder)]
    assert cli.main(argv) == 0
    assert cli.main(["resume", str(folder)]) == 2  # how far?
    assert "--epochs" in capsys.readouterr().err
    assert cli.main(["resume", str(folder), "--epochs", "0"]) == 2
    assert cli.main(["resume", str(folder), "--budget", "0.2s"]) == 0
    assert ganc.resume(folder).epoch < 12
    assert cli.main(["resume", str(folder), "--epochs", "12"]) == 0
    assert content(folder)[0] == content(whole)[0]


def test_a_damaged_checkpoint_is_reported(whole, tmp_path, capsys):
    folder = tmp_path / "run"
    assert cli.main([*TRAIN, "--epochs", "1", "--out", str(folder)]) == 0
    newest = max((folder / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-3])
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # an error elsewhere: here a warning is what is wanted
        assert cli.main(["resume", str(folder), "--epochs", "2"]) == 0
    assert newest.name in capsys.readouterr().err
    assert cli.main([*TRAIN, "--epochs", "2", "--out", str(tmp_path / "other")]) == 0
    assert content(folder)[0] == content(tmp_path / "other")[0]


def test_training_anew_removes_the_old_run(tmp_path):
    for epochs in ("2", "1"):
        argv = [*TRAIN, "--epochs", epochs, "--out", str(tmp_path), "--overwrite"]
        assert cli.main(argv) == 0
    assert ganc.resume(tmp_path).epoch == 1
    assert (tmp_path / "log.txt").read_text().count("done") == 1


def test_what_cannot_be_resumed(whole, tmp_path, capsys):
    assert cli.main(["resume", str(tmp_path)]) == 1
    assert "config.json" in capsys.readouterr().err
    (tmp_path / "config.json").write_text('{"run": {"data": "ring"}}')
    assert cli.main(["resume", str(tmp_path)]) == 1
    assert "config.json" in capsys.readouterr().err
    config = json.loads((whole / "config.json").read_text())
    config["run"]["data"] = "grid"
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert cli.main(["resume", str(tmp_path)]) == 1
    assert "not the data" in capsys.readouterr().err
    assert cli.main([*TRAIN[:-1], "soon", "--out", str(tmp_path / "o")]) == 2


def test_plot(whole, tmp_path, capsys):
    picture = tmp_path / "l.png"
    for run in (whole, whole / "model.ganc"):
        assert cli.main(["plot", str(run), "-o", str(picture), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"losses": str(picture), "epochs": 12}
        assert picture.read_bytes()[:4] == b"\x89PNG"
        picture.unlink()
    before = (whole / "losses.png").stat().st_mtime_ns
    assert cli.main(["plot", str(whole)]) == 0
    assert (whole / "losses.png").stat().st_mtime_ns > before
    assert cli.main(["plot", str(whole / "model.ganc")]) == 1
    (tmp_path / "history.csv").write_text("epoch,d_loss\n0,low\n")
    assert cli.main(["plot", str(tmp_path)]) == 1
    assert "history.csv" in capsys.readouterr().err


def test_bench(capsys):
    assert cli.main(["bench", "--models", "toy", "--seconds", "0.05", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ToyGAN steps/s"] > 1 and 0 < found["matmul share of peak"] < 2
    assert found["matmul GFLOP/s"] > 0.1 and np.isfinite(found["peak GFLOP/s"])
    assert cli.main(["bench", "--models", "toyy"]) == 2
    assert cli.main(["bench", "--seconds", "0"]) == 2
