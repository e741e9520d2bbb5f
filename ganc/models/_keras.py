"""Layers as Keras has them: 'same' padding, its initial weights, its sizes."""

from __future__ import annotations

from typing import Any

from ganc import nn

__all__ = ["conv", "conv_transpose", "glorot", "start_size"]

Size = tuple[int, int]


def _same(size: int, kernel: int, stride: int) -> Size:
    """Return what 'same' puts before and after a side: one more after, where it is odd."""
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _padding(size: Size, kernel: int, stride: int) -> Any:
    """Return the padding of `nn.Conv2d` that is 'same' for maps of a size."""
    top, bottom = _same(size[0], kernel, stride)
    left, right = _same(size[1], kernel, stride)
    return top if top == bottom == left == right else (left, right, top, bottom)


def conv(c_in: int, c_out: int, kernel: int, stride: int, size: Size) -> tuple[nn.Module, Size]:
    """Return a Conv2D with 'same' padding for maps of a size, and the size of its own."""
    layer = nn.Conv2d(c_in, c_out, kernel, stride, _padding(size, kernel, stride))
    return layer, (-(-size[0] // stride), -(-size[1] // stride))


def conv_transpose(
    c_in: int, c_out: int, kernel: int, stride: int, *, bias: bool = True
) -> nn.Module:
    """Return a Conv2DTranspose with 'same' padding: maps grow by the stride exactly.

    It is the transposition of the convolution that gives the small maps of the large ones, so what
    that pads, this cuts off.
    """
    padding = _padding((stride, stride), kernel, stride)
    return nn.ConvTranspose2d(c_in, c_out, kernel, stride, padding, bias=bias)


def start_size(shape: tuple[int, int, int], doublings: int, where: str) -> Size:
    """Return the size of the maps that grow to an image, or raise where they cannot."""
    factor = 2**doublings
    if shape[1] % factor or shape[2] % factor:
        raise ValueError(
            f"image_shape: got {shape}; the {where} makes maps that {doublings} layers double, so "
            f"height and width must be multiples of {factor}, for example 28, 32 or 64"
        )
    return shape[1] // factor, shape[2] // factor


def glorot(*networks: nn.Module) -> None:
    """Initialise as Keras does: Glorot uniform weights, zero biases."""
    for network in networks:
        for module in network.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
