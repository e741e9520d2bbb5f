"""Layers whose weights are scaled when they are used, so that all of them learn equally fast."""

from __future__ import annotations

import math

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc.nn.functional._conv import Sizes, conv2d

__all__ = ["equalized_conv2d", "equalized_linear"]


def equalized(weight: Tensor, gain: float) -> Tensor:
    """Return a weight (O, ...) times ``gain / sqrt(fan_in)``."""
    return core.affine(weight, gain / math.sqrt(weight.numel() / weight.shape[0]), 0.0)


def equalized_linear(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, gain: float = math.sqrt(2)
) -> Tensor:
    """Multiply by the transposed weight times ``gain / sqrt(I)`` and add the bias.

    Parameters
    ----------
    input : Tensor of shape (..., I)
    weight : Tensor of shape (O, I)
    bias : Tensor of shape (O,), optional
    gain : float, default sqrt(2)

    Returns
    -------
    Tensor of shape (..., O)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    Karras et al. 2018, Progressive growing of GANs.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.equalized_linear(ganc.ones(1, 4), ganc.ones(2, 4), gain=1.0).tolist()
    [[2.0, 2.0]]
    """
    return core.linear(input, equalized(weight, gain), bias)


def equalized_conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    gain: float = math.sqrt(2),
) -> Tensor:
    """Convolve with the weight times ``gain / sqrt(fan_in)``.

    Parameters
    ----------
    input : Tensor of shape (N, I, H, W) or (I, H, W)
    weight : Tensor of shape (O, I / groups, R, S)
        fan_in = I / groups * R * S.
    bias : Tensor of shape (O,), optional
    stride : int or (int, int), default 1
    padding : int, (int, int), (left, right, top, bottom), "same" or "valid", default 0
    dilation : int or (int, int), default 1
    groups : int, default 1
    gain : float, default sqrt(2)

    Returns
    -------
    Tensor of shape (N, O, P, Q) or (O, P, Q)

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is out of range.

    References
    ----------
    Karras et al. 2018, Progressive growing of GANs.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.equalized_conv2d(ganc.ones(1, 1, 2, 2), ganc.ones(1, 1, 2, 2), gain=1.0).tolist()
    [[[[2.0]]]]
    """
    return conv2d(input, equalized(weight, gain), bias, stride, padding, dilation, groups)
