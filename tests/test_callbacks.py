"""ganc.callbacks: hooks in Keras's order, files, stopping."""

import csv

import numpy as np
import pytest
from test_gan import X as Y
from test_gan import build, digest

import ganc
from ganc.callbacks import (
    EMA,
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    SampleGrid,
    TerminateOnNaN,
)
from ganc.datasets import toy

X = toy.ring(128, seed=0)


def toy_gan(**options):
    return ganc.models.ToyGAN(g_hidden=(8,), d_hidden=(8,), batch_size=32, seed=0, **options)


def test_hooks_and_their_order():
    calls = []

    class Log(Callback):
        def __getattribute__(self, name):
            if name.startswith("on_"):
                return lambda *a: calls.append((name, a[0] if len(a) == 2 else None))
            return super().__getattribute__(name)

    toy_gan().fit(X, epochs=2, steps_per_epoch=2, verbose=0, callbacks=[Log()])
    step = [("on_train_batch_begin", 0), ("on_train_batch_end", 0)]
    step += [("on_train_batch_begin", 1), ("on_train_batch_end", 1)]
    want = [("on_train_begin", None)]
    for epoch in range(2):
        want += [("on_epoch_begin", epoch), *step, ("on_epoch_end", epoch)]
    assert calls == [*want, ("on_train_end", None)]


def test_logs_and_params():
    seen = {}

    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.update(logs)
            logs["mine"] = 5.0
            assert self.params["epochs"] == 3 and self.params["steps"] == 4
            assert isinstance(self.model, ganc.GAN)

    history = toy_gan().fit(X, epochs=3, verbose=0, callbacks=[Look()])
    assert {"d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm"} <= seen.keys()
    assert history.history["mine"] == [5.0] * 3


def test_epoch_means():
    steps = []
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(dict(logs)))
    history = toy_gan(n_critic=3).fit(X, epochs=1, steps_per_epoch=6, verbose=0, callbacks=[note])
    assert history.history["d_loss"][0] == pytest.approx(np.mean([s["d_loss"] for s in steps]))
    assert np.isnan(steps[0]["g_loss"]) and steps[3]["g_loss"] == steps[2]["g_loss"]
    assert history.history["g_loss"][0] == pytest.approx(
        (steps[2]["g_loss"] + steps[5]["g_loss"]) / 2
    )


@pytest.mark.parametrize("wrong", [EarlyStopping, 3, "bar"])
def test_things_that_are_no_callbacks(wrong):
    with pytest.raises(TypeError, match="Callback"):
        toy_gan().fit(X, verbose=0, callbacks=[wrong])


def test_early_stopping():
    values = iter([5.0, 4.0, 4.5, 4.6, 3.0])
    feed = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(metric=next(values)))
    gan = toy_gan()
    gan.fit(X, epochs=9, verbose=0, callbacks=[feed, EarlyStopping("metric", patience=2)])
    assert gan.epoch == 4
    with pytest.warns(UserWarning, match="'fid' is not among the recorded numbers .d_loss"):
        toy_gan().fit(X, epochs=2, verbose=0, callbacks=[EarlyStopping("fid")])
    with pytest.raises(ValueError, match="mode"):
        EarlyStopping("d_loss", mode="maximum")


def feed(name, values):
    """A callback that records given values, None for none."""
    left = iter(values)

    def record(epoch, logs):
        value = next(left)
        if value is not None:
            logs[name] = value

    return LambdaCallback(on_epoch_end=record)


def test_early_stopping_on_a_metric_that_is_not_measured_each_epoch():
    name = "frechet_distance(x, n=100)"
    gan = toy_gan()
    stop = EarlyStopping("frechet_distance", patience=2)
    values = feed(name, [None, 9.0, 5.0, None, 6.0, None, 7.0, 1.0])
    with pytest.warns(UserWarning, match="waits until it is"):
        gan.fit(X, epochs=8, verbose=0, callbacks=[values, stop])
    assert gan.epoch == 7 and (stop.best, stop.best_epoch) == (5.0, 2)


