"""Normalisation of each sample by itself."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from ganc._tensor._creation import Tensor, ones, zeros
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module
from ganc.nn._norm import check_eps
from ganc.nn._parameter import Parameter
from ganc.nn._sizes import count

__all__ = ["GroupNorm", "LayerNorm", "PixelNorm"]


@register
class LayerNorm(Module):
    """Normalises each sample over its last dimensions.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The sizes of those dimensions.
    eps : float, default 1e-5
        Added to the variance.
    elementwise_affine : bool, default True
        Learn a scale and a shift for each element.
    bias : bool, default True
        False: learn only a scale.

    Attributes
    ----------
    weight, bias : Parameter of shape `normalized_shape` or None

    References
    ----------
    Ba, Kiros and Hinton 2016, Layer normalization.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.LayerNorm(16)(ganc.randn(64, 16)).shape
    (64, 16)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        sizes: Any = normalized_shape
        if hasattr(sizes, "__index__"):
            sizes = (sizes,)
        self.normalized_shape = tuple(operator.index(s) for s in sizes)
        check_eps("LayerNorm", eps)
        self.eps, self.elementwise_affine = float(eps), bool(elementwise_affine)
        shape = self.normalized_shape
        self.register_parameter("weight", Parameter(ones(shape)) if elementwise_affine else None)
        with_bias = elementwise_affine and bias
        self.register_parameter("bias", Parameter(zeros(shape)) if with_bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (..., *normalized_shape)

        Returns
        -------
        Tensor
        """
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


@register
class GroupNorm(Module):
    """Normalises each sample over groups of its channels.

    Parameters
    ----------
    num_groups : int
        Divides `num_channels`.
    num_channels : int
        C, at least 1.
    eps : float, default 1e-5
        Added to the variance.
    affine : bool, default True
        Learn a scale and a shift for each channel.
    bias : bool, default True
        False: learn the scale only.

    Attributes
    ----------
    weight, bias : Parameter of shape (C,) or None

    References
    ----------
    Wu and He 2018, Group normalization.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.GroupNorm(4, 16)(ganc.randn(8, 16, 5, 5)).shape
    (8, 16, 5, 5)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_groups = count("GroupNorm", "num_groups", num_groups)
        self.num_channels = count("GroupNorm", "num_channels", num_channels)
        if num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: got num_channels={num_channels}, expected a multiple of "
                f"num_groups={num_groups}"
            )
        check_eps("GroupNorm", eps)
        self.eps, self.affine = float(eps), bool(affine)
        size = (num_channels,)
        self.register_parameter("weight", Parameter(ones(size)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(size)) if affine and bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, ...)

        Returns
        -------
        Tensor
        """
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


@register
class PixelNorm(Module):
    """Divides the channels of each pixel by the root of their mean square.

    Parameters
    ----------
    eps : float, default 1e-8
        Added to the mean square.

    References
    ----------
    Karras et al. 2018, Progressive growing of GANs.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.PixelNorm()(ganc.randn(4, 512)).shape
    (4, 512)
    """

    def __init__(self, eps: float = 1e-8) -> None:
        super().__init__()
        check_eps("PixelNorm", eps)
        self.eps = float(eps)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C) or (N, C, ...)

        Returns
        -------
        Tensor
        """
        return F.pixel_norm(input, self.eps)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"eps={self.eps}"
