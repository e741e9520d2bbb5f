"""Shapes: views, order of dimensions, triangles."""

from __future__ import annotations

import operator
from math import prod

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor

__all__ = [
    "broadcast_to",
    "expand",
    "flatten",
    "flip",
    "masked_fill",
    "permute",
    "squeeze",
    "tril",
    "triu",
    "unsqueeze",
]

_reshape, _expand = core.reshape, core.expand


def dim_index(dim: int, ndim: int, what: str) -> int:
    """Resolve a possibly negative dimension."""
    d = operator.index(dim)
    n = max(ndim, 1)
    if not -n <= d < n:
        raise IndexError(f"{what}: got dim={d}, expected {-n} to {n - 1} for {ndim} dimensions")
    return d + n if d < 0 else d


def ints(args: tuple, name: str) -> tuple[int, ...]:
    """Read ``f(0, 1)`` and ``f((0, 1))`` alike; signs are kept."""
    if len(args) == 1 and not hasattr(args[0], "__index__"):
        args = args[0]
    try:
        return tuple([operator.index(a) for a in args])
    except TypeError:
        raise TypeError(f"{name}: got {args!r}, expected ints or a tuple of ints") from None


def permute(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Return a copy with its dimensions in another order.

    Parameters
    ----------
    input : Tensor
    dims : tuple of int
        Output dimension i is input dimension ``dims[i]``.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.permute(ganc.zeros(2, 3, 4), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return core.permute(input, ints((dims,), "permute"))


def flip(input: Tensor, dims: int | tuple[int, ...]) -> Tensor:
    """Reverse the order of the elements along some dimensions.

    Parameters
    ----------
    input : Tensor
    dims : int or tuple of int

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.flip(ganc.arange(3.0), (0,)).tolist()
    [2.0, 1.0, 0.0]
    """
    return core.flip(input, ints((dims,), "flip"))


def expand(input: Tensor, *size: int | tuple[int, ...]) -> Tensor:
    """Repeat dimensions of size 1, and add leading ones, to reach a shape.

    Parameters
    ----------
    input : Tensor
    *size : int or tuple of int
        The shape; -1 keeps the size of that dimension.

    Returns
    -------
    Tensor
        A copy (tensors are dense).

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import ganc
    >>> ganc.expand(ganc.zeros(3, 1), -1, 4).shape
    (3, 4)
    """
    shape = ints(size, "expand")
    lead = len(shape) - input.ndim
    if -1 in shape:
        if lead < 0 or -1 in shape[:lead]:
            raise ValueError(
                f"expand: got {shape} for shape {input.shape}, expected -1 only for existing "
                "dimensions"
            )
        shape = tuple([input.shape[i - lead] if s == -1 else s for i, s in enumerate(shape)])
    return _expand(input, shape)


def broadcast_to(input: Tensor, size: tuple[int, ...]) -> Tensor:
    """Repeat `input` to a shape by the rules of broadcasting.

    Parameters
    ----------
    input : Tensor
    size : tuple of int
        The shape.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.broadcast_to(ganc.arange(3.0), (2, 3)).tolist()
    [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]
    """
    return expand(input, size)


def squeeze(input: Tensor, dim: int | tuple[int, ...] | None = None) -> Tensor:
    """Drop dimensions of size 1.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Which ones (others are left alone whatever their size); by default all.

    Returns
    -------
    Tensor
        Sharing memory with `input`.

    Examples
    --------
    >>> import ganc
    >>> ganc.squeeze(ganc.zeros(2, 1, 3, 1)).shape
    (2, 3)
    >>> ganc.squeeze(ganc.zeros(2, 1, 3, 1), 1).shape
    (2, 3, 1)
    """
    shape = input.shape
    if dim is None:
        return _reshape(input, tuple([s for s in shape if s != 1]))
    drop = {dim_index(d, len(shape), "squeeze") for d in ints((dim,), "squeeze")}
    return _reshape(input, tuple([s for i, s in enumerate(shape) if s != 1 or i not in drop]))


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Insert a dimension of size 1.

    Parameters
    ----------
    input : Tensor
    dim : int
        Its position in the result.

    Returns
    -------
    Tensor
        Sharing memory with `input`.

    Examples
    --------
    >>> import ganc
    >>> ganc.unsqueeze(ganc.zeros(2, 3), -1).shape
    (2, 3, 1)
    """
    shape = input.shape
    d = dim_index(dim, len(shape) + 1, "unsqueeze")
    return _reshape(input, (*shape[:d], 1, *shape[d:]))


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Merge a range of dimensions into one.

    Parameters
    ----------
    input : Tensor
    start_dim, end_dim : int
        First and last dimension to merge.

    Returns
    -------
    Tensor
        Sharing memory with `input`.

    Raises
    ------
    ValueError
        If `start_dim` comes after `end_dim`.

    Examples
    --------
    >>> import ganc
    >>> ganc.flatten(ganc.zeros(8, 1, 28, 28), 1).shape
    (8, 784)
    """
    shape = input.shape
    a = dim_index(start_dim, len(shape), "flatten")
    b = dim_index(end_dim, len(shape), "flatten")
    if a > b:
        raise ValueError(f"flatten: got start_dim={start_dim} after end_dim={end_dim}")
    return _reshape(input, (*shape[:a], prod(shape[a : b + 1]), *shape[b + 1 :]))


def masked_fill(input: Tensor, mask: Tensor, value: float | Tensor) -> Tensor:
    """Replace the elements where `mask` is not zero.

    Parameters
    ----------
    input : Tensor
    mask : Tensor
        Broadcast to the shape of `input`.
    value : float or Tensor of shape ()

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> x = ganc.arange(4.0)
    >>> ganc.masked_fill(x, x > 1, -1).tolist()
    [0.0, 1.0, -1.0, -1.0]
    """
    value = value.to(input.dtype) if isinstance(value, Tensor) else tensor(value, dtype=input.dtype)
    return core.where(mask, value, input)


def _distance(input: Tensor, what: str) -> np.ndarray:
    """Return column minus row for each element of the last two dimensions."""
    if input.ndim < 2:
        raise ValueError(f"{what}: got shape {input.shape}, expected at least 2 dimensions")
    rows, columns = input.shape[-2:]
    return np.arange(columns) - np.arange(rows)[:, None]


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Keep the lower triangle of the last two dimensions, zeros elsewhere.

    Parameters
    ----------
    input : Tensor of shape (..., M, N)
    diagonal : int, default 0
        The last diagonal kept; positive ones lie above the main one.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `input` has fewer than 2 dimensions.

    Examples
    --------
    >>> import ganc
    >>> ganc.tril(ganc.ones(2, 2)).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    return core.where(tensor(_distance(input, "tril") <= diagonal), input, False)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Keep the upper triangle of the last two dimensions, zeros elsewhere.

    Parameters
    ----------
    input : Tensor of shape (..., M, N)
    diagonal : int, default 0
        The first diagonal kept; positive ones lie above the main one.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `input` has fewer than 2 dimensions.

    Examples
    --------
    >>> import ganc
    >>> ganc.triu(ganc.ones(2, 2), 1).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    return core.where(tensor(_distance(input, "triu") >= diagonal), input, False)