def test_early_stopping_options():
    for options, epochs in [
        ({}, 2), ({"start_from_epoch": 3}, 5), ({"mode": "max"}, 6), ({"min_delta": 2.0}, 2),
        ({"mode": "max", "baseline": 1.5, "patience": 2}, 2), ({"baseline": 9.0}, 2),
    ]:  # fmt: skip
        gan = toy_gan()
        stop = EarlyStopping("m", **options)
        gan.fit(X, epochs=6, verbose=0, callbacks=[feed("m", [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), stop])
        assert gan.epoch == epochs, options


@pytest.mark.parametrize("ema", [None, 0.5])
def test_early_stopping_gives_the_best_weights_back(ema):
    gan, other = toy_gan(), toy_gan()
    gan.ema = other.ema = ema
    stop = EarlyStopping("m", patience=2, restore_best_weights=True)
    gan.fit(X, epochs=6, verbose=0, callbacks=[feed("m", [3.0, 2.0, 4.0, 4.0]), stop])
    other.fit(X, epochs=2, verbose=0)
    assert gan.epoch == 4 and stop.best_epoch == 1
    assert np.array_equal(gan.sample(5, seed=0), other.sample(5, seed=0))
    assert np.array_equal(gan.sample(5, seed=0, ema=False), other.sample(5, seed=0, ema=False))


def test_early_stopping_goes_on_where_it_was():
    stop, again = EarlyStopping("m", patience=2), EarlyStopping("m", patience=2)
    gan = toy_gan()
    gan.fit(X, epochs=2, verbose=0, callbacks=[feed("m", [1.0, 2.0]), stop])
    again.load_state_dict(stop.state_dict())
    gan.fit(X, epochs=4, verbose=0, callbacks=[feed("m", [3.0, 2.0, 1.0]), again])
    assert gan.epoch == 3 and again.best == 1.0
    gan.fit(X, epochs=1, verbose=0, callbacks=[feed("m", [7.0]), again])  # a new run begins anew
    assert again.best == 7.0


def test_ema_callback_is_the_option():
    gan, other = toy_gan(), toy_gan()
    other.ema = 0.9
    gan.fit(X, epochs=1, verbose=0, callbacks=[EMA(0.9)])
    gan.fit(X, epochs=1, verbose=0, callbacks=[EMA(0.9)])
    other.fit(X, epochs=2, verbose=0)
    assert np.array_equal(gan.sample(5, seed=0), other.sample(5, seed=0))
    with pytest.raises(ValueError, match="ema"):
        toy_gan().fit(X, verbose=0, callbacks=[EMA(1.0)])


def test_terminate_on_nan():
    class Odd(ganc.GAN):
        def train_step(self, batch):
            return {"score": np.nan if self.step == 2 else 0.0}

    gan = Odd(ganc.nn.Linear(2, 2), ganc.nn.Linear(2, 1), 2, seed=0)
    gan.fit(X, batch_size=8, verbose=0, callbacks=[TerminateOnNaN()])
    assert gan.step == 3


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    gan = toy_gan()
    gan.fit(X, epochs=2, verbose=0, callbacks=[CSVLogger(path)])
    gan.fit(X, epochs=1, verbose=0, callbacks=[CSVLogger(path, append=True)])
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0][:3] == ["epoch", "d_loss", "g_loss"] and [r[0] for r in rows[1:]] == [
        "0",
        "1",
        "2",
    ]


def test_csv_logger_with_a_separator_of_its_own(tmp_path):
    path = tmp_path / "log.csv"
    gan = toy_gan()
    for append in (False, True):
        gan.fit(X, epochs=1, verbose=0, callbacks=[CSVLogger(path, ";", append)])
    assert [line.split(";")[0] for line in path.read_text().split()] == ["epoch", "0", "1"]


@pytest.mark.parametrize("hook", [
    "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
    "on_epoch_end", "on_train_end",
])  # fmt: skip
def test_an_exception_in_a_hook_leaves_the_model_at_a_step_boundary(hook):
    def fail(*_):
        if gan.step >= 6 or hook == "on_train_begin":
            raise KeyError(hook)

    gan, whole = build(ema=0.9, n_critic=2), build(ema=0.9, n_critic=2)
    options = {"batch_size": 128, "epochs": 3, "verbose": 0}
    with pytest.raises(KeyError):
        gan.fit(Y, callbacks=[LambdaCallback(**{hook: fail})], **options)
    gan.fit(Y, initial_epoch=gan.epoch, **options)
    whole.fit(Y, **options)
    assert digest(gan) == digest(whole) and gan.history.history == whole.history.history
    assert np.array_equal(gan.sample(4), whole.sample(4))


def test_sample_grid_and_checkpoint(tmp_path):
    x = np.zeros((32, 4, 4), np.uint8)
    gan = ganc.models.VanillaGAN((1, 4, 4), g_hidden=(8,), d_hidden=(8,), batch_size=8, seed=0)
    film = SampleGrid(n=4, every=2, folder=tmp_path / "grids")
    keep = ModelCheckpoint(tmp_path / "e{epoch}.ganc", every=2)
    gan.fit(x, epochs=4, verbose=0, callbacks=[film, keep])
    assert len(film.frames) == 3 and film.frames[0].shape == (14, 14)
    assert sorted(p.name for p in (tmp_path / "grids").iterdir()) == [
        "samples_0000.png", "samples_0002.png", "samples_0004.png",
    ]  # fmt: skip
    assert sorted(p.name for p in tmp_path.glob("*.ganc")) == ["e2.ganc", "e4.ganc"]
    assert ganc.load(tmp_path / "e2.ganc").epoch == 2
