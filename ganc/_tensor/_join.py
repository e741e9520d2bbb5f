"""Joining, splitting and repeating tensors."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod

from ganc._backend import core
from ganc._tensor._creation import Tensor, sizes
from ganc._tensor._shape import dim_index, ints

__all__ = [
    "chunk",
    "repeat",
    "roll",
    "split",
    "stack",
]

_reshape, _cat, _narrow, _expand = core.reshape, core.cat, core.narrow, core.expand


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of equal shape along a new dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
    dim : int, default 0
        Where the new dimension goes.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        Without tensors, or if their shapes differ.

    Examples
    --------
    >>> import ganc
    >>> ganc.stack([ganc.zeros(3), ganc.ones(3)], dim=1).shape
    (3, 2)
    """
    tensors = list(tensors)
    if not tensors:
        raise ValueError("stack: got no tensors, expected at least one")
    shape = tensors[0].shape
    for t in tensors:
        if t.shape != shape:
            raise ValueError(f"stack: got shapes {shape} and {t.shape}, expected equal shapes")
    d = dim_index(dim, len(shape) + 1, "stack")
    one = (*shape[:d], 1, *shape[d:])
    return _cat([_reshape(t, one) for t in tensors], d)


def split(
    tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Cut a tensor into pieces.

    Parameters
    ----------
    tensor : Tensor
    split_size_or_sections : int or sequence of int
        The size of each piece (the last may be smaller), or all sizes.
    dim : int, default 0

    Returns
    -------
    tuple of Tensor

    Raises
    ------
    ValueError
        If the sizes do not add up.

    Examples
    --------
    >>> import ganc
    >>> [x.shape[0] for x in ganc.split(ganc.arange(5), 2)]
    [2, 2, 1]
    >>> a, b = ganc.split(ganc.arange(5.0), [1, 4])
    >>> b.tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    if tensor.ndim == 0:
        raise ValueError("split: got a 0-dimensional tensor, expected at least 1 dimension")
    d = dim_index(dim, tensor.ndim, "split")
    total = tensor.shape[d]
    if hasattr(split_size_or_sections, "__index__"):
        size = operator.index(split_size_or_sections)
        if size < 0 or (size == 0 and total):
            raise ValueError(f"split: got split size {size}, expected at least 1")
        parts = [min(size, total - s) for s in range(0, total, size)] if total else [0]
    else:
        parts = [operator.index(s) for s in split_size_or_sections]
        if sum(parts) != total or min(parts, default=0) < 0:
            raise ValueError(
                f"split: got sizes {parts}, expected sizes that add up to {total}, the size of "
                f"dimension {dim}"
            )
    out, start = [], 0
    for size in parts:
        out.append(_narrow(tensor, d, start, size))
        start += size
    return tuple(out)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut a tensor into at most `chunks` pieces of equal size (the last may be smaller).

    Parameters
    ----------
    input : Tensor
    chunks : int
        At least 1.
    dim : int, default 0

    Returns
    -------
    tuple of Tensor

    Raises
    ------
    ValueError
        If `chunks` is less than 1.

    Examples
    --------
    >>> import ganc
    >>> mean, log_var = ganc.chunk(ganc.zeros(8, 20), 2, dim=1)
    >>> mean.shape
    (8, 10)
    """
    if operator.index(chunks) < 1:
        raise ValueError(f"chunk: got chunks={chunks}, expected at least 1")
    d = dim_index(dim, input.ndim, "chunk")
    size = -(-input.shape[d] // chunks) if input.ndim else 1
    return split(input, size, d) if size else split(input, [0] * chunks, d)


def repeat(input: Tensor, *repeats: int | tuple[int, ...]) -> Tensor:
    """Lay copies of a tensor side by side, as NumPy's ``tile`` does.

    Parameters
    ----------
    input : Tensor
    *repeats : int or tuple of int
        How often along each dimension; at least as many as `input` has dimensions.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there are fewer numbers than dimensions.

    Examples
    --------
    >>> import ganc
    >>> ganc.repeat(ganc.arange(2.0), 2, 2).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0]]
    """
    counts = sizes(repeats, "repeat")
    lead = len(counts) - input.ndim
    if lead < 0:
        raise ValueError(
            f"repeat: got {len(counts)} numbers for {input.ndim} dimensions, expected at least "
            "one for each"
        )
    shape = [1] * lead + list(input.shape)
    x = _reshape(input, tuple(shape))
    for d, r in enumerate(counts):
        if r != 1:
            outer, inner = prod(shape[:d]), prod(shape[d:])
            x = _expand(_reshape(x, (outer, 1, inner)), (outer, r, inner))
            shape[d] *= r
            x = _reshape(x, tuple(shape))
    return x


def roll(
    input: Tensor, shifts: int | tuple[int, ...], dims: int | tuple[int, ...] | None = None
) -> Tensor:
    """Shift elements along dimensions; what leaves at the end comes back at the start.

    Parameters
    ----------
    input : Tensor
    shifts : int or tuple of int
    dims : int or tuple of int, optional
        One dimension a shift; by default the flattened tensor is rolled.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the numbers of shifts and dimensions differ.

    Examples
    --------
    >>> import ganc
    >>> ganc.roll(ganc.arange(4.0), 1).tolist()
    [3.0, 0.0, 1.0, 2.0]
    """
    if dims is None or dims == ():
        return _reshape(roll(_reshape(input, (-1,)), shifts, 0), input.shape)
    shifts, dims = ints((shifts,), "roll"), ints((dims,), "roll")
    if len(shifts) != len(dims):
        raise ValueError(f"roll: got {len(shifts)} shifts for {len(dims)} dimensions")
    x = input
    for shift, dim in zip(shifts, dims, strict=True):
        d = dim_index(dim, x.ndim, "roll")
        n = x.shape[d]
        k = shift % n if n else 0
        if k:
            x = _cat([_narrow(x, d, n - k, k), _narrow(x, d, 0, n - k)], d)
    return x
