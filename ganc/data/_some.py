"""What gives samples by number, and a few of them."""

from typing import Any

import numpy as np

from ganc.data._loader import DataLoader, Dataset

__all__ = ["is_dataset", "some"]


def is_dataset(x: Any) -> bool:
    """Whether `x` gives samples by number without being an array or a list of them."""
    if isinstance(x, (Dataset, DataLoader)):
        return True
    by_number = hasattr(x, "__len__") and hasattr(x, "__getitem__")
    return by_number and not (hasattr(x, "__array__") or isinstance(x, (list, tuple, str, dict)))


def some(x: Any, n: int, fields: int = 1) -> list[Any]:
    """Return up to n samples of a data set or loader, evenly spread, as arrays; others as is."""
    if not is_dataset(x):
        return [x]
    loader = x if isinstance(x, DataLoader) else DataLoader(x, seed=0)
    size = len(loader.dataset)
    batch = loader._picked(np.linspace(0, size - 1, min(n, size)).astype(np.int64))
    return list(batch)[:fields] if isinstance(batch, (list, tuple)) else [batch]
