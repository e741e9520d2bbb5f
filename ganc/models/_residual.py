"""Residual blocks of generators and discriminators, as spectrally normalised GANs have them."""

from collections.abc import Callable
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc.nn import functional as F
from ganc.nn.utils import spectral_norm

__all__ = ["Critic", "Generator"]

_Norm = Callable[[int], nn.Module]


class _Up(nn.Module):
    """norm, ReLU, doubled maps, 3x3, norm, ReLU, 3x3; beside it doubled maps, 1x1."""

    def __init__(self, inputs: int, outputs: int, norm: _Norm) -> None:
        super().__init__()
        self.norm1, self.norm2 = norm(inputs), norm(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return maps of twice the size."""
        h = self.conv1(_doubled(F.relu(self.norm1(x, *labels))))
        h = self.conv2(F.relu(self.norm2(h, *labels)))
        return h + _doubled(self.shortcut(x))


class _Down(nn.Module):
    """ReLU, 3x3, ReLU, 3x3, halved maps if asked for; beside it 1x1 where something changes.

    The first block of a critic has no ReLU at its beginning, and halves before its 1x1.
    """

    def __init__(self, inputs: int, outputs: int, *, halves: bool, first: bool = False) -> None:
        super().__init__()
        self.halves, self.first = halves, first
        self.conv1 = spectral_norm(nn.Conv2d(inputs, outputs, 3, 1, 1))
        self.conv2 = spectral_norm(nn.Conv2d(outputs, outputs, 3, 1, 1))
        self.shortcut = None
        if halves or inputs != outputs:
            self.shortcut = spectral_norm(nn.Conv2d(inputs, outputs, 1))

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Return maps, halved where `halves`."""
        h = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        if self.first:
            x = F.avg_pool2d(x, 2)
        if self.shortcut is not None:
            x = self.shortcut(x)
        if not self.halves:
            return h + x
        return F.avg_pool2d(h, 2) + (x if self.first else F.avg_pool2d(x, 2))


class Generator(nn.Module):
    """Maps of a latent, doubled by residual blocks; batch norm is one for each class if there are.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of an image.
    latent_dim : int
    channels : int
    doublings : int
    classes : int, default 0
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        latent_dim: int,
        channels: int,
        doublings: int,
        classes: int = 0,
    ) -> None:
        super().__init__()
        size = shape[1] >> doublings, shape[2] >> doublings

        def norm(n: int) -> nn.Module:
            return nn.ConditionalBatchNorm2d(n, classes) if classes else nn.BatchNorm2d(n)

        self.first = nn.Linear(latent_dim, channels * size[0] * size[1])
        self.start = nn.Unflatten(1, (channels, *size))
        self.blocks = nn.ModuleList(_Up(channels, channels, norm) for _ in range(doublings))
        self.norm = nn.BatchNorm2d(channels)
        self.last = nn.Conv2d(channels, shape[0], 3, 1, 1)
        _initialise(self)

    def forward(self, z: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return images (N, C, H, W) in [-1, 1] of latents, and labels where there are classes."""
        h = self.start(self.first(z))
        for block in self.blocks:
            h = block(h, *labels)
        return core.tanh(self.last(F.relu(self.norm(h))))


class Critic(nn.Module):
    """Residual blocks, two of which halve the maps, summed over these, and a linear layer.

    With classes the label's vector, times the features, is added (Miyato and Koyama 2018).

    Parameters
    ----------
    shape : tuple of int
    channels : int
    classes : int, default 0
    """

    def __init__(self, shape: tuple[int, int, int], channels: int, classes: int = 0) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            _Down(shape[0], channels, halves=True, first=True),
            _Down(channels, channels, halves=True),
            _Down(channels, channels, halves=False),
            _Down(channels, channels, halves=False),
        )
        self.last = nn.Linear(channels, 1)
        self.of_class = nn.Embedding(classes, channels) if classes else None
        _initialise(self)
        spectral_norm(self.last)
        if self.of_class is not None:
            spectral_norm(self.of_class)

    def features(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return the last hidden layer (N, channels)."""
        return core.sum(F.relu(self.blocks(x)), (2, 3))

    def forward(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return logits (N, 1)."""
        h = self.features(x)
        logits = self.last(h)
        if self.of_class is None:
            return logits
        return logits + core.sum(self.of_class(labels[0]) * h, (1,), True)


def _doubled(x: core.Tensor) -> core.Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def _initialise(network: Any) -> None:
    """Draw Glorot's uniform weights, times sqrt(2) in 3x3 convolutions; biases are 0."""
    for name, layer in network.named_modules():
        weight = getattr(layer, "weight_orig", getattr(layer, "weight", None))
        if isinstance(layer, (nn.Conv2d, nn.Linear, nn.Embedding)):
            inside = name.endswith(("conv1", "conv2"))
            nn.init.xavier_uniform_(weight, 2**0.5 if inside else 1.0)
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.zeros_(layer.bias)
