"""Parts of tensors and other orders of their dimensions, made of reshape, permute and narrow."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._shape import dim_index, ints

__all__ = [
    "diag",
    "diagonal",
    "movedim",
    "narrow",
    "select",
    "swapaxes",
    "tensor_split",
    "trace",
    "unbind",
]

_reshape = core.reshape


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """Return a range of a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int
    start : int
        Negative: counted from the end.
    length : int

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the range is not inside.

    Examples
    --------
    >>> import ganc
    >>> ganc.narrow(ganc.arange(5.0), 0, -3, 2).tolist()
    [2.0, 3.0]
    """
    d = dim_index(dim, input.ndim, "narrow")
    start = operator.index(start)
    return core.narrow(input, d, start + input.shape[d] if start < 0 else start, length)


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """Return one slice of a dimension, without that dimension.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : int
        Negative: counted from the end.

    Returns
    -------
    Tensor

    Raises
    ------
    IndexError
        If there is no such slice.

    Examples
    --------
    >>> import ganc
    >>> ganc.select(ganc.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, -1).tolist()
    [2.0, 4.0]
    """
    if not input.ndim:
        raise IndexError("select: got a 0-dimensional tensor, expected at least 1 dimension")
    d = dim_index(dim, input.ndim, "select")
    i, n = operator.index(index), input.shape[d]
    if not -n <= i < n:
        raise IndexError(f"select: got index={i}, expected {-n} to {n - 1}")
    shape = input.shape[:d] + input.shape[d + 1 :]
    return _reshape(core.narrow(input, d, i % n, 1), shape)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Return the slices of a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int, default 0

    Returns
    -------
    tuple of Tensor

    Raises
    ------
    IndexError
        If there is no such dimension.

    Examples
    --------
    >>> import ganc
    >>> [row.tolist() for row in ganc.unbind(ganc.tensor([[1.0, 2.0], [3.0, 4.0]]))]
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if not input.ndim:
        raise IndexError("unbind: got a 0-dimensional tensor, expected at least 1 dimension")
    d = dim_index(dim, input.ndim, "unbind")
    return tuple([select(input, d, i) for i in range(input.shape[d])])


def tensor_split(
    input: Tensor, indices_or_sections: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Cut a tensor into pieces, as NumPy's ``array_split`` does.

    Parameters
    ----------
    input : Tensor
    indices_or_sections : int or sequence of int
        How many pieces, the first ones larger by one if need be; or where to cut.
    dim : int, default 0

    Returns
    -------
    tuple of Tensor

    Raises
    ------
    ValueError
        If the number of pieces is less than 1, or the tensor has no dimension.

    Examples
    --------
    >>> import ganc
    >>> [x.shape[0] for x in ganc.tensor_split(ganc.arange(7), 3)]
    [3, 2, 2]
    """
    if not input.ndim:
        raise ValueError("tensor_split: got a 0-dimensional tensor, expected at least 1 dimension")
    d = dim_index(dim, input.ndim, "tensor_split")
    n = input.shape[d]
    if hasattr(indices_or_sections, "__index__"):
        parts = operator.index(indices_or_sections)
        if parts < 1:
            raise ValueError(f"tensor_split: got {parts} sections, expected at least 1")
        if parts > n + 1:
            cuts = [*range(1, n + 1), *[n] * (parts - 1 - n)]
        else:
            cuts = [i * (n // parts) + min(i, n % parts) for i in range(1, parts)]
    else:
        cuts = list(ints((tuple(indices_or_sections),), "tensor_split"))
    starts = [slice(c).indices(n)[1] for c in cuts]
    pairs = zip([0, *starts], [*starts, n], strict=True)
    return tuple([core.narrow(input, d, a, max(b - a, 0)) for a, b in pairs])


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Move dimensions to other places; the others keep their order.

    Parameters
    ----------
    input : Tensor
    source, destination : int or tuple of int
        From where to where.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If there are not as many places as dimensions, or one occurs twice.

    Examples
    --------
    >>> import ganc
    >>> ganc.movedim(ganc.zeros(8, 28, 28, 3), -1, 1).shape
    (8, 3, 28, 28)
    """
    n = input.ndim
    old = [dim_index(d, n, "movedim") for d in ints((source,), "movedim")]
    new = [dim_index(d, n, "movedim") for d in ints((destination,), "movedim")]
    if len(old) != len(new) or len(set(old)) != len(old) or len(set(new)) != len(new):
        raise ValueError(
            f"movedim: got source={source}, destination={destination}, expected as many places as "
            "dimensions, none twice"
        )
    if not n:
        return input
    order: list[Any] = [None] * n
    for a, b in zip(old, new, strict=True):
        order[b] = a
    rest = iter([d for d in range(n) if d not in old])
    return core.permute(input, tuple([next(rest) if d is None else d for d in order]))


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """Exchange two dimensions: another name of `transpose`.

    Parameters
    ----------
    input : Tensor
    axis0, axis1 : int

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.swapaxes(ganc.zeros(2, 3, 4), 0, 2).shape
    (4, 3, 2)
    """
    return core.transpose(input, axis0, axis1)


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return the diagonal of two dimensions as the last dimension of the result.

    Parameters
    ----------
    input : Tensor
    offset : int, default 0
        Positive: above the main diagonal; negative: below.
    dim1, dim2 : int, default 0 and 1

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the two dimensions are the same.

    Examples
    --------
    >>> import ganc
    >>> ganc.diagonal(ganc.tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 4.0]
    """
    a, b = (dim_index(d, input.ndim, "diagonal") for d in (dim1, dim2))
    if a == b or input.ndim < 2:
        raise ValueError(f"diagonal: got dim1={dim1}, dim2={dim2}, expected two dimensions")
    x = core.permute(input, (*[d for d in range(input.ndim) if d not in (a, b)], a, b))
    rows, columns = x.shape[-2:]
    at = operator.index(offset)
    count = max(min(rows, columns - at) if at >= 0 else min(rows + at, columns), 0)
    flat = _reshape(x, (*x.shape[:-2], rows * columns))
    start = at if at >= 0 else -at * columns
    if not count:
        return core.narrow(flat, -1, 0, 0)
    return flat[..., start : start + (count - 1) * (columns + 1) + 1 : columns + 1]


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return the diagonal of a matrix, or the matrix with this diagonal and zeros elsewhere.

    Parameters
    ----------
    input : Tensor of shape (M, N) or (N,)
    diagonal : int, default 0
        Positive: above the main diagonal; negative: below.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For other shapes.

    Examples
    --------
    >>> import ganc
    >>> ganc.diag(ganc.tensor([1.0, 2.0])).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    if input.ndim == 2:
        return _diagonal(input, diagonal)
    if input.ndim != 1:
        raise ValueError(f"diag: got shape {input.shape}, expected 1 or 2 dimensions")
    n = input.shape[0]
    size = n + abs(operator.index(diagonal))
    rows = np.arange(n) + max(-diagonal, 0)
    at = rows * size + np.arange(n) + max(diagonal, 0)
    return _reshape(core.index_add(input, 0, at, size * size), (size, size))


_diagonal = diagonal


def trace(input: Tensor) -> Tensor:
    """Return the sum of the diagonal of a matrix.

    Parameters
    ----------
    input : Tensor of shape (M, N)

    Returns
    -------
    Tensor of shape ()

    Raises
    ------
    ValueError
        For other shapes.

    Examples
    --------
    >>> import ganc
    >>> ganc.trace(ganc.eye(3)).item()
    3.0
    """
    if input.ndim != 2:
        raise ValueError(f"trace: got shape {input.shape}, expected 2 dimensions")
    return core.sum(diagonal(input))
