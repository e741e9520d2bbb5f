"""Variational autoencoders to compare GANs with."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc.models._keras import conv_transpose, glorot, start_size
from ganc.models._preset import Configured, adam, image_size, widths
from ganc.models._variational import Variational
from ganc.train import register

__all__ = ["VAE", "ConvVAE"]


@register
class VAE(Configured, Variational):
    """The fully connected variational autoencoder: 784-400-20-400-784.

    No GAN: an encoder maps images to normal distributions of latents, a decoder maps latents drawn
    from them back, and both minimise the negative evidence lower bound. Data, training, samples and
    files are those of a GAN. Images are in [0, 1] inside; `fit` and `sample` convert.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W).
    latent_dim : int, default 20
        Latents are N(0, 1).
    hidden : tuple of int, default (400,)
        Widths of the encoder's hidden layers; the decoder mirrors them.
    lr : float, default 1e-3
    betas, eps : default (0.9, 0.999), 1e-8
        Of Adam.
    kl : {"analytic", "sample"}, default "analytic"
        The divergence of q(z|x) from N(0, 1) in closed form, or estimated by the z that was drawn.
    reduction : {"sum", "mean"}, default "sum"
        What is minimised: the sum over the batch, or its mean. Recorded is the mean.
    binarize : bool, default False
        Pixels above 1/2 become 1, others 0.
    batch_size : int, default 128
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> x, _ = ganc.datasets.load_embedded(256)
    >>> vae = ganc.models.VAE(seed=0)
    >>> history = vae.fit(x, epochs=1, verbose=0)
    >>> list(history.history)
    ['loss', 'recon', 'kl', 'grad_norm']
    >>> vae.sample(4, seed=0).shape, vae.reconstruct(x[:2]).shape, vae.encode(x[:2]).shape
    ((4, 1, 28, 28), (2, 1, 28, 28), (2, 20))
    """

    source = "github.com/pytorch/examples, vae/main.py; Kingma and Welling 2014, arXiv:1312.6114"
    deviations = (
        "means and log variances come from one linear layer of both widths; the numbers are the "
        "same",
        "the decoder gives logits; the sigmoid and the cross-entropy are one operation, without "
        "PyTorch's clipping of logarithms at -100",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 20,
        hidden: tuple[int, ...] = (400,),
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        kl: str = "analytic",
        reduction: str = "sum",
        binarize: bool = False,
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return encoder and decoder for a configuration."""
        shape, size = image_size(c.image_shape)
        hidden = widths("hidden", c.hidden)
        encoder = _mlp((size, *hidden, 2 * c.latent_dim))
        decoder = _mlp((c.latent_dim, *reversed(hidden), size))
        return nn.Sequential(nn.Flatten(), *encoder), nn.Sequential(
            *decoder, nn.Unflatten(1, shape)
        )

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of the base class besides networks and seed."""
        return super().options(c) | {
            "optimizer": adam(c.lr, c),
            "kl": c.kl,
            "reduction": c.reduction,
            "binarize": c.binarize,
        }


@register
class ConvVAE(VAE):
    """The convolutional variational autoencoder of TensorFlow's tutorial, with two latents.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W); H and W are multiples of 4.
    latent_dim : int, default 2
        Latents are N(0, 1).
    e_channels : tuple of int, default (32, 64)
        Of the encoder's layers, 3x3 with stride 2 and without padding.
    d_channels : tuple of int, default (32, 64, 32)
        Of the maps that the decoder makes of the latent, and of each layer that doubles them.
    lr : float, default 1e-4
    betas, eps : default (0.9, 0.999), 1e-7
        Of Adam: Keras's.
    kl : {"sample", "analytic"}, default "sample"
        The divergence of q(z|x) from N(0, 1) estimated by the z that was drawn, or in closed form.
    reduction : {"mean", "sum"}, default "mean"
        What is minimised: the mean over the batch, or its sum. Recorded is the mean.
    binarize : bool, default True
        Pixels above 1/2 become 1, others 0.
    batch_size : int, default 32
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> vae = ganc.models.ConvVAE(seed=0)
    >>> vae.sample(4, seed=0).shape, vae.describe().to_dict()["parameters"]["encoder"]["total"]
    ((4, 1, 28, 28), 28036)
    """

    source = "github.com/tensorflow/docs, cvae.ipynb (Convolutional Variational Autoencoder)"
    deviations = (
        "log q(z|x) - log p(z) is written with the noise, (z - mean)**2 / var = noise**2",
        "Adam adds eps after the correction of the bias, as in the paper; Keras's adds it before",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 2,
        e_channels: tuple[int, ...] = (32, 64),
        d_channels: tuple[int, ...] = (32, 64, 32),
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-7,
        kl: str = "sample",
        reduction: str = "mean",
        binarize: bool = True,
        batch_size: int = 32,
        seed: int | None = None,
    ) -> None:
        Configured.__init__(self, locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return encoder and decoder for a configuration."""
        shape, _ = image_size(c.image_shape)
        networks = _conv_encoder(c, shape), _conv_decoder(c, shape)
        glorot(*networks)
        return networks


def _conv_encoder(c: SimpleNamespace, shape: tuple[int, int, int]) -> nn.Module:
    layers: list[nn.Module] = []
    channels, height, width = shape
    for i, wanted in enumerate(widths("e_channels", c.e_channels)):
        if min(height, width) < 3:
            raise ValueError(
                f"image_shape: got {shape}; layer {i + 1} of the encoder (3x3) would get maps of "
                f"{height}x{width}; take larger images, or fewer e_channels"
            )
        layers += [nn.Conv2d(channels, wanted, 3, 2), nn.ReLU()]
        channels, height, width = wanted, (height - 1) // 2, (width - 1) // 2
    head = nn.Linear(channels * height * width, 2 * c.latent_dim)
    return nn.Sequential(*layers, nn.Flatten(), head)


def _conv_decoder(c: SimpleNamespace, shape: tuple[int, int, int]) -> nn.Module:
    first, *others = widths("d_channels", c.d_channels)
    height, width = size = start_size(shape, len(others), "decoder's first layer (Linear)")
    layers: list[nn.Module] = [nn.Linear(c.latent_dim, first * height * width), nn.ReLU()]
    layers.append(nn.Unflatten(1, (first, *size)))
    channels = first
    for wanted in others:
        layers += [conv_transpose(channels, wanted, 3, 2), nn.ReLU()]
        channels = wanted
    return nn.Sequential(*layers, conv_transpose(channels, shape[0], 3, 1))


def _mlp(sizes: tuple[int, ...]) -> list[nn.Module]:
    """Return linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for a, b in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return layers[:-1]
