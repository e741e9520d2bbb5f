"""ganc.bench.compare and `ganc bench --data`: several models, several seeds, one folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from children import ROOT, environment

import ganc
from ganc import bench, cli
from ganc.bench._entrants import entrants

TINY = {"g_hidden": (8,), "d_hidden": (8,), "batch_size": 32}
TWO = {"relu": ("ToyGAN", TINY), "tanh": ("ToyGAN", TINY | {"activation": "tanh"})}
QUIET = {"verbose": 0, "n": 500}


def figures(found):
    return repr([(run["model"], run["seed"], run["steps"], run["metrics"]) for run in found.runs])


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return bench.compare(
        TWO, "ring", seeds=(0, 1), steps=30, workers=1, folder=folder / "a", **QUIET
    )


def test_the_table(alone):
    rows = alone.rows()
    assert [row["model"] for row in rows] == ["relu", "tanh"]
    assert all(row["runs"] == 2 and row["failed"] == 0 and row["steps"] == 30 for row in rows)
    values = [run["metrics"]["modes_covered"] for run in alone.runs if run["model"] == "relu"]
    assert rows[0]["modes_covered"] == np.mean(values)
    assert rows[0]["modes_covered_std"] == pytest.approx(np.std(values, ddof=1))
    text = alone.table()
    assert "modes_covered" in text and "±" in text and "<table>" in alone._repr_html_()
    frame = alone.to_frame()
    assert list(frame.model) == ["relu", "relu", "tanh", "tanh"] and "reverse_kl" in frame


def test_the_folder(alone):
    folder = Path(alone.folder)
    assert {"comparison.json", "comparison.png", "table.txt"} <= set(os.listdir(folder))
    run = folder / "relu-1"
    assert {"model.ganc", "history.csv", "result.json", "samples.safetensors"} <= set(
        os.listdir(run)
    )
    assert ganc.load(run / "model.ganc").step == 30
    assert (folder / "table.txt").read_text() == alone.table()


def test_the_picture(alone):
    drawn = alone.plot()
    assert len(drawn.axes) == 4
    assert drawn.axes[0].get_title() == "relu"
    assert len(drawn.axes[0].lines) == 4  # two losses of two seeds


def test_two_at_a_time_give_the_same_figures(alone, tmp_path):
    found = bench.compare(
        TWO, "ring", seeds=(0, 1), steps=30, workers=2, folder=tmp_path / "a", **QUIET
    )
    assert figures(found) == figures(alone)


def test_a_finished_comparison_is_read(alone):
    before = {p: p.stat().st_mtime_ns for p in Path(alone.folder).glob("*/result.json")}
    found = bench.compare(
        TWO, "ring", seeds=(0, 1), steps=30, workers=1, folder=alone.folder, **QUIET
    )
    assert figures(found) == figures(alone)
    assert before == {p: p.stat().st_mtime_ns for p in before}


def test_another_comparison_in_the_folder_is_refused(alone, tmp_path):
    with pytest.raises(ValueError, match="steps"):
        bench.compare(TWO, "ring", seeds=(0, 1), steps=31, folder=alone.folder, **QUIET)
    (tmp_path / "mine.txt").write_text("a")
    with pytest.raises(ValueError, match="other files"):
        bench.compare(TWO, "ring", steps=3, folder=tmp_path, **QUIET)


def broken(seed):
    if seed:
        raise RuntimeError("it does not work")
    return ganc.models.ToyGAN(**TINY, seed=seed)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failed_run_is_told_of_and_survived(workers, tmp_path):
    models = {
        "mine": broken, "diverges": ("ToyGAN", TINY | {"g_lr": 1e30, "d_lr": 1e30}),
        "fine": ("ToyGAN", TINY),
    }  # fmt: skip
    found = bench.compare(
        models, "ring", seeds=(0, 1), steps=12, workers=workers, folder=tmp_path / "a", **QUIET
    )
    failed = {(run["model"], run["seed"]): run["failed"] for run in found.runs if run["failed"]}
    assert set(failed) == {("mine", 1), ("diverges", 0), ("diverges", 1)}
    assert failed["mine", 1] == "RuntimeError: it does not work"
    assert "Divergence" in failed["diverges", 0]
    assert "1 of 2" in found.table() and "it does not work" in found.table()
    assert len(found.plot().axes) == 6


def test_labels_and_held_out_images(tmp_path):
    x, y = ganc.datasets.load_embedded(600)
    small = {"channels": 2, "hidden": 8}
    found = bench.compare(
        [("ConvCGAN", small), ("ConvVAE", {})], ((x[:500], y[:500]), (x[500:], y[500:])),
        seeds=(0,), steps=3, batch_size=16, workers=2, folder=tmp_path / "a", verbose=0,
    )  # fmt: skip
    assert [run["failed"] for run in found.runs] == [None, None]
    assert {"frechet_distance", "precision", "recall"} <= set(found.metrics)
    without = bench.compare(
        [("ConvCGAN", small)], x[:200], seeds=(0,), steps=3, workers=1, verbose=0,
        folder=tmp_path / "b",
    )  # fmt: skip
    assert "labels" in without.runs[0]["failed"]


def test_a_budget_counts_all_attempts(tmp_path):
    found = bench.compare(
        {"a": ("ToyGAN", TINY)}, "ring", seeds=(0,), budget=0.5, workers=1, folder=tmp_path / "a",
        **QUIET,
    )  # fmt: skip
    assert 0.4 < found.runs[0]["seconds"] < 3


CHILD = """
import sys
from ganc import bench
bench.compare({"a": ("ToyGAN", {"g_hidden": (8,), "d_hidden": (8,)})}, "ring", seeds=(0, 1),
              steps=int(sys.argv[2]), workers=2, folder=sys.argv[1], n=500, verbose=1)
