"""Values that do not depend on the tensor's shape, and patterns of ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._random import Generator, draw

__all__ = [
    "constant_",
    "dirac_",
    "eye_",
    "normal_",
    "ones_",
    "trunc_normal_",
    "uniform_",
    "zeros_",
]


def fill(x: Tensor, values: Any) -> Tensor:
    """Copy values into a tensor, outside of the tape."""
    previous = core.set_grad_enabled(False)
    try:
        x.copy_(values)
    finally:
        core.set_grad_enabled(previous)
    return x


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with U(a, b).

    Parameters
    ----------
    tensor : Tensor
    a, b : float
        ``a <= b``.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> x = nn.init.uniform_(ganc.empty(100), -0.05, 0.05)
    >>> bool(x.abs().amax() <= 0.05)
    True
    """
    if not a <= b:
        raise ValueError(f"uniform_: got a={a}, b={b}, expected a <= b")
    return fill(tensor, core.rand_uniform(tensor.shape, *draw(generator), a, b))


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with N(mean, std^2).

    Parameters
    ----------
    tensor : Tensor
    mean : float, default 0.0
    std : float, default 1.0
        At least 0.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.init.normal_(ganc.empty(2, 3), 0.0, 0.02).shape
    (2, 3)
    """
    if not std >= 0:
        raise ValueError(f"normal_: got std={std}, expected at least 0")
    return fill(tensor, core.rand_normal(tensor.shape, *draw(generator), mean, std))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with N(mean, std^2), drawn again until within [a, b].

    Parameters
    ----------
    tensor : Tensor
    mean : float, default 0.0
    std : float, default 1.0
    a, b : float
        The bounds themselves, not in units of `std`.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the bounds are empty or hold almost nothing of the distribution.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> bool(nn.init.trunc_normal_(ganc.empty(1000)).abs().amax() <= 2)
    True
    """
    if not (a < b and std > 0):
        raise ValueError(f"trunc_normal_: got std={std}, a={a}, b={b}, expected std > 0, a < b")
    inside = 0.5 * (
        math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))
    )
    if not inside > 1e-3:
        raise ValueError(
            f"trunc_normal_: got bounds [{a}, {b}] that hold {inside:.1e} of N({mean}, {std}^2), "
            "expected at least 0.001"
        )
    values = np.array(core.rand_normal(tensor.shape, *draw(generator), mean, std).numpy())
    flat = values.reshape(-1)
    while (outside := np.flatnonzero((flat < a) | (flat > b))).size:
        tries = math.ceil(outside.size / inside) + 8
        drawn = core.rand_normal((tries,), *draw(generator), mean, std).numpy()
        good = drawn[(drawn >= a) & (drawn <= b)][: outside.size]
        flat[outside[: good.size]] = good
    return fill(tensor, core.tensor(values))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    Parameters
    ----------
    tensor : Tensor
    val : float

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.init.constant_(ganc.empty(2), 0.5).tolist()
    [0.5, 0.5]
    """
    previous = core.set_grad_enabled(False)
    try:
        tensor.fill_(val)
    finally:
        core.set_grad_enabled(previous)
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    Parameters
    ----------
    tensor : Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.init.zeros_(ganc.ones(2)).tolist()
    [0.0, 0.0]
    """
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    Parameters
    ----------
    tensor : Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.init.ones_(ganc.zeros(2)).tolist()
    [1.0, 1.0]
    """
    return constant_(tensor, 1.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on the diagonal and zeros elsewhere.

    Parameters
    ----------
    tensor : Tensor of shape (M, N)

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For another number of dimensions.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.init.eye_(ganc.empty(2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if tensor.ndim != 2:
        raise ValueError(f"eye_: got shape {tensor.shape}, expected 2 dimensions")
    return fill(tensor, core.tensor(np.eye(*tensor.shape)))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight so that it copies its input channels.

    Parameters
    ----------
    tensor : Tensor of shape (O, C, ...), 3 to 5 dimensions
    groups : int, default 1
        Divides O.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shape does not fit.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.init.dirac_(ganc.empty(1, 1, 3)).tolist()
    [[[0.0, 1.0, 0.0]]]
    """
    shape = tensor.shape
    if not 3 <= len(shape) <= 5 or shape[0] % groups:
        raise ValueError(
            f"dirac_: got shape {shape}, groups={groups}, expected 3 to 5 dimensions, the first a "
            "multiple of groups"
        )
    values = np.zeros(shape)
    each = shape[0] // groups
    centre = tuple(s // 2 for s in shape[2:])
    for g in range(groups):
        for d in range(min(each, shape[1])):
            values[(g * each + d, d, *centre)] = 1
    return fill(tensor, core.tensor(values))
