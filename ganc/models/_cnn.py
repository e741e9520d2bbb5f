"""The convolutional GAN that coursework hands out."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc.models._keras import conv, conv_transpose, glorot, start_size
from ganc.models._preset import Preset, image_size, widths
from ganc.train import register

__all__ = ["CNNGAN"]


@register
class CNNGAN(Preset):
    """The convolutional lesson in Keras: transposed convolutions in G, strided ones in D.

    G makes 7x7 maps of the latent and doubles them twice, ReLU before batch norm; D halves the
    image twice. Images are in [0, 1] inside; `fit` and `sample` convert. D is updated on real
    samples and then on fakes; d_loss is the mean of both.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W); H and W are multiples of 4.
    latent_dim : int, default 100
        Latents are N(0, 1).
    g_channels : tuple of int, default (128, 128, 128)
        Of the maps that G makes of the latent, and of each layer that doubles them.
    d_channels : tuple of int, default (64, 128)
        Of each layer of D, which halve the maps.
    bn_eps : float, default 1e-3
        Keras's.
    bn_momentum : float, default 0.01
        Weight of the new statistic, as in PyTorch; 1 - 0.99 of Keras.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.9, 0.999), 1e-7
        Of both Adams: Keras's.
    d_reduction : {"separate", "mean", "sum"}, default "separate"
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.CNNGAN(seed=0)
    >>> gan.describe().to_dict()["parameters"]["discriminator"]
    {'total': 81281, 'running_statistics': 256}
    >>> gan.sample(2, seed=0).shape
    (2, 1, 28, 28)
    """

    source = (
        "the convolutional lesson of GAN courses (GAN with TensorFlow; Keras: Conv2DTranspose), "
        "10,000 steps"
    )
    deviations = (
        "the generator makes fakes for D's update with batch statistics, where generator.predict "
        "of such scripts uses the running ones",
        "D gives logits; the sigmoid and the cross-entropy are one operation, without Keras's "
        "clipping of probabilities at 1e-7",
        "Adam adds eps after the correction of the bias, as in the paper; Keras's adds it before",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 100,
        g_channels: tuple[int, ...] = (128, 128, 128),
        d_channels: tuple[int, ...] = (64, 128),
        bn_eps: float = 1e-3,
        bn_momentum: float = 0.01,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-7,
        d_reduction: str = "separate",
        batch_size: int = 64,
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
        return super().options(c) | {"d_reduction": c.d_reduction, "pixel_range": (0.0, 1.0)}


def _norm(c: SimpleNamespace, channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=c.bn_eps, momentum=c.bn_momentum)


def _generator(c: SimpleNamespace, shape: tuple[int, int, int]) -> nn.Module:
    first, *others = widths("g_channels", c.g_channels)
    height, width = size = start_size(shape, len(others), "generator's first layer (Linear)")
    layers: list[nn.Module] = [nn.Linear(c.latent_dim, first * height * width), nn.ReLU()]
    layers.append(nn.Unflatten(1, (first, *size)))
    channels = first
    for wanted in others:
        layers += [conv_transpose(channels, wanted, 4, 2), nn.ReLU(), _norm(c, wanted)]
        channels = wanted
    last, _ = conv(channels, shape[0], 7, 1, shape[1:])
    return nn.Sequential(*layers, last, nn.Sigmoid())


def _discriminator(c: SimpleNamespace, shape: tuple[int, int, int]) -> nn.Module:
    layers: list[nn.Module] = []
    channels, size = shape[0], shape[1:]
    for wanted in widths("d_channels", c.d_channels):
        layer, size = conv(channels, wanted, 3, 2, size)
        layers += [layer, nn.ReLU()]
        channels = wanted
    head = nn.Linear(channels * size[0] * size[1], 1)
    return nn.Sequential(*layers, _norm(c, channels), nn.Flatten(), head)
