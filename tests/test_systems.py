"""Systems of many kinds on ganc.Model: what is stopped, killed or taken back goes on to the bit."""

import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import systems
from children import run, start
from systems import ALONE, SYSTEMS, build, data_of, digest

import ganc
from ganc.callbacks import LambdaCallback
from ganc.train import _checkpoint

STEPS, PASS = 20, 5  # of a whole run; of one pass over the data
PLAN = {"batch_size": 16, "verbose": 0}
KILLS = 100 if os.environ.get("GANC_RELEASE") else 8
# Attributes of the systems that `state` gives, or that networks and options say.
OWN = {"pool_a", "pool_b", "loss", "penalty"}

CHILD = """
import os, sys
sys.path.insert(0, sys.argv[1])
import ganc
from ganc.callbacks import ModelCheckpoint
from systems import ALONE, SYSTEMS, build, data_of, digest

how, folder, threads = sys.argv[2], sys.argv[3], int(sys.argv[4])
ganc.set_num_threads(threads)
for name in SYSTEMS:
    place = os.path.join(folder, name)
    callbacks, seed = [], 9 if how == "killed" else 1
    model = None if name in ALONE and how != "killed" else build(name, seed)
    if how == "killed":
        os.makedirs(place, exist_ok=True)
        callbacks = [ModelCheckpoint(place + "/{step:02}.ganc", every="3 steps", keep=2)]
        if any(file.endswith(".ganc") for file in os.listdir(place)):
            ganc.resume(place, model)
    else:
        model = ganc.load(place + ".ganc", model)
    model.fit(
        *data_of(name), epochs=4, initial_epoch=model.epoch, batch_size=16, verbose=0,
        callbacks=callbacks,
    )
    print(name, digest(model), model.preview(4, seed=3).tobytes().hex()[:16], flush=True)
"""


def child(how, folder, threads):
    return CHILD, Path(systems.__file__).parent, how, folder, threads


def halted(steps):
    """A callback that ends `fit` after a step."""
    return LambdaCallback(
        on_train_batch_end=lambda batch, logs: setattr(
            halted.model, "stop_training", halted.model.step == steps
        )
    )


def train(model, name, until=STEPS):
    """Fit up to a step; a run of several calls is one run."""
    halted.model = model
    left = {"epochs": STEPS // PASS, "initial_epoch": model.epoch, "callbacks": [halted(until)]}
    model.fit(*data_of(name), **PLAN, **left)
    assert model.step == until
    return model


def shown(model):
    return model.preview(4, seed=3).tobytes()


def line(name, model):
    return f"{name} {digest(model)} {shown(model).hex()[:16]}"


@pytest.fixture(scope="module")
def whole():
    """Each system after an uninterrupted run."""
    return {name: train(build(name), name) for name in SYSTEMS}


@pytest.mark.parametrize("name", SYSTEMS)
def test_stopped_at_any_step(name, whole, tmp_path):
    """In the middle of an epoch, of an alternation, of a stage that fades in."""
    for stop in (0, 1, 2, 3, 4, 7, 8, 13, 14):
        model = train(build(name), name, stop) if stop else build(name)
        model.save(tmp_path / "a.ganc")
        again = ganc.load(tmp_path / "a.ganc", None if name in ALONE else build(name, seed=1))
        assert digest(again) == digest(model), stop
        if stop or name != "conditional":  # which does not know its classes before the first step
            assert shown(again) == shown(model), stop
        assert digest(train(again, name)) == digest(whole[name]), stop


@pytest.mark.parametrize("threads", [1, 2])
def test_in_a_new_process(threads, whole, tmp_path):
    for i, name in enumerate(SYSTEMS):
        train(build(name), name, 4 + i).save(tmp_path / f"{name}.ganc")
    out = run(*child("saved", tmp_path, threads)).splitlines()
    assert out == [line(name, whole[name]) for name in SYSTEMS]


@pytest.mark.parametrize("threads", [1, 2])
def test_killed_at_random_moments(threads, whole, tmp_path, capsys):
    """All systems in turn, killed and resumed until the last one is done."""
    wanted = [line(name, whole[name]) for name in SYSTEMS]
    kills, runs, rng = 0, 0, random.Random(threads)
    while kills < KILLS or not runs:
        folder = tmp_path / str(runs)
        process, before = start(*child("killed", folder, threads)), files(folder)
        if kills < KILLS:
            while files(folder) == before and process.poll() is None:
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.3))
            process.kill()
        out, err = process.communicate(timeout=120)
        assert process.returncode in (0, -signal.SIGKILL), err
        kills += process.returncode == -signal.SIGKILL
        if process.returncode == 0:
            assert out.splitlines() == wanted
            runs += 1
    with capsys.disabled():
        print(f"\nkill -9 at {kills} random moments of {len(SYSTEMS)} systems, {threads} threads")


