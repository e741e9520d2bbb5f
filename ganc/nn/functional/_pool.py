"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["adaptive_avg_pool2d", "avg_pool2d", "max_pool2d"]

Pair = int | Sequence[int]


def max_pool2d(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """Take the maximum of each window.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    kernel_size : int or (int, int)
        Height and width of a window.
    stride : int or (int, int), optional
        From one window to the next; by default `kernel_size`.
    padding : int or (int, int), default 0
        Minus infinity on each side, at most half of `kernel_size`.
    dilation : int or (int, int), default 1
        Distance between the elements of a window.
    ceil_mode : bool, default False
        Keep a last window that ends outside.
    return_indices : bool, default False
        True is not offered.

    Returns
    -------
    Tensor of shape (N, C, P, Q) or (C, P, Q)
        P = floor((H + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1, or the ceiling.
        A NaN wins; of equal elements the first gets the gradient.

    Raises
    ------
    ValueError
        If a window does not fit, or an argument is out of range.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.max_pool2d(ganc.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    if return_indices:
        raise ValueError("max_pool2d: got return_indices=True, which ganc does not offer")
    return core.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool2d(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Take the mean of each window.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
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

    Returns
    -------
    Tensor of shape (N, C, P, Q) or (C, P, Q)
        P = floor((H + 2 padding - kernel_size) / stride) + 1, or the ceiling.

    Raises
    ------
    ValueError
        If a window does not fit, or an argument is out of range.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.avg_pool2d(ganc.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    return core.avg_pool2d(
        input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def adaptive_avg_pool2d(input: Tensor, output_size: int | None | Sequence[int | None]) -> Tensor:
    """Take means of as many windows as the output has elements.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    output_size : int or (int, int)
        P and Q; None keeps the size of the input.

    Returns
    -------
    Tensor of shape (N, C, P, Q) or (C, P, Q)
        Row p is the mean of the rows floor(p H / P) to ceil((p + 1) H / P) - 1.

    Raises
    ------
    ValueError
        If a size is negative, or `input` is of another shape.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.adaptive_avg_pool2d(ganc.arange(6.0).reshape(1, 1, 2, 3), 1).item()
    2.5
    """
    sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * 2
    if None in sizes:
        inside = input.shape[-2:]
        if len(sizes) != 2 or len(inside) != 2:
            raise ValueError(
                f"adaptive_avg_pool2d: got output_size={output_size} for shape {input.shape}, "
                "expected two sizes for (N, C, H, W)"
            )
        sizes = tuple(n if s is None else s for s, n in zip(sizes, inside, strict=True))
    return core.adaptive_avg_pool2d(input, sizes)
