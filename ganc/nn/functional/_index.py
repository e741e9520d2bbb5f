"""Class numbers and other indices: whole numbers, although tensors hold reals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ganc._tensor._creation import Tensor, tensor

__all__ = ["as_index"]


def as_index(
    what: str, index: Any, size: int, ignore: int | None = None, shape: Any = None
) -> tuple[Tensor, np.ndarray | None]:
    """Check indices into `size` classes.

    Returns them as a tensor, and where they equal `ignore` (None: nowhere); ignored ones are
    replaced by 0.
    """
    if isinstance(index, Tensor):
        values = index.detach().numpy()
    else:
        values = np.asarray(index)
        if values.dtype.kind not in "fiub":
            raise TypeError(f"{what}: got dtype {values.dtype}, expected whole numbers")
    if shape is not None and values.shape != tuple(shape):
        raise ValueError(f"{what}: got shape {values.shape}, expected {tuple(shape)}")
    if values.dtype.kind == "f" and not (values == np.floor(values)).all():  # NaN fails too
        wrong = values[~(values == np.floor(values))].flat[0]
        raise ValueError(f"{what}: got {wrong}, expected whole numbers")
    skip = None
    if ignore is not None and not 0 <= ignore < size:
        skipped = values == ignore
        if skipped.any():
            skip = skipped
            values = np.where(skipped, 0, values)
    elif ignore is not None and (values == ignore).any():
        skip = values == ignore
    if values.size and not (values.min() >= 0 and values.max() < size):
        wrong = values[(values < 0) | (values >= size)].flat[0]
        raise IndexError(
            f"{what}: got {wrong:g}, expected 0 to {size - 1}; labels are class numbers from 0"
        )
    return (index.detach() if skip is None and isinstance(index, Tensor) else tensor(values)), skip
