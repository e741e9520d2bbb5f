"""MGAN: a mixture of generators, kept apart by a classifier."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least, finite
from ganc.models._dcgan import initialise
from ganc.models._heads import TwoHeads
from ganc.models._preset import doubled
from ganc.models._several import Generators, SeveralGenerators, numbers_of
from ganc.nn import functional as F
from ganc.train import register

__all__ = ["MGAN"]


@register
class MGAN(SeveralGenerators):
    """Mixture GAN, Hoang et al. 2018: k generators, and a classifier that tells them apart.

    The generators share all layers but the first; D and the classifier share all but the last. G
    minimises its loss plus beta times the classifier's, so each generator makes what is easily
    known as its own.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 32, 32)
        (C, H, W); sides are multiples of 8, or of 4 with one layer less.
    features : int, optional
        Points of so many values instead of images: one hidden layer of 128 of each generator's own,
        another shared, and two in D.
    generators : int, default 10
        k. ``sample(n, labels=2)`` asks the third; by default each in turn.
    per_generator : int, default 12
        Samples that each makes in a step, of the same latents.
    beta : float, default 0.01
        Times the classifier's cross-entropy in G's loss.
    latent_dim : int, default 100
        Latents are U(-1, 1).
    channels : int, default 128
        Of the layers next to the image, in both networks.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.MGAN((1, 28, 28), generators=3, channels=4, seed=0)
    >>> gan.sample(5, labels=2, seed=0).shape
    (5, 1, 28, 28)
    """

    source = "Hoang et al. 2018, openreview.net/forum?id=rkmu5b0a-; github.com/qhoangdl/MGAN"
    deviations = (
        "sides that are multiples of 4 only, such as 28, have two doublings instead of three",
        "the networks for points are ganc's, of the size of the paper's",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        *,
        features: int | None = None,
        generators: int = 10,
        per_generator: int = 12,
        beta: float = 0.01,
        latent_dim: int = 100,
        channels: int = 128,
        slope: float = 0.2,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        k = at_least("generators", c.generators, 2)
        at_least("per_generator", c.per_generator, 1)
        finite("beta", c.beta, 0.0)
        if c.features is not None:
            return _for_points(at_least("features", c.features, 1), k, c)
        (channels, *_), n, first = doubled(c.image_shape)
        ladder = [at_least("channels", c.channels, 1) << i for i in range(n)]
        size = ladder[-1] * first[0] * first[1]
        own: list[nn.Module] = [
            nn.Sequential(
                nn.Linear(c.latent_dim, size), nn.BatchNorm1d(size), nn.ReLU(),
                nn.Unflatten(1, (ladder[-1], *first)),
            )
            for _ in range(k)
        ]  # fmt: skip
        layers: list[nn.Module] = []
        for wide, narrow in zip(ladder[:0:-1], ladder[-2::-1], strict=True):
            up = nn.ConvTranspose2d(wide, narrow, 5, 2, 2, 1)
            layers += [up, nn.BatchNorm2d(narrow), nn.ReLU()]
        layers += [nn.ConvTranspose2d(ladder[0], channels, 5, 2, 2, 1), nn.Tanh()]
        generator = Generators(nn.Identity(), own, nn.Sequential(*layers))
        trunk: list[nn.Module] = []
        for narrow, wide in zip([channels, *ladder], ladder, strict=False):
            conv = nn.Conv2d(narrow, wide, 5, 2, 2)
            trunk += [conv, nn.BatchNorm2d(wide), nn.LeakyReLU(c.slope)]
        discriminator = TwoHeads(nn.Sequential(*trunk, nn.Flatten()), size, k)
        initialise(generator, discriminator)
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"latent": "uniform"}

    def d_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return D's loss plus the classifier's, on the samples that G is about to learn on."""
        (real,) = batch
        z = self.noise(self.config["per_generator"])
        fake = self.passed["shared"] = self.generator.everyone(z)
        r = self.judge(real)
        f, makers = self.discriminator.both(self._seen(fake.detach()))
        of_maker = F.cross_entropy(makers, numbers_of(self.classes, len(z)))
        report = self._answers(r, f) | {"d_class_loss": of_maker}
        return self._d_loss(r, f) + of_maker, report

    def g_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return G's loss plus beta times the classifier's."""
        fake = self.passed.pop("shared")
        f, makers = self.discriminator.both(self._seen(fake))
        numbers = numbers_of(self.classes, len(fake) // self.classes)
        of_maker = F.cross_entropy(makers, numbers)
        return self.loss.g_loss(f, None) + of_maker * self.config["beta"], {
            "g_class_loss": of_maker
        }


def _for_points(features: int, k: int, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
    own: list[nn.Module] = [
        nn.Sequential(nn.Linear(c.latent_dim, 128), nn.ReLU()) for _ in range(k)
    ]
    behind = nn.Sequential(nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, features))
    trunk = nn.Sequential(
        nn.Linear(features, 128), nn.LeakyReLU(c.slope), nn.Linear(128, 128), nn.LeakyReLU(c.slope)
    )
    return Generators(nn.Identity(), own, behind), TwoHeads(trunk, 128, k)
