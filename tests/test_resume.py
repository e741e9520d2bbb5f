"""ModelCheckpoint and ganc.resume: training goes on to the bit, with its callbacks."""

import json
import os

import numpy as np
import pytest
from test_gan import digest

import ganc
from ganc import nn, optim
from ganc.callbacks import (
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    MetricCallback,
    ModelCheckpoint,
    _states,
)
from ganc.datasets import toy

X = toy.ring(160, radius=0.7, seed=1)
PLAN = {"epochs": 4, "batch_size": 32, "verbose": 0}  # 5 steps an epoch


def build():
    ganc.manual_seed(5)
    generator = nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2)
    )
    discriminator = nn.Sequential(
        nn.utils.spectral_norm(nn.Linear(2, 8)), nn.LeakyReLU(0.2), nn.Linear(8, 1)
    )
    return ganc.GAN(generator, discriminator, latent_dim=3, seed=9, ema=0.9, n_critic=2)


SCHEDULES = {
    "StepLR": lambda o: optim.lr_scheduler.StepLR(o, 2, gamma=0.5),
    "MultiStepLR": lambda o: optim.lr_scheduler.MultiStepLR(o, [1, 3]),
    "LambdaLR": lambda o: optim.lr_scheduler.LambdaLR(o, lambda epoch: 1 / (epoch + 2)),
    "CosineAnnealingLR": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 5),
    "ExponentialLR": lambda o: optim.lr_scheduler.ExponentialLR(o, 0.7),
    "LinearLR": lambda o: optim.lr_scheduler.LinearLR(o, total_iters=3),
    "OneCycleLR": lambda o: optim.lr_scheduler.OneCycleLR(o, 1e-2, total_steps=20),
    "ReduceLROnPlateau": lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, patience=0),
}


def listeners(gan, folder, schedule, log="log.csv"):
    """Callbacks of every kind that carries something, made as a new process makes them."""
    every = "step" if schedule in ("OneCycleLR", "CosineAnnealingLR") else "epoch"
    return [
        ModelCheckpoint(folder / "{step:03}.ganc", every="1 step"),
        ModelCheckpoint(folder / "best", "d_loss", save_best_only=True),
        MetricCallback(X, ["ring_modes"], every=2, n=50),
        EarlyStopping("d_loss", patience=9, restore_best_weights=True),
        LearningRateScheduler(SCHEDULES[schedule](gan.g_optimizer), every=every),
        CSVLogger(folder / log),
    ]


def outcome(gan, callbacks, folder):
    """Everything that a run leaves behind; NaN is equal to itself as a text."""
    states = _states.to_data([c.state_dict() for c in callbacks[:-1]])
    return (
        digest(gan), gan.sample(3).tobytes(), repr(gan.history.history), gan.history.epoch,
        repr(states), (folder / "log.csv").read_text(), gan.step,
    )  # fmt: skip


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_checkpoint_of_a_run_leads_to_its_end(schedule, tmp_path):
    whole = build()
    callbacks = listeners(whole, tmp_path, schedule)
    whole.fit(X, **PLAN, callbacks=callbacks)
    wanted = outcome(whole, callbacks, tmp_path)
    files = sorted(tmp_path.glob("*.ganc"))
    assert [int(f.stem) for f in files] == list(range(1, 21))
    for file in files[:-1] if schedule == "OneCycleLR" else files[2:-1:7]:
        gan = ganc.load(file)
        again = listeners(gan, tmp_path, schedule)
        gan.fit(X, **PLAN, initial_epoch=gan.epoch, callbacks=again)
        assert outcome(gan, again, tmp_path) == wanted, file


def test_a_run_of_several_calls_is_one_run(tmp_path):
    """Left by an exception or out of time, the same callbacks go on; a new run begins anew."""
    gan, whole = build(), build()
    stop, reference = EarlyStopping("d_loss", patience=99), EarlyStopping("d_loss", patience=99)
    whole.fit(X, **PLAN, callbacks=[reference])

    def fail(batch, logs):
        if gan.step in (3, 5, 10, 12):
            raise KeyError(gan.step)

    for _ in range(4):
        with pytest.raises(KeyError):
            callbacks = [stop, LambdaCallback(on_train_batch_end=fail)]
            gan.fit(X, **PLAN, initial_epoch=gan.epoch, callbacks=callbacks)
    gan.fit(X, **PLAN, initial_epoch=gan.epoch, callbacks=[stop])
    assert digest(gan) == digest(whole) and gan.history.history == whole.history.history
    assert stop.state_dict() == reference.state_dict()
    gan.fit(X, batch_size=32, verbose=0, callbacks=[stop])
    assert stop.best_epoch == 4


