"""Transposed convolutions."""

from __future__ import annotations

from collections.abc import Sequence

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc.nn._config import register
from ganc.nn._conv import Conv
from ganc.nn.functional._conv import Sizes, batched

__all__ = ["ConvTranspose1d", "ConvTranspose2d"]


class _Transpose(Conv):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__()
        numbers = {"in_channels": in_channels, "out_channels": out_channels, "groups": groups}
        numbers |= {"kernel_size": kernel_size, "stride": stride, "dilation": dilation}
        numbers["output_padding"] = output_padding
        self._build(numbers, padding, padding_mode, bias)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, I, L) or (N, I, H, W), or without N
        output_size : sequence of int, optional
            The sizes of the output, or its shape; used instead of `output_padding`. A stride
            larger than 1 leaves a choice: convolving that output would give this input's size.

        Returns
        -------
        Tensor of shape (N, O, P) or (N, O, P, Q), or without N

        Raises
        ------
        ValueError
            If no output padding gives that size.
        """
        return self._forward_act(input, "none", 0.0, output_size)

    def _forward_act(
        self, input: Tensor, act: str, slope: float, output_size: Sequence[int] | None = None
    ) -> Tensor:
        extra = self.output_padding
        if output_size is not None:
            extra = self._output_padding(input.shape, tuple(output_size))
        return batched(
            self._dims,
            self._op,
            input,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            output_padding=extra,
            groups=self.groups,
            dilation=self.dilation,
            act=act,
            slope=slope,
            alike=not self.training,
        )

    def _output_padding(self, shape: tuple[int, ...], size: tuple[int, ...]) -> tuple[int, ...]:
        """Return the output padding that makes the output as large as `size`."""
        dims, what = self._dims, type(self).__name__
        wanted = size[-dims:] if len(size) == len(shape) else size
        if len(wanted) != dims:
            raise ValueError(
                f"{what}: got output_size={size}, expected {dims} or {len(shape)} numbers"
            )
        cut = self._sides()
        found = []
        for i, n in enumerate(shape[-dims:]):
            k, s, d = (x[i] for x in (self.kernel_size, self.stride, self.dilation))
            low = (n - 1) * s - sum(cut[2 * (dims - 1 - i) :][:2]) + d * (k - 1) + 1
            if not low <= wanted[i] < low + s:
                raise ValueError(
                    f"{what}: got output_size={size} for input of shape {shape}, expected {low} "
                    f"to {low + s - 1} in spatial dimension {i}"
                )
            found.append(wanted[i] - low)
        return tuple(found)


@register
class ConvTranspose1d(_Transpose):
    """Transposed convolution of sequences, which makes them longer.

    Parameters
    ----------
    in_channels, out_channels : int
        I and O, at least 1.
    kernel_size : int or tuple of int
        R.
    stride : int or tuple of int, default 1
    padding : int or tuple of int, default 0
        What is cut off both ends; two numbers, which PyTorch does not take, are left and right.
    output_padding : int or tuple of int, default 0
        Makes the output longer at its end; less than the stride or the dilation.
    groups : int, default 1
        Divides I and O.
    bias : bool, default True
    dilation : int or tuple of int, default 1
        The distance between elements of the kernel.
    padding_mode : {"zeros"}, default "zeros"

    Attributes
    ----------
    weight : Parameter of shape (I, O / groups, R)
    bias : Parameter of shape (O,) or None
        Both start as U(-b, b) with b = 1 / sqrt(O / groups * R).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.ConvTranspose1d(16, 8, 4, stride=2, padding=1)(ganc.zeros(20, 16, 25)).shape
    (20, 8, 50)
    """

    _op, _dims = staticmethod(core.conv_transpose1d), 1


@register
class ConvTranspose2d(_Transpose):
    """Transposed convolution of images, which makes them larger.

    Parameters
    ----------
    in_channels, out_channels : int
        I and O, at least 1.
    kernel_size : int or (int, int)
        R and S.
    stride : int or (int, int), default 1
    padding : int, (int, int) or (left, right, top, bottom), default 0
        What is cut off the result. Two numbers are rows and columns; four, which PyTorch does
        not take, are the sides: what Keras calls "same" cuts more on the right and at the bottom.
    output_padding : int or (int, int), default 0
        Makes the output larger at the bottom and on the right; less than the stride or the
        dilation.
    groups : int, default 1
        Divides I and O.
    bias : bool, default True
    dilation : int or (int, int), default 1
        The distance between elements of the kernel.
    padding_mode : {"zeros"}, default "zeros"

    Attributes
    ----------
    weight : Parameter of shape (I, O / groups, R, S)
    bias : Parameter of shape (O,) or None
        Both start as U(-b, b) with b = 1 / sqrt(O / groups * R * S).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> up = nn.ConvTranspose2d(100, 64, 3, stride=2, padding=1)
    >>> up(ganc.zeros(8, 100, 7, 7)).shape
    (8, 64, 13, 13)
    >>> up(ganc.zeros(8, 100, 7, 7), output_size=(14, 14)).shape
    (8, 64, 14, 14)
    """

    _op, _dims = staticmethod(core.conv_transpose2d), 2
