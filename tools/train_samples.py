"""Trains models on real pictures and writes what they make to docs/, with command, time, figures.

    python tools/train_samples.py cnngan --budget "30 min"
    python tools/train_samples.py dcgan --budget "60 min" --data DIR

CNNGAN learns Fashion-MNIST, which must be there (``ganc datasets``); DCGAN the people and faces
among the EmojiOne emoji and their mirror images, from DIR or where `ganc.datasets.load_emoji`
looks. Samples come from a moving average of the generator.

The budget counts all runs together: the model is kept in the folder --work, once a minute and at
the end, and a run that was stopped goes on from there to the same bits.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import ganc
from ganc._options import duration

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from _harness import machine  # noqa: E402

_EVERY = 60.0  # seconds between two saves
_DECAY = 0.999  # of the moving average


class Task(NamedTuple):
    """A model, its pictures, and how they are told about."""

    data: Callable[[str | None], np.ndarray]
    model: Callable[[], ganc.GAN]
    batch_size: int
    what: str
    metrics: bool  # the classifier that comes with ganc knows these pictures
    scale: int


def _fashion(path: str | None) -> np.ndarray:
    return ganc.datasets.load_fashion_mnist(path=path, download=False)[0][0]


def _people(path: str | None) -> np.ndarray:
    pictures = ganc.datasets.load_emoji("emojione", 64, path=path)
    x, y = pictures
    x = x[y == pictures.classes.index("people")]
    return np.concatenate([x, x[:, :, ::-1]])


TASKS = {
    "cnngan": Task(
        _fashion, lambda: ganc.models.CNNGAN(seed=0), 64, "Fashion-MNIST, 60,000 images", True, 2
    ),
    "dcgan": Task(
        _people,
        lambda: ganc.models.DCGAN(seed=0),
        32,
        "EmojiOne 3.3 (CC BY-SA 4.0): people and faces, and their mirror images",
        False,
        1,
    ),
}


class Keeper(ganc.callbacks.Callback):
    """Saves the model and the seconds it has taken, now and then."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__()
        self.path, self.before = path, seconds
        self.start = self.saved = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Of training, in all runs."""
        return self.before + time.perf_counter() - self.start

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Save once a minute."""
        if time.perf_counter() - self.saved > _EVERY:
            self.save()

    def save(self) -> None:
        """Save now."""
        self.model.save(self.path)
        self.path.with_suffix(".json").write_text(json.dumps({"seconds": self.seconds}))
        self.saved = time.perf_counter()


def resume(task: Task, path: Path) -> tuple[Any, float]:
    """Return the model of an earlier run and its seconds, or a new one."""
    if path.exists():
        return ganc.load(path), json.loads(path.with_suffix(".json").read_text())["seconds"]
    gan = task.model()
    gan.ema = _DECAY
    return gan, 0.0


def train(task: Task, x: np.ndarray, path: Path, budget: float) -> tuple[Any, float]:
    """Train until the budget is used up; return the model and the seconds in all."""
    gan, seconds = resume(task, path)
    keeper = Keeper(path, seconds)
    keeper.set_model(gan)
    try:
        if budget > seconds:
            left = budget - seconds
            gan.fit(x, batch_size=task.batch_size, budget=left, callbacks=[keeper])
            seconds = keeper.seconds
    finally:
        keeper.save()
    return gan, seconds


def figures(task: Task, gan: Any, x: np.ndarray, seconds: float) -> dict[str, Any]:
    """Return what a reader wants to know of a run."""
    history = {name: column[-1] for name, column in gan.history.history.items()}
    told = {
        "data": task.what,
        "images": len(x),
        "model": type(gan).__name__,
        "parameters": gan.describe().to_dict()["parameters"],
        "minutes": round(seconds / 60, 1),
        "steps": gan.step,
        "batch_size": task.batch_size,
        "epochs": round(gan.step * task.batch_size / len(x), 1),
        "seconds_a_step": round(seconds / max(gan.step, 1), 4),
        "average": _DECAY,
        "last_epoch": {name: round(float(value), 4) for name, value in history.items()},
        "threads": ganc.get_num_threads(),
        "machine": machine(),
    }
    if task.metrics:
        told["metrics"] = {name: str(value) for name, value in gan.evaluate(x, n=5000).items()}
    return told


def write_picture(gan: Any, path: Path, scale: int) -> None:
    """Write samples as a grid, 16 a row."""
    ganc.plot.save_image(path, ganc.plot.grid(gan.preview(64, seed=1), ncol=16), scale=scale)


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--budget", default="30 min", help="in all: '90 s', '30 min'")
    parser.add_argument("--data", metavar="DIR", help="where the pictures are")
    parser.add_argument("--work", default="build/samples", help="where the model is kept")
    parser.add_argument("--docs", default=str(ROOT / "docs"), help="where to write")
    arguments = parser.parse_args(argv)
    task, work = TASKS[arguments.task], Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)
    x = task.data(arguments.data)
    budget = duration("--budget", arguments.budget)
    gan, seconds = train(task, x, work / f"{arguments.task}.ganc", budget)
    picture = Path(arguments.docs) / f"{arguments.task}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    write_picture(gan, picture, task.scale)
    told = ["python", "tools/train_samples.py", arguments.task, "--budget", arguments.budget]
    found = {"command": shlex.join(told)} | figures(task, gan, x, seconds)
    table = picture.with_suffix(".json")
    table.write_text(json.dumps(found, indent=2) + "\n")
    print(picture, table, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
