"""The dtypes of tensors, under PyTorch's names: they are NumPy's.

A tensor holds floats (of the one size of this build), integers or bools. Integers and bools lie in
the same storage as floats, so integers are exact up to 2^24 (2^53 with ``GANC_DTYPE=float64``);
what would be rounded is an OverflowError.

>>> import ganc
>>> x = ganc.tensor([1, 2, 3])
>>> x.dtype == ganc.int64, (x / 2).dtype == ganc.float32, (x > 1).dtype == ganc.bool
(True, True, True)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ganc._backend import core

__all__ = ["float32", "float64", "int64", "long"]

Tensor = core.Tensor

float32, float64, int64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)
long = int64
real = np.dtype(core.real)  # ganc.float
boolean = np.dtype(np.bool_)  # ganc.bool


def is_whole(x: Any) -> bool:
    """Return whether `x`, a tensor or a number, holds integers or bools."""
    return x.dtype.kind != "f" if isinstance(x, Tensor) else isinstance(x, int)


def is_bool(x: Any) -> bool:
    """Return whether `x`, a tensor or a number, holds bools."""
    return x.dtype.kind == "b" if isinstance(x, Tensor) else isinstance(x, bool)


def as_float(x: Any) -> Any:
    """Return a tensor as floats: itself, or a copy."""
    return core.cast(x, "float") if isinstance(x, Tensor) and is_whole(x) else x
