"""Layers with an equalised learning rate."""

from __future__ import annotations

import math

from ganc._backend import core
from ganc._tensor._creation import Tensor, zeros
from ganc._tensor._random import randn
from ganc.nn import init
from ganc.nn._config import register
from ganc.nn._conv import Conv2d
from ganc.nn._module import Module
from ganc.nn._parameter import Parameter
from ganc.nn._sizes import count
from ganc.nn.functional._conv import Sizes
from ganc.nn.functional._equalized import equalized

__all__ = ["EqualizedConv2d", "EqualizedLinear"]


@register
class EqualizedLinear(Module):
    """A dense layer with weights from N(0, 1) that are scaled when they are used.

    The scale, ``gain / sqrt(I)``, is the standard deviation that He's initialisation would give
    the weights. Since it is applied later, an optimizer like Adam, whose steps do not depend on
    the size of the gradient, changes all layers at the same relative speed.

    Parameters
    ----------
    in_features : int
        I, at least 1.
    out_features : int
        O, at least 1.
    bias : bool, default True
    gain : float, default sqrt(2)
        sqrt(2) suits a following ReLU or leaky ReLU; ProGAN's last layers have 1.

    Attributes
    ----------
    weight : Parameter of shape (O, I)
    bias : Parameter of shape (O,) or None
        Starts as zeros.

    References
    ----------
    Karras et al. 2018, Progressive growing of GANs.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.EqualizedLinear(512, 8192)(ganc.randn(4, 512)).shape
    (4, 8192)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        gain: float = math.sqrt(2),
    ) -> None:
        super().__init__()
        self.in_features = count("EqualizedLinear", "in_features", in_features)
        self.out_features = count("EqualizedLinear", "out_features", out_features)
        self.gain = float(gain)
        self.weight = Parameter(randn(self.out_features, self.in_features))
        self.register_parameter("bias", Parameter(zeros(self.out_features)) if bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (..., I)

        Returns
        -------
        Tensor of shape (..., O)
        """
        return self._forward_act(input, "none", 0.0)

    def _forward_act(self, input: Tensor, act: str, slope: float) -> Tensor:
        return core.linear(
            input, equalized(self.weight, self.gain), self.bias, act=act, slope=slope
        )

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}, gain={self.gain:.4g}"
        )


@register
class EqualizedConv2d(Conv2d):
    """A convolution with weights from N(0, 1) that are scaled when they are used.

    The scale is ``gain / sqrt(fan_in)``; see `EqualizedLinear`.

    Parameters
    ----------
    in_channels, out_channels : int
        I and O, at least 1.
    kernel_size : int or (int, int)
        R and S.
    stride : int or (int, int), default 1
    padding : int, (int, int), (left, right, top, bottom), "same" or "valid", default 0
    dilation : int or (int, int), default 1
    groups : int, default 1
    bias : bool, default True
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, default "zeros"
        These are `Conv2d`'s.
    gain : float, default sqrt(2)
        sqrt(2) suits a following ReLU or leaky ReLU; ProGAN's layers that give images have 1.

    Attributes
    ----------
    weight : Parameter of shape (O, I / groups, R, S)
    bias : Parameter of shape (O,) or None
        Starts as zeros.

    References
    ----------
    Karras et al. 2018, Progressive growing of GANs.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.EqualizedConv2d(16, 32, 3, padding=1)(ganc.zeros(4, 16, 8, 8)).shape
    (4, 32, 8, 8)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        gain: float = math.sqrt(2),
    ) -> None:
        shape = (in_channels, out_channels, kernel_size)
        super().__init__(*shape, stride, padding, dilation, groups, bias, padding_mode)
        self.gain = float(gain)

    def reset_parameters(self) -> None:
        """Draw the weight anew from N(0, 1); the bias becomes 0."""
        init.normal_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _used_weight(self) -> Tensor:
        return equalized(self.weight, self.gain)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"{super().extra_repr()}, gain={self.gain:.4g}"