def files(folder):
    return {path.name for path in folder.glob("*/*.ganc")}


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_trace_of_estimates_and_snapshots(name, whole):
    data, model = data_of(name), build(name)
    for stop in (0, 7):
        if stop:
            train(model, name, stop)
        before, pictures = digest(model), shown(model) if stop or name != "conditional" else None
        model.estimate(*data, batch_size=16)
        assert digest(model) == before and (pictures is None or shown(model) == pictures)
        undo = model.snapshot()
        for _ in range(2):
            for i in range(4):
                model.train_on_batch(*(part[i * 4 : i * 4 + 16] for part in data))
            assert digest(model) != before
            undo()
            assert digest(model) == before
    assert digest(train(model, name)) == digest(whole[name])


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_step_that_fails_changes_nothing(name, whole):
    """Each update in turn fails when it is made for the first time; then training goes on."""
    data = tuple(part[:16] for part in data_of(name))
    for failing in {update.name for update in every_update(name)}:
        model = build(name)
        original = type(model).updates

        def updates(model=model, original=original, failing=failing):
            return tuple(broken(u) if u.name == failing else u for u in original(model))

        model.updates = updates
        with pytest.raises(ZeroDivisionError):
            for _ in range(STEPS):
                before = digest(model)
                model.train_on_batch(*data)
        assert digest(model) == before
        del model.updates
        reached, other = model.step, build(name)
        for _ in range(STEPS - reached):
            model.train_on_batch(*data)
        for _ in range(STEPS):
            other.train_on_batch(*data)
        assert digest(model) == digest(other)


def every_update(name):
    """All updates of a system, those that come later too."""
    model = build(name)
    found = list(model.updates())
    model._step = STEPS
    return [*found, *model.updates()]


def broken(update):
    """An update whose objective does its work, and then fails."""

    def objective(batch):
        update.objective(batch)
        raise ZeroDivisionError

    return ganc.Update(update.name, update.optimizer, objective, update.every)


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_attribute_is_saved_or_derived(name, whole):
    model = whole[name]
    known = {*_checkpoint.saved(model), *_checkpoint.DERIVED, "default_batch_size", *OWN}
    assert set(vars(model)) <= known, set(vars(model)) - known


def test_pools_are_filled_and_come_back_whole(tmp_path):
    """A pool of 50 that is full: half of what D sees is old; it is no view of a file or a copy."""
    model, data = build("CycleGAN"), data_of("CycleGAN")
    model.fit(*data, **PLAN)
    assert len(model.pool_a.kept) == len(model.pool_b.kept) == 50
    model.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc", build("CycleGAN", seed=1))
    for kept in (again.pool_a.kept, again.pool_b.kept):
        assert kept.flags.writeable and kept.shape == (50, 2)
    before, undo = digest(again), again.snapshot()
    for _ in range(2):
        again.fit(*data, **PLAN)
        undo()
        assert digest(again) == before


def test_unpaired_fields_have_orders_of_their_own():
    """The shorter one begins anew while the longer one goes on; neither order is the other's."""
    seen = []

    class Watching(ganc.Model):
        FIELDS = (ganc.Field("a"), ganc.Field("b", paired=False))
        OPTIMIZERS = {"optimizer": ("network",)}

        def __init__(self):
            super().__init__(seed=0)
            self.network = ganc.nn.Linear(1, 1)
            self.optimizer = ganc.optim.SGD(self.network.parameters(), lr=0.1)

        def updates(self):
            return (ganc.Update("", "optimizer", self.objective),)

        def objective(self, batch):
            seen.append([part.numpy()[:, 0].astype(int).tolist() for part in batch])
            return self.network(batch.a).mean()

    x = np.arange(48, dtype=np.float32)[:, None]
    Watching().fit(x, x[:32], epochs=2, **PLAN)
    a, b = ([row for part in parts for row in part] for parts in zip(*seen, strict=True))
    assert sorted(a[:48]) == sorted(a[48:]) == list(range(48)) and a[:48] != a[48:]
    assert [sorted(b[i : i + 32]) for i in (0, 32, 64)] == [list(range(32))] * 3
    assert a[:32] != b[:32] != b[32:64]


def test_parameters_that_join_late_take_no_giant_first_step():
    """Optimizers count steps a parameter: Adam's first step is the rate, whenever it comes."""
    model, data = build("staged"), data_of("staged")
    train(model, "staged", 6)
    late = [*model.generator.blocks[0].parameters(), *model.generator.heads[1].parameters()]
    early = [np.array(p.detach().numpy()) for p in late]
    fresh = build("staged").generator
    untouched = [*fresh.blocks[0].parameters(), *fresh.heads[1].parameters()]
    for p, q in zip(late, untouched, strict=True):
        assert (p.detach().numpy() == q.detach().numpy()).all()
    train(model, "staged", 7)
    moved = [np.abs(p.detach().numpy() - q).max() for p, q in zip(late, early, strict=True)]
    assert max(moved) > 0 and max(moved) <= 1.001e-3
    assert model.generator.stage == 1 and model.averaged("generator").alpha == 1 / 3
    assert not np.array_equal(model.preview(2, seed=0), data[0][:2])


def test_a_stage_is_that_of_the_step(tmp_path):
    """A loaded model shows what the saved one does, also when the next step has another stage."""
    for steps, side in ((6, 2), (7, 4), (12, 4), (13, 8)):
        model = train(build("staged"), "staged", steps)
        model.save(tmp_path / "a.ganc")
        undo = model.snapshot()
        again = ganc.load(tmp_path / "a.ganc", build("staged", seed=1))
        assert again.preview(2, seed=0).shape == (2, 1, side, side)
        assert shown(again) == shown(model)
        model.fit(*data_of("staged"), **PLAN)
        undo()
        assert shown(again) == shown(model)
