"""Runs that are killed, disks that are full, files that are damaged: training goes on to the bit.

GANC_RELEASE=1 makes as many attempts as a release needs; otherwise there are fewer.
"""

import os
import random
import signal
import statistics
import subprocess
import time
import warnings

import pytest
from children import DIGEST, interrupt, run, start

import ganc
from ganc.callbacks import ModelCheckpoint
from ganc.datasets import toy

RELEASE = bool(os.environ.get("GANC_RELEASE"))
KILLS, INTERRUPTS = (100, 100) if RELEASE else (10, 10)
X = toy.ring(160, seed=1)

TRAIN = (
    DIGEST
    + """
import os, sys, time
import ganc
from ganc.callbacks import *

folder, threads, steps, every = sys.argv[1], *map(int, sys.argv[2:5])
wait = int(sys.argv[5]) if sys.argv[5:] else None  # at this step, until stdin is closed
ganc.set_num_threads(threads)
x = ganc.datasets.toy.ring(640, seed=1)
if os.path.isdir(folder) and any(name.endswith(".ganc") for name in os.listdir(folder)):
    gan = ganc.resume(folder)
else:
    gan = ganc.models.ToyGAN(g_hidden=(16,), d_hidden=(16,), seed=3)
    gan.ema = 0.99
rate = ganc.optim.lr_scheduler.ExponentialLR(gan.g_optimizer, 0.999)
gan.fit(
    x, epochs=1, initial_epoch=gan.epoch, batch_size=64, steps_per_epoch=steps, verbose=0,
    callbacks=[
        ModelCheckpoint(os.path.join(folder, "{step}.ganc"), every=f"{every} steps", keep=2),
        LearningRateScheduler(rate, every="step"),
        LambdaCallback(on_train_batch_end=lambda b, logs: b or print("go")),
        LambdaCallback(on_train_batch_end=lambda b, logs: b == wait and sys.stdin.read()),
    ],
)
print(gan.step, digest(gan), repr(gan.history.history), rate.get_last_lr())
"""
)


def after_a_save(folder, child):
    """Wait until a run has gone on from the newest checkpoint to the next one, or has ended."""
    before = newest(folder)
    while newest(folder) == before and child.poll() is None:
        time.sleep(0.001)


@pytest.mark.parametrize("threads", [1, 2])
def test_killed_at_random_moments(threads, tmp_path, capsys):
    wanted = run(TRAIN, tmp_path / "whole", threads, 500, 10**6).splitlines()[-1]
    kills, runs, rng = 0, 0, random.Random(threads)
    while kills < KILLS or not runs:
        folder = tmp_path / f"killed{runs}"
        child = start(TRAIN, folder, threads, 500, 5)
        if kills < KILLS:
            after_a_save(folder, child)
            time.sleep(rng.uniform(0, 0.1))
            child.kill()
        out, err = child.communicate(timeout=120)
        kills += child.returncode == -signal.SIGKILL
        if child.returncode == 0:  # to its end, mostly after many kills: now another one
            assert out.splitlines()[-1] == wanted and not err, err
            runs += 1
        assert child.returncode in (0, -signal.SIGKILL), err
    with capsys.disabled():
        print(
            f"\nkill -9 at {kills} random moments of {runs} runs, {threads} threads: the same bits"
        )


def newest(folder):
    return max((int(p.stem) for p in folder.glob("*.ganc")), default=0)


def test_sigterm_saves_and_exits_with_0(tmp_path):
    child = start(TRAIN, tmp_path, 1, 2000, 10**6, 1000, stdin=subprocess.PIPE)
    assert child.stdout.readline().strip() == "go"
    assert not list(tmp_path.iterdir())
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=120)  # which closes stdin
    assert child.returncode == 0 and not out and not err
    assert 0 < newest(tmp_path) < 2000
    again = run(TRAIN, tmp_path, 1, 2000, 10**6).splitlines()[-1]
    assert again == run(TRAIN, tmp_path / "whole", 1, 2000, 10**6).splitlines()[-1]


# ---- files ----


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A folder with the checkpoints of steps 5 and 10, and their models' samples."""
    folder = tmp_path_factory.mktemp("pair")
    gan = ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0)
    keep = ModelCheckpoint(folder / "{step:02}.ganc", every="5 steps", keep=2)
    gan.fit(X, batch_size=32, epochs=2, verbose=0, callbacks=[keep])
    return folder


def goes_back(folder, damaged):
    (folder / "10.ganc").write_bytes(damaged)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        step = ganc.resume(folder).step
    assert step == 5
    assert len(caught) == 1 and "10.ganc" in str(caught[0].message)


def test_a_damaged_checkpoint_is_reported_and_the_one_before_it_used(pair):
    good = (pair / "10.ganc").read_bytes()
    header = 8 + int.from_bytes(good[:8], "little")
    rng = random.Random(0)
    try:
        for i in range(0, header, 1 if RELEASE else 97):
            goes_back(pair, good[:i] + bytes([good[i] ^ (1 << rng.randrange(8))]) + good[i + 1 :])
        for _ in range(1000 if RELEASE else 50):
            i = rng.randrange(header, len(good))
            goes_back(pair, good[:i] + bytes([good[i] ^ (1 << rng.randrange(8))]) + good[i + 1 :])
            goes_back(pair, good[: rng.randrange(len(good))])
    finally:
        (pair / "10.ganc").write_bytes(good)
    assert ganc.resume(pair).step == 10


