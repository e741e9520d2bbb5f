"""Truth of tensors, element by element, and choice by it."""

from __future__ import annotations

import math

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._dtypes import as_float

__all__ = [
    "allclose",
    "equal",
    "isclose",
    "isinf",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "where",
]


def _truth(x: Tensor) -> Tensor:
    return core.ne(x, 0)


def logical_not(input: Tensor) -> Tensor:
    """Return whether elements are 0.

    Parameters
    ----------
    input : Tensor
        Of any dtype: what is not 0 counts as True.

    Returns
    -------
    Tensor of bools

    Examples
    --------
    >>> import ganc
    >>> ganc.logical_not(ganc.tensor([0.0, 2.0])).tolist()
    [True, False]
    """
    return core.eq(input, 0)


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Return whether elements of both are true.

    Parameters
    ----------
    input, other : Tensor
        Of any dtype: what is not 0 counts as True.

    Returns
    -------
    Tensor of bools

    Examples
    --------
    >>> import ganc
    >>> a, b = ganc.tensor([0, 0, 1, 1]), ganc.tensor([0, 1, 0, 1])
    >>> ganc.logical_and(a, b).tolist()
    [False, False, False, True]
    """
    return core.bitwise_and(_truth(input), _truth(other))


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Return whether elements of either are true.

    Parameters
    ----------
    input, other : Tensor
        Of any dtype: what is not 0 counts as True.

    Returns
    -------
    Tensor of bools

    Examples
    --------
    >>> import ganc
    >>> a, b = ganc.tensor([0, 0, 1, 1]), ganc.tensor([0, 1, 0, 1])
    >>> ganc.logical_or(a, b).tolist()
    [False, True, True, True]
    """
    return core.bitwise_or(_truth(input), _truth(other))


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Return whether elements of one only are true.

    Parameters
    ----------
    input, other : Tensor
        Of any dtype: what is not 0 counts as True.

    Returns
    -------
    Tensor of bools

    Examples
    --------
    >>> import ganc
    >>> a, b = ganc.tensor([0, 0, 1, 1]), ganc.tensor([0, 1, 0, 1])
    >>> ganc.logical_xor(a, b).tolist()
    [False, True, True, False]
    """
    return core.bitwise_xor(_truth(input), _truth(other))


def where(condition: Tensor, input: float | Tensor, other: float | Tensor) -> Tensor:
    """Choose element by element.

    Parameters
    ----------
    condition : Tensor
        Not zero: take `input`.
    input, other : float or Tensor
        Broadcast with `condition`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> x = ganc.tensor([-1.0, 2.0])
    >>> ganc.where(x > 0, x, 0.1 * x).tolist() == [(0.1 * x).tolist()[0], 2.0]
    True
    """
    return core.where(condition, input, other)


def isinf(input: Tensor) -> Tensor:
    """Return where elements are infinite.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor of bools

    Examples
    --------
    >>> import ganc
    >>> [bool(y) for y in ganc.isinf(ganc.tensor([1.0, float("-inf"), float("nan")]))]
    [False, True, False]
    """
    return core.eq(core.abs(as_float(input)), math.inf)


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
    near = core.bitwise_and(near, core.isfinite(b))  # inf <= inf says nothing
    near = core.bitwise_or(near, core.eq(a, b))
    if equal_nan:
        near = core.bitwise_or(near, core.bitwise_and(core.isnan(a), core.isnan(b)))
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
