"""The GAN with the hinge loss, before spectral norm made it famous."""

from collections.abc import Callable
from types import SimpleNamespace

from ganc.models._dcgan import DCGANNetworks
from ganc.models._preset import rmsprop, same
from ganc.train import register

__all__ = ["HingeGAN"]


@register
class HingeGAN(DCGANNetworks):
    """Geometric GAN, Lim and Ye 2017: D separates with a margin, as a support vector machine does.

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
    loss : str or GANLoss, default "hinge"
    label_smoothing : float, default 0.0
    lr : float, default 2e-4
        Of both RMSprops.
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.HingeGAN((1, 8, 8), g_channels=4, d_channels=4, seed=0)
    >>> gan.loss
    Hinge()
    """

    source = "Lim and Ye 2017, arXiv:1705.02894"
    deviations = (
        "networks are DCGAN's of PyTorch's example, in which the paper's differ in small ways",
        "the paper also decays the weights of D's last layer, which bounds its norm",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 64, 64),
        *,
        latent_dim: int = 100,
        g_channels: int = 64,
        d_channels: int = 64,
        slope: float = 0.2,
        loss: str = "hinge",
        label_smoothing: float = 0.0,
        lr: float = 2e-4,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def optimizers(self, c: SimpleNamespace) -> dict[str, Callable]:
        """Return what makes the optimizers; see `Preset.optimizers`."""
        return same(rmsprop(c.lr))
