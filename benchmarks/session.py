"""What watching a training session costs, and how far its clocks can be trusted.

python benchmarks/session.py share      # LivePlot + ProgressBar + SampleGrid: part of the time
python benchmarks/session.py estimate   # told after 20 steps and beforehand, against the truth
python benchmarks/session.py budget     # when fit(budget=...) returns
python benchmarks/session.py memory     # growth over 20,000 steps with all callbacks (Linux)
"""

from __future__ import annotations

import gc
import io
import os
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from _harness import arguments, parse, report

import ganc
from ganc import callbacks as cb
from ganc.datasets import toy

HOOKS = ("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end",
         "on_train_batch_begin", "on_train_batch_end")  # fmt: skip
PRESETS = ("ToyGAN", "VanillaGAN", "DenseGAN", "Goodfellow2014", "CNNGAN")


def data_for(name: str) -> np.ndarray:
    if name == "ToyGAN":
        return toy.ring(20_000, seed=0)
    _, *shape = ganc.models.get(name)(seed=0).sample(1, seed=0).shape
    return np.random.default_rng(0).uniform(-1, 1, (10_000, *shape)).astype(np.float32)


def fit_time(gan, x, **options) -> float:
    start = time.perf_counter()
    gan.fit(x, verbose=0, **options)
    return time.perf_counter() - start


# ---- share -----------------------------------------------------------------------------------


class Meter:
    """Adds up the time that a callback's hooks take."""

    def __init__(self, callback: cb.Callback) -> None:
        self.seconds = 0.0
        for hook in HOOKS:
            setattr(callback, hook, self._timed(getattr(callback, hook)))

    def _timed(self, call):
        def run(*args):
            start = time.perf_counter()
            call(*args)
            self.seconds += time.perf_counter() - start

        return run


def share(args) -> list[dict]:
    """VanillaGAN, epochs of 100 steps; the first, short run is not counted: it imports."""
    gan, x = ganc.models.VanillaGAN(seed=0), data_for("VanillaGAN")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for seconds in [0.1] + [args.seconds or 0.2] * args.blocks:
            live = cb.LivePlot(filename=Path(folder, "live.png"))
            watchers = [live, cb.ProgressBar(stream=io.StringIO()), cb.SampleGrid()]
            meters = {type(w).__name__: Meter(w) for w in watchers}
            whole = fit_time(gan, x, budget=seconds, callbacks=watchers)
            parts = {f"{name}, %": 100 * m.seconds / whole for name, m in meters.items()}
            rows.append({"seconds": whole} | parts | {"all, %": sum(parts.values())})
    return rows[1:]


# ---- clocks ----------------------------------------------------------------------------------


class Told(cb.ProgressBar):
    """Notes what the progress line says after 20 steps: the whole time of the run."""

    seconds = 0.0

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        if self._throughput.told() and not self.seconds:
            left = self._throughput.left(
                self.params["steps"] - batch - 1, self.params["epochs"] - 1
            )
            self.seconds = time.perf_counter() - self._start + left


def estimate(args) -> list[dict]:
    """Runs of about --seconds; the differences in percent of the true time."""
    rows = []
    for name in PRESETS:
        x = data_for(name)
        for _ in range(args.blocks):
            gan = ganc.models.get(name)(seed=0)
            steps = max(24, int((args.seconds or 0.1) / gan.estimate(x).step_seconds))
            before = gan.estimate(x, steps_per_epoch=steps)
            told = Told(stream=io.StringIO())
            whole = fit_time(gan, x, steps_per_epoch=steps, callbacks=[told])
            rows.append({
                "preset": name, "steps": steps, "seconds": whole,
                "after 20 steps, %": 100 * (told.seconds / whole - 1),
                "beforehand, %": 100 * (before / whole - 1),
            })  # fmt: skip
    return rows


def budget(args) -> list[dict]:
    """Runs with a budget and a checkpoint at the end of each epoch."""
    rows = []
    for name in ("ToyGAN", "VanillaGAN"):
        x = data_for(name)
        for seconds in [args.seconds or 0.2] * args.blocks:
            with tempfile.TemporaryDirectory() as folder:
                keep = cb.ModelCheckpoint(os.path.join(folder, "a.ganc"))
                gan = ganc.models.get(name)(seed=0)
                taken = fit_time(gan, x, budget=seconds, callbacks=[keep])
            over = 100 * (taken / seconds - 1)
            rows.append({"preset": name, "budget": seconds, "taken": taken, "over, %": over})
    return rows


# ---- memory ----------------------------------------------------------------------------------


class Resident(cb.Callback):
    """Notes the resident memory, in MiB, every 500 steps."""

    def __init__(self) -> None:
        super().__init__()
        self.at, self.mib = [], []

    def on_train_batch_end(self, batch, logs=None):
        if self.model.step % 500 == 0:
            gc.collect()
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.at.append(self.model.step)
            self.mib.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def every_callback(gan, x, folder: str) -> list[cb.Callback]:
    path = Path(folder)
    board = [cb.TensorBoard(path / "board", update_freq=10)] if find_spec("tensorboardX") else []
    return [
        cb.MetricCallback(x, ["ring_modes"], every=10), cb.SampleGrid(folder=path / "grids"),
        cb.LivePlot(filename=path / "live.png"), cb.CSVLogger(path / "log.csv"),
        cb.ModelCheckpoint(path / "a.ganc"), cb.EarlyStopping("d_loss", patience=10**6),
        cb.LearningRateScheduler(lambda epoch, lr: lr), cb.EMA(0.999), cb.TerminateOnNaN(),
        cb.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
        cb.ProgressBar(stream=open(os.devnull, "w")), *board,
    ]  # fmt: skip


def memory(args) -> list[dict]:
    """A tiny GAN for 20,000 steps in epochs of 100; growth by a line through the later part."""
    steps = 200 if args.quick else 20_000
    x, meter = toy.ring(25_600, seed=0), Resident()
    gan = ganc.models.ToyGAN(g_hidden=(8,), d_hidden=(8,), batch_size=32, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        watchers = [*every_callback(gan, x[:1000], folder), meter]
        fit_time(gan, x, epochs=steps // 100, steps_per_epoch=100, callbacks=watchers)
    at, mib = np.array(meter.at), np.array(meter.mib)
    late = at > steps // 4
    slope = np.polyfit(at[late], mib[late], 1)[0] if late.sum() > 1 else float("nan")
    return [{
        "steps": gan.step, "callbacks": len(watchers), "warm, MiB": mib[late][0] if len(mib) else 0,
        "end, MiB": mib[-1] if len(mib) else 0, "growth in 20,000 steps, MiB": slope * 20_000,
    }]  # fmt: skip


def main() -> None:
    parser = arguments(__doc__.splitlines()[0], seconds=20)
    parts = {f.__name__: f for f in (share, estimate, budget, memory)}
    parser.add_argument("part", choices=parts)
    parser.set_defaults(blocks=3)
    args = parse(parser)
    ganc.set_num_threads(args.threads)
    report(f"session {args.part}", parts[args.part](args), args)


if __name__ == "__main__":
    main()
