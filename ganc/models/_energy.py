"""What discriminators that are autoencoders share."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc import nn
from ganc._backend import core
from ganc._options import choose
from ganc.models._preset import Preset
from ganc.nn._inference import evaluate
from ganc.train._field import evaluation_array

__all__ = ["ENERGIES", "AutoencodingPreset", "EnergyAutoencoder"]


def _norm(x: core.Tensor) -> core.Tensor:
    """Return lengths of rows, with a derivative where they are 0."""
    return core.sqrt(core.clamp_scalar(core.sum(core.square(x), (1,), True), 1e-12, float("inf")))


ENERGIES = {
    "mean_square": lambda x: core.mean(core.square(x), (1,), True),
    "mean_abs": lambda x: core.mean(core.abs(x), (1,), True),
    "norm": _norm,
}


class EnergyAutoencoder(nn.Module):
    """A network whose answer to a sample is how badly it reconstructs it."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, energy: str) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.energy = choose("energy", energy, ENERGIES)

    def features(self, x: core.Tensor) -> core.Tensor:
        """Return the code."""
        return self.encoder(x)

    def reconstruct(self, x: core.Tensor) -> core.Tensor:
        """Return what the decoder makes of the code."""
        return self.decoder(self.encoder(x))

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Return the energy of each sample, (N, 1)."""
        return ENERGIES[self.energy]((self.reconstruct(x) - x).flatten(1))


class AutoencodingPreset(Preset):
    """A GAN whose D is an `EnergyAutoencoder`."""

    discriminator: Any

    def reconstruct(self, x: ArrayLike) -> np.ndarray:
        """Return what D, an autoencoder, makes of images.

        Parameters
        ----------
        x : array_like
            Images, in a form that `fit` takes.

        Returns
        -------
        ndarray of float32, shape (N, C, H, W)
            As D makes them: not held in [-1, 1].
        """
        both = nn.Sequential(self.discriminator.encoder, self.discriminator.decoder)
        return evaluate(both, evaluation_array(self, x, 2**62))