"""


def test_killed_and_resumed(tmp_path):
    """Killed in the middle, then finished: the figures of an undisturbed comparison."""
    steps = "6000"
    command = [sys.executable, "-c", CHILD, str(tmp_path / "a"), steps]
    child = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL, start_new_session=True
    )
    while not list((tmp_path / "a").glob("*/log.txt")) and child.poll() is None:
        time.sleep(0.02)
    time.sleep(2)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for name in ("a", "b"):
        command[3] = str(tmp_path / name)
        subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True)
    results = [
        [json.loads(p.read_text())["metrics"] for p in sorted((tmp_path / n).glob("*/result.json"))]
        for n in ("a", "b")
    ]
    assert results[0] == results[1] and len(results[0]) == 2


def test_mistakes():
    for models, error, message in (
        ([], ValueError, "none"),
        ("toyy", ValueError, "did you mean"),
        (["toy", "ToyGAN"], ValueError, "two of the name"),
        ([3], TypeError, "expected a name"),
        ({"a/b": "toy"}, ValueError, "without /"),
    ):
        with pytest.raises(error, match=message):
            entrants(models)
    for options, message in (
        ({"steps": 3, "budget": 3}, "both"),
        ({"seeds": ()}, "seeds"),
        ({"seeds": (1, 1)}, "seeds"),
        ({"steps": 0}, "steps"),
        ({"metrics": ["frechett"]}, "did you mean"),
    ):
        with pytest.raises(ValueError, match=message):
            bench.compare("toy", "ring", **options)
    with pytest.raises(ValueError, match="did you mean 'ring'"):
        bench.compare("toy", "rin", steps=1)


def test_command_line(tmp_path, capsys):
    small = ["--set", "g_hidden=(8,)", "--set", "d_hidden=(8,)"]
    argv = ["bench", "--models", "toy", "--data", "ring", "--steps", "5", "--seeds", "2"]
    assert cli.main([*argv, *small, "--out", str(tmp_path / "a"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["runs"]) == 2 and found["runs"][0]["steps"] == 5
    assert cli.main([*argv, *small, "--out", str(tmp_path / "a")]) == 0
    assert "modes_covered" in capsys.readouterr().out
    assert cli.main([*argv, "--models", "toyy"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_other_data_of_the_same_size_is_refused(tmp_path):
    options = {"seeds": (0,), "steps": 2, "workers": 1, "folder": tmp_path / "a", **QUIET}
    model = {"a": ("ToyGAN", TINY)}
    first, second = (ganc.datasets.toy.ring(300, seed=seed) for seed in (1, 2))
    bench.compare(model, first, **options)
    with pytest.raises(ValueError, match="data_crc32"):
        bench.compare(model, second, **options)
    assert bench.compare(model, ganc.data.TensorDataset(first), **options).runs[0]["steps"] == 2
    assert bench.compare(model, (first, None), **options).runs[0]["steps"] == 2


def test_keywords_that_are_no_plain_data_and_metrics_of_ones_own(tmp_path):
    def one(real, fake):
        return 1.0

    for _ in range(2):  # the second reads what the first has written
        found = bench.compare(
            {"a": ("ToyGAN", TINY | {"loss": ganc.losses.get("wgan")})}, "ring", seeds=(0,),
            steps=2, workers=2, metrics=[one], folder=tmp_path / "a", **QUIET,
        )  # fmt: skip
        assert found.runs[0]["metrics"] == {"one": 1.0}


def test_models_get_the_shape_of_the_data():
    images, points = np.zeros((4, 28, 28), np.uint8), np.zeros((4, 3), np.float32)
    (plain,) = entrants(["DCGAN"])
    assert plain.suited(images).numbers == {"image_shape": (1, 28, 28)}
    assert plain.suited(points) is plain
    (own,) = entrants([("DCGAN", {"image_shape": (1, 32, 32)})])
    assert own.suited(images) is own
    assert entrants(["ToyGAN"])[0].suited(points).build(0).generate(2).shape == (2, 3)


def test_without_matplotlib_there_is_no_picture(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    bench.compare(
        {"a": ("ToyGAN", TINY)}, "ring", seeds=(0,), steps=2, workers=1, folder=tmp_path / "a",
        **QUIET,
    )  # fmt: skip
    assert {"comparison.png", "table.txt"} & set(os.listdir(tmp_path / "a")) == {"table.txt"}


def started(folder):
    """Return a comparison in the middle of its training, and the processes that train."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), "60000"], cwd=ROOT, env=environment(),
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while len(list(folder.glob("*/checkpoints"))) < 2 and child.poll() is None:
        time.sleep(0.02)
    time.sleep(0.5)
    found = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    return child, [int(pid) for pid in found]


