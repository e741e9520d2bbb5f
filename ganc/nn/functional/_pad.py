"""Padding, and windows as columns."""

from __future__ import annotations

from collections.abc import Sequence

from ganc._backend import core
from ganc._options import choose
from ganc._tensor._creation import Tensor
from ganc._tensor._shape import ints

__all__ = ["fold", "pad", "unfold"]

Pair = int | Sequence[int]


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Add elements around a tensor, or cut some off.

    Parameters
    ----------
    input : Tensor
    pad : tuple of int
        (left, right), (left, right, top, bottom), ...: two numbers for the last dimension, two for
        the one before it, and so on. A negative number cuts off.
    mode : {'constant', 'reflect', 'replicate', 'circular'}, default 'constant'
        What is added: `value`, the mirror image without the edge, the edge, or the other end.
    value : float, optional
        With 'constant'; by default 0.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For another mode, an odd number of pads, more pads than dimensions, pads that leave
        nothing, or a reflection of more than the dimension has.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.pad(ganc.tensor([1.0, 2.0, 3.0]), (1, 2)).tolist()
    [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]
    >>> F.pad(ganc.tensor([[1.0, 2.0, 3.0]]), (2, -1), mode="reflect").tolist()
    [[3.0, 2.0, 1.0, 2.0]]
    """
    sizes = ints((pad,), "pad")
    if len(sizes) % 2 or len(sizes) > 2 * input.ndim:
        raise ValueError(
            f"pad: got {len(sizes)} numbers for shape {input.shape}, expected two a dimension"
        )
    choose("pad: mode", mode, ("constant", "reflect", "replicate", "circular"))
    if mode != "constant" and value not in (None, 0):
        raise ValueError(f"pad: got value={value}, expected none with mode={mode!r}")
    return core.pad(input, sizes[-2::-2], sizes[::-2], mode, 0.0 if value is None else value)


def unfold(
    input: Tensor, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> Tensor:
    """Copy each window into a column.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    kernel_size : int or (int, int)
        Height R and width S of a window.
    dilation : int or (int, int), default 1
        Distance between the elements of a window.
    padding : int or (int, int), default 0
        Zeros on each side.
    stride : int or (int, int), default 1
        From one window to the next.

    Returns
    -------
    Tensor of shape (N, C R S, L) or (C R S, L)
        L windows.

    Raises
    ------
    ValueError
        If a window does not fit, or an argument is out of range.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.unfold(ganc.zeros(8, 3, 10, 12), (3, 3), padding=1).shape
    (8, 27, 120)
    """
    return core.im2col(input, kernel_size, dilation, padding, stride)


def fold(
    input: Tensor,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair = 1,
    padding: Pair = 0,
    stride: Pair = 1,
) -> Tensor:
    """Add up columns where `unfold` takes them from.

    Parameters
    ----------
    input : Tensor of shape (N, C R S, L) or (C R S, L)
    output_size : int or (int, int)
        H and W.
    kernel_size : int or (int, int)
        Height R and width S of a window.
    dilation : int or (int, int), default 1
        Distance between the elements of a window.
    padding : int or (int, int), default 0
        Zeros on each side, which are left out of the result.
    stride : int or (int, int), default 1
        From one window to the next.

    Returns
    -------
    Tensor of shape (N, C, H, W) or (C, H, W)

    Raises
    ------
    ValueError
        If the shapes do not fit, or an argument is out of range.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.fold(ganc.ones(1, 4, 4), (3, 3), 2).tolist()
    [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    """
    return core.col2im(input, output_size, kernel_size, dilation, padding, stride)
