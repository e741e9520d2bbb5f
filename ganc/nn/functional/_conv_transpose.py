"""Transposed convolution."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc.nn.functional._conv import Sizes, batched

__all__ = ["conv_transpose1d", "conv_transpose2d"]


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution of sequences: the gradient of `conv1d` with respect to its input.

    Parameters
    ----------
    input : Tensor of shape (N, I, L) or (I, L)
    weight : Tensor of shape (I, O / groups, R)
    bias : Tensor of shape (O,), optional
    stride : int or tuple of int, default 1
    padding : int or tuple of int, default 0
        What is cut off both ends; two numbers, which PyTorch does not take, are left and right.
    output_padding : int or tuple of int, default 0
        Makes the output longer at its end; less than the stride or the dilation.
    groups : int, default 1
        Divides I and O.
    dilation : int or tuple of int, default 1
        The distance between elements of the kernel.

    Returns
    -------
    Tensor of shape (N, O, P) or (O, P)
        P = (L - 1) stride - 2 padding + dilation (R - 1) + output_padding + 1.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is out of range.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> x, w = ganc.tensor([[[1.0, 2.0]]]), ganc.tensor([[[1.0, 10.0]]])
    >>> F.conv_transpose1d(x, w, stride=2).tolist()
    [[[1.0, 10.0, 2.0, 20.0]]]
    """
    options = {"stride": stride, "padding": padding, "output_padding": output_padding}
    options |= {"groups": groups, "dilation": dilation}
    return batched(
        1, core.conv_transpose1d, input, weight, bias, alike=not core.is_grad_enabled(), **options
    )


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution of images: the gradient of `conv2d` with respect to its input.

    Parameters
    ----------
    input : Tensor of shape (N, I, H, W) or (I, H, W)
    weight : Tensor of shape (I, O / groups, R, S)
    bias : Tensor of shape (O,), optional
    stride : int or (int, int), default 1
    padding : int, (int, int) or (left, right, top, bottom), default 0
        What is cut off the result. Two numbers are rows and columns; four, which PyTorch does
        not take, are the sides.
    output_padding : int or (int, int), default 0
        Makes the output larger at the bottom and on the right; less than the stride or the
        dilation.
    groups : int, default 1
        Divides I and O.
    dilation : int or (int, int), default 1
        The distance between elements of the kernel.

    Returns
    -------
    Tensor of shape (N, O, P, Q) or (O, P, Q)
        P = (H - 1) stride - 2 padding + dilation (R - 1) + output_padding + 1; Q likewise.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is out of range.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.conv_transpose2d(ganc.ones(8, 64, 7, 7), ganc.ones(64, 32, 4, 4), None, 2, 1).shape
    (8, 32, 14, 14)
    """
    options = {"stride": stride, "padding": padding, "output_padding": output_padding}
    options |= {"groups": groups, "dilation": dilation}
    return batched(
        2, core.conv_transpose2d, input, weight, bias, alike=not core.is_grad_enabled(), **options
    )
