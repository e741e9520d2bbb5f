"""The progress line: in a terminal, in a log; time left, and `estimate`."""

import io
import math

import pytest
from test_callbacks import X, toy_gan
from test_gan import InOps, build, digest

import ganc
from ganc._throughput import Throughput
from ganc.callbacks import LambdaCallback, ProgressBar, _progress
from ganc.callbacks._progress import progress_for


def test_progress_in_a_log():
    stream = io.StringIO()
    toy_gan().fit(X, epochs=2, verbose=0, callbacks=[ProgressBar(live=False, stream=stream)])
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2  ") and "d_loss" in lines[0] and "taken" in lines[1]


def test_progress_line(monkeypatch):
    monkeypatch.setattr(_progress._Terminal, "interval", 0.0)
    stream = io.StringIO()
    toy_gan().fit(X, epochs=20, verbose=0, callbacks=[ProgressBar(stream=stream)])
    text = stream.getvalue()
    assert text.count("\n") == 1 and text.endswith("\n")
    assert "-:-- left" in text and "0:00 left" in text and "step 3/4" in text


def test_progress_line_fits_the_terminal(monkeypatch):
    monkeypatch.setattr(_progress._Terminal, "interval", 0.0)
    monkeypatch.setenv("COLUMNS", "50")
    stream = io.StringIO()
    toy_gan().fit(X, epochs=2, verbose=0, callbacks=[ProgressBar(stream=stream)])
    lines = stream.getvalue().strip("\n").split("\r")[1:]
    assert max(map(len, lines)) < 50 and lines[-1].startswith("epoch 2/2")


def test_progress_with_a_budget(clock):
    clock.tick = 0.01
    stream = io.StringIO()
    bar = ProgressBar(live=False, stream=stream)
    toy_gan().fit(X, budget=0.2, verbose=0, callbacks=[bar])
    assert stream.getvalue().startswith("epoch 1  ") and "0:00 left" in stream.getvalue()


def test_verbose():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert progress_for(0) == []
    assert progress_for("auto", Terminal())[0].live
    assert not progress_for("auto", io.StringIO())[0].live
    assert progress_for(1, io.StringIO())[0].live and not progress_for(2, Terminal())[0].live
    with pytest.raises(ValueError, match="verbose"):
        progress_for("loud")


def test_a_line_is_finished_after_an_exception():
    def fail(batch, logs):
        raise KeyError("in a callback")

    stream = io.StringIO()
    bar = ProgressBar(stream=stream)
    gan = toy_gan()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyError):
        patch.setattr(_progress._Terminal, "interval", 0.0)
        gan.fit(X, verbose=0, callbacks=[bar, LambdaCallback(on_train_batch_end=fail)])
    assert stream.getvalue().endswith("\n") and gan.step == 1
    other = toy_gan()
    for g in (gan, other):
        g.fit(X, epochs=2, initial_epoch=g.epoch, verbose=0)
    assert digest(gan) == digest(other) and gan.history.history == other.history.history


def test_throughput_leaves_out_slow_beginnings_and_counts_what_lies_between_epochs():
    pace, now = Throughput(0.0), 0.0
    for epoch in range(3):
        pace.epoch(now)
        for i in range(10):
            now += 5.0 if epoch == 0 and i < 4 else 0.1
            pace.step(now)
        now += 2.0  # validation, a checkpoint
    assert pace.step_seconds == pytest.approx(0.1)
    assert pace.left(steps=100, epochs=3) == pytest.approx(16.0)
    assert pace.told() and not Throughput(0.0).told() and math.isnan(Throughput(0.0).step_seconds)


@pytest.mark.parametrize("options", [{}, {"ema": 0.9, "n_critic": 3}], ids=["plain", "ema"])
@pytest.mark.parametrize("cls", [ganc.GAN, InOps])
def test_estimate_changes_nothing(cls, options):
    def state(gan):
        average = [a.core.steps for a in gan._averages.values()]
        samples = gan.sample(3, seed=1).tobytes()
        return digest(gan), gan.step, gan.epoch, repr(gan._last), average, samples

    gan, other = build(cls, **options), build(cls, **options)
    for g in (gan, other):
        g.fit(X, batch_size=32, epochs=1, steps_per_epoch=7, verbose=0)
    loss, averaged = gan.loss, gan.ema_generator
    before = state(gan)
    told = gan.estimate(X, epochs=3, batch_size=32)
    assert told.steps == 12 and float(told) == 12 * told.step_seconds > 0
    assert state(gan) == before == state(other)
    assert gan.loss is loss and gan.ema_generator is averaged
    for g in (gan, other):
        g.fit(X, batch_size=32, epochs=2, steps_per_epoch=7, verbose=0)
    assert state(gan) == state(other) and gan.history.history == other.history.history


def test_estimate_is_undone_after_a_failure():
    class Failing(ganc.GAN):
        def train_step(self, batch):
            if self.step == 6:
                raise KeyError("in the step")
            return super().train_step(batch)

    gan = build(Failing)
    before = digest(gan)
    with pytest.raises(KeyError):
        gan.estimate(X, batch_size=32)
    assert digest(gan) == before and gan.step == 0


def test_estimate_is_right(clock):
    class Slow(ganc.GAN):
        def train_step(self, batch):
            clock.now += 0.01
            return super().train_step(batch)

    gan = build(Slow)
    told = gan.estimate(X, epochs=10, batch_size=32)
    assert told.steps == 40 and told == pytest.approx(0.4)
    assert str(told) == "about 0:00 for 40 steps of 10 ms"
    with pytest.raises(ValueError, match="epochs"):
        gan.estimate(X, epochs=-1)


def test_a_budget_keeps_time_for_the_end_of_an_epoch(clock):
    """A step takes 1 s, an epoch's end 5 s."""
    work = LambdaCallback(on_train_batch_end=clock.passes(1.0), on_epoch_end=clock.passes(5.0))
    for budget, steps, taken in ((18.0, 8, 18.0), (17.0, 7, 12.0), (11.0, 6, 11.0)):
        gan, clock.now = toy_gan(), 0.0
        gan.fit(X, budget=budget, verbose=0, callbacks=[work])
        assert (gan.step, clock.now) == (steps, taken), budget


def test_an_exception_before_training_leaves_everything_as_it_was():
    def fail(logs):
        raise KeyError("mine")

    for first in (0, 1):
        callbacks = [ProgressBar(stream=io.StringIO()), LambdaCallback(on_train_begin=fail)]
        gan = toy_gan()
        with pytest.raises(KeyError):
            gan.fit(X, verbose=0, callbacks=callbacks[::-1] if first else callbacks)
        assert gan.step == 0 and digest(gan) == digest(toy_gan())
