"""Spectrally normalised GANs on plain convolutions: SN-DCGAN, and a relativistic one."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._options import at_least
from ganc.models._preset import Preset, doubled
from ganc.nn.utils import spectral_norm
from ganc.train import register

__all__ = ["RelativisticGAN", "SNGAN"]


@register
class SNGAN(Preset):
    """SN-DCGAN, Miyato et al. 2018: every layer of D has a spectral norm of 1.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 32, 32)
        (C, H, W); sides are multiples of 8, or of 4 with one layer less in both networks.
    latent_dim : int, default 128
        Latents are N(0, 1).
    g_channels, d_channels : int, default 64
        Of the layers next to the image.
    slope : float, default 0.1
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    n_critic : int, default 1
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.SNGAN((1, 28, 28), g_channels=4, d_channels=4, seed=0)
    >>> gan.sample(2, seed=0).shape
    (2, 1, 28, 28)
    """

    source = (
        "Miyato et al. 2018, arXiv:1802.05957, table 3; github.com/google/compare_gan, sndcgan.py"
    )
    deviations = (
        "sides that are multiples of 4 only, such as 28, have two doublings instead of three",
        "initial weights are N(0, 0.02), biases 0, as compare_gan has them",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        *,
        latent_dim: int = 128,
        g_channels: int = 64,
        d_channels: int = 64,
        slope: float = 0.1,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        n_critic: int = 1,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        return sndcgan_networks(c)

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"n_critic": c.n_critic}


@register
class RelativisticGAN(Preset):
    """Relativistic average GAN, Jolicoeur-Martineau 2018: D compares each sample with the others.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 32, 32)
        (C, H, W); sides are multiples of 8, or of 4 with one layer less in both networks.
    latent_dim : int, default 128
        Latents are N(0, 1).
    g_channels, d_channels : int, default 64
        Of the layers next to the image.
    slope : float, default 0.1
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "relativistic_average"
        Or "relativistic", "relativistic_average_ls" and others.
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 32
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.RelativisticGAN((1, 28, 28), g_channels=4, d_channels=4, seed=0)
    >>> gan.loss
    RelativisticAverage()
    """

    source = "Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4 and appendix D"
    deviations = SNGAN.deviations

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        *,
        latent_dim: int = 128,
        g_channels: int = 64,
        d_channels: int = 64,
        slope: float = 0.1,
        loss: str = "relativistic_average",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 32,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        return sndcgan_networks(c)


def sndcgan_networks(c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
    """Return SN-DCGAN's networks."""
    (channels, *_), n, first = doubled(c.image_shape)
    up = [at_least("g_channels", c.g_channels, 1) << i for i in range(n + 1)]
    layers: list[nn.Module] = [
        nn.Linear(c.latent_dim, up[n] * first[0] * first[1]),
        nn.BatchNorm1d(up[n] * first[0] * first[1]), nn.ReLU(),
        nn.Unflatten(1, (up[n], *first)),
    ]  # fmt: skip
    for wide, narrow in zip(up[:0:-1], up[-2::-1], strict=True):
        layers += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1), nn.BatchNorm2d(narrow), nn.ReLU()]
    generator = nn.Sequential(*layers, nn.ConvTranspose2d(up[0], channels, 3, 1, 1), nn.Tanh())
    down = [at_least("d_channels", c.d_channels, 1) << i for i in range(n + 1)]
    layers = [nn.Conv2d(channels, down[0], 3, 1, 1), nn.LeakyReLU(c.slope)]
    for narrow, wide in zip(down, down[1:], strict=False):
        layers += [
            nn.Conv2d(narrow, wide, 4, 2, 1), nn.LeakyReLU(c.slope),
            nn.Conv2d(wide, wide, 3, 1, 1), nn.LeakyReLU(c.slope),
        ]  # fmt: skip
    head = nn.Linear(down[n] * first[0] * first[1], 1)
    discriminator = nn.Sequential(*layers, nn.Flatten(), head)
    for network in (generator, discriminator):
        _initialise(network)
    for layer in discriminator.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            spectral_norm(layer)
    return generator, discriminator


def _initialise(network: nn.Module) -> None:
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            nn.init.zeros_(layer.bias)