def test_all_are_damaged(pair, tmp_path):
    for name in ("05.ganc", "10.ganc"):
        (tmp_path / name).write_bytes((pair / name).read_bytes()[:-1])
    with pytest.warns(UserWarning, match="10.ganc"), pytest.raises(ganc.FormatError, match="05"):
        ganc.resume(tmp_path)


FULL = (
    DIGEST
    + """
import os, resource, signal, sys, warnings
import ganc
from ganc.callbacks import *

kind, folder = sys.argv[1:]
x = ganc.datasets.toy.ring(640, seed=1)

def full(limit):
    if kind == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    else:
        if os.getuid() == 0:  # who may write anywhere
            os.seteuid(0)
        os.chmod(folder, 0o755 if limit < 0 else 0o555)
        if os.getuid() == 0 and limit >= 0:
            os.seteuid(65534)

def change(batch, logs):
    if gan.step == 6: full(2000)
    if gan.step == 17: full(-1)

    if gan.step == 16: print(sorted(os.listdir(folder)), ganc.resume(folder).step)

whole, gan = (ganc.models.ToyGAN(g_hidden=(16,), d_hidden=(16,), seed=3) for _ in range(2))
plan = {"epochs": 2, "batch_size": 64, "verbose": 0}
whole.fit(x, **plan)
keep = ModelCheckpoint(os.path.join(folder, "{step:02}.ganc"), every="5 steps", keep=2)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    gan.fit(x, **plan, callbacks=[keep, LambdaCallback(on_train_batch_end=change)])
print([str(w.message) for w in caught])
print(sorted(os.listdir(folder)), digest(gan) == digest(whole))
"""
)


@pytest.mark.parametrize("kind", ["limit", "read-only"])
def test_a_full_disk_and_a_folder_that_cannot_be_written(kind, tmp_path):
    for folder in [tmp_path, *list(tmp_path.parents)[:2]]:
        os.chmod(folder, 0o755)
    meanwhile, said, end = run(FULL, kind, tmp_path).splitlines()
    assert meanwhile == "['05.ganc'] 5"
    for name in ("10.ganc", "15.ganc"):
        assert name in said
    assert ("File too large" if kind == "limit" else "Permission denied") in said
    assert end == "['05.ganc', '20.ganc'] True"


def test_on_error_raise(tmp_path):
    gan = ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0)
    (tmp_path / "folder").mkdir()
    plan = {"batch_size": 32, "verbose": 0}
    with pytest.raises(OSError, match="folder"):
        gan.fit(X, **plan, callbacks=[ModelCheckpoint(tmp_path / "folder", on_error="raise")])
    assert gan.epoch == 1
    with pytest.warns(UserWarning, match="no checkpoint was saved.*folder"):
        gan.fit(X, **plan, callbacks=[ModelCheckpoint(tmp_path / "folder")])
    assert gan.epoch == 2


# ---- Ctrl-C ----

FIT = (
    DIGEST
    + """
import random, sys, time
import ganc
from ganc.callbacks import *

times, folder = int(sys.argv[1]), sys.argv[2]
x, _ = ganc.datasets.load_embedded(2000)
plan = dict(epochs=10 ** 6, batch_size=50, verbose=0)
seen = {}

def model():
    gan = ganc.models.VanillaGAN(seed=3)
    gan.ema = 0.99
    return gan

gan, whole, rng = model(), model(), random.Random(0)
gan.fit(x, **plan | {"epochs": 0})
stop = EarlyStopping("d_loss", patience=10 ** 9)
save = ModelCheckpoint(folder + "/{step}.ganc", every="20 steps", keep=2)
for _ in range(times):
    try:
        print("go")
        gan.fit(x, **plan, initial_epoch=gan.epoch, callbacks=[stop, save])
    except KeyboardInterrupt:
        print("now", time.monotonic())
    seen[gan.step] = digest(gan)
gan.fit(x, **plan | {"epochs": gan.epoch + 1}, initial_epoch=gan.epoch, callbacks=[stop, save])

def compare(batch, logs):
    if whole.step in seen:
        assert seen.pop(whole.step) == digest(whole), whole.step

best = EarlyStopping("d_loss", patience=10 ** 9)
compare = LambdaCallback(on_train_batch_end=compare)
whole.fit(x, **plan | {"epochs": gan.epoch}, callbacks=[best, compare])
seen.pop(0, None)
assert not seen, seen.keys()
assert gan.step == whole.step and digest(gan) == digest(whole)
assert repr(gan.history.history) == repr(whole.history.history)
assert gan.history.epoch == whole.history.epoch
assert best.state_dict() == stop.state_dict()
print(gan.step, "steps")
"""
)


def test_ctrl_c_at_random_moments(tmp_path, capsys):
    polite = {"OMP_WAIT_POLICY": "passive"}
    rng = random.Random(1)
    lines, latencies = interrupt(
        FIT, INTERRUPTS, tmp_path, delay=lambda: rng.uniform(0.02, 0.3), **polite
    )
    assert len(latencies) == INTERRUPTS and lines[-1].endswith("steps")
    with capsys.disabled():
        print(
            f"\nCtrl-C in fit, {len(latencies)} times: median "
            f"{statistics.median(latencies) * 1000:.0f} ms, most {max(latencies) * 1000:.0f} ms"
        )
