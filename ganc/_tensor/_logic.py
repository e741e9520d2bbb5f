"""Truth of tensors, element by element, and choice by it."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["logical_and", "logical_not", "logical_or", "logical_xor", "where"]


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
