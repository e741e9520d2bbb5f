"""Deep convolutional GANs: the version that everybody runs, and the paper's own."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

from ganc import nn
from ganc._options import at_least
from ganc.models._preset import Preset, image_size
from ganc.train import register

__all__ = ["DCGAN", "DCGANPaper"]


class DCGANNetworks(Preset):
    """A preset on the networks of PyTorch's example; without `d_norm` D has no batch norm."""

    d_norm: ClassVar[bool] = True

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, layers, first = pyramid(c.image_shape)
        up, down = ladder("g_channels", c, layers), ladder("d_channels", c, layers)
        body = _rising(up, shape[0], lambda a, b: nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False))
        generator = nn.Sequential(
            nn.Unflatten(1, (c.latent_dim, 1, 1)),
            nn.ConvTranspose2d(c.latent_dim, up[-1], first, bias=False),
            nn.BatchNorm2d(up[-1]), nn.ReLU(), *body,
        )  # fmt: skip
        body = _falling(
            down, shape[0], c.slope,
            lambda a, b: nn.Conv2d(a, b, 4, 2, 1, bias=not self.d_norm),
            norm=nn.BatchNorm2d if self.d_norm else None,
        )  # fmt: skip
        head = nn.Conv2d(down[-1], 1, first, bias=False)
        discriminator = nn.Sequential(*body, head, nn.Flatten())
        initialise(generator, discriminator)
        return generator, discriminator


@register
class DCGAN(DCGANNetworks):
    """The DCGAN of PyTorch's example: 4x4 kernels, batch norm, no biases.

    G makes 4x4 maps of the latent and doubles them until they have the image's size; D mirrors it.
    Each doubling halves the channels. Weights begin as N(0, 0.02), batch norm's gains as
    N(1, 0.02).

    Parameters
    ----------
    image_shape : tuple of int, default (3, 64, 64)
        (C, H, W). The sides decide how many layers there are: they are 4 to 7 times a power of
        two, such as 28, 32, 64, 96 or 128.
    latent_dim : int, default 100
        Latents are N(0, 1).
    g_channels, d_channels : int, default 64
        Of the layers next to the image.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    same_fakes : bool, default True
        G learns on the fakes that D has just learned on.
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.DCGAN(seed=0)
    >>> [sum(p.numel() for p in net.parameters()) for net in (gan.generator, gan.discriminator)]
    [3576704, 2765568]
    >>> ganc.models.DCGAN((1, 28, 28), seed=0).sample(2, seed=0).shape
    (2, 1, 28, 28)
    """

    source = (
        "github.com/pytorch/examples, dcgan/main.py (after soumith/dcgan.torch); Radford et al. "
        "2016, arXiv:1511.06434"
    )
    deviations = (
        "D gives logits; the sigmoid and the cross-entropy are one operation, without PyTorch's "
        "clipping of logarithms at -100",
        "samples come from running statistics; the example's pictures from those of their batch",
        "sides other than 64 change the number of layers, and the size of the first maps",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 64, 64),
        *,
        latent_dim: int = 100,
        g_channels: int = 64,
        d_channels: int = 64,
        slope: float = 0.2,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        same_fakes: bool = True,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"same_fakes": c.same_fakes}


