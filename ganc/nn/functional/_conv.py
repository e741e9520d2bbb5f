"""Convolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["conv1d", "conv2d"]

Sizes = int | Sequence[int]


def each(value: Sizes, dims: int) -> tuple[int, ...]:
    """Return a number for each dimension; one number holds for all."""
    values = tuple(value) if isinstance(value, Sequence) else (value,)
    return values * dims if len(values) == 1 else values


def sides(kernel_size: Sequence[int], dilation: Sizes) -> tuple[int, ...]:
    """Return the padding "same" as (left, right) or (left, right, top, bottom).

    An odd total has its larger half on the right and at the bottom.
    """
    found: list[int] = []
    pairs = zip(kernel_size, each(dilation, len(kernel_size)), strict=True)
    for total in reversed([d * (k - 1) for k, d in pairs]):
        found += (total // 2, total - total // 2)
    return tuple(found)


def batched(
    dims: int, op: Callable[..., Tensor], input: Tensor, *args: object, **kw: object
) -> Tensor:
    """Call `op`; an input without a batch dimension gets one for the call."""
    if getattr(input, "ndim", None) != dims + 1:
        return op(input, *args, **kw)
    y = op(core.reshape(input, (1, *input.shape)), *args, **kw)
    return core.reshape(y, y.shape[1:])


def _padding(
    what: str, padding: Sizes | str, weight: Tensor, stride: Sizes, dilation: Sizes
) -> Sizes:
    if not isinstance(padding, str):
        return padding
    if padding == "valid":
        return 0
    if padding != "same":
        raise ValueError(f"{what}: got padding={padding!r}, expected ints, 'same' or 'valid'")
    if any(s != 1 for s in each(stride, 1)):
        raise ValueError(
            f"{what}: got padding='same' with stride={stride}, expected stride 1; "
            "write the padding of each side as numbers"
        )
    return sides(weight.shape[2:], dilation)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Slide kernels over sequences (cross-correlation).

    Parameters
    ----------
    input : Tensor of shape (N, I, L) or (I, L)
    weight : Tensor of shape (O, I / groups, R)
    bias : Tensor of shape (O,), optional
    stride : int or tuple of int, default 1
    padding : int, tuple of int, "same" or "valid", default 0
        Zeros on both sides; two numbers, which PyTorch does not take, are left and right. "same"
        keeps the length and wants stride 1.
    dilation : int or tuple of int, default 1
        The distance between elements of the kernel.
    groups : int, default 1
        Divides I and O: each group of outputs sees its group of inputs.

    Returns
    -------
    Tensor of shape (N, O, P) or (O, P)

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is out of range.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> x, w = ganc.tensor([[[1.0, 2.0, 4.0]]]), ganc.tensor([[[-1.0, 1.0]]])
    >>> F.conv1d(x, w).tolist()
    [[[1.0, 2.0]]]
    """
    pad = _padding("conv1d", padding, weight, stride, dilation)
    options = {"stride": stride, "padding": pad, "dilation": dilation, "groups": groups}
    return batched(1, core.conv1d, input, weight, bias, alike=not core.is_grad_enabled(), **options)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Slide kernels over images (cross-correlation).

    Parameters
    ----------
    input : Tensor of shape (N, I, H, W) or (I, H, W)
    weight : Tensor of shape (O, I / groups, R, S)
    bias : Tensor of shape (O,), optional
    stride : int or (int, int), default 1
    padding : int, (int, int), (left, right, top, bottom), "same" or "valid", default 0
        Zeros around the image. Two numbers are rows and columns; four, which PyTorch does not
        take, are the sides. "same" keeps the size and wants stride 1.
    dilation : int or (int, int), default 1
        The distance between elements of the kernel.
    groups : int, default 1
        Divides I and O: each group of outputs sees its group of inputs.

    Returns
    -------
    Tensor of shape (N, O, P, Q) or (O, P, Q)

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is out of range.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.conv2d(ganc.ones(1, 1, 3, 3), ganc.ones(1, 1, 2, 2), padding=(0, 1, 0, 1)).tolist()
    [[[[4.0, 4.0, 2.0], [4.0, 4.0, 2.0], [2.0, 2.0, 1.0]]]]
    """
    pad = _padding("conv2d", padding, weight, stride, dilation)
    options = {"stride": stride, "padding": pad, "dilation": dilation, "groups": groups}
    return batched(2, core.conv2d, input, weight, bias, alike=not core.is_grad_enabled(), **options)
