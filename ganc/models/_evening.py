"""The GAN that gives the best small pictures in an evening on two cores."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least
from ganc.gan._labels import rows_of
from ganc.models import _keras
from ganc.models._preset import Preset, image_size, widths
from ganc.train import register

__all__ = ["EveningGAN"]


@register
class EveningGAN(Preset):
    """Small convolutional networks whose numbers were chosen by measurement, for minutes on a CPU.

    G makes maps of a quarter of the image's sides and doubles them twice, with a 3x3 convolution
    before each doubling; D halves twice, with a 3x3 convolution at the end. Batch norm in both, a
    quick Adam, small batches, and samples from a moving average of G. What else was tried stands in
    ``benchmarks/results/evening_search.csv``, written by ``tools/evening.py``.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W); sides are multiples of 4.
    classes : int, optional
        Makes it conditional: labels are 0 to classes - 1, an input of G, and of D by projection.
    latent_dim : int, default 64
        Latents are N(0, 1).
    g_channels : tuple of int, default (48, 24)
        Of the maps of a quarter and of half the sides.
    d_channels : tuple of int, default (24, 48)
        Of the maps of half and of a quarter of the sides.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-3
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    ema : float, default 0.999
        Decay of the moving average of G; None for none.
    same_fakes : bool, default True
        G learns on the fakes that D has just learned on.
    batch_size : int, default 32
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.EveningGAN(seed=0)
    >>> gan.sample(2, seed=0).shape
    (2, 1, 28, 28)
    """

    source = "ganc; its networks are of DCGAN's kind (Radford et al. 2016, arXiv:1511.06434)"

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        classes: int | None = None,
        latent_dim: int = 64,
        g_channels: tuple[int, int] = (48, 24),
        d_channels: tuple[int, int] = (24, 48),
        slope: float = 0.2,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-3,
        d_lr: float = 2e-3,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        ema: float | None = 0.999,
        same_fakes: bool = True,
        batch_size: int = 32,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, _ = image_size(c.image_shape)
        first = _keras.start_size(shape, 2, "generator")
        classes = 0 if c.classes is None else at_least("classes", c.classes, 1)
        a, b = _two("g_channels", c.g_channels)
        layers = [
            nn.Linear(c.latent_dim + classes, a * first[0] * first[1], bias=False),
            nn.BatchNorm1d(a * first[0] * first[1]), nn.ReLU(), nn.Unflatten(1, (a, *first)),
            nn.Conv2d(a, a, 3, padding=1, bias=False), nn.BatchNorm2d(a), nn.ReLU(),
            nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(),
            nn.Conv2d(b, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(),
            nn.ConvTranspose2d(b, shape[0], 4, 2, 1), nn.Tanh(),
        ]  # fmt: skip
        a, b = _two("d_channels", c.d_channels)
        trunk = [
            nn.Conv2d(shape[0], a, 4, 2, 1), nn.LeakyReLU(c.slope),
            nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(c.slope),
            nn.Conv2d(b, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(c.slope),
            nn.Flatten(),
        ]  # fmt: skip
        features = b * first[0] * first[1]
        if classes:
            return _OfClass(classes, layers), _Projection(classes, trunk, features)
        return nn.Sequential(*layers), nn.Sequential(*trunk, nn.Linear(features, 1))

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {
            "same_fakes": c.same_fakes,
            "classes": c.classes,
            "ema": c.ema,
        }


class _OfClass(nn.Module):
    """Layers of a latent and a label's row behind it."""

    def __init__(self, classes: int, layers: list[nn.Module]) -> None:
        super().__init__()
        self.classes, self.layers = classes, nn.Sequential(*layers)

    def forward(self, z: core.Tensor, y: core.Tensor) -> core.Tensor:
        """Return images of latents (N, L) and labels (N,), or rows of the classes' shares."""
        return self.layers(core.cat([z, rows_of(y, self.classes)], 1))


class _Projection(nn.Module):
    """A logit that is linear in the features, with weights of each class's own beside."""

    def __init__(self, classes: int, trunk: list[nn.Module], features: int) -> None:
        super().__init__()
        self.classes = classes
        self.trunk = nn.Sequential(*trunk)
        self.last, self.of_class = nn.Linear(features, 1), nn.Linear(features, classes)

    def features(self, x: core.Tensor, y: core.Tensor) -> core.Tensor:
        """Return the last hidden layer."""
        return self.trunk(x)

    def forward(self, x: core.Tensor, y: core.Tensor) -> core.Tensor:
        """Return logits (N, 1) of images and labels."""
        h = self.trunk(x)
        of_class = core.sum(self.of_class(h) * rows_of(y, self.classes), (1,), True)
        return self.last(h) + of_class


def _two(name: str, given: tuple[int, ...]) -> tuple[int, ...]:
    found = widths(name, given)
    if len(found) != 2:
        raise ValueError(f"{name}: got {found}, expected two widths")
    return found
