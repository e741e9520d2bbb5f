"""Sequences that the user hands over: words or notes by number, or rows of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganc.data._incoming import as_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["as_sequences"]


def as_sequences(x: ArrayLike, *, name: str = "x") -> np.ndarray:
    """Check sequences.

    Parameters
    ----------
    x : array_like, shape (N, T) of int or (N, T, F) of float
        N sequences of T tokens, each a number, or of T rows of F values.
    name : str, default "x"
        What error messages call it.

    Returns
    -------
    ndarray
        int64, or float32.

    Raises
    ------
    TypeError
        For another dtype.
    ValueError
        For another number of dimensions, empty arrays, NaN or infinity.

    Examples
    --------
    >>> from ganc import data
    >>> data.as_sequences([[3, 1, 4], [1, 5, 9]]).dtype.name
    'int64'
    """
    array = as_array(x, name, "sequences")
    tokens = array.dtype.kind in "ui"
    if not tokens and array.dtype.kind != "f":
        raise TypeError(f"{name}: got dtype {array.dtype}, expected whole numbers or floats")
    if array.ndim != (2 if tokens else 3) or array.size == 0:
        raise ValueError(
            f"{name}: got {array.dtype} of shape {array.shape}, expected whole numbers (N, T) or "
            "floats (N, T, F), none of them 0"
        )
    if tokens:
        return array.astype(np.int64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: got NaN or infinity, expected finite numbers")
    return np.ascontiguousarray(array, dtype=np.float32)
