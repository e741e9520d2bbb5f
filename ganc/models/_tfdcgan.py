"""The DCGAN of TensorFlow's tutorial."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc.models._keras import conv, conv_transpose, glorot, start_size
from ganc.models._preset import Preset, image_size, widths
from ganc.train import register

__all__ = ["TFDCGAN"]


@register
class TFDCGAN(Preset):
    """The network of TensorFlow's DCGAN tutorial: 5x5 kernels, leaky ReLU, dropout in D.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W); H and W are multiples of 4.
    latent_dim : int, default 100
        Latents are N(0, 1).
    g_channels : tuple of int, default (256, 128, 64)
        Of the maps that G makes of the latent, of a layer that keeps their size, and of each that
        doubles them; the last layer doubles them, too.
    d_channels : tuple of int, default (64, 128)
        Of each layer of D, which halve the maps.
    slope : float, default 0.3
        Of leaky ReLU.
    dropout : float, default 0.3
        Probability that D drops a value.
    bn_eps : float, default 1e-3
        Keras's.
    bn_momentum : float, default 0.01
        Weight of the new statistic, as in PyTorch; 1 - 0.99 of Keras.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 1e-4
    betas, eps : default (0.9, 0.999), 1e-7
        Of both Adams: Keras's.
    same_fakes : bool, default True
        G learns on the fakes that D has just learned on.
    batch_size : int, default 256
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents, dropout and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.TFDCGAN(seed=0)
    >>> [sum(p.numel() for p in net.parameters()) for net in (gan.generator, gan.discriminator)]
    [2305472, 212865]
    """

    source = "github.com/tensorflow/docs, dcgan.ipynb (Deep Convolutional GAN), 50 epochs"
    deviations = (
        "D is updated before G's gradient is taken; the tutorial takes both gradients first",
        "Adam adds eps after the correction of the bias, as in the paper; Keras's adds it before",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 100,
        g_channels: tuple[int, ...] = (256, 128, 64),
        d_channels: tuple[int, ...] = (64, 128),
        slope: float = 0.3,
        dropout: float = 0.3,
        bn_eps: float = 1e-3,
        bn_momentum: float = 0.01,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 1e-4,
        d_lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-7,
        same_fakes: bool = True,
        batch_size: int = 256,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, _ = image_size(c.image_shape)
        networks = _generator(c, shape), _discriminator(c, shape)
        glorot(*networks)
        return networks

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"same_fakes": c.same_fakes}


def _generator(c: SimpleNamespace, shape: tuple[int, int, int]) -> nn.Module:
    first, *others = widths("g_channels", c.g_channels)
    doublings = max(len(others), 1)
    height, width = size = start_size(shape, doublings, "generator's first layer (Linear)")
    kept = {"eps": c.bn_eps, "momentum": c.bn_momentum}
    layers: list[nn.Module] = [nn.Linear(c.latent_dim, first * height * width, bias=False)]
    layers += [nn.BatchNorm1d(first * height * width, **kept), nn.LeakyReLU(c.slope)]
    layers.append(nn.Unflatten(1, (first, *size)))
    channels = first
    for i, wanted in enumerate(others):
        layers.append(conv_transpose(channels, wanted, 5, 2 if i else 1, bias=False))
        layers += [nn.BatchNorm2d(wanted, **kept), nn.LeakyReLU(c.slope)]
        channels = wanted
    return nn.Sequential(*layers, conv_transpose(channels, shape[0], 5, 2, bias=False), nn.Tanh())


def _discriminator(c: SimpleNamespace, shape: tuple[int, int, int]) -> nn.Module:
    layers: list[nn.Module] = []
    channels, size = shape[0], shape[1:]
    for wanted in widths("d_channels", c.d_channels):
        layer, size = conv(channels, wanted, 5, 2, size)
        layers += [layer, nn.LeakyReLU(c.slope), nn.Dropout(c.dropout)]
        channels = wanted
    head = nn.Linear(channels * size[0] * size[1], 1)
    return nn.Sequential(*layers, nn.Flatten(), head)
