"""Functions of tensors that the core does not have itself, as compositions of its ops."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._dtypes import as_float, is_bool, is_whole
from ganc._tensor._shape import dim_index

__all__ = [
    "bmm",
    "clamp",
    "max",
    "min",
    "norm",
    "pow",
    "std",
    "topk",
    "var",
]

_inf = math.inf
Dims = int | Sequence[int] | None


class _Extreme(NamedTuple):
    values: Tensor
    indices: Tensor


def clamp(
    input: Tensor, min: float | Tensor | None = None, max: float | Tensor | None = None
) -> Tensor:
    """Limit each element to [min, max].

    Parameters
    ----------
    input : Tensor
    min, max : float or Tensor, optional
        Bounds, at least one; tensors broadcast. Where ``min > max`` the result is `max`.

    Returns
    -------
    Tensor
        Elements at a bound pass the gradient.

    Raises
    ------
    ValueError
        Without bounds.

    Examples
    --------
    >>> import ganc
    >>> ganc.clamp(ganc.tensor([-2.0, 0.5, 3.0]), 0, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    if min is None and max is None:
        raise ValueError("clamp: got neither min nor max, expected at least one")
    given = [b for b in (min, max) if b is not None]
    if not all(map(is_whole, given)):
        input = as_float(input)
    elif is_bool(input) and not all(map(is_bool, given)):
        input = core.cast(input, "int64")
    if not isinstance(min, Tensor) and not isinstance(max, Tensor):
        low = -_inf if min is None else float(min)
        high = _inf if max is None else float(max)
        if low <= high:
            return core.clamp_scalar(input, low, high)
    x = input
    if min is not None:
        x = core.where(x >= min, x, core.maximum(x.detach(), min))  # NaN of either shows
    if max is not None:
        x = core.where(x <= max, x, core.minimum(x.detach(), max))
    return x


def pow(input: float | Tensor, exponent: float | Tensor) -> Tensor:
    """Raise to a power, element by element.

    Parameters
    ----------
    input, exponent : float or Tensor
        At least one is a tensor.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.pow(2, ganc.arange(4)).tolist()
    [1, 2, 4, 8]
    """
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise TypeError("pow: got two numbers, expected at least one Tensor")
    if is_whole(input) and is_whole(exponent):
        return input**exponent
    if isinstance(exponent, Tensor):
        return core.pow_tensor(input, exponent)
    input = as_float(input)
    if exponent == 2:
        return core.square(input)
    return core.pow_scalar(input, exponent)


def _correction(dim: Any, unbiased: Any, correction: Any) -> tuple[Dims, float]:
    """Resolve torch's three ways to say "divide by n - correction"."""
    if isinstance(dim, bool):  # var(x, False)
        dim, unbiased = None, dim
    if unbiased is not None:
        correction = 1 if unbiased else 0
    return dim, 1 if correction is None else correction


def var(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = 1,
) -> Tensor:
    """Variance.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Dimensions to reduce; by default all.
    unbiased : bool, optional
        The older way to say ``correction=1`` (True) or 0 (False).
    keepdim : bool, default False
        Keep reduced dimensions with size 1.
    correction : float, default 1
        The sum of squares is divided by n - correction; None: 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.var(ganc.tensor([1.0, 3.0])).item()
    2.0
    >>> ganc.var(ganc.tensor([1.0, 3.0]), unbiased=False).item()
    1.0
    """
    dim, correction = _correction(dim, unbiased, correction)
    return core.var(input, dim, correction, keepdim)


def std(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = 1,
) -> Tensor:
    """Standard deviation; its gradient where all elements are equal is 0.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Dimensions to reduce; by default all.
    unbiased : bool, optional
        The older way to say ``correction=1`` (True) or 0 (False).
    keepdim : bool, default False
        Keep reduced dimensions with size 1.
    correction : float, default 1
        The sum of squares is divided by n - correction; None: 1.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.std(ganc.tensor([1.0, 3.0]), correction=0).item()
    1.0
    """
    dim, correction = _correction(dim, unbiased, correction)
    if is_whole(input):
        raise RuntimeError(f"std: got dtype {input.dtype}, expected floats; use .float() first")
    d = input - core.mean(input, dim, True)
    length = core.norm(d, dim, keepdim)
    n = input.numel() / length.numel() if length.numel() else 0
    degrees = n - correction
    return core.div(length, math.sqrt(degrees) if degrees > 0 else 0.0)


def _extreme(
    name: str, input: Tensor, dim: Any, keepdim: bool, reduce: Any, arg: Any, pair: Any
) -> Tensor | _Extreme:
    if isinstance(dim, Tensor):
        return pair(input, dim)
    if dim is None:
        return reduce(input)
    d = dim_index(dim, input.ndim, name)
    if input.ndim == 0:
        return _Extreme(core.identity(input), core.tensor(0))
    index = arg(input, d, True)
    values = core.gather(input, d, index)
    if not keepdim:
        shape = input.shape[:d] + input.shape[d + 1 :]
        values, index = values.reshape(shape), index.reshape(shape)
    return _Extreme(values, index)


def max(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | _Extreme:
    """Largest element: of all, along a dimension, or of two tensors.

    Parameters
    ----------
    input : Tensor
    dim : int or Tensor, optional
        Along this dimension; with a tensor, `maximum` of the two.
    keepdim : bool, default False
        Keep the reduced dimension with size 1.

    Returns
    -------
    Tensor or namedtuple (values, indices)
        The latter when `dim` is a number; the gradient then goes to the first largest element.
        Without `dim`, equal elements share it.

    Examples
    --------
    >>> import ganc
    >>> x = ganc.tensor([[1.0, 5.0], [7.0, 2.0]])
    >>> ganc.max(x).item()
    7.0
    >>> values, indices = ganc.max(x, 1)
    >>> values.tolist(), indices.tolist()
    ([5.0, 7.0], [1, 0])
    """
    return _extreme("max", input, dim, keepdim, core.amax, core.argmax, core.maximum)


def min(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | _Extreme:
    """Smallest element: of all, along a dimension, or of two tensors.

    Parameters
    ----------
    input : Tensor
    dim : int or Tensor, optional
        Along this dimension; with a tensor, `minimum` of the two.
    keepdim : bool, default False
        Keep the reduced dimension with size 1.

    Returns
    -------
    Tensor or namedtuple (values, indices)
        The latter when `dim` is a number; the gradient then goes to the first smallest element.
        Without `dim`, equal elements share it.

    Examples
    --------
    >>> import ganc
    >>> ganc.min(ganc.tensor([3.0, 1.0, 2.0]), 0).indices.item()
    1
    """
    return _extreme("min", input, dim, keepdim, core.amin, core.argmin, core.minimum)


def topk(
    input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> _Extreme:
    """The k largest elements along a dimension.

    Parameters
    ----------
    input : Tensor
    k : int
        At most the size of that dimension.
    dim : int, default -1
    largest : bool, default True
        False: the smallest.
    sorted : bool, default True
        Results are sorted in any case.

    Returns
    -------
    namedtuple (values, indices)

    Raises
    ------
    ValueError
        If `k` is out of range.

    Examples
    --------
    >>> import ganc
    >>> ganc.topk(ganc.tensor([3.0, 9.0, 4.0]), 2).values.tolist()
    [9.0, 4.0]
    """
    d = dim_index(dim, input.ndim, "topk")
    size = input.shape[d] if input.ndim else 1
    if not 0 <= operator.index(k) <= size:
        raise ValueError(f"topk: got k={k}, expected 0 to {size}, the size of dimension {dim}")
    index = core.topk_index(input, k, d, largest)
    return _Extreme(core.gather(input, d, index), index)


def norm(
    input: Tensor, p: float | str | None = "fro", dim: Dims = None, keepdim: bool = False
) -> Tensor:
    """Vector norm; its gradient at 0 is 0.

    Parameters
    ----------
    input : Tensor
    p : float or "fro", default "fro"
        The order: "fro" and 2 are the Euclidean norm; 0, inf and -inf are allowed.
    dim : int or tuple of int, optional
        Dimensions to reduce; by default all.
    keepdim : bool, default False
        Keep reduced dimensions with size 1.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For another text.

    Examples
    --------
    >>> import ganc
    >>> x = ganc.tensor([[3.0, 4.0], [0.0, 0.0]])
    >>> ganc.norm(x, dim=1).tolist()
    [5.0, 0.0]
    >>> ganc.norm(x, p=1).item()
    7.0
    """
    if is_whole(input):
        raise RuntimeError(f"norm: got dtype {input.dtype}, expected floats; use .float() first")
    if p is None or p == "fro" or p == 2:
        return core.norm(input, dim, keepdim)
    if isinstance(p, str) or math.isnan(p):
        raise ValueError(f'norm: got p={p!r}, expected a number or "fro"')
    if p == 0:
        return core.cast(core.sum(core.ne(input, 0.0), dim, keepdim), "float")
    size = core.abs(input)
    if p == 1:
        return core.sum(size, dim, keepdim)
    if p == _inf:
        return core.amax(size, dim, keepdim)
    if p == -_inf:
        return core.amin(size, dim, keepdim)
    if p < 0:
        return core.pow_scalar(core.sum(core.pow_scalar(size, p), dim, keepdim), 1 / p)
    nonzero = core.ne(size, 0.0)  # 0 ** p has an infinite derivative for p < 1
    powers = core.pow_scalar(core.where(nonzero, size, 1.0), p) * nonzero
    total = core.sum(powers, dim, keepdim)
    positive = core.ne(total, 0.0)
    return core.pow_scalar(core.where(positive, total, 1.0), 1 / p) * positive


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Matrix products of two batches.

    Parameters
    ----------
    input : Tensor of shape (B, M, K)
    mat2 : Tensor of shape (B, K, N)

    Returns
    -------
    Tensor of shape (B, M, N)

    Raises
    ------
    ValueError
        For other shapes.

    Examples
    --------
    >>> import ganc
    >>> ganc.bmm(ganc.ones(5, 2, 3), ganc.ones(5, 3, 4)).shape
    (5, 2, 4)
    """
    a, b = input.shape, mat2.shape
    if len(a) != 3 or len(b) != 3 or a[0] != b[0] or a[2] != b[1]:
        raise ValueError(f"bmm: got shapes {a} and {b}, expected (B, M, K) and (B, K, N)")
    return core.matmul_t(input, mat2)