def eventually(condition):
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("how", ["ctrl-c", "parent killed"])
def test_processes_save_when_the_comparison_ends(how, tmp_path):
    child, training = started(tmp_path / "a")
    if how == "ctrl-c":
        os.killpg(child.pid, signal.SIGINT)
    else:
        child.kill()
    child.wait()
    assert eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in training))
    runs = sorted((tmp_path / "a").glob("a-*"))
    assert len(runs) == 2
    for run in runs:
        (save,) = (run / "checkpoints").glob("*.ganc")
        progress = json.loads((run / "progress.json").read_text())
        assert not (run / "result.json").exists()
        assert progress["saved"][0] == int(save.stem) > 0 and progress["saved"][1] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_process_is_told_of_and_made_again(tmp_path):
    from ganc.bench._processes import Job
    from ganc.bench._run import KILLED, failed

    job = Job(entrants(["ToyGAN"])[0], 0, str(tmp_path / "a" / "ToyGAN-0"))
    options = {"seeds": (0, 1), "steps": 3, "workers": 2, "folder": tmp_path / "a", **QUIET}
    bench.compare("ToyGAN", "ring", **options)
    os.unlink(tmp_path / "a" / "ToyGAN-0" / "result.json")
    failed(job.folder, "its process was killed by signal 9", KILLED)
    again = bench.Comparison(str(tmp_path / "a"), ["ToyGAN"], [0, 1])
    assert not job.finished and "killed by signal 9" in again.table()
    assert [run["failed"] for run in bench.compare("ToyGAN", "ring", **options).runs] == [None] * 2


def test_stacked_digits():
    try:
        (x, y), (x_test, y_test) = ganc.datasets.load_stacked_digits(3000, download=False)
    except FileNotFoundError:
        pytest.skip("MNIST is not on this machine")
    assert x.shape == (3000, 28, 28, 3) and x.dtype == np.uint8 and y.shape == (3000,)
    assert x_test.shape == (500, 28, 28, 3) and 0 <= y_test.min() <= y_test.max() < 1000
    again = ganc.datasets.load_stacked_digits(3000, download=False)[0]
    assert (again[0] == x).all() and (again[1] == y).all()
    found = ganc.metrics.stacked_modes(x)
    counts = np.bincount(y, minlength=1000)
    assert np.abs(found.details["counts"] - counts).sum() / 2 < 0.05 * len(y)  # misread at most
    floats = x.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
    assert (ganc.metrics.stacked_modes(floats).details["counts"] == found.details["counts"]).all()
    assert ganc.metrics.stacked_modes(x[:1].repeat(10, axis=0)) == 1
    with pytest.raises(ValueError, match="a digit in each"):
        ganc.metrics.stacked_modes(x[..., :1])
