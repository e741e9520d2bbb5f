"""``ganc bench``: how fast this machine computes and trains."""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from ganc import models
from ganc._backend import core
from ganc._tensor._random import Generator, rand

__all__ = ["speed"]

_SIDE, _BLOCKS = 1024, 5  # of the matrices; blocks of time that contenders take in turn


def speed(names: list[str], seconds: float) -> dict[str, Any]:
    """Measure products of matrices and steps of models; of PyTorch too, where it is installed.

    Parameters
    ----------
    names : list of str
        Models.
    seconds : float
        For each measurement.

    Returns
    -------
    dict
        What was measured, by name.

    Raises
    ------
    ValueError
        For a model that is not known.
    """
    classes = [models.get(name) for name in names]
    found: dict[str, Any] = {"isa": core.get_isa(), "threads": core.get_num_threads()}
    found |= _products(seconds)
    for cls in classes:
        found[f"{cls.__name__} steps/s"] = round(_steps(cls, seconds), 1)
    return found


def _products(seconds: float) -> dict[str, Any]:
    """Return the speed of a product of matrices, beside the peak measured in turn with it."""
    a = rand(_SIDE, _SIDE, generator=Generator(0))
    runs: dict[str, Callable[[], Any]] = {"ganc": lambda: a @ a}
    torch = _torch()
    if torch is not None:
        b = torch.from_numpy(a.numpy())
        runs["torch"] = lambda: b @ b
    block = seconds / _BLOCKS / (len(runs) + 1)
    peaks: list[float] = []
    speeds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(_BLOCKS):
        peaks.append(core.peak_flops(min(block, 0.1)))
        for name, run in runs.items():
            speeds[name].append(2 * _SIDE**3 * _rate(run, block))
    peak, own = statistics.median(peaks), statistics.median(speeds["ganc"])
    found = {"peak GFLOP/s": round(peak / 1e9, 1), "matmul GFLOP/s": round(own / 1e9, 1)}
    found["matmul share of peak"] = round(own / peak, 3)
    if torch is not None:
        theirs = statistics.median(speeds["torch"])
        found |= {"torch": torch.__version__, "torch matmul GFLOP/s": round(theirs / 1e9, 1)}
        found["matmul against torch"] = round(own / theirs, 2)
    return found


def _steps(cls: type, seconds: float) -> float:
    """Return the steps a second of a model as it is by default, on random data."""
    gan = cls(seed=0)
    x = gan.sample(gan.default_batch_size, seed=0)
    for _ in range(2):  # memory is allocated
        gan.train_on_batch(x)
    return _rate(lambda: gan.train_on_batch(x), seconds)


def _rate(run: Callable[[], Any], seconds: float) -> float:
    """Return how often a second something can be done."""
    start = now = time.perf_counter()
    count = 0
    while count == 0 or now - start < seconds:
        run()
        count, now = count + 1, time.perf_counter()
    return count / (now - start)


def _torch() -> Any:
    """Return PyTorch with as many threads as ganc, if it is installed."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(core.get_num_threads())
    return torch
