"""Softmax and its logarithm."""

from __future__ import annotations

from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._warn import warn

__all__ = ["log_softmax", "softmax"]


def _implicit_dim(what: str, ndim: int) -> int:
    warn(f"{what}: got no dim, used {0 if ndim in (0, 1, 3) else 1}; name the dimension")
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """Softmax: exp(x) / sum(exp(x)) along a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int
        Name it: without, the old rule of PyTorch applies, with a warning.
    dtype : dtype, optional
        The elements become that first.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.softmax(ganc.zeros(4), dim=0).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    dim = _implicit_dim("softmax", input.ndim) if dim is None else dim
    return core.softmax(input, dim, dtype=dtype)


def log_softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """Logarithm of the softmax, computed without overflow.

    Parameters
    ----------
    input : Tensor
    dim : int
        Name it: without, the old rule of PyTorch applies, with a warning.
    dtype : dtype, optional
        The elements become that first.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.log_softmax(ganc.tensor([0.0, -1000.0]), dim=0).tolist()
    [0.0, -1000.0]
    """
    dim = _implicit_dim("log_softmax", input.ndim) if dim is None else dim
    return core.log_softmax(input, dim, dtype=dtype)
