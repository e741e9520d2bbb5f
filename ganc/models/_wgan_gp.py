"""WGAN-GP: a critic with a gradient penalty; the networks of its MNIST and CIFAR-10 scripts."""

import math
from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._options import at_least, choose
from ganc.losses import GradientPenalty
from ganc.models import _keras
from ganc.models._preset import Preset, image_size
from ganc.train import register

__all__ = ["WGANGP"]


@register
class WGANGP(Preset):
    """WGAN with gradient penalty, Gulrajani et al. 2017: the networks of gan_mnist.py.

    G makes 4x4 maps of the latent and doubles them three times; where the image has 28 pixels, a
    row and a column of the 8x8 maps are cut off. The networks of gan_cifar.py are ``WGANGP((3, 32,
    32), dim=128, batch_norm=True, output="tanh", batch_size=64)``.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W); sides are multiples of 4, from 20.
    latent_dim : int, default 128
        Latents are N(0, 1).
    dim : int, default 64
        Channels next to the image, in both networks.
    batch_norm : bool, default False
        In G, before ReLU.
    output : {"sigmoid", "tanh"}, default "sigmoid"
        G's last layer.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "wgan"
    label_smoothing : float, default 0.0
    penalty_weight : float, default 10.0
        Lambda.
    n_critic : int, default 5
    g_lr, d_lr : float, default 1e-4
    betas, eps : default (0.5, 0.9), 1e-8
        Of both Adams.
    batch_size : int, default 50
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents, the penalty's points and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.WGANGP(dim=8, seed=0)
    >>> gan.sample(2, seed=0).shape, gan.penalties
    ((2, 1, 28, 28), (GradientPenalty(weight=10, every=1),))
    """

    source = (
        "Gulrajani et al. 2017, arXiv:1704.00028; github.com/igul222/improved_wgan_training, "
        "gan_mnist.py and gan_cifar.py"
    )
    deviations = (
        "batch norm, where it is asked for, has PyTorch's momentum",
        "sides other than 28 and 32 change the size of D's last maps",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 128,
        dim: int = 64,
        batch_norm: bool = False,
        output: str = "sigmoid",
        slope: float = 0.2,
        loss: str = "wgan",
        label_smoothing: float = 0.0,
        penalty_weight: float = 10.0,
        n_critic: int = 5,
        g_lr: float = 1e-4,
        d_lr: float = 1e-4,
        betas: tuple[float, float] = (0.5, 0.9),
        eps: float = 1e-8,
        batch_size: int = 50,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, _ = image_size(c.image_shape)
        dim = at_least("dim", c.dim, 1)
        generator = nn.Sequential(*_generator(shape, dim, c))
        layers: list[nn.Module] = []
        channels, size = shape[0], shape[1:]
        for width in (dim, 2 * dim, 4 * dim):
            layer, size = _keras.conv(channels, width, 5, 2, size)
            layers += [layer, nn.LeakyReLU(c.slope)]
            channels = width
        head = nn.Linear(channels * size[0] * size[1], 1)
        discriminator = nn.Sequential(*layers, nn.Flatten(), head)
        _initialise(generator, discriminator)
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        output = choose("output", c.output, ("sigmoid", "tanh"))
        return super().options(c) | {
            "penalty": GradientPenalty(c.penalty_weight),
            "n_critic": c.n_critic,
            "pixel_range": (0.0, 1.0) if output == "sigmoid" else (-1.0, 1.0),
        }


def _generator(shape: tuple[int, int, int], dim: int, c: SimpleNamespace) -> list[nn.Module]:
    channels, height, width = shape
    if height % 4 or width % 4 or min(height, width) < 20:
        raise ValueError(
            f"image_shape: got {shape}, expected sides that are multiples of 4 and at least 20, "
            "such as 28 or 32: maps of a quarter of the sides are doubled twice"
        )
    first = -(-height // 8), -(-width // 8)

    def relu(kind: type, n: int) -> list[nn.Module]:
        return [kind(n), nn.ReLU()] if c.batch_norm else [nn.ReLU()]

    size = 4 * dim * first[0] * first[1]
    cut = height // 4 - 2 * first[0], width // 4 - 2 * first[1]
    return [
        nn.Linear(c.latent_dim, size), *relu(nn.BatchNorm1d, size),
        nn.Unflatten(1, (4 * dim, *first)),
        _keras.conv_transpose(4 * dim, 2 * dim, 5, 2), *relu(nn.BatchNorm2d, 2 * dim),
        *([nn.ZeroPad2d((0, cut[1], 0, cut[0]))] if any(cut) else []),
        _keras.conv_transpose(2 * dim, dim, 5, 2), *relu(nn.BatchNorm2d, dim),
        _keras.conv_transpose(dim, channels, 5, 2),
        nn.Sigmoid() if c.output == "sigmoid" else nn.Tanh(),
    ]  # fmt: skip


def _initialise(*networks: nn.Module) -> None:
    """Draw weights as the code does: Glorot's uniform ones, for convolutions times sqrt(2)."""
    for network in networks:
        for module in network.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
            elif isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                a, b, area = *module.weight.shape[:2], math.prod(module.kernel_size)
                # The strided side of the layer, its larger maps, counts a quarter.
                limit = math.sqrt(12 / (area * (a / 4 + b)))
                nn.init.uniform_(module.weight, -limit, limit)
            else:
                continue
            nn.init.zeros_(module.bias)
