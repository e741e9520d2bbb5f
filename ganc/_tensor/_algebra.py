"""Products: of vectors and matrices, and of the elements along a dimension."""

from __future__ import annotations

from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._shape import dim_index

__all__ = ["addmm", "cumprod", "dot", "lerp", "mm", "mv", "outer", "prod"]

_reshape, _narrow, _mul = core.reshape, core.narrow, core.mul


def _dims(what: str, expected: str, *pairs: tuple[Tensor, int]) -> None:
    if any(x.ndim != n for x, n in pairs):
        raise ValueError(
            f"{what}: got shapes {' and '.join(str(x.shape) for x, _ in pairs)}, "
            f"expected {expected}"
        )


def _summable(x: Tensor) -> Tensor:
    """Return bools as integers, as what adds up or multiplies does."""
    return core.cast(x, "int64") if x.dtype.kind == "b" else x


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Scalar product of two vectors.

    Parameters
    ----------
    input, tensor : Tensor of shape (N,)

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
    >>> ganc.dot(ganc.tensor([1.0, 2.0]), ganc.tensor([3.0, 4.0])).item()
    11.0
    """
    _dims("dot", "two vectors", (input, 1), (tensor, 1))
    return core.matmul(input, tensor)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Product of a matrix and a vector.

    Parameters
    ----------
    input : Tensor of shape (M, N)
    vec : Tensor of shape (N,)

    Returns
    -------
    Tensor of shape (M,)

    Raises
    ------
    ValueError
        For other shapes.

    Examples
    --------
    >>> import ganc
    >>> ganc.mv(ganc.eye(2), ganc.tensor([3.0, 4.0])).tolist()
    [3.0, 4.0]
    """
    _dims("mv", "a matrix and a vector", (input, 2), (vec, 1))
    return core.matmul(input, vec)


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of two matrices.

    Parameters
    ----------
    input : Tensor of shape (M, K)
    mat2 : Tensor of shape (K, N)

    Returns
    -------
    Tensor of shape (M, N)

    Raises
    ------
    ValueError
        For other shapes.

    Examples
    --------
    >>> import ganc
    >>> ganc.mm(ganc.ones(2, 3), ganc.ones(3, 4)).shape
    (2, 4)
    """
    _dims("mm", "two matrices", (input, 2), (mat2, 2))
    return core.matmul(input, mat2)


def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Product of two matrices, scaled, plus a tensor, scaled.

    Parameters
    ----------
    input : Tensor
        Broadcast to (M, N).
    mat1 : Tensor of shape (M, K)
    mat2 : Tensor of shape (K, N)
    beta, alpha : float, default 1
        Factors of `input` and of the product; with ``beta=0`` `input` is not read.

    Returns
    -------
    Tensor of shape (M, N)

    Raises
    ------
    ValueError
        For other shapes.

    Examples
    --------
    >>> import ganc
    >>> ganc.addmm(ganc.ones(2), ganc.ones(1, 3), ganc.ones(3, 2), alpha=0.5).tolist()
    [[2.5, 2.5]]
    """
    _dims("addmm", "two matrices", (mat1, 2), (mat2, 2))
    product = core.matmul(mat1, mat2)
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return core.expand(input if beta == 1 else input * beta, product.shape) + product


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Products of each element of one vector with each of another.

    Parameters
    ----------
    input : Tensor of shape (M,)
    vec2 : Tensor of shape (N,)

    Returns
    -------
    Tensor of shape (M, N)

    Raises
    ------
    ValueError
        For other shapes.

    Examples
    --------
    >>> import ganc
    >>> ganc.outer(ganc.tensor([1.0, 2.0]), ganc.tensor([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    _dims("outer", "two vectors", (input, 1), (vec2, 1))
    return _reshape(input, (input.shape[0], 1)) * vec2


def lerp(input: Tensor, end: Tensor, weight: float | Tensor) -> Tensor:
    """Interpolate linearly: ``input + weight * (end - input)``.

    Parameters
    ----------
    input, end : Tensor
    weight : float or Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.lerp(ganc.zeros(2), ganc.tensor([1.0, 4.0]), 0.5).tolist()
    [0.5, 2.0]
    """
    return input + weight * (end - input)


def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Product of the elements, of all or along a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        By default all.
    keepdim : bool, default False
        Keep the reduced dimension with size 1.
    dtype : dtype, optional
        The elements become that first.

    Returns
    -------
    Tensor
        Its derivatives hold where elements are 0, too.

    Examples
    --------
    >>> import ganc
    >>> ganc.prod(ganc.tensor([[1.0, 2.0], [3.0, 4.0]]), 1).tolist()
    [2.0, 12.0]
    """
    x = _summable(input if dtype is None else input.to(dtype))
    x = _reshape(x, (x.numel(),)) if dim is None or not input.ndim else x
    d = 0 if dim is None else dim_index(dim, input.ndim, "prod")
    shape = list(x.shape)
    if not shape[d]:
        ones = core.full((*shape[:d], 1, *shape[d + 1 :]), core.tensor(1, dtype=x.dtype))
        x = core.add(core.sum(x, d, True), ones)
    while (n := x.shape[d]) > 1:  # by halves: no division, so zeros do no harm
        half = n // 2
        pairs = _mul(_narrow(x, d, 0, half), _narrow(x, d, half, half))
        x = core.cat([pairs, _narrow(x, d, n - 1, 1)], d) if n % 2 else pairs
    if keepdim and dim is not None:
        return core.identity(x) if input.ndim else _reshape(x, ())
    kept = () if dim is None or not input.ndim else (*shape[:d], *shape[d + 1 :])
    return _reshape(x, kept)


def cumprod(input: Tensor, dim: int) -> Tensor:
    """Running product along a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int

    Returns
    -------
    Tensor
        Its derivatives hold where elements are 0, too.

    Examples
    --------
    >>> import ganc
    >>> ganc.cumprod(ganc.tensor([2.0, 3.0, 4.0]), 0).tolist()
    [2.0, 6.0, 24.0]
    """
    d = dim_index(dim, input.ndim, "cumprod")
    x, shift = core.identity(_summable(input)), 1
    n = input.shape[d] if input.ndim else 1
    while shift < n:  # prefix products by doubling, Hillis and Steele 1986
        later = _mul(_narrow(x, d, shift, n - shift), _narrow(x, d, 0, n - shift))
        x = core.cat([_narrow(x, d, 0, shift), later], d)
        shift *= 2
    return x
