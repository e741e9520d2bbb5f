"""The command line: results, progress, exit status."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import ganc
from ganc import cli

SMALL = ["--set", "g_hidden=8,", "--set", "d_hidden=(8,)"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "a"
    argv = ["train", "toy", "--data", "ring", "--epochs", "1", "--batch-size", "512", "--seed", "3"]
    assert cli.main([*argv, *SMALL, "--out", str(folder)]) == 0
    return folder


def test_train_writes_its_folder(run):
    names = {"model.ganc", "config.json", "history.csv", "samples.png", "losses.png", "log.txt"}
    assert {p.name for p in run.iterdir()} == {*names, "checkpoints", "samples"}
    steps = ganc.load(run / "model.ganc").step
    assert (run / "checkpoints" / f"{steps:09}.ganc").exists()
    assert {p.stem for p in (run / "samples").iterdir()} == {f"{0:09}", f"{steps:09}"}
    config = json.loads((run / "config.json").read_text())
    assert config["config"]["g_hidden"] == [8] and config["run"]["data"] == "ring"
    assert config["training"]["seed"] == 3


def test_pictures_are_what_the_model_shows(tmp_path, monkeypatch):
    toy, seen = ganc.models.ToyGAN, []
    preview = toy.preview

    def noted(self, n, *, seed):
        seen.append((self.step, n, seed))
        return preview(self, n, seed=seed)

    monkeypatch.setattr(toy, "preview", noted)
    argv = ["train", "toy", *SMALL, "--batch-size", "5000", "--out", str(tmp_path)]
    assert cli.main([*argv, "--seed", "0"]) == 0
    assert seen == [(0, 64, 0), (10, 64, 0)]


def test_results_on_stdout_progress_on_stderr(tmp_path, capsys):
    out = str(tmp_path / "b")
    assert cli.main(["train", "toy", *SMALL, "--out", out, "--json", "--seed", "0"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert result["epochs"] == 1 and os.path.exists(result["model"])
    assert "epoch 1/1" in captured.err


def test_sample(run, tmp_path, capsys):
    png, npy = tmp_path / "s.png", tmp_path / "s.npy"
    assert cli.main(["sample", str(run), "-n", "9", "-o", str(png), "--seed", "1"]) == 0
    assert str(png) in capsys.readouterr().out
    model = str(run / "model.ganc")
    for _ in range(2):
        assert cli.main(["sample", model, "-n", "9", "-o", str(npy), "--seed", "1"]) == 0
        assert np.load(npy).shape == (9, 2)


@pytest.mark.parametrize("command", ["info", "models", "datasets"])
def test_lists(command, capsys):
    assert cli.main([command]) == 0
    assert capsys.readouterr().out.strip()
    assert cli.main([command, "--json"]) == 0
    json.loads(capsys.readouterr().out)


def test_help(capsys):
    assert cli.main([]) == 0
    assert "demo" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", "--help"])
    assert stop.value.code == 0


USAGE = {
    "command": ["trian"],
    "model": ["train", "vanila", "--out", "{out}"],
    "data": ["train", "toy", "--data", "rings", "--out", "{out}"],
    "number": ["train", "toy", "--set", "g_lrr=1", "--out", "{out}"],
    "no equals": ["train", "toy", "--set", "g_lr", "--out", "{out}"],
    "value": ["train", "toy", "--set", "n_critic=0", "--out", "{out}"],
    "type": ["train", "toy", "--set", "g_lr=fast", "--out", "{out}"],
    "kind": ["train", "vanilla", "--data", "ring", "--out", "{out}"],
    "epochs": ["train", "toy", "--epochs", "0", "--out", "{out}"],
    "budget": ["train", "toy", "--budget", "soon", "--out", "{out}"],
    "seed": ["train", "toy", "--seed", "-1", "--out", "{out}"],
    "threads": ["train", "toy", "--threads", "0", "--out", "{out}"],
    "n": ["sample", "{out}", "-n", "0"],
    "out": ["train", "toy"],
}


@pytest.mark.parametrize("name", USAGE)
def test_usage_errors(name, tmp_path, capsys):
    argv = [word.format(out=tmp_path / "o") for word in USAGE[name]]
    try:
        status = cli.main(argv)
    except SystemExit as stop:
        status = stop.code
    captured = capsys.readouterr()
    assert status == 2 and captured.err and not captured.out
    assert not (tmp_path / "o").exists()
    if name in ("model", "data", "number"):
        assert "did you mean" in captured.err


def test_failures(tmp_path, capsys):
    assert cli.main(["sample", str(tmp_path / "none.ganc")]) == 1
    foreign = tmp_path / "a.ganc"
    foreign.write_bytes(b"no model")
    assert cli.main(["sample", str(foreign)]) == 1
    assert "a.ganc" in capsys.readouterr().err


def python(*argv, **options):
    return subprocess.Popen(
        [sys.executable, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


def test_module_runs():
    process = python("-m", "ganc", "info", "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["threads"] >= 1


def test_ctrl_c_keeps_what_was_done(tmp_path):
    folder = tmp_path / "c"
    process = python(
        "-m", "ganc", "train", "toy", *SMALL, "--epochs", "100000", "--out", str(folder),
    )  # fmt: skip
    assert b"epoch 1/" in process.stderr.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert (folder / "model.ganc").exists() and (folder / "history.csv").exists()


def test_demo(tmp_path, capsys, clock):
    clock.tick = 0.01
    folder = tmp_path / "demo"
    assert cli.main(["demo", "--out", str(folder), "--budget", "2s", "--json", "--seed", "1"]) == 0
    result = json.loads(capsys.readouterr().out)
    for name in ("samples.png", "losses.png", "training.gif", "model.ganc"):
        assert os.path.getsize(result[name]) > 500
    assert result["seconds"] > 0
