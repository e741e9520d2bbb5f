"""The declared networks as modules, for libraries with PyTorch's names: PyTorch and ganc."""

from __future__ import annotations

from _networks import Layer, walk

KINDS = {
    "relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid", "flatten": "Flatten"
}  # fmt: skip


def network(nn, layers: list[Layer], shape: tuple[int, ...]):
    """A Sequential of the library's `nn`, for samples of a shape."""
    return nn.Sequential(*(normed(nn, layer, before) for layer, before, _ in walk(layers, shape)))


def normed(nn, layer: Layer, shape: tuple[int, ...]):
    """A layer, with the hook of spectral norm where it is declared so."""
    made = module(nn, layer, shape)
    return nn.utils.spectral_norm(made) if layer.normed else made


def module(nn, layer: Layer, shape: tuple[int, ...]):
    if layer.kind in KINDS:
        return getattr(nn, KINDS[layer.kind])()
    if layer.kind == "dense":
        return nn.Linear(shape[0], layer.out, bias=layer.bias)
    if layer.kind == "reshape":
        return nn.Unflatten(1, layer.shape)
    if layer.kind == "leaky":
        return nn.LeakyReLU(layer.value)
    if layer.kind == "dropout":
        return nn.Dropout(layer.value)
    if layer.kind == "bn":
        norm = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        return norm(shape[0], layer.eps, layer.momentum)
    size = shape[0], layer.out, layer.kernel, layer.stride, layer.padding
    if layer.kind == "conv":
        return nn.Conv2d(*size, bias=layer.bias)
    return nn.ConvTranspose2d(*size, layer.output_padding, bias=layer.bias)
