"""The multilayer-perceptron GAN that most first tutorials train."""

from types import SimpleNamespace

from ganc import nn
from ganc.models._preset import Preset, image_size, widths
from ganc.train import register

__all__ = ["VanillaGAN"]


@register
class VanillaGAN(Preset):
    """Two fully connected networks: 784-1024-512-256-1 and its mirror.

    Hidden layers are followed by leaky ReLU, those of D by dropout as well; G ends in tanh.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W).
    latent_dim : int, default 100
        Latents are N(0, 1).
    g_hidden, d_hidden : tuple of int, default (256, 512, 1024), (1024, 512, 256)
        Widths of the hidden layers.
    slope : float, default 0.2
        Of leaky ReLU.
    dropout : float, default 0.3
        Probability that D drops a value.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.9, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 100
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents, dropout and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.VanillaGAN(seed=0)
    >>> sum(p.numel() for p in gan.discriminator.parameters())
    1460225
    """

    source = "github.com/diegoalejogm/gans, notebook 1 (Vanilla GAN, PyTorch)"
    deviations = (
        "D gives logits; the sigmoid and the cross-entropy are one operation",
        "D sees real and fake samples in one pass instead of two; the loss is the same sum",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 100,
        g_hidden: tuple[int, ...] = (256, 512, 1024),
        d_hidden: tuple[int, ...] = (1024, 512, 256),
        slope: float = 0.2,
        dropout: float = 0.3,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        batch_size: int = 100,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, size = image_size(c.image_shape)
        layers, width = [], c.latent_dim
        for hidden in widths("g_hidden", c.g_hidden):
            layers += [nn.Linear(width, hidden), nn.LeakyReLU(c.slope)]
            width = hidden
        layers += [nn.Linear(width, size), nn.Tanh(), nn.Unflatten(1, shape)]
        generator = nn.Sequential(*layers)
        layers, width = [nn.Flatten()], size
        for hidden in widths("d_hidden", c.d_hidden):
            layers += [nn.Linear(width, hidden), nn.LeakyReLU(c.slope), nn.Dropout(c.dropout)]
            width = hidden
        return generator, nn.Sequential(*layers, nn.Linear(width, 1))
