"""Writing to positions that a tensor gives: the counterparts of `gather`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._shape import dim_index

__all__ = ["scatter", "scatter_add"]


def _positions(what: str, input: Tensor, d: int, index: Any, src: Any) -> np.ndarray:
    """Return the flat positions in `input` that an index along dimension d names."""
    at = np.asarray(index.detach() if isinstance(index, Tensor) else index)
    shape = input.shape
    fits = at.ndim == len(shape) and all(
        n <= m or k == d for k, (n, m) in enumerate(zip(at.shape, shape, strict=False))
    )
    given = src.shape if isinstance(src, Tensor) else at.shape
    if (
        not fits
        or len(given) != at.ndim
        or any(n > m for n, m in zip(at.shape, given, strict=True))
    ):
        raise ValueError(
            f"{what}: got index of shape {at.shape}, expected at most {shape}, the shape of input "
            f"(except in dimension {d}), and at most that of src, {given}"
        )
    if not at.ndim:
        at = at.reshape(1)
    whole = at.astype(np.int64)
    size = shape[d] if shape else 1
    if at.size and (not np.array_equal(whole, at) or whole.min() < 0 or whole.max() >= size):
        raise IndexError(f"{what}: got an index outside of [0, {size})")
    grid = list(np.indices(whole.shape))
    grid[d] = whole
    if not whole.size:
        return np.zeros(0, np.int64)
    return np.ravel_multi_index(tuple(grid), shape or (1,)).ravel()


def _corner(src: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the elements of src that an index of this shape uses, flat."""
    for d, n in enumerate(shape):
        if src.shape[d] != n:
            src = core.narrow(src, d, 0, n)
    return core.reshape(src, (src.numel(),))


def scatter(
    input: Tensor, dim: int, index: Tensor, src: float | Tensor | None = None, **value: float
) -> Tensor:
    """Write elements to positions along a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : Tensor
        Of whole numbers; element ``[i][j]`` of `src` goes to ``[index[i][j]][j]`` for dim 0. It
        may be smaller than `input` and `src`. Of several elements for one position, the last
        stays.
    src : Tensor or float
    **value : float
        ``value=`` is another name of `src` for a number.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError, IndexError
        If the shapes do not fit, or an index is out of range.

    Examples
    --------
    >>> import ganc
    >>> labels = ganc.tensor([[2], [0]])
    >>> ganc.scatter(ganc.zeros(2, 3), 1, labels, 1.0).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    if (src is None) == (not value) or set(value) - {"value"}:
        raise TypeError("scatter: expected scatter(input, dim, index, src) or value= for src")
    src = value["value"] if value else src
    d = dim_index(dim, input.ndim, "scatter")
    at = _positions("scatter", input, d, index, src)
    if not at.size:
        return core.identity(input)
    last = np.full(max(input.numel(), 1), -1)
    last[at] = np.arange(at.size)
    hit = (last >= 0).reshape(input.shape)
    if isinstance(src, Tensor):
        flat = _corner(src, np.shape(index)) if src.ndim else core.reshape(src, (1,))
        src = core.reshape(core.index_select(flat, 0, np.maximum(last, 0)), input.shape)
    return core.where(hit, src, input)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Add elements at positions along a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : Tensor
        Of whole numbers; element ``[i][j]`` of `src` is added to ``[index[i][j]][j]`` for dim 0.
        It may be smaller than `input` and `src`.
    src : Tensor

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError, IndexError
        If the shapes do not fit, or an index is out of range.

    Examples
    --------
    >>> import ganc
    >>> ganc.scatter_add(ganc.zeros(3), 0, ganc.tensor([1, 1, 2]), ganc.ones(3)).tolist()
    [0.0, 2.0, 1.0]
    """
    d = dim_index(dim, input.ndim, "scatter_add")
    at = _positions("scatter_add", input, d, index, src)
    if not at.size:
        return core.identity(input)
    flat = _corner(src, np.shape(index)) if src.ndim else core.reshape(src, (1,))
    return input + core.reshape(core.index_add(flat, 0, at, max(input.numel(), 1)), input.shape)
