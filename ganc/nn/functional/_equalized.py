"""Layers whose weights are scaled when they are used, so that all of them learn equally fast."""

from __future__ import annotations

import math

from ganc._backend import core
from ganc._creation import Tensor

__all__ = ["equalized_linear"]


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
