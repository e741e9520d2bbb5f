"""One model, one seed: trained, measured, and told of in a folder.

``progress.json`` says how much of the budget is spent, ``checkpoints/`` has what to go on from,
``result.json`` comes last: a run that has it is finished.
"""

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ganc import metrics as all_metrics
from ganc.bench._data import Data
from ganc.callbacks import Callback, ModelCheckpoint
from ganc.io import atomic_write
from ganc.io._tensors import write_tensors
from ganc.train._resume import resume

__all__ = [
    "HISTORY",
    "KILLED",
    "RESULT",
    "SAMPLES",
    "Plan",
    "every_of",
    "failed",
    "run",
    "write_json",
]

RESULT, KILLED = "result.json", "killed.json"
SAMPLES, HISTORY = "samples.safetensors", "history.csv"
_PROGRESS, _CHECKPOINTS, _MODEL = "progress.json", "checkpoints", "model.ganc"
_SHOWN = {True: 16, False: 500}  # pictures, points
_CURVE = 100  # at most so many points of a curve where the steps are known


@dataclass(frozen=True)
class Plan:
    """How long a run is and what is measured.

    Parameters
    ----------
    steps : int or None
    budget : float or None
        Seconds of training; one of the two.
    batch_size : int or None
    metrics : tuple of str
    n : int
    """

    steps: int | None
    budget: float | None
    batch_size: int | None
    metrics: tuple[str, ...]
    n: int

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"metrics": [_name(m) for m in self.metrics]}


def _name(metric: Any) -> str:
    if isinstance(metric, str):
        return metric
    return getattr(metric, "__name__", type(metric).__name__)


class _Watch(Callback):
    """Writes down what is spent, and ends the run at its last step."""

    def __init__(self, path: str, spent: float, steps: int | None) -> None:
        super().__init__()
        self.path, self.spent, self.steps = path, spent, steps
        self.saved_step, self.saved_seconds = -1, 0.0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self.start = self.saved = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.steps is not None and self.model.step >= self.steps:
            self.model.stop_training = True
        if time.perf_counter() - self.saved > 5:
            self.write()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        self.write()

    @property
    def seconds(self) -> float:
        """Seconds of training so far, of earlier attempts too."""
        return self.spent + time.perf_counter() - self.start

    def write(self) -> None:
        """Write the seconds down."""
        self.saved = time.perf_counter()
        now = {"seconds": self.seconds, "step": self.model.step}
        write_json(self.path, now | {"saved": [self.saved_step, self.saved_seconds]})


class _Saves(ModelCheckpoint):
    """Checkpoints, of which the watch knows how much of the budget is in them."""

    def __init__(self, folder: str, watch: _Watch) -> None:
        super().__init__(folder + "/{step}.ganc", every="1 min", keep=1)
        self.watch = watch

    def _write(self, path: str) -> None:
        super()._write(path)
        self.watch.saved_step, self.watch.saved_seconds = self.model.step, self.watch.seconds
        self.watch.write()


def run(build: Callable[[], Any], data: Data, plan: Plan, folder: str) -> dict[str, Any]:
    """Train and measure; what goes wrong is a result as well.

    Parameters
    ----------
    build : callable
        Gives the model.
    data : Data
    plan : Plan
    folder : str

    Returns
    -------
    dict
        The record, which is in the folder too.
    """
    os.makedirs(folder, exist_ok=True)
    try:
        record = _trained(build, data, plan, folder)
    except Exception as error:
        return failed(folder, f"{type(error).__name__}: {error}")
    write_json(os.path.join(folder, RESULT), record)
    return record


def failed(folder: str, reason: str, name: str = RESULT) -> dict[str, Any]:
    """Write and return the record of a run that came to nothing; one in KILLED is made again."""
    os.makedirs(folder, exist_ok=True)
    spent = _read(os.path.join(folder, _PROGRESS)) or {"seconds": 0.0, "step": 0}
    record = {"failed": reason, "metrics": {}, "seconds": spent["seconds"], "steps": spent["step"]}
    write_json(os.path.join(folder, name), record)
    return record


def _trained(build: Callable[[], Any], data: Data, plan: Plan, folder: str) -> dict[str, Any]:
    saves = os.path.join(folder, _CHECKPOINTS)
    model = build()
    spent = 0.0
    if os.path.isdir(saves) and os.listdir(saves):
        model = resume(saves, model)
        spent = _spent(_read(os.path.join(folder, _PROGRESS)), model.step)
    fields = [data.x]
    if len(model.FIELDS) == 2:
        if data.y is None:
            raise ValueError(f"{type(model).__name__} learns from labels, these data have none")
        fields.append(np.asarray(data.y))
    watch = _Watch(os.path.join(folder, _PROGRESS), spent, plan.steps)
    left = None if plan.budget is None else plan.budget - spent
    if (left is None or left > 0) and (plan.steps is None or model.step < plan.steps):
        every = every_of(plan.steps)
        epochs = None if plan.steps is None else math.ceil(plan.steps / every)
        model.fit(
            *fields, epochs=epochs, initial_epoch=model.epoch, steps_per_epoch=every, budget=left,
            batch_size=plan.batch_size, verbose=0,
            callbacks=[_Saves(saves, watch), watch],
        )  # fmt: skip
        spent = watch.seconds
    model.save(os.path.join(folder, _MODEL))
    model.history.to_csv(os.path.join(folder, HISTORY))
    return _measured(model, data, plan, folder) | {"seconds": spent, "steps": model.step}


def every_of(steps: int | None) -> int:
    """Return how many steps a point of the curves is the mean of."""
    return 100 if steps is None else max(math.ceil(steps / _CURVE), 1)


def _spent(progress: Any, step: int) -> float:
    """Return the seconds that are in a checkpoint: steps that were lost do not count."""
    if progress is None:
        return 0.0
    saved_step, saved_seconds = progress.get("saved", (-1, 0.0))
    return saved_seconds if saved_step == step else progress["seconds"]


def _measured(model: Any, data: Data, plan: Plan, folder: str) -> dict[str, Any]:
    n = min(plan.n, len(data.real))
    real = model.real_samples(data.real, n)
    fake = model.generate(n, seed=1)
    found = all_metrics.evaluate(real, fake, plan.metrics)
    shown = np.asarray(model.generate(_SHOWN[fake.ndim == 4], seed=0), np.float32)
    write_tensors(os.path.join(folder, SAMPLES), {"samples": shown}, {})
    numbers = {k: float(v) for k, v in found.items() if np.ndim(v) == 0}
    numbers = {k: v if math.isfinite(v) else None for k, v in numbers.items()}
    return {"failed": None, "metrics": numbers}


def write_json(path: str, data: dict[str, Any]) -> None:
    """Write plain data to a file, whole or not at all."""
    atomic_write(path, [json.dumps(data, indent=1).encode()])


def _read(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None
