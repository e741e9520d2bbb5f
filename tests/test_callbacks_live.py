"""LivePlot: its curve, its file, its share of the time."""

import io
import math
import shutil
import signal
import sys

import numpy as np
import pytest
from PIL import Image
from test_callbacks import X, toy_gan

import ganc
from ganc.callbacks import LambdaCallback, LivePlot, _live


def images_gan():
    return ganc.models.VanillaGAN((1, 4, 4), g_hidden=(8,), d_hidden=(8,), batch_size=8, seed=0)


def size(data):
    return Image.open(io.BytesIO(data)).size


CASES = {
    "points": (toy_gan, X),
    "images": (images_gan, np.zeros((32, 4, 4), np.uint8)),
    "vectors": (lambda: ganc.models.ToyGAN(3, batch_size=8), np.zeros((32, 3), np.float32)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_outside_of_notebooks(name, tmp_path, monkeypatch):
    monkeypatch.setattr(LivePlot, "_paid", lambda self, now: True)
    make, x = CASES[name]
    path = tmp_path / "live.png"
    seen = []
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(path.read_bytes()))
    live = LivePlot(filename=path, interval=0.0)
    make().fit(x, epochs=2, verbose=0, callbacks=[live, note])
    assert size(path.read_bytes()) == (720, 288) and len(set(seen)) > 1
    assert all(size(data) == (720, 288) for data in seen)
    assert [p.name for p in tmp_path.iterdir()] == ["live.png"]


def test_curve_of_few_steps_is_every_step():
    curve = _live._Curve("")
    for i in range(5):
        curve.add(i + 1.0, {"d_loss": float(i), "g_loss": math.nan if i < 2 else 1.0, "d_real": 1})
    assert curve.epoch == [0, 1, 2, 3, 4] and curve.history["d_loss"] == [0, 1, 2, 3, 4]
    assert np.isnan(curve.history["g_loss"]).tolist() == [True, True, False, False, False]
    assert "d_real" not in curve.history


def test_curve_of_many_steps_is_means_of_blocks():
    curve, n = _live._Curve(""), 20_000
    values = np.random.default_rng(0).normal(size=n)
    for i, value in enumerate(values):
        curve.add((i + 1) / 100, {"d_loss": value, "g_loss": value if i % 2 else math.nan})
    assert _live._POINTS / 2 <= len(curve.epoch) < _live._POINTS
    block = curve._length
    full = len(curve.epoch) * block
    want = values[:full].reshape(-1, block).mean(axis=1)
    assert np.allclose(curve.history["d_loss"], want)
    assert np.allclose(curve.history["g_loss"], values[:full].reshape(-1, block)[:, 1::2].mean(1))
    assert np.allclose(np.diff(curve.epoch), block / 100)


def test_names_that_come_later():
    curve = _live._Curve("")
    curve.add(1.0, {"d_loss": 1.0})
    curve.add(2.0, {"d_loss": 2.0, "g_loss": 3.0})
    curve.add(3.0, {"g_loss": 3.0})
    assert np.array_equal(curve.history["d_loss"], [1, 2, math.nan], equal_nan=True)
    assert np.array_equal(curve.history["g_loss"], [math.nan, 3, 3], equal_nan=True)


def test_it_waits_until_its_time_is_paid_for(monkeypatch, tmp_path, clock):
    draws = []

    def slow(self):
        clock.now += 0.01
        draws.append(clock.now)
        return b""

    monkeypatch.setattr(LivePlot, "_render", slow)
    live = LivePlot(interval=0.05, share=0.1, filename=tmp_path / "live.png")
    step = LambdaCallback(on_train_batch_end=clock.passes(0.001))
    toy_gan().fit(X, budget=1.0, verbose=0, callbacks=[live, step])
    assert live._spent <= 0.1 * clock.now and len(draws) >= 8
    assert min(np.diff(draws[:-1])) >= 0.05  # the last picture may follow at once


def test_a_run_that_goes_on_keeps_its_curve(tmp_path):
    live, gan = LivePlot(filename=tmp_path / "live.png"), toy_gan()
    gan.fit(X, epochs=2, verbose=0, callbacks=[live])
    gan.fit(X, epochs=1, verbose=0, callbacks=[live])
    assert len(live._curve.epoch) == 12
    other = toy_gan()
    other.fit(X, epochs=1, verbose=0, callbacks=[live])
    assert len(live._curve.epoch) == 4


def stopping_gan(monkeypatch, step, error=None):
    """Return a GAN whose step number `step` ends with SIGINT, or with an error before it."""
    gan = toy_gan()
    update = gan._make_step

    def stop(batch):
        if gan.step + 1 == step:
            if error is not None:
                raise error
            signal.raise_signal(signal.SIGINT)
        return update(batch)

    monkeypatch.setattr(gan, "_make_step", stop)
    return gan


def test_a_run_that_was_interrupted_within_a_step_keeps_its_curve(tmp_path, monkeypatch):
    gan, live = stopping_gan(monkeypatch, 6), LivePlot(filename=tmp_path / "live.png")
    with pytest.raises(KeyboardInterrupt):
        gan.fit(X, epochs=3, verbose=0, callbacks=[live])
    assert gan.step == 6
    gan.fit(X, epochs=3, initial_epoch=gan.epoch, verbose=0, callbacks=[live])
    assert gan.step == 12 and len(live._curve.epoch) == 11  # all but the one nobody was told of


ENDS = {"Ctrl-C": (None, 6), "an error": (ArithmeticError("planted"), 5)}


@pytest.mark.parametrize("name", ENDS)
def test_the_last_state_is_drawn_when_training_is_left(name, tmp_path, monkeypatch):
    error, made = ENDS[name]
    drawn = []
    render = LivePlot._render

    def note(self):
        drawn.append((self.model.step, len(self._curve.epoch)))
        return render(self)

    monkeypatch.setattr(LivePlot, "_render", note)
    gan, live = stopping_gan(monkeypatch, 6, error), LivePlot(filename=tmp_path / "live.png")
    with pytest.raises(KeyboardInterrupt if error is None else ArithmeticError):
        gan.fit(X, epochs=3, verbose=0, callbacks=[live])
    assert drawn == [(0, 0), (made, 5)]


def test_a_picture_that_cannot_be_drawn_does_not_hide_why_training_ended(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    gan, live = stopping_gan(monkeypatch, 6), LivePlot(filename=folder / "live.png")
    left = []
    after = LambdaCallback(on_train_batch_end=lambda batch, logs: shutil.rmtree(folder, True))
    after._abandon = lambda: left.append(True)
    with (
        pytest.warns(UserWarning, match=r"LivePlot.*live\.png"),
        pytest.raises(KeyboardInterrupt),
    ):
        gan.fit(X, epochs=3, verbose=0, callbacks=[live, after])
    assert left == [True]


@pytest.mark.parametrize("name", ["points", "images"])
def test_a_diverged_generator_is_drawn_as_such(name, tmp_path):
    make, x = CASES[name]
    gan, seen = make(), []
    first = next(iter(gan.generator.parameters()))
    spoil = LambdaCallback(on_train_batch_end=lambda batch, logs: first.data.fill_(math.nan))
    live = LivePlot(filename=tmp_path / "live.png")
    live._draw_samples = lambda ax: (LivePlot._draw_samples(live, ax), seen.append(ax.texts))
    with pytest.raises(ganc.DivergenceError):
        gan.fit(x, epochs=2, verbose=0, callbacks=[live, spoil])
    assert [text.get_text() for text in seen[-1]] == ["samples are NaN"]


def test_a_curve_outlives_an_interrupt_in_any_of_its_lines():
    for stop in range(1, 200):
        curve, left = _live._Curve(""), stop

        def trace(frame, event, argument):
            nonlocal left
            if frame.f_code.co_filename == _live.__file__ and event == "line":
                left -= 1
                if left == 0:
                    raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            for i in range(6):
                curve.add(i, {"d_loss": i, "g_loss": i} if i % 2 else {"d_loss": i})
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        curve.add(7, {"d_loss": 7, "g_loss": 7})
        lengths = {len(curve.epoch), *map(len, curve.history.values())}
        assert len(lengths) == 1
        if left > 0:
            return
    raise AssertionError("the range of lines is too short")


def test_training_is_not_changed_by_it(tmp_path, monkeypatch):
    gan, other = toy_gan(), toy_gan()
    live = LivePlot(filename=tmp_path / "live.png", interval=0.0, share=1.0)
    monkeypatch.setattr(LivePlot, "_paid", lambda self, now: True)
    gan.fit(X, epochs=2, verbose=0, callbacks=[live])
    other.fit(X, epochs=2, verbose=0)
    assert (gan.sample(8, seed=0) == other.sample(8, seed=0)).all()
    assert (gan.sample(8) == other.sample(8)).all()


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"share": 1.5}, {"interval": -1.0}, {"n": 0}])
def test_wrong_options(wrong):
    with pytest.raises(ValueError):
        LivePlot(**wrong)
