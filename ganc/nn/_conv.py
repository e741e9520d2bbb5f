"""Convolutional layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ganc._backend import core
from ganc._tensor._creation import Tensor, empty
from ganc.nn import functional as F
from ganc.nn import init
from ganc.nn._config import register
from ganc.nn._module import Module
from ganc.nn._parameter import Parameter
from ganc.nn._sizes import count
from ganc.nn.functional._conv import Sizes, batched, each, sides

__all__ = ["Conv1d", "Conv2d"]


class Conv(Module):
    """What all convolutions share: sizes and parameters."""

    transposed: ClassVar[bool] = False
    _op: ClassVar[Callable[..., Tensor]]
    _dims: ClassVar[int]

    def _build(self, numbers: dict[str, Any], padding: Any, padding_mode: str, bias: bool) -> None:
        """Check the arguments and keep them as attributes; draw the parameters."""
        what = type(self).__name__
        for name in ("in_channels", "out_channels", "groups"):
            setattr(self, name, count(what, name, numbers.pop(name)))
        for name, value in numbers.items():
            low = 0 if name == "output_padding" else 1
            setattr(self, name, self._sizes(name, value, low, (self._dims,)))
        if isinstance(padding, str):
            self._check_named(padding)
            self.padding: tuple[int, ...] | str = padding
        else:
            self.padding = self._sizes("padding", padding, 0, (self._dims, 2 * self._dims))
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                raise ValueError(
                    f"{what}: got {name}={getattr(self, name)}, expected a multiple of "
                    f"groups={self.groups}"
                )
        modes = ("zeros",) if self.transposed else ("zeros", "reflect", "replicate", "circular")
        if padding_mode not in modes:
            raise ValueError(f"{what}: got padding_mode={padding_mode!r}, expected {_or(modes)}")
        self.padding_mode = padding_mode
        rows, columns = self.out_channels, self.in_channels
        if self.transposed:
            rows, columns = columns, rows
        self.weight = Parameter(empty(rows, columns // self.groups, *self.kernel_size))
        self.register_parameter("bias", Parameter(empty(self.out_channels)) if bias else None)
        self.reset_parameters()

    def _sizes(self, name: str, value: Any, low: int, lengths: Sequence[int]) -> tuple[int, ...]:
        what = type(self).__name__
        values = each(value, self._dims)
        if len(values) not in lengths:
            raise ValueError(f"{what}: got {name}={value}, expected an int or {_or(lengths)} ints")
        return tuple(count(what, name, v, low) for v in values)

    def _check_named(self, padding: str) -> None:
        what = type(self).__name__
        if self.transposed or padding not in ("same", "valid"):
            names = "" if self.transposed else ", 'same' or 'valid'"
            raise ValueError(f"{what}: got padding={padding!r}, expected ints{names}")
        if padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError(
                f"{what}: got padding='same' with stride={self.stride}, expected stride 1; "
                "write the padding of each side as numbers"
            )

    def _sides(self) -> tuple[int, ...]:
        """Return the padding as (left, right) or (left, right, top, bottom)."""
        if self.padding == "same":
            return sides(self.kernel_size, self.dilation)
        if self.padding == "valid":
            return (0,) * (2 * self._dims)
        if len(self.padding) == 2 * self._dims:
            return self.padding
        return tuple(p for p in reversed(self.padding) for _ in range(2))

    def reset_parameters(self) -> None:
        """Draw weight and bias anew: U(-b, b) with b = 1 / sqrt(fan_in), as PyTorch does."""
        bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
        for p in (self.weight, self.bias):
            if p is not None:
                init.uniform_(p, -bound, bound)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        usual = {"padding": 0, "dilation": 1, "output_padding": 0}
        for name, number in usual.items():
            value = getattr(self, name, number)
            if isinstance(value, str) or any(v != number for v in each(value, 1)):
                text += f", {name}={value}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text + (
            "" if self.padding_mode == "zeros" else f", padding_mode={self.padding_mode}"
        )


def _or(values: Sequence[Any]) -> str:
    return " or ".join(map(repr, values))


class _Forward(Conv):
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
    ) -> None:
        super().__init__()
        numbers = {"in_channels": in_channels, "out_channels": out_channels, "groups": groups}
        numbers |= {"kernel_size": kernel_size, "stride": stride, "dilation": dilation}
        self._build(numbers, padding, padding_mode, bias)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, I, L) or (N, I, H, W), or without N

        Returns
        -------
        Tensor of shape (N, O, P) or (N, O, P, Q), or without N
        """
        return self._forward_act(input, "none", 0.0)

    def _forward_act(self, input: Tensor, act: str, slope: float) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._sides(), self.padding_mode), 0
        elif isinstance(padding, str):
            padding = self._sides()
        return batched(
            self._dims,
            self._op,
            input,
            self._used_weight(),
            self.bias,
            stride=self.stride,
            padding=padding,
            dilation=self.dilation,
            groups=self.groups,
            act=act,
            slope=slope,
            alike=not self.training,
        )

    def _used_weight(self) -> Tensor:
        return self.weight


@register
class Conv1d(_Forward):
    """Convolution of sequences.

    Parameters
    ----------
    in_channels, out_channels : int
        I and O, at least 1.
    kernel_size : int or tuple of int
        R.
    stride : int or tuple of int, default 1
    padding : int, tuple of int, "same" or "valid", default 0
        At both ends; two numbers, which PyTorch does not take, are left and right. "same" keeps
        the length and wants stride 1.
    dilation : int or tuple of int, default 1
        The distance between elements of the kernel.
    groups : int, default 1
        Divides I and O: each group of outputs sees its group of inputs.
    bias : bool, default True
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, default "zeros"
        What stands in the padding.

    Attributes
    ----------
    weight : Parameter of shape (O, I / groups, R)
    bias : Parameter of shape (O,) or None
        Both start as U(-b, b) with b = 1 / sqrt(I / groups * R).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Conv1d(16, 33, 3, stride=2)(ganc.zeros(20, 16, 50)).shape
    (20, 33, 24)
    """

    _op, _dims = staticmethod(core.conv1d), 1


@register
class Conv2d(_Forward):
    """Convolution of images.

    Parameters
    ----------
    in_channels, out_channels : int
        I and O, at least 1.
    kernel_size : int or (int, int)
        R and S.
    stride : int or (int, int), default 1
    padding : int, (int, int), (left, right, top, bottom), "same" or "valid", default 0
        Two numbers are rows and columns; four, which PyTorch does not take, are the sides: what
        Keras calls "same" at stride 2 pads more on the right and at the bottom. Here "same"
        wants stride 1, as in PyTorch.
    dilation : int or (int, int), default 1
        The distance between elements of the kernel.
    groups : int, default 1
        Divides I and O: each group of outputs sees its group of inputs.
    bias : bool, default True
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, default "zeros"
        What stands in the padding.

    Attributes
    ----------
    weight : Parameter of shape (O, I / groups, R, S)
    bias : Parameter of shape (O,) or None
        Both start as U(-b, b) with b = 1 / sqrt(I / groups * R * S).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Conv2d(3, 64, 4, stride=2, padding=1, bias=False)(ganc.zeros(8, 3, 64, 64)).shape
    (8, 64, 32, 32)
    >>> nn.Conv2d(1, 64, 5, stride=2, padding=(1, 2, 1, 2))(ganc.zeros(8, 1, 28, 28)).shape
    (8, 64, 14, 14)
    """

    _op, _dims = staticmethod(core.conv2d), 2
