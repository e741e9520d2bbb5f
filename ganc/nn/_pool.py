"""Pooling layers."""

from __future__ import annotations

from collections.abc import Sequence

from ganc._tensor._creation import Tensor
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module
from ganc.nn._sizes import Sizes, count, sizes

__all__ = ["AdaptiveAvgPool2d", "AvgPool2d", "MaxPool2d"]


@register
class MaxPool2d(Module):
    """Takes the maximum of each window.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of a window.
    stride : int or (int, int), optional
        From one window to the next; by default `kernel_size`.
    padding : int or (int, int), default 0
        Minus infinity on each side, at most half of `kernel_size`.
    dilation : int or (int, int), default 1
        Distance between the elements of a window.
    return_indices : bool, default False
        True is not offered.
    ceil_mode : bool, default False
        Keep a last window that ends outside.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.MaxPool2d(3, stride=2, padding=1)(ganc.randn(8, 16, 28, 28)).shape
    (8, 16, 14, 14)
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        if return_indices:
            raise ValueError("MaxPool2d: got return_indices=True, which ganc does not offer")
        self.kernel_size = sizes("MaxPool2d", "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else sizes("MaxPool2d", "stride", stride)
        self.padding = sizes("MaxPool2d", "padding", padding, 0)
        self.dilation = sizes("MaxPool2d", "dilation", dilation)
        self.return_indices, self.ceil_mode = False, bool(ceil_mode)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W) or (C, H, W)

        Returns
        -------
        Tensor
        """
        return F.max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


@register
class AvgPool2d(Module):
    """Takes the mean of each window.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of a window.
    stride : int or (int, int), optional
        From one window to the next; by default `kernel_size`.
    padding : int or (int, int), default 0
        Zeros on each side, at most half of `kernel_size`.
    ceil_mode : bool, default False
        Keep a last window that ends outside.
    count_include_pad : bool, default True
        Divide by the size of the window; False: by its number of elements inside.
    divisor_override : int, optional
        Divide by this number instead.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.AvgPool2d(2)(ganc.randn(8, 16, 28, 28)).shape
    (8, 16, 14, 14)
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = sizes("AvgPool2d", "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else sizes("AvgPool2d", "stride", stride)
        self.padding = sizes("AvgPool2d", "padding", padding, 0)
        self.ceil_mode, self.count_include_pad = bool(ceil_mode), bool(count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W) or (C, H, W)

        Returns
        -------
        Tensor
        """
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@register
class AdaptiveAvgPool2d(Module):
    """Takes means of as many windows as the output has elements.

    Parameters
    ----------
    output_size : int or (int, int)
        Height and width of the output; None keeps the size of the input.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.AdaptiveAvgPool2d(1)(ganc.randn(8, 16, 7, 9)).shape
    (8, 16, 1, 1)
    """

    def __init__(self, output_size: int | None | Sequence[int | None]) -> None:
        super().__init__()
        given = output_size if isinstance(output_size, (tuple, list)) else (output_size,)
        for n in given:
            if n is not None:
                count("AdaptiveAvgPool2d", "output_size", n, 0)
        self.output_size = tuple(given) if len(given) > 1 else given[0]

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W) or (C, H, W)

        Returns
        -------
        Tensor
        """
        return F.adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"output_size={self.output_size}"
