"""Variational autoencoders to compare GANs with."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc.models._preset import Configured, adam, image_size, widths
from ganc.models._variational import Variational

__all__ = ["VAE"]


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


def _mlp(sizes: tuple[int, ...]) -> list[nn.Module]:
    """Return linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for a, b in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return layers[:-1]