@register
class DCGANPaper(Preset):
    """The DCGAN of the paper: 5x5 kernels, 1024 channels, uniform latents, weight decay.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 64, 64)
        (C, H, W). The sides decide how many layers there are: they are 4 to 7 times a power of
        two, such as 28, 32, 64, 96 or 128.
    latent_dim : int, default 100
    latent : {"uniform", "normal"}, default "uniform"
        U(-1, 1) or N(0, 1).
    g_channels, d_channels : int, default 128
        Of the layers next to the image.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    bn_eps : float, default 1e-8
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    weight_decay : float, default 1e-5
        Times the parameter is added to its gradient, as PyTorch's Adam does.
    batch_size : int, default 128
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.DCGANPaper((3, 32, 32), g_channels=16, d_channels=16, seed=0)
    >>> gan.latent, gan.sample(2, seed=0).shape
    ('uniform', (2, 3, 32, 32))
    """

    source = "Radford et al. 2016, arXiv:1511.06434; github.com/Newmu/dcgan_code, faces"
    deviations = (
        "each batch updates D, then G on fresh fakes; the code updates G on even and D on odd "
        "batches",
        "samples come from running statistics; the code has none and uses those of the batch",
        "D gives logits; the sigmoid and the cross-entropy are one operation",
        "the code multiplies Adam's first beta by 1 - 1e-8 each step",
        "sides other than 64 change the number of layers, and the size of the first maps",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 64, 64),
        *,
        latent_dim: int = 100,
        latent: str = "uniform",
        g_channels: int = 128,
        d_channels: int = 128,
        slope: float = 0.2,
        bn_eps: float = 1e-8,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-5,
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, layers, first = pyramid(c.image_shape)
        up, down = ladder("g_channels", c, layers), ladder("d_channels", c, layers)
        body = _rising(
            up, shape[0], lambda a, b: nn.ConvTranspose2d(a, b, 5, 2, 2, 1, bias=False), c.bn_eps
        )
        n = first[0] * first[1]
        generator = nn.Sequential(
            nn.Linear(c.latent_dim, up[-1] * n, bias=False),
            nn.BatchNorm1d(up[-1] * n, eps=c.bn_eps), nn.ReLU(),
            nn.Unflatten(1, (up[-1], *first)), *body,
        )  # fmt: skip
        body = _falling(
            down, shape[0], c.slope, lambda a, b: nn.Conv2d(a, b, 5, 2, 2, bias=False), c.bn_eps
        )
        discriminator = nn.Sequential(*body, nn.Flatten(), nn.Linear(down[-1] * n, 1, bias=False))
        initialise(generator, discriminator)
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"latent": c.latent}


def pyramid(image_shape: Any) -> tuple[tuple[int, int, int], int, tuple[int, int]]:
    """Return the image's shape, how often it is halved, and the size that is left, 4 to 7."""
    shape, _ = image_size(image_shape)
    height, width = shape[1:]
    layers = 0
    while min(height, width) > 7:
        layers += 1
        if height % 2 or width % 2:
            raise _misfit(
                shape,
                f"layer {layers} of the discriminator would halve {height}x{width} maps, and its "
                "mirror in the generator could not make them",
            )
        height, width = height // 2, width // 2
    if not layers:
        raise _misfit(shape, "the discriminator would have no layer that halves the image")
    return shape, layers, (height, width)


def _misfit(shape: tuple[int, ...], why: str) -> ValueError:
    return ValueError(
        f"image_shape: got {shape}; {why}. Expected sides that are 4 to 7 times a power of two and "
        "at least 8, for example 28, 32, 48, 64, 96 or 128"
    )


def ladder(name: str, c: SimpleNamespace, layers: int) -> list[int]:
    """Return the channels of the layers, beginning next to the image."""
    base = at_least(name, getattr(c, name), 1)
    return [base << i for i in range(layers)]


def _rising(
    channels: list[int], out: int, layer: Callable[[int, int], nn.Module], eps: float = 1e-5
) -> list[nn.Module]:
    """Return G's layers after the first maps: batch norm and ReLU between, tanh at the end."""
    layers: list[nn.Module] = []
    for wide, narrow in zip(channels[:0:-1], channels[-2::-1], strict=True):
        layers += [layer(wide, narrow), nn.BatchNorm2d(narrow, eps=eps), nn.ReLU()]
    return [*layers, layer(channels[0], out), nn.Tanh()]


def _falling(
    channels: list[int],
    inputs: int,
    slope: float,
    layer: Callable[[int, int], nn.Module],
    eps: float = 1e-5,
    norm: Callable[..., nn.Module] | None = nn.BatchNorm2d,
) -> list[nn.Module]:
    """Return D's layers before the last one: norms but after the first, leaky ReLU."""
    layers = [layer(inputs, channels[0]), nn.LeakyReLU(slope)]
    for narrow, wide in zip(channels, channels[1:], strict=False):
        norms = [] if norm is None else [norm(wide, eps=eps)]
        layers += [layer(narrow, wide), *norms, nn.LeakyReLU(slope)]
    return layers


def initialise(*networks: nn.Module) -> None:
    """Draw weights from N(0, 0.02) and batch norm's gains from N(1, 0.02)."""
    for network in networks:
        for module in network.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(module.weight, 0.0, 0.02)
            elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                nn.init.normal_(module.weight, 1.0, 0.02)
