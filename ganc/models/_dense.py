"""The dense GAN with batch norm that coursework hands out."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc.models._keras import glorot
from ganc.models._preset import Preset, image_size, widths
from ganc.train import register

__all__ = ["DenseGAN"]


@register
class DenseGAN(Preset):
    """Dense layers, batch norm after the ReLU in G, leaky ReLU in D: the MNIST lesson in Keras.

    D's loss is the mean over the concatenation of real and fake samples, that is half the sum of
    the two halves.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W).
    latent_dim : int, default 100
        Latents are N(0, 1).
    g_hidden, d_hidden : tuple of int, default (128, 256, 512), (512, 256)
        Widths of the hidden layers.
    slope : float, default 0.2
        Of leaky ReLU.
    dropout : float, default 0.0
        Probability that D drops a value; the lesson has none.
    bn_eps : float, default 1e-3
        Keras's.
    bn_momentum : float, default 0.01
        Weight of the new statistic, as in PyTorch; 1 - 0.99 of Keras.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
        The lesson recommends 0.1.
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-7
        Of both Adams; eps is Keras's.
    d_reduction : {"mean", "sum"}, default "mean"
    batch_size : int, default 128
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.DenseGAN(seed=0)
    >>> gan.describe().to_dict()["parameters"]["generator"]
    {'total': 583312, 'running_statistics': 1792}
    """

    source = "the MNIST lesson of GAN courses (Keras: Dense + BatchNormalization), 10,000 steps"
    deviations = (
        "one generator: the handed-out script trains another object than the one it samples from",
        "the generator makes fakes for D's update with batch statistics, where generator.predict "
        "of the script uses the running ones",
        "D gives logits; the sigmoid and the cross-entropy are one operation, without Keras's "
        "clipping of probabilities at 1e-7",
        "Adam adds eps after the correction of the bias, as in the paper; Keras's adds it before",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 100,
        g_hidden: tuple[int, ...] = (128, 256, 512),
        d_hidden: tuple[int, ...] = (512, 256),
        slope: float = 0.2,
        dropout: float = 0.0,
        bn_eps: float = 1e-3,
        bn_momentum: float = 0.01,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-7,
        d_reduction: str = "mean",
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, size = image_size(c.image_shape)
        layers, width = [], c.latent_dim
        for hidden in widths("g_hidden", c.g_hidden):
            norm = nn.BatchNorm1d(hidden, eps=c.bn_eps, momentum=c.bn_momentum)
            layers += [nn.Linear(width, hidden), nn.ReLU(), norm]
            width = hidden
        layers += [nn.Linear(width, size), nn.Tanh(), nn.Unflatten(1, shape)]
        generator = nn.Sequential(*layers)
        layers, width = [nn.Flatten()], size
        for hidden in widths("d_hidden", c.d_hidden):
            layers += [nn.Linear(width, hidden), nn.LeakyReLU(c.slope)]
            layers += [nn.Dropout(c.dropout)] if c.dropout else []
            width = hidden
        discriminator = nn.Sequential(*layers, nn.Linear(width, 1))
        glorot(generator, discriminator)
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"d_reduction": c.d_reduction}