def test_states_of_own_callbacks(tmp_path):
    class Count(ganc.callbacks.Callback):
        n, arrays = 0, ()

        def on_train_batch_end(self, batch, logs=None):
            self.n += 1

        def state_dict(self):
            return {"n": self.n, "x": {"y": np.arange(self.n)}, "l": [np.float64(2), None, (1,)]}

        def load_state_dict(self, state):
            self.n, self.state = state["n"], state

    gan, first, second = build(), Count(), Count()
    gan.fit(X, **PLAN, callbacks=[first, second, ModelCheckpoint(tmp_path / "a", every="3 steps")])
    gan, again = ganc.load(tmp_path / "a"), Count()
    gan.fit(X, batch_size=32, epochs=0, verbose=0, callbacks=[again])
    assert again.n == 20 and again.state["l"] == [2.0, None, [1]]
    assert (again.state["x"]["y"] == np.arange(20)).all()
    first.state_dict = lambda: {"n": {1, 2}}
    with pytest.raises(TypeError, match="set in the state of a callback"):
        gan.fit(X, batch_size=32, verbose=0, callbacks=[first, ModelCheckpoint(tmp_path / "b")])


def saved_steps(folder, **options):
    gan = build()
    gan.fit(X, **PLAN, callbacks=[ModelCheckpoint(folder / "{step}.ganc", **options)])
    return sorted(int(f.stem) for f in folder.glob("*.ganc"))


def test_how_often(tmp_path):
    assert saved_steps(tmp_path / "a") == [5, 10, 15, 20]
    assert saved_steps(tmp_path / "b", every=3) == [15, 20]  # the end is kept in any case
    assert saved_steps(tmp_path / "c", every="8 steps") == [8, 16, 20]
    assert saved_steps(tmp_path / "d", every="2 epochs") == [10, 20]
    assert saved_steps(tmp_path / "e", every="1 h") == [20]
    assert saved_steps(tmp_path / "f", every="1e-9 s") == list(range(1, 21))
    assert saved_steps(tmp_path / "g", every="step", keep=2) == [19, 20]
    for every, error in ((0, ValueError), ("0 steps", ValueError), ("soon", ValueError),
                         ("5 apples", ValueError), (1.5, TypeError)):  # fmt: skip
        with pytest.raises(error, match="every"):
            ModelCheckpoint("a", every=every)


def test_only_the_best(tmp_path):
    values = iter([5.0, 7.0, np.nan, 3.0, 4.0])
    feed = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(m=next(values)))
    names = "{epoch}-{m:.1f}.ganc"
    best = ModelCheckpoint(tmp_path / names, "m", save_best_only=True)
    build().fit(X, **PLAN | {"epochs": 5}, callbacks=[feed, best])
    assert sorted(os.listdir(tmp_path)) == ["1-5.0.ganc", "4-3.0.ganc"] and best.best == 3.0
    gan = ganc.load(tmp_path / "4-3.0.ganc")
    assert gan.epoch == 4 and gan.history.history["m"][-1] == 3.0  # what callbacks add, too
    for options in ({}, {"monitor": "m", "every": "5 steps"}):
        with pytest.raises(ValueError, match="save_best_only"):
            ModelCheckpoint("a", save_best_only=True, **options)
    with pytest.raises(ValueError, match="keep"):
        ModelCheckpoint("a.ganc", keep=2)


def test_keep_removes_own_files_only_across_resumes(tmp_path):
    (tmp_path / "0.ganc").write_bytes(b"mine")
    (tmp_path / "notes").write_bytes(b"mine")
    for _ in range(2):
        gan = build() if not (tmp_path / "5.ganc").exists() else ganc.resume(tmp_path)
        keep = ModelCheckpoint(tmp_path / "{step}.ganc", every="2 steps", keep=2)
        halt = LambdaCallback(
            on_train_batch_end=lambda b, logs, gan=gan: setattr(
                gan, "stop_training", gan.step in (5, 11)
            )
        )
        gan.fit(X, **PLAN, initial_epoch=gan.epoch, callbacks=[keep, halt])
    assert sorted(os.listdir(tmp_path)) == ["0.ganc", "10.ganc", "11.ganc", "notes"]


def test_resume_finds_the_newest(tmp_path):
    gan = build()
    for name in ("9.ganc", "10.ganc", "x.ganc", "checkpoints/8.ganc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        gan.fit(X, batch_size=160, verbose=0)
        gan.save(tmp_path / name)
    assert ganc.resume(tmp_path).step == 4  # checkpoints/ come first
    (tmp_path / "checkpoints" / "8.ganc").unlink()
    assert ganc.resume(tmp_path).step == 2 and ganc.resume(tmp_path / "x.ganc").step == 3
    with pytest.raises(FileNotFoundError, match="checkpoints"):
        ganc.resume(tmp_path / "checkpoints")
    with pytest.raises(FileNotFoundError):
        ganc.resume(tmp_path / "none")


def test_states_are_checked(tmp_path):
    from ganc.io import read_tensors, write_tensors

    build().fit(X, **PLAN, callbacks=[ModelCheckpoint(tmp_path / "a"), EarlyStopping("d_loss")])
    arrays, metadata = read_tensors(tmp_path / "a")
    for wrong in (3, [3], [{"class": 1, "state": {}}], [{"class": "A", "state": 2}],
                  [{"class": "A", "state": {"x": {"ganc.array": "none"}}}]):  # fmt: skip
        data = json.loads(metadata["ganc.model"]) | {"callbacks": wrong}
        write_tensors(tmp_path / "b", arrays, {"ganc.model": json.dumps(data)})
        with pytest.raises(ganc.FormatError, match="b"):
            ganc.load(tmp_path / "b")
