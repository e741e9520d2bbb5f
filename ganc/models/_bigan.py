"""BiGAN: an encoder learns to undo the generator, since D judges images with their latents."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc import nn
from ganc._backend import core
from ganc._options import at_least, positive
from ganc.gan import GAN, _networks
from ganc.gan._latent_model import LatentModel
from ganc.models._preset import Preset, adam, image_size, same
from ganc.nn import functional as F
from ganc.nn._inference import evaluate, without_graph
from ganc.train import register
from ganc.train._field import inside_array
from ganc.train._network import checked

__all__ = ["BiGAN"]


class _Bidirectional(GAN):
    """A GAN with an encoder, which learns with G; D judges pairs of image and latent."""

    OPTIMIZERS = {**GAN.OPTIMIZERS, "g_optimizer": ("generator", "encoder")}

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        encoder: nn.Module,
        **options: Any,
    ) -> None:
        self.encoder = checked("encoder", encoder)
        super().__init__(generator, discriminator, **options)


@register
class BiGAN(Preset, _Bidirectional):
    """Bidirectional GAN, Donahue et al. 2017: the permutation-invariant MNIST networks.

    Beside G, which makes an image of a latent, stands an encoder E, which makes a latent of an
    image. D tells pairs (x, E(x)) of real images from pairs (G(z), z) of generated ones, so that E
    and G, who both work against it, come to undo each other. Nothing compares pixels:
    reconstructions keep what images show rather than where each pixel is.

    Every network has two hidden layers; the latent goes into both of G's, and into D's second.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W). Images are in [0, 1] inside.
    latent_dim : int, default 50
        Latents are U(-1, 1).
    g_hidden, d_hidden, e_hidden : int, default 1024
        Widths of the hidden layers.
    slope : float, default 0.2
        Of leaky ReLU, in D and E.
    bn_eps : float, default 1e-8
    loss : str or GANLoss, default "non_saturating"
        D's, of which halves are averaged; G and E minimise the same with real and generated pairs
        exchanged.
    label_smoothing : float, default 0.0
    lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    weight_decay : float, default 2.5e-5
        Times the parameter is added to its gradient.
    constant_epochs, decay_epochs : int, default 200, 200
        The rate stays for so many epochs and then falls exponentially for so many.
    final_lr : float, default 0.01
        To this share of it.
    batch_size : int, default 128
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> x, _ = ganc.datasets.load_embedded(128)
    >>> gan = ganc.models.BiGAN(g_hidden=32, d_hidden=32, e_hidden=32, seed=0)
    >>> history = gan.fit(x, verbose=0)
    >>> gan.sample(4, seed=0).shape, gan.encode(x[:2]).shape, gan.reconstruct(x[:2]).shape
    ((4, 1, 28, 28), (2, 50), (2, 1, 28, 28))
    """

    source = (
        "Donahue et al. 2017, arXiv:1605.09782, section 4.1; github.com/jeffdonahue/bigan, "
        "train_mnist.sh"
    )
    deviations = (
        "D is updated first, then G and E against it on fresh latents; the code updates all at "
        "once",
        "running statistics come from training; the code takes them from 1,000 batches afterwards",
        "the code multiplies Adam's first beta by 1 - 1e-8 each step",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 50,
        g_hidden: int = 1024,
        d_hidden: int = 1024,
        e_hidden: int = 1024,
        slope: float = 0.2,
        bn_eps: float = 1e-8,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 2.5e-5,
        constant_epochs: int = 200,
        decay_epochs: int = 200,
        final_lr: float = 0.01,
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())
        at_least("constant_epochs", constant_epochs, 0)
        at_least("decay_epochs", decay_epochs, 1)
        positive("final_lr", final_lr)

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module, nn.Module]:
        """Return generator, discriminator and encoder for a configuration."""
        shape, size = image_size(c.image_shape)
        for name in ("g_hidden", "d_hidden", "e_hidden"):
            at_least(name, getattr(c, name), 1)
        encoder = nn.Sequential(
            nn.Flatten(), _linear(size, c.e_hidden), nn.LeakyReLU(c.slope),
            _linear(c.e_hidden, c.e_hidden), _norm(c.e_hidden, c), nn.LeakyReLU(c.slope),
            _linear(c.e_hidden, c.latent_dim), _HalfTanh(),
        )  # fmt: skip
        return _Generator(c, shape, size), _PairDiscriminator(c, size), encoder

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {
            "latent": "uniform",
            "pixel_range": (0.0, 1.0),
            "d_reduction": "mean",
        }

    def optimizers(self, c: SimpleNamespace) -> dict[str, Callable]:
        """Return what makes the optimizers; see `Preset.optimizers`."""
        return same(adam(c.lr, c))

    def schedule(self) -> None:
        """Let the rate fall once the constant epochs are over."""
        c = self.config
        share = (self.epoch - c["constant_epochs"] + 1) / c["decay_epochs"]
        lr = c["lr"] * c["final_lr"] ** min(max(share, 0.0), 1.0)
        for optimizer in (self.g_optimizer, self.d_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = lr
        super().schedule()

    # ---- training ----

    def judge(self, x: core.Tensor, *z: core.Tensor) -> core.Tensor:
        """Return D's logits of pairs of images and latents, as training sees them."""
        return self.discriminator(self._seen(x), *z)

    def d_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return what D minimises: real pairs are (x, E(x)), generated ones (G(z), z)."""
        z = self.noise(len(batch.x))
        fake, told = without_graph(self.generator, z), without_graph(self.encoder, batch.x)
        r, f = self.judge(batch.x, told), self.judge(fake, z)
        return self._d_loss(r, f) * 0.5, self._answers(r, f)

    def g_objective(self, batch: Any) -> core.Tensor:
        """Return what G and E minimise: D's loss, had generated pairs been the real ones."""
        z = self.noise(len(batch.x))
        f, r = self.judge(self.generator(z), z), self.judge(batch.x, self.encoder(batch.x))
        return self._d_loss(f, r) * 0.5

    # ---- what it is for ----

    def encode(self, images: ArrayLike) -> np.ndarray:
        """Return the latents of images.

        Parameters
        ----------
        images : array_like
            In a form that `fit` takes.

        Returns
        -------
        ndarray of float32, shape (N, latent_dim)
            In (-1, 1).
        """
        return evaluate(self.encoder, inside_array(self, images))

    def reconstruct(self, images: ArrayLike) -> np.ndarray:
        """Return what G makes of the latents of images.

        Parameters
        ----------
        images : array_like
            In a form that `fit` takes.

        Returns
        -------
        ndarray of float32, shape (N, C, H, W)
            In [-1, 1], as those of `sample`.
        """
        return self._of_latents(self.encode(images))

    # ---- what GAN asks for ----

    def inputs_of(self, name: str) -> tuple[tuple[int, ...], ...]:
        """Return the shapes of one sample's inputs of a network; see `Model.inputs_of`."""
        if name == "generator":
            return (self.latent_dim,)
        image = tuple(self.config["image_shape"])
        return (image, self.latent_dim) if name == "discriminator" else (image,)

    def _check_shapes(self, shapes: Any) -> None:
        LatentModel._check_shapes(self, shapes)
        z = np.zeros((2, *self.latent_dim), np.float32)
        _networks.check_discriminator(self.discriminator, shapes["x"], (z,))

    def judged(self, samples: np.ndarray, *labels: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return images and what E makes of them; see `GAN.judged`."""
        return samples, evaluate(self.encoder, samples)

    def _facts(self) -> dict[str, dict[str, Any]]:
        facts = super()._facts()
        facts["loss"]["pairs"] = "D tells (x, E(x)) from (G(z), z); G and E minimise the opposite"
        return facts


class _Generator(nn.Module):
    """The latent goes into both hidden layers."""

    def __init__(self, c: SimpleNamespace, shape: tuple[int, int, int], size: int) -> None:
        super().__init__()
        width = c.g_hidden
        self.first = nn.Sequential(_linear(c.latent_dim, width), _norm(width, c), nn.ReLU())
        self.second, self.again = _linear(width, width), _linear(c.latent_dim, width)
        self.last = nn.Sequential(
            _norm(width, c), nn.ReLU(), _linear(width, size), nn.Sigmoid(), nn.Unflatten(1, shape)
        )

    def forward(self, z: core.Tensor) -> core.Tensor:
        """Return images of latents (N, latent_dim)."""
        return self.last(self.second(self.first(z)) + self.again(z))


class _PairDiscriminator(nn.Module):
    """The latent goes into the second hidden layer; the last layer begins at zero."""

    def __init__(self, c: SimpleNamespace, size: int) -> None:
        super().__init__()
        width = c.d_hidden
        self.image = nn.Sequential(
            nn.Flatten(), _linear(size, width), nn.LeakyReLU(c.slope), _linear(width, width)
        )
        self.latent = _linear(c.latent_dim, width)
        self.joint = nn.Sequential(_norm(width, c), nn.LeakyReLU(c.slope))
        self.head = nn.Linear(width, 1, bias=False)
        nn.init.zeros_(self.head.weight)

    def features(self, x: core.Tensor, z: core.Tensor) -> core.Tensor:
        """Return the last hidden layer."""
        return self.joint(self.image(x) + self.latent(z))

    def forward(self, x: core.Tensor, z: core.Tensor) -> core.Tensor:
        """Return the logits of pairs of images (N, C, H, W) and latents (N, latent_dim)."""
        return self.head(self.features(x, z))


class _HalfTanh(nn.Module):
    """tanh(x / 2): the sigmoid, stretched to (-1, 1)."""

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Compute the output."""
        return F.sigmoid(x) * 2.0 - 1.0


def _linear(inputs: int, outputs: int) -> nn.Module:
    """Return a linear layer without bias; weights begin as N(0, 0.02)."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, 0.0, 0.02)
    return layer


def _norm(width: int, c: SimpleNamespace) -> nn.Module:
    """Return batch norm without gain and bias."""
    return nn.BatchNorm1d(width, eps=c.bn_eps, affine=False)
