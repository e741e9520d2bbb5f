"""A disk that is full: what was there before stays whole, and the error names the file."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="needs a POSIX system")

BEGIN = """
import os, resource, sys, warnings
import numpy as np
import ganc
from ganc import cli
run, target, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ["MPLBACKEND"] = "Agg"
gan = ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0)
x = ganc.datasets.toy.ring(64, seed=0)
gan.fit(x, epochs=3, batch_size=32, verbose=0)
images = np.random.default_rng(0).uniform(-1, 1, (16, 1, 28, 28)).astype("f4")
def full():
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
def told(work):
    full()
    try:
        status = work()
    except OSError as error:
        print(error.filename)
        sys.exit(1)
    sys.exit(status)
"""
WRITERS = {  # what is written: how
    "model.ganc": "told(lambda: gan.save(target))",
    "arrays.safetensors": "told(lambda: ganc.io.write_tensors(target, {'x': images}))",
    "grid.png": "told(lambda: ganc.plot.save_image(target, ganc.plot.grid(images)))",
    "film.gif": "told(lambda: ganc.plot.animation([images, -images], target))",
    "history.csv": "told(lambda: gan.history.to_csv(target))",
    "sample.png": "full(); sys.exit(cli.main(['sample', run, '-n', '64', '-o', target]))",
    "sample.npy": "full(); sys.exit(cli.main(['sample', run, '-n', '999', '-o', target]))",
    "plot.png": "full(); sys.exit(cli.main(['plot', run, '-o', target]))",
}
OLD = b"what was there before\n" * 400


def child(code, *args):
    command = [sys.executable, "-c", BEGIN + code, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    command = [sys.executable, "-m", "ganc", "train", "toy", "--out", str(folder), "--epochs", "2"]
    command += ["--set", "g_hidden=4,", "--set", "d_hidden=4,", "--batch-size", "5000"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder


@pytest.mark.parametrize("name", WRITERS)
def test_one_file(name, run, tmp_path):
    target = tmp_path / name
    target.write_bytes(OLD)
    done = child(WRITERS[name], run, target, 256)
    assert done.returncode == 1, done.stderr
    assert name in done.stdout + done.stderr and "Traceback" not in done.stderr
    assert target.read_bytes() == OLD and os.listdir(tmp_path) == [name]


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


LIMITS = [60, 400, 1500, 3000, 6000, 20000]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("command", ["resume", "train"])
def test_every_file_of_a_run(command, limit, run, tmp_path):
    """Whichever file does not fit first: each is the old one, or a whole new one."""
    folder = tmp_path / "run"
    subprocess.run(["cp", "-r", run, folder], check=True)
    before = files(folder)
    code = {
        "resume": "full(); sys.exit(cli.main(['resume', target, '--epochs', '3']))",
        "train": "full(); sys.exit(cli.main(['train', 'toy', '--out', target, '--overwrite',"
        " '--epochs', '2', '--set', 'g_hidden=4,', '--set', 'd_hidden=4,',"
        " '--batch-size', '5000']))",
    }[command]
    done = child(code, run, folder, limit)
    assert "Traceback" not in done.stderr
    after = files(folder)
    if command == "resume":
        assert before.keys() <= after.keys()
    assert not [name for name in after if name.endswith(".tmp")]
    for name, content in after.items():
        if content != before.get(name) and not name.endswith((".csv", ".txt")):
            assert whole(folder / name), name
    if done.returncode == 1:
        assert str(folder) in done.stderr or any(name in done.stderr for name in before)


def whole(path):
    """Whether a file can be read to its end."""
    if path.suffix == ".json":
        return bool(json.loads(path.read_text()))
    if path.suffix == ".png":
        return path.read_bytes().endswith(b"IEND\xaeB`\x82")
    import ganc

    return bool(ganc.io.read_tensors(path, require_checksums=True))
