"""Ctrl-C during a long operation and during training: soon, and on a step boundary."""

import signal
import statistics

import pytest
from children import DIGEST, interrupt
from test_gan import X, build, digest

import ganc
from ganc.callbacks import LambdaCallback


def _report(capsys, what, latencies):
    """Print the latencies; what is promised, 0.25 s, holds on a machine that is not busy."""
    with capsys.disabled():
        print(
            f"\nCtrl-C in {what}: median {statistics.median(latencies) * 1000:.0f} ms, "
            f"most {max(latencies) * 1000:.0f} ms of {len(latencies)}"
        )


@pytest.mark.parametrize("threads", [1, 2])
def test_matmul(threads, capsys):
    program = """
    import sys, time
    import ganc

    ganc.set_num_threads(int(sys.argv[1]))
    a = ganc.rand(4096, 4096)
    small = (a[:64, :64] @ a[:64, :64]).numpy()
    from ganc._backend import core
    live = core.live_tensors()
    begin = time.monotonic()
    a @ a
    print("whole", time.monotonic() - begin)
    for _ in range(9):
        try:
            print("go")
            for _ in range(1000):
                a @ a
            print("never interrupted")
        except KeyboardInterrupt:
            print("now", time.monotonic())
    assert core.live_tensors() == live
    assert ((a[:64, :64] @ a[:64, :64]).numpy() == small).all()
    print("usable")
    """
    lines, latencies = interrupt(program, threads, delay=0.15)
    whole, usable = lines
    assert usable == "usable" and len(latencies) == 9
    # as busy as the machine is, it took longer to multiply; to its end would be half of that
    assert statistics.median(latencies) < float(whole.removeprefix("whole ")) / 4
    _report(capsys, f"a 4096^3 matmul, {threads} threads", latencies)


FIT = (
    DIGEST
    + """
import sys, time
import ganc
from ganc.callbacks import LambdaCallback

x, _ = ganc.datasets.load_embedded(2000)

def model():
    gan = ganc.models.VanillaGAN(seed=3)
    if sys.argv[1] == "ops":
        class InOps(type(gan)):
            def train_step(self, batch):
                return super().train_step(batch)
        gan.__class__ = InOps
    return gan

def stop_at(step):
    def look(batch, logs):
        reference.stop_training = reference.step == step
    return LambdaCallback(on_train_batch_end=look)

gan, reference = model(), model()
gan.fit(x, batch_size=50, steps_per_epoch=2, epochs=1, verbose=0)      # everything is imported
for _ in range(7):
    try:
        print("go")
        gan.fit(x, batch_size=50, steps_per_epoch=1000, epochs=1000, verbose=0)
    except KeyboardInterrupt:
        print("now", time.monotonic())
    if gan.step > reference.step:
        reference.fit(x, batch_size=50, steps_per_epoch=10 ** 6, verbose=0,
                      callbacks=[stop_at(gan.step)])
    assert (gan.step, digest(gan)) == (reference.step, digest(reference))
assert gan.step >= 2 and np.isfinite(gan.sample(4)).all() and len(gan.history)
print("step boundaries")
"""
)


@pytest.mark.parametrize("step", ["c", "ops"])
def test_fit(step, capsys):
    polite = {
        "OMP_WAIT_POLICY": "passive"
    }  # on a busy machine spinning makes a step 6 times longer
    lines, latencies = interrupt(FIT, step, delay=0.3, **polite)
    assert lines == ["step boundaries"] and len(latencies) == 7
    _report(capsys, f"fit, the step in {step}", latencies)


def test_an_interrupted_operation_leaves_its_output_out():
    program = """
    import time
    import ganc
    import numpy as np

    a = ganc.rand(2048, 2048)
    b = ganc.zeros(2048, 2048)
    try:
        print("go")
        while True:
            c = ganc.exp(a @ a - 600)
    except KeyboardInterrupt:
        print("now", time.monotonic())
    print(float(b.sum()), np.isfinite((a @ a).numpy()).all())
    """
    lines, latencies = interrupt(program, delay=0.2)
    assert lines == ["0.0 True"] and len(latencies) == 1


def test_other_threads_run_to_their_end():
    program = """
    import threading, time
    import ganc

    a = ganc.rand(1500, 1500)
    expected = (a @ a).numpy()
    box = []
    def work():
        for _ in range(20):
            box.append(((a @ a).numpy() == expected).all())
    thread = threading.Thread(target=work)
    thread.start()
    try:
        print("go")
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        print("now", time.monotonic())
    thread.join()
    print(len(box), all(box))
    """
    lines, _ = interrupt(program, delay=0.1)
    assert lines == ["20 True"]


def interrupted(step):
    """Return a small GAN after `fit` for 3 epochs of 4 steps, with SIGINT inside a step."""
    gan, ended = build(), []
    update = gan._make_step

    def stop(batch):
        if gan.step == step - 1:
            signal.raise_signal(signal.SIGINT)
        return update(batch)

    gan._make_step = stop
    note = LambdaCallback(on_train_end=ended.append)
    with pytest.raises(KeyboardInterrupt):
        gan.fit(X[:256], epochs=3, batch_size=64, verbose=0, callbacks=[note])
    del gan._make_step
    assert not ended
    return gan


@pytest.mark.parametrize("step", [1, 4, 6, 12])
def test_what_ctrl_c_leaves(step):
    """As the docstring of fit and the README say: a step boundary, the history, the same end."""
    gan, same, whole = interrupted(step), build(), build()
    same.fit(X[:256], batch_size=64, verbose=0, epochs=3, callbacks=[Stop(step)])
    assert gan.step == same.step == step and digest(gan) == digest(same)
    assert gan.history.epoch == list(range((step + 3) // 4))
    assert gan.history.history == same.history.history
    gan.fit(X[:256], epochs=3, batch_size=64, initial_epoch=gan.epoch, verbose=0)
    whole.fit(X[:256], epochs=3, batch_size=64, verbose=0)
    assert gan.history.history == whole.history.history and digest(gan) == digest(whole)


def test_fit_counts_from_the_epoch_that_ctrl_c_left():
    gan = interrupted(6)
    gan.fit(X[:256], epochs=2, batch_size=64, verbose=0)
    assert gan.step == 12 and gan.history.epoch == [0, 1, 2]


class Stop(ganc.callbacks.Callback):
    """Ends training after a step, by the rules."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = self.model.step == self.step
