"""What models of a comparison are trained on and measured against."""

import os
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ganc import datasets
from ganc._options import choose
from ganc.data import TensorDataset
from ganc.data._incoming import as_array
from ganc.datasets import toy
from ganc.io._checksum import checksum

__all__ = ["Data", "data_of", "read", "write"]

_DISTANCES = ("frechet_distance", "precision")
_POINTS = {
    "ring": (toy.ring, ("ring_modes",)),
    "grid": (toy.grid, ("grid_modes",)),
    "swiss_roll": (toy.swiss_roll, _DISTANCES),
    "moons": (toy.moons, _DISTANCES),
}
_PICTURES = {
    "fashion_mnist": lambda: datasets.load_fashion_mnist(download=False),
    "mnist": lambda: datasets.load_mnist(download=False),
    "digits": lambda: datasets.load_digits(),
    "embedded": lambda: (datasets.load_embedded(), (None, None)),
    "stacked_digits": lambda: datasets.load_stacked_digits(download=False),
}


@dataclass
class Data:
    """Samples, labels where there are any, and what is held out for measuring.

    Parameters
    ----------
    name : str
    x : ndarray
    y, held_out : ndarray, optional
    metrics : tuple of str
        What is measured by default.
    """

    name: str
    x: np.ndarray
    y: np.ndarray | None = None
    held_out: np.ndarray | None = None
    metrics: tuple[str, ...] = field(default=())

    @property
    def real(self) -> np.ndarray:
        """What samples are compared with."""
        return self.x if self.held_out is None else self.held_out

    @property
    def crc32(self) -> list[str | None]:
        """Checksums of the arrays, by which a folder knows its data again."""
        parts = self.x, self.y, self.held_out
        return [None if part is None else checksum(part) for part in parts]


def data_of(given: Any) -> Data:
    """Return the data of a name, of an array, of (x, y) or ((x, y), (x_test, y_test))."""
    if isinstance(given, str):
        return _named(given)
    if isinstance(given, TensorDataset):
        given = given.tensors if len(given.tensors) > 1 else given.tensors[0]
    pair = isinstance(given, (tuple, list)) and len(given) == 2
    if pair and all(isinstance(part, (tuple, list)) and len(part) == 2 for part in given):
        (x, y), (held_out, _) = given
        return _of_arrays(x, y, held_out)
    if pair and (given[1] is None or np.ndim(given[1]) == 1):
        return _of_arrays(*given, None)
    return _of_arrays(given, None, None)


def _named(name: str) -> Data:
    key = choose("data", name.replace("-", "_"), (*_POINTS, *_PICTURES))
    if key in _POINTS:
        make, metrics = _POINTS[key]
        return Data(key, make(100_000, seed=0), metrics=metrics)
    (x, y), (held_out, _) = _PICTURES[key]()
    found = _of_arrays(x, y, held_out, key)
    return replace(found, metrics=("stacked_modes",)) if key == "stacked_digits" else found


def _of_arrays(x: Any, y: Any, held_out: Any, name: str = "arrays") -> Data:
    x = as_array(x, "data")
    y = None if y is None else as_array(y, "data, y")
    held_out = None if held_out is None else as_array(held_out, "data, held out")
    return Data(name, x, y, held_out, _DISTANCES)


def write(data: Data, folder: str) -> None:
    """Write the arrays into a folder, for processes that read them."""
    for name in ("x", "y", "held_out"):
        if getattr(data, name) is not None:
            np.save(os.path.join(folder, f"{name}.npy"), getattr(data, name))


def read(name: str, metrics: tuple[str, ...], folder: str) -> Data:
    """Return data that `write` has written, mapped into memory."""
    arrays = {}
    for part in ("x", "y", "held_out"):
        path = os.path.join(folder, f"{part}.npy")
        if os.path.exists(path):
            arrays[part] = np.load(path, mmap_mode="r", allow_pickle=False)
    return Data(name, **arrays, metrics=metrics)
