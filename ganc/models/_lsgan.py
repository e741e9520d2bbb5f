"""The least-squares GAN."""

from ganc.models._dcgan import DCGANNetworks
from ganc.train import register

__all__ = ["LSGAN"]


@register
class LSGAN(DCGANNetworks):
    """Least Squares GAN, Mao et al. 2017: D's answers are pulled to 1 and 0, not classified.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 64, 64)
        (C, H, W). Sides are 4 to 7 times a power of two, such as 28, 32, 64.
    latent_dim : int, default 1024
        Latents are N(0, 1).
    g_channels, d_channels : int, default 64
        Of the layers next to the image.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "lsgan"
    label_smoothing : float, default 0.0
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
    >>> gan = ganc.models.LSGAN((1, 8, 8), g_channels=4, d_channels=4, seed=0)
    >>> gan.loss
    LSGAN()
    """

    source = "Mao et al. 2017, arXiv:1611.04076, equation 9"
    deviations = (
        "networks are DCGAN's of PyTorch's example; the paper's have two more layers that keep "
        "the size of the maps, for images of 112 pixels",
        "the paper trains with a rate of 1e-3 on scenes and of 2e-4 on characters",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 64, 64),
        *,
        latent_dim: int = 1024,
        g_channels: int = 64,
        d_channels: int = 64,
        slope: float = 0.2,
        loss: str = "lsgan",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())
