"""DRAGAN: a penalty around the data keeps D smooth there."""

from types import SimpleNamespace
from typing import Any

from ganc import losses
from ganc.models._dcgan import DCGANNetworks
from ganc.train import register

__all__ = ["DRAGAN"]


@register
class DRAGAN(DCGANNetworks):
    """DRAGAN, Kodali et al. 2017: DCGAN with a gradient penalty around the real samples.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 64, 64)
        (C, H, W). Sides are 4 to 7 times a power of two, such as 28, 32, 64.
    latent_dim : int, default 100
        Latents are N(0, 1).
    g_channels, d_channels : int, default 64
        Of the layers next to the image.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    penalty_weight : float, default 10.0
        Lambda.
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents, perturbations and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.DRAGAN((1, 8, 8), g_channels=4, d_channels=4, seed=0)
    >>> gan.penalties
    (DRAGAN(weight=10, every=1),)
    """

    source = "Kodali et al. 2017, arXiv:1705.07215; github.com/kodalinaveen3/DRAGAN"
    deviations = (
        "D has no batch norm: the penalty is about each sample's gradient, which batch norm mixes "
        "with those of the others",
        "networks are otherwise DCGAN's of PyTorch's example",
    )

    d_norm = False

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 64, 64),
        *,
        latent_dim: int = 100,
        g_channels: int = 64,
        d_channels: int = 64,
        slope: float = 0.2,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        penalty_weight: float = 10.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"penalty": losses.DRAGAN(c.penalty_weight)}
