"""Questions about elements, and the positions and elements that answer them; orders."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor
from ganc._tensor._shape import dim_index

__all__ = [
    "allclose",
    "argsort",
    "equal",
    "isclose",
    "isinf",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "masked_select",
    "nonzero",
    "sort",
]


class _Sorted(NamedTuple):
    values: Tensor
    indices: Tensor


def _true(x: Tensor) -> Tensor:
    return core.ne(x, 0.0)


def logical_not(input: Tensor) -> Tensor:
    """Return where elements are 0.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> bool(ganc.logical_not(ganc.tensor(0.0)))
    True
    """
    return core.eq(input, 0.0)


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Return where neither element is 0.

    Parameters
    ----------
    input, other : Tensor
        They broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> x = ganc.arange(4)
    >>> [bool(y) for y in ganc.logical_and(x > 0, x < 3)]
    [False, True, True, False]
    """
    return core.mul(_true(input), _true(other))


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Return where an element is not 0, or both are not.

    Parameters
    ----------
    input, other : Tensor
        They broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> x = ganc.arange(4)
    >>> [bool(y) for y in ganc.logical_or(x < 1, x > 2)]
    [True, False, False, True]
    """
    return core.maximum(_true(input), _true(other))


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Return where exactly one element is not 0.

    Parameters
    ----------
    input, other : Tensor
        They broadcast.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> x = ganc.arange(3)
    >>> [bool(y) for y in ganc.logical_xor(x < 2, x > 0)]
    [True, False, True]
    """
    return core.ne(_true(input), _true(other))


def isinf(input: Tensor) -> Tensor:
    """Return where elements are infinite.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> [bool(y) for y in ganc.isinf(ganc.tensor([1.0, float("-inf"), float("nan")]))]
    [False, True, False]
    """
    return core.eq(core.abs(input), math.inf)


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Return where ``|input - other| <= atol + rtol * |other|``.

    Parameters
    ----------
    input, other : Tensor
        They broadcast.
    rtol, atol : float
        Relative and absolute tolerance.
    equal_nan : bool, default False
        Two NaN are close.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> bool(ganc.isclose(ganc.tensor(1.0), ganc.tensor(1.000001)))
    True
    """
    a, b = input.detach(), other.detach()
    near = core.le(core.abs(a - b), core.abs(b) * rtol + atol)
    near = core.mul(near, core.isfinite(b))  # inf <= inf says nothing
    near = core.maximum(near, core.eq(a, b))
    if equal_nan:
        near = core.maximum(near, core.mul(core.isnan(a), core.isnan(b)))
    return near


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Return whether all elements are close; see `isclose`.

    Parameters
    ----------
    input, other : Tensor
        They broadcast.
    rtol, atol : float
        Relative and absolute tolerance.
    equal_nan : bool, default False
        Two NaN are close.

    Returns
    -------
    bool

    Examples
    --------
    >>> import ganc
    >>> ganc.allclose(ganc.ones(3), ganc.ones(3) + 1e-7)
    True
    """
    return bool(np.asarray(isclose(input, other, rtol, atol, equal_nan)).all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same shape and elements.

    Parameters
    ----------
    input, other : Tensor

    Returns
    -------
    bool

    Examples
    --------
    >>> import ganc
    >>> ganc.equal(ganc.ones(3), ganc.ones(3)), ganc.equal(ganc.ones(3), ganc.ones(3, 1))
    (True, False)
    """
    a, b = np.asarray(input.detach()), np.asarray(other.detach())
    return a.shape == b.shape and bool((a == b).all())


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """Return the positions of the elements that are not 0.

    Parameters
    ----------
    input : Tensor
    as_tuple : bool, default False
        One tensor of positions for each dimension, instead of one row for each element.

    Returns
    -------
    Tensor of shape (K, ndim), or tuple of Tensor of shape (K,)

    Examples
    --------
    >>> import ganc
    >>> [[int(i) for i in row] for row in ganc.nonzero(ganc.eye(2))]
    [[0, 0], [1, 1]]
    """
    found = np.argwhere(np.asarray(input.detach()))
    if not as_tuple:
        return tensor(found)
    return tuple([tensor(column.copy()) for column in (found if input.ndim else found).T])


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where a mask is not 0.

    Parameters
    ----------
    input, mask : Tensor
        They broadcast.

    Returns
    -------
    Tensor of shape (K,)

    Examples
    --------
    >>> import ganc
    >>> x = ganc.arange(5.0)
    >>> ganc.masked_select(x, x > 2).tolist()
    [3.0, 4.0]
    """
    shape = np.broadcast_shapes(input.shape, mask.shape)
    chosen = np.broadcast_to(np.asarray(mask.detach()), shape)
    flat = core.reshape(core.expand(input, shape), (-1,) if input.numel() else (0,))
    return core.index_select(flat, 0, np.flatnonzero(chosen))


def argsort(
    input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False
) -> Tensor:
    """Return the positions that put a dimension in order.

    Parameters
    ----------
    input : Tensor
    dim : int, default -1
    descending : bool, default False
    stable : bool, default False
        Equal elements keep their order in any case. NaN counts as the largest.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> [int(i) for i in ganc.argsort(ganc.tensor([3.0, 1.0, 2.0]))]
    [1, 2, 0]
    """
    d = dim_index(dim, input.ndim, "argsort")
    x = np.asarray(input.detach())
    if not input.ndim:
        return tensor(np.zeros((), np.int64))
    if not descending:
        return tensor(np.argsort(x, d, kind="stable"))
    order = np.argsort(np.flip(x, d), d, kind="stable")  # the last of equals comes first
    return tensor(x.shape[d] - 1 - np.flip(order, d))


def sort(
    input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False
) -> _Sorted:
    """Put the elements of a dimension in order.

    Parameters
    ----------
    input : Tensor
    dim : int, default -1
    descending : bool, default False
    stable : bool, default False
        Equal elements keep their order in any case. NaN counts as the largest.

    Returns
    -------
    namedtuple (values, indices)

    Examples
    --------
    >>> import ganc
    >>> ganc.sort(ganc.tensor([3.0, 1.0, 2.0])).values.tolist()
    [1.0, 2.0, 3.0]
    """
    d = dim_index(dim, input.ndim, "sort")
    index = argsort(input, d, descending)
    return _Sorted(core.gather(input, d, index), index)
