"""Tensors from numbers: `tensor`, `zeros`, `arange` and their kin."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ganc._backend import core

__all__ = [
    "Tensor",
    "arange",
    "empty",
    "eye",
    "from_dlpack",
    "full",
    "linspace",
    "ones",
    "ones_like",
    "tensor",
    "zeros",
    "zeros_like",
]

Tensor = core.Tensor
tensor = core.tensor


def sizes(args: tuple[Any, ...], name: str = "size") -> tuple[int, ...]:
    """Read ``f(2, 3)`` and ``f((2, 3))`` alike; every size is checked."""
    if len(args) == 1 and not hasattr(args[0], "__index__"):
        args = args[0]
        if not isinstance(args, (tuple, list)):
            raise TypeError(f"{name}: got {type(args).__name__}, expected ints or a tuple of ints")
    try:
        shape = tuple([operator.index(s) for s in args])
    except TypeError:
        raise TypeError(f"{name}: got {args!r}, expected ints or a tuple of ints") from None
    for s in shape:
        if s < 0:
            raise ValueError(f"{name}: got {shape}, expected no negative size")
    return shape


def filled(
    shape: tuple[int, ...], value: float, requires_grad: bool = False, dtype: Any = None
) -> Tensor:
    """Return a new tensor of `shape`, every element `value`."""
    x = core.full(shape, tensor(value, dtype=dtype))
    return x.requires_grad_() if requires_grad else x


def zeros(*size: int | tuple[int, ...], dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of zeros.

    Parameters
    ----------
    *size : int or tuple of int
        The shape, as several ints or as one tuple.
    dtype : dtype, optional
        `ganc.float32` (the default), `ganc.int64` or `ganc.bool`.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.zeros(2, 3).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return filled(sizes(size), 0.0, requires_grad, dtype)


def ones(*size: int | tuple[int, ...], dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of ones.

    Parameters
    ----------
    *size : int or tuple of int
        The shape, as several ints or as one tuple.
    dtype : dtype, optional
        `ganc.float32` (the default), `ganc.int64` or `ganc.bool`.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.ones((2,)).tolist()
    [1.0, 1.0]
    """
    return filled(sizes(size), 1.0, requires_grad, dtype)


def empty(*size: int | tuple[int, ...], dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor whose values are not promised (here: zeros).

    Parameters
    ----------
    *size : int or tuple of int
        The shape, as several ints or as one tuple.
    dtype : dtype, optional
        `ganc.float32` (the default), `ganc.int64` or `ganc.bool`.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.empty(4, 0).shape
    (4, 0)
    """
    return filled(sizes(size), 0.0, requires_grad, dtype)


def full(
    size: int | tuple[int, ...],
    fill_value: float,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor with every element equal to `fill_value`.

    Parameters
    ----------
    size : tuple of int
        The shape.
    fill_value : float
    dtype : dtype, optional
        By default that of `fill_value`: an int gives integers, as in PyTorch.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.full((3,), 0.5).tolist()
    [0.5, 0.5, 0.5]
    """
    return filled(sizes((size,)), fill_value, requires_grad, dtype)


def _like(input: Tensor, dtype: Any) -> Any:
    return input.dtype if dtype is None else dtype


def zeros_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return zeros in the shape of `input`.

    Parameters
    ----------
    input : Tensor
    dtype : dtype, optional
        By default that of `input`.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.zeros_like(ganc.ones(2)).tolist()
    [0.0, 0.0]
    """
    return filled(input.shape, 0.0, requires_grad, _like(input, dtype))


def ones_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return ones in the shape of `input`.

    Parameters
    ----------
    input : Tensor
    dtype : dtype, optional
        By default that of `input`.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.ones_like(ganc.zeros(2)).tolist()
    [1.0, 1.0]
    """
    return filled(input.shape, 1.0, requires_grad, _like(input, dtype))


def _is_float(x: Any) -> bool:
    return isinstance(x, Tensor) and x.dtype.kind == "f"


def arange(
    start: float = 0,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the numbers from `start` up to but without `end`.

    ``arange(end)`` counts from 0.

    Parameters
    ----------
    start, end, step : float
        `step` is not zero and points from `start` towards `end`.
    dtype : dtype, optional
        By default integers if all three are.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor of shape (ceil((end - start) / step),)

    Raises
    ------
    ValueError
        If the numbers do not describe a finite range.

    Examples
    --------
    >>> import ganc
    >>> ganc.arange(1, 2, 0.25).tolist()
    [1.0, 1.25, 1.5, 1.75]
    """
    if end is None:
        start, end = 0, start
    whole = all(hasattr(x, "__index__") and not _is_float(x) for x in (start, end, step))
    if whole:
        start, end, step = (operator.index(x) for x in (start, end, step))
    count = (end - start) / step if step else float("nan")
    if not 0 <= count < 2**62:
        raise ValueError(
            f"arange: got start={start}, end={end}, step={step}, expected a finite range with a "
            "step from start towards end"
        )
    kind = np.int64 if whole else np.float64
    values = start + step * np.arange(int(np.ceil(count)), dtype=kind)
    return tensor(values, requires_grad=requires_grad, dtype=dtype)


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return `steps` evenly spaced numbers from `start` to `end`, both included.

    Parameters
    ----------
    start, end : float
    steps : int
        How many, at least 0.
    dtype : dtype, optional
        `ganc.float32` (the default), `ganc.int64` or `ganc.bool`.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor of shape (steps,)

    Raises
    ------
    ValueError
        If `steps` is negative.

    Examples
    --------
    >>> import ganc
    >>> ganc.linspace(-1, 1, 5).tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    if operator.index(steps) < 0:
        raise ValueError(f"linspace: got steps={steps}, expected at least 0")
    return tensor(np.linspace(start, end, steps), requires_grad=requires_grad, dtype=dtype)


def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a matrix with ones on the diagonal and zeros elsewhere.

    Parameters
    ----------
    n : int
        Rows.
    m : int, optional
        Columns; by default `n`.
    dtype : dtype, optional
        `ganc.float32` (the default), `ganc.int64` or `ganc.bool`.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor of shape (n, m)

    Raises
    ------
    ValueError
        If a size is negative.

    Examples
    --------
    >>> import ganc
    >>> ganc.eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    rows, columns = sizes((n, n if m is None else m))
    return tensor(np.eye(rows, columns), requires_grad=requires_grad, dtype=dtype)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """Return a tensor with a copy of what another library holds.

    Parameters
    ----------
    ext_tensor : object with ``__dlpack__``
        Such as a tensor of PyTorch, JAX or CuPy in the CPU's memory.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> import ganc
    >>> import numpy as np
    >>> ganc.from_dlpack(np.arange(3)).tolist()
    [0, 1, 2]
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(
            f"from_dlpack: got {type(ext_tensor).__name__}, expected an object with __dlpack__; "
            "for lists and numbers there is ganc.tensor"
        )
    return tensor(np.from_dlpack(ext_tensor))
