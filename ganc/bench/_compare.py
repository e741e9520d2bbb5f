"""`compare`: several models, several seeds, the same data, one folder."""

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from ganc._backend import core
from ganc._options import at_least, duration, seed_word
from ganc.bench._comparison import PLAN, Comparison
from ganc.bench._data import data_of
from ganc.bench._entrants import entrants
from ganc.bench._processes import Job, make
from ganc.bench._run import Plan, write_json
from ganc.io import atomic_write
from ganc.metrics._evaluate import checked as checked_metrics
from ganc.plot._picture import save_figure

__all__ = ["compare"]

_TABLE, _PICTURE = "table.txt", "comparison.png"


def compare(
    models: Any,
    data: Any,
    *,
    seeds: Iterable[int] = (0, 1, 2),
    budget: float | str | None = None,
    steps: int | None = None,
    metrics: Sequence[Any] | None = None,
    n: int = 2000,
    batch_size: int | None = None,
    workers: int | str = "auto",
    folder: str | os.PathLike[str] | None = None,
    verbose: int = 1,
) -> Comparison:
    """Train models on the same data, several seeds each, and measure what came of it.

    Each run has a folder of its own. Called again with the same arguments it goes on where it was
    stopped: finished runs are read, unfinished ones resumed, also those whose process was killed.
    A run that fails is told of in the table, the others go on.

    Parameters
    ----------
    models : list or dict
        Names of `ganc.models.list`, classes of `ganc.models`, pairs of one and a dict of keywords,
        or functions of the seed that give a model; a dict names them. Models of ganc get the
        data's ``image_shape`` or ``features``, if they are not given one.
    data : str, array_like, tuple, TensorDataset
        A name ("ring", "grid", "swiss_roll", "moons", "fashion_mnist", "mnist", "digits",
        "embedded", "stacked_digits"), samples, (samples, labels), or what loaders give: ((x, y),
        (x_test, y_test)), of which the second is measured against. Labels go to models that want
        them.
    seeds : iterable of int, default (0, 1, 2)
    budget : float or str, optional
        Training time of each run: seconds, or a text such as "5 min". By default "1 min", if
        `steps` is not given.
    steps : int, optional
        Length of each run instead; the figures then do not depend on the machine's speed.
    metrics : sequence of str or callable, optional
        As for `GAN.evaluate`; by default modes for "ring" and "grid", else the Fréchet distance,
        precision and recall.
    n : int, default 2000
        Samples that are measured, as many as there are real ones at most.
    batch_size : int, optional
        By default each model's own.
    workers : int or "auto"
        Processes at a time, each with one thread; by default as many as `get_num_threads`. With 1,
        and for models that only this process knows or whose keywords are not plain data, runs are
        made here one by one.
    folder : str or path-like, optional
        By default a new one, in the place for temporary files.
    verbose : {0, 1}, default 1
        1 tells of each run that ends, on standard error.

    Returns
    -------
    Comparison
        Prints as a table; ``.plot()`` draws it. The folder has both as files.

    Raises
    ------
    ValueError
        If an argument is not as described, or the folder has another comparison or other data.

    Examples
    --------
    >>> from ganc import bench
    >>> found = bench.compare(
    ...     {"plain": "ToyGAN", "broken": lambda seed: 1 / 0},
    ...     "ring", seeds=(0,), steps=10, workers=1, verbose=0,
    ... )
    >>> print(found)                                             # doctest: +ELLIPSIS
    model  modes_covered high_quality_share reverse_kl steps seconds runs
    plain  ...
    broken nan ± 0       nan ± 0            nan ± 0    nan   nan     0 of 1
    broken, seed 0: ZeroDivisionError: division by zero
    """
    given = data_of(data)
    taking_part = [entrant.suited(given.x) for entrant in entrants(models)]
    seeds = [seed_word("seeds", seed) for seed in seeds]
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds: got {seeds}, expected one or more different ones")
    plan = _plan(steps, budget, batch_size, given.metrics if metrics is None else metrics, n)
    at = os.fspath(folder) if folder is not None else tempfile.mkdtemp(prefix="ganc-compare-")
    _begin(at, {
        "models": [entrant.described for entrant in taking_part],
        "data": given.name, "samples": len(given.x), "data_crc32": given.crc32, "seeds": seeds,
        **plan.as_data(),
    })  # fmt: skip
    jobs = [
        Job(entrant, seed, os.path.join(at, f"{entrant.name}-{seed}"))
        for entrant in taking_part
        for seed in seeds
    ]
    left = [job for job in jobs if not job.finished]
    teller = _Teller(len(jobs), len(jobs) - len(left), verbose)
    names = [entrant.name for entrant in taking_part]
    try:
        make(left, given, plan, _workers(workers), teller)
    finally:
        found = Comparison(at, names, seeds)
        atomic_write(os.path.join(at, _TABLE), [found.table().encode()])
        if any(run["failed"] is None for run in found.runs):
            with suppress(ImportError):  # without matplotlib there is no picture
                save_figure(os.path.join(at, _PICTURE), found.plot(), 110)
    return found


def _plan(
    steps: int | None, budget: float | str | None, batch_size: int | None, metrics: Any, n: int
) -> Plan:
    if steps is not None and budget is not None:
        raise ValueError("got both steps and budget, expected one of them")
    return Plan(
        None if steps is None else at_least("steps", steps, 1),
        None if steps is not None else duration("budget", "1 min" if budget is None else budget),
        None if batch_size is None else at_least("batch_size", batch_size, 1),
        tuple(checked_metrics(metrics)),
        at_least("n", n, 2),
    )


def _workers(given: int | str) -> int:
    return core.get_num_threads() if given == "auto" else at_least("workers", given, 1)


def _begin(folder: str, said: dict[str, Any]) -> None:
    """Write down what is compared, or raise where the folder has something else."""
    path = os.path.join(folder, PLAN)
    said = json.loads(json.dumps(said, default=_shown))
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
        for name in said:
            if known.get(name) != said[name]:
                raise ValueError(
                    f"folder: {folder} has a comparison with {name}={known.get(name)!r:.200}, got "
                    f"{said[name]!r:.200}; choose another folder"
                )
        return
    if os.path.isdir(folder) and os.listdir(folder):
        raise ValueError(f"folder: {folder} has other files in it; choose a new one")
    os.makedirs(folder, exist_ok=True)
    write_json(path, said)


def _shown(value: Any) -> str:
    """Return what a value looks like, the same in every process."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


class _Teller:
    """Tells of the runs that end, and how long the rest may take."""

    def __init__(self, runs: int, done: int, verbose: int) -> None:
        self.runs, self.done, self.before, self.verbose = runs, done, done, verbose
        self.start = time.perf_counter()

    def __call__(self, job: Job) -> None:
        self.done += 1
        each = (time.perf_counter() - self.start) / (self.done - self.before)
        left = each * (self.runs - self.done)
        if self.verbose:
            text = f"{job.entrant.name}, seed {job.seed}: run {self.done} of {self.runs}"
            print(f"{text}, about {left / 60:.0f} min left", file=sys.stderr, flush=True)
