"""Layers that pad, and windows as columns."""

from __future__ import annotations

from ganc._tensor._creation import Tensor
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module
from ganc.nn._sizes import Sizes, quadruple, sizes

__all__ = [
    "CircularPad2d",
    "ConstantPad2d",
    "Fold",
    "ReflectionPad2d",
    "ReplicationPad2d",
    "Unfold",
    "ZeroPad2d",
]


class _Pad(Module):
    mode = "constant"

    def __init__(self, padding: Sizes) -> None:
        super().__init__()
        self.padding = quadruple(type(self).__name__, padding)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (..., H, W)

        Returns
        -------
        Tensor
        """
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"{self.padding}"


@register
class ReflectionPad2d(_Pad):
    """Pads images with their mirror image, without the edge itself.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        Left, right, top, bottom; less than the image has. Negative: cut off.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.ReflectionPad2d((2, 1, 0, 0))(ganc.arange(3.0).reshape(1, 1, 1, 3)).tolist()
    [[[[2.0, 1.0, 0.0, 1.0, 2.0, 1.0]]]]
    """

    mode = "reflect"


@register
class ReplicationPad2d(_Pad):
    """Pads images with their edge.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        Left, right, top, bottom. Negative: cut off.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.ReplicationPad2d((2, 1, 0, 0))(ganc.arange(2.0).reshape(1, 1, 1, 2)).tolist()
    [[[[0.0, 0.0, 0.0, 1.0, 1.0]]]]
    """

    mode = "replicate"


@register
class CircularPad2d(_Pad):
    """Pads images with their other end, as on a torus.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        Left, right, top, bottom; at most what the image has. Negative: cut off.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.CircularPad2d((1, 1, 0, 0))(ganc.arange(3.0).reshape(1, 1, 1, 3)).tolist()
    [[[[2.0, 0.0, 1.0, 2.0, 0.0]]]]
    """

    mode = "circular"


@register
class ZeroPad2d(_Pad):
    """Pads images with zeros.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        Left, right, top, bottom. Negative: cut off.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.ZeroPad2d(1)(ganc.randn(8, 3, 4, 5)).shape
    (8, 3, 6, 7)
    """


@register
class ConstantPad2d(_Pad):
    """Pads images with a number.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        Left, right, top, bottom. Negative: cut off.
    value : float

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.ConstantPad2d((0, 1, 0, 0), -1.0)(ganc.zeros(1, 1, 1, 1)).tolist()
    [[[[0.0, -1.0]]]]
    """

    def __init__(self, padding: Sizes, value: float) -> None:
        super().__init__(padding)
        self.value = float(value)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (..., H, W)

        Returns
        -------
        Tensor
        """
        return F.pad(input, self.padding, value=self.value)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"padding={self.padding}, value={self.value}"


@register
class Unfold(Module):
    """Copies each window into a column.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of a window.
    dilation : int or (int, int), default 1
        Distance between the elements of a window.
    padding : int or (int, int), default 0
        Zeros on each side.
    stride : int or (int, int), default 1
        From one window to the next.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Unfold(3, padding=1)(ganc.randn(8, 3, 10, 12)).shape
    (8, 27, 120)
    """

    def __init__(
        self, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
    ) -> None:
        super().__init__()
        self.kernel_size = sizes("Unfold", "kernel_size", kernel_size)
        self.dilation = sizes("Unfold", "dilation", dilation)
        self.padding = sizes("Unfold", "padding", padding, 0)
        self.stride = sizes("Unfold", "stride", stride)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W) or (C, H, W)

        Returns
        -------
        Tensor of shape (N, C R S, L) or (C R S, L)
        """
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


@register
class Fold(Module):
    """Adds up columns where `Unfold` takes them from.

    Parameters
    ----------
    output_size : int or (int, int)
        Height and width of the images.
    kernel_size : int or (int, int)
        Height and width of a window.
    dilation : int or (int, int), default 1
        Distance between the elements of a window.
    padding : int or (int, int), default 0
        Zeros on each side, which are left out of the result.
    stride : int or (int, int), default 1
        From one window to the next.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Fold((10, 12), 3, padding=1)(ganc.randn(8, 27, 120)).shape
    (8, 3, 10, 12)
    """

    def __init__(
        self,
        output_size: Sizes,
        kernel_size: Sizes,
        dilation: Sizes = 1,
        padding: Sizes = 0,
        stride: Sizes = 1,
    ) -> None:
        super().__init__()
        self.output_size = sizes("Fold", "output_size", output_size)
        self.kernel_size = sizes("Fold", "kernel_size", kernel_size)
        self.dilation = sizes("Fold", "dilation", dilation)
        self.padding = sizes("Fold", "padding", padding, 0)
        self.stride = sizes("Fold", "stride", stride)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C R S, L) or (C R S, L)

        Returns
        -------
        Tensor of shape (N, C, H, W) or (C, H, W)
        """
        return F.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )
