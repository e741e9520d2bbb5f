"""Boundary equilibrium GANs: an autoencoding discriminator, held in balance with the generator."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from ganc import nn
from ganc._backend import core
from ganc._options import at_least, finite, positive
from ganc.models._energy import AutoencodingPreset, EnergyAutoencoder
from ganc.models._preset import image_size
from ganc.train import register

__all__ = ["BEGAN"]

_LARGEST = 8  # side of the maps that are not halved any more


@register
class BEGAN(AutoencodingPreset):
    """Boundary equilibrium GAN, Berthelot et al. 2017.

    D is an autoencoder whose answer L to a sample is the mean absolute error of its reconstruction.
    It minimises L(x) - k L(G(z)) and G minimises L(G(z)); after each step k becomes
    k + lambda_k (gamma L(x) - L(G(z))), kept in [0, 1]. Convolutions are 3x3 with ELU, two at each
    size; G and the decoder have n filters and double the maps by repeating pixels, the encoder has
    n more filters after each convolution with stride 2. Recorded besides: ``k``, and
    ``convergence``, the measure L(x) + abs(gamma L(x) - L(G(z))).

    Parameters
    ----------
    image_shape : tuple of int, default (3, 32, 32)
        (C, H, W). The sides are halved until the smaller is at most 8: 28, 32, 64 or 128 fit.
    latent_dim : int, default 64
        Latents are U(-1, 1); the code of D has as many numbers.
    filters : int, default 64
        n.
    gamma : float, default 0.5
        The ratio of L(G(z)) to L(x) that is aimed at, in [0, 1]: less gives sharper images and less
        variety.
    lambda_k : float, default 1e-3
        How fast k moves.
    loss : str or GANLoss, default "energy"
        Its half for G; D's is as above.
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 1e-4
    betas, eps : default (0.9, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 16
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Attributes
    ----------
    k : float
        Where the balance is; it begins at 0.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.BEGAN((1, 16, 16), latent_dim=4, filters=4, seed=0)
    >>> logs = gan.train_on_batch(ganc.ones(4, 1, 16, 16))
    >>> logs["k"] == gan.k, "convergence" in logs
    (True, True)
    """

    source = "Berthelot et al. 2017, arXiv:1703.10717; github.com/carpedm20/BEGAN-tensorflow"
    deviations = (
        "D and then G are updated, on latents of their own; the code computes both updates at once",
        "learning rates stay: the paper halves them where the convergence measure stalls, the code "
        "every 100,000 steps",
        "no skip connections and no vanishing residuals, which the paper offers; initial weights "
        "are PyTorch's",
        "convolutions with stride 2 have no activation, as in the code",
        "samples are clipped to [-1, 1], as the code's pictures are: G's last layer is linear",
        "Adam's betas are its defaults; the paper does not say them, the code takes 0.5",
    )
    k = 0.0

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        *,
        latent_dim: int = 64,
        filters: int = 64,
        gamma: float = 0.5,
        lambda_k: float = 1e-3,
        loss: str = "energy",
        label_smoothing: float = 0.0,
        g_lr: float = 1e-4,
        d_lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        batch_size: int = 16,
        seed: int | None = None,
    ) -> None:
        if not 0 < positive("gamma", gamma) <= 1:
            raise ValueError(f"gamma: got {gamma}, expected a number above 0 and at most 1")
        finite("lambda_k", lambda_k, 0.0)
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, halvings, last = _sizes(c.image_shape)
        n = at_least("filters", c.filters, 1)
        encoder = _encoder(shape[0], c.latent_dim, n, halvings, last)
        decoders = [_decoder(c.latent_dim, shape[0], n, halvings, last) for _ in range(2)]
        return decoders[0], EnergyAutoencoder(encoder, decoders[1], "mean_abs")

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"latent": "uniform"}

    def d_objective(self, batch: tuple) -> tuple[core.Tensor, dict[str, Any]]:
        """Return what D minimises, L(x) - k L(G(z)), and its mean answers; see `GAN`."""
        loss, report = super().d_objective(batch)
        self.passed["real"] = report["d_real"].item()
        return loss, report

    def g_objective(self, batch: tuple) -> tuple[core.Tensor, dict[str, Any]]:
        """Return what G minimises, L(G(z)), and move k; see `GAN`."""
        found = super().g_objective(batch)
        loss, report = found if isinstance(found, tuple) else (found, {})
        real, fake = self.passed["real"], loss.item() - sum(t.item() for t in report.values())
        balance = self.config["gamma"] * real - fake
        self.k = min(max(self.k + self.config["lambda_k"] * balance, 0.0), 1.0)
        return loss, report | {"k": self.k, "convergence": real + abs(balance)}

    def state(self) -> dict[str, Any]:
        """Return k and what tricks remember; see `Model.state`."""
        return super().state() | {"k": self.k}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take k back, and give tricks what they remember; see `Model.restore`."""
        super().restore(state)
        self.k = float(state.get("k", 0.0))

    def _d_loss(self, r: core.Tensor, f: core.Tensor) -> core.Tensor:
        for trick in self.tricks:
            r, f = trick.logits(self, r, f)
        return core.mean(r) - core.mean(f) * self.k

    def _of_latents(
        self, z: np.ndarray, *labels: np.ndarray, ema: bool | None = None
    ) -> np.ndarray:
        return super()._of_latents(z, *labels, ema=ema).clip(-1.0, 1.0)

    def _facts(self) -> dict[str, dict[str, Any]]:
        facts = super()._facts()
        facts["loss"]["formula"] = "D: mean r - k mean f; G: mean f."
        facts["loss"]["source"] = "Berthelot et al. 2017, arXiv:1703.10717, section 3.4"
        return facts


def _sizes(image_shape: Any) -> tuple[tuple[int, int, int], int, tuple[int, int]]:
    """Return the image's shape, how often it is halved, and the size that is left."""
    shape, _ = image_size(image_shape)
    height, width = shape[1:]
    halvings = 0
    while min(height, width) > _LARGEST:
        if height % 2 or width % 2:
            raise ValueError(
                f"image_shape: got {shape}; {height}x{width} maps cannot be halved. Expected sides "
                "that are at most 8 times a power of two, for example 28, 32, 48, 64 or 128"
            )
        height, width, halvings = height // 2, width // 2, halvings + 1
    return shape, halvings, (height, width)


def _pair(inputs: int, outputs: int) -> list[nn.Module]:
    """Return two convolutions with ELU."""
    first, second = nn.Conv2d(inputs, outputs, 3, 1, 1), nn.Conv2d(outputs, outputs, 3, 1, 1)
    return [first, nn.ELU(), second, nn.ELU()]


def _encoder(channels: int, code: int, n: int, halvings: int, last: tuple) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(channels, n, 3, 1, 1), nn.ELU()]
    width = n
    for i in range(halvings + 1):
        layers += _pair(width, n * (i + 1))
        width = n * (i + 1)
        if i < halvings:
            layers.append(nn.Conv2d(width, width, 3, 2, 1))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * last[0] * last[1], code))


def _decoder(code: int, channels: int, n: int, halvings: int, last: tuple) -> nn.Module:
    layers: list[nn.Module] = [nn.Linear(code, n * last[0] * last[1]), nn.Unflatten(1, (n, *last))]
    for i in range(halvings + 1):
        layers += _pair(n, n)
        if i < halvings:
            layers.append(nn.Upsample(scale_factor=2))
    return nn.Sequential(*layers, nn.Conv2d(n, channels, 3, 1, 1))
