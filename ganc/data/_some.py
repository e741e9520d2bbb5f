"""What gives samples by number, and a few of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganc.data._incoming import as_array
from ganc.data._loader import DataLoader, Dataset

__all__ = ["every", "is_dataset", "some"]

_NONE = (list, tuple, str, bytes, bytearray, range, Mapping)
_ARRAYS = ("__array__", "toarray")  # of NumPy and whatever becomes one; of sparse matrices


def is_dataset(x: Any) -> bool:
    """Whether `x` gives samples by number without being an array or a list of them."""
    if isinstance(x, (Dataset, DataLoader)):
        return True
    by_number = hasattr(x, "__len__") and hasattr(x, "__getitem__")
    return by_number and not (isinstance(x, _NONE) or any(hasattr(x, name) for name in _ARRAYS))


def some(x: Any, n: int, fields: int = 1, *, name: str = "x") -> list[Any]:
    """Return up to n samples of a data set or loader, evenly spread, as arrays; all of an array.

    What is neither raises what `as_array` says of it.
    """
    if not is_dataset(x):
        return [as_array(x, name)]
    loader = x if isinstance(x, DataLoader) else DataLoader(x, seed=0)
    size = len(loader.dataset)
    batch = loader._picked(np.linspace(0, size - 1, min(n, size)).astype(np.int64))
    return list(batch)[:fields] if isinstance(batch, (list, tuple)) else [batch]


def every(x: Any, name: str) -> np.ndarray:
    """Return all samples of an array, data set or loader, of several fields the first."""
    return np.asarray(some(x, 2**62, name=name)[0])
