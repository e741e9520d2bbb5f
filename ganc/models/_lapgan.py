"""LAPGAN: a pyramid of GANs, from a small picture to a large one."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

from ganc import nn
from ganc._backend import core
from ganc._options import at_least
from ganc.gan._labels import rows_of
from ganc.models._preset import Preset, doubled, same, sgd
from ganc.models._several import refuse_comparing
from ganc.nn import functional as F
from ganc.nn._inference import without_graph
from ganc.train import register

__all__ = ["LAPGAN"]


@register
class LAPGAN(Preset):
    """Laplacian pyramid of GANs, Denton et al. 2015: coarse to fine, three GANs.

    The first makes pictures of a quarter of the sides. Each of the others is shown a picture,
    enlarged and so blurred, and makes what is missing: the difference to the sharp one. Its D sees
    that difference beside the blurred picture.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 32, 32)
        (C, H, W); sides are multiples of 4.
    classes : int, optional
        Labels are 0 to classes - 1, an input of all networks; by default there are none.
    latent_dim : int, default 100
        Of the first GAN; those of the others are a plane of the size of their picture. All are
        U(-1, 1), and one vector to `sample_latent` and `interpolate`.
    g_hidden, d_hidden : int, default 8000, 1600
        Widths of the two hidden layers of the first GAN's networks.
    channels : int, default 64
        Of the convolutions of the others.
    class_dim : int, default 10
        What a label becomes before it is a plane.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    lr, momentum : float, default 0.02, 0.0
        Of all optimizers, stochastic gradient descent.
    batch_size : int, default 128
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents, dropout and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.LAPGAN((1, 28, 28), g_hidden=16, d_hidden=16, channels=4, seed=0)
    >>> gan.sample(2, seed=0).shape
    (2, 1, 28, 28)
    """

    source = (
        "Denton et al. 2015, arXiv:1506.05751; github.com/facebook/eyescream, "
        "train_cifar_coarse_to_fine_classcond.lua"
    )
    deviations = (
        "all three GANs learn in each step; the authors train them one by one",
        "the momentum and the decay of the rate, which the paper has, are left out, as in the code",
        "pictures are halved by means of 2 x 2 pixels and doubled bilinearly",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        *,
        classes: int | None = None,
        latent_dim: int = 100,
        g_hidden: int = 8000,
        d_hidden: int = 1600,
        channels: int = 64,
        class_dim: int = 10,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        lr: float = 0.02,
        momentum: float = 0.0,
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())
        refuse_comparing(self)

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        plan = _plan(c)
        return _Generator(plan), _Discriminator(plan)

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {
            "latent_dim": _plan(c).latents,
            "latent": "uniform",
            "classes": c.classes,
        }

    def optimizers(self, c: SimpleNamespace) -> dict[str, Callable]:
        """Return what makes the optimizers; see `Preset.optimizers`."""
        return same(sgd(c))

    def d_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return the sum of the losses of all Ds, and each."""
        real, *labels = batch
        levels, made = pyramid(real), self._made(real, labels)
        loss, report = None, {}
        for scale, (sharp, fake) in enumerate(zip(levels, made, strict=True)):
            r = self.discriminator.at(scale, *sharp, *labels)
            f = self.discriminator.at(scale, *fake, *labels)
            value = self.loss.d_loss(r, f)
            report[f"d_{_SCALES[scale]}_loss"] = value
            loss = value if loss is None else loss + value
        return loss, report | self._answers(r, f)

    def g_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return the sum of the losses of all generators, and each."""
        real, *labels = batch
        z = self.noise(len(real))
        loss, report = None, {}
        for scale, (_, coarse) in enumerate(pyramid(real)):
            made = self.generator.at(scale, z, coarse, *labels)
            value = self.loss.g_loss(self.discriminator.at(scale, made, coarse, *labels), None)
            report[f"g_{_SCALES[scale]}_loss"] = value
            loss = value if loss is None else loss + value
        return loss, report

    def _made(self, real: core.Tensor, labels: list[core.Tensor]) -> list[tuple]:
        """Return what the generators make at each scale of the real pictures' coarse ones."""
        z = self.noise(len(real))
        return [
            (without_graph(self.generator.at, scale, z, coarse, *labels), coarse)
            for scale, (_, coarse) in enumerate(pyramid(real))
        ]


_SCALES = ("coarse", "middle", "fine")


class _Plan(NamedTuple):
    """Sizes that both networks are made of."""

    channels: int
    sizes: tuple[tuple[int, int], ...]
    latent_dim: int
    g_hidden: int
    d_hidden: int
    width: int
    classes: int
    class_dim: int

    @property
    def latents(self) -> int:
        """How long one latent is: of the first GAN, and the planes of the others."""
        return self.latent_dim + sum(h * w for h, w in self.sizes[1:])

    def parts(self, z: core.Tensor) -> list[core.Tensor]:
        """Return the latent of each scale."""
        found, at = [core.narrow(z, 1, 0, self.latent_dim)], self.latent_dim
        for h, w in self.sizes[1:]:
            found.append(core.narrow(z, 1, at, h * w).reshape(len(z), 1, h, w))
            at += h * w
        return found


def _plan(c: SimpleNamespace) -> _Plan:
    (channels, height, width), *_ = doubled(c.image_shape)
    sizes = tuple((height >> k, width >> k) for k in (2, 1, 0))
    names = ("latent_dim", "g_hidden", "d_hidden", "channels")
    counts = [at_least(name, getattr(c, name), 1) for name in names]
    classes = 0 if c.classes is None else at_least("classes", c.classes, 1)
    return _Plan(channels, sizes, *counts, classes, at_least("class_dim", c.class_dim, 1))


def pyramid(x: core.Tensor) -> list[tuple[core.Tensor, ...]]:
    """Return, from coarse to fine, what D judges and the coarse picture that it belongs to.

    At the first scale that is the picture itself, without any; at the others the difference to the
    smaller picture, enlarged.
    """
    half = F.avg_pool2d(x, 2)
    quarter = F.avg_pool2d(half, 2)
    blurred = [enlarged(quarter), enlarged(half)]
    return [(quarter, None), (half - blurred[0], blurred[0]), (x - blurred[1], blurred[1])]


def enlarged(x: core.Tensor) -> core.Tensor:
    """Return pictures of twice the sides."""
    return F.interpolate(x, scale_factor=2, mode="bilinear")


class _ClassPlane(nn.Module):
    """Appends the label to pictures, as a plane that is learned."""

    def __init__(self, plan: _Plan, size: tuple[int, int]) -> None:
        super().__init__()
        self.classes, self.size = plan.classes, size
        self.layers = nn.Sequential(
            nn.Linear(plan.classes, plan.class_dim),
            nn.Linear(plan.class_dim, size[0] * size[1]), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x: core.Tensor, y: core.Tensor) -> core.Tensor:
        """Return pictures with a plane more."""
        plane = self.layers(rows_of(y, self.classes)).reshape(len(x), 1, *self.size)
        return core.cat([x, plane], 1)


class _Scale(nn.Module):
    """Layers of pictures, of labels too where there are classes."""

    def __init__(self, plan: _Plan, size: tuple[int, int], layers: list[nn.Module]) -> None:
        super().__init__()
        self.plane = _ClassPlane(plan, size) if plan.classes else None
        self.layers = nn.Sequential(*layers)

    def forward(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return what the layers make of pictures (N, C, H, W) and labels (N,)."""
        return self.layers(x if self.plane is None else self.plane(x, *labels))


class _Base(nn.Module):
    """Fully connected layers of a vector, and of the label's row behind it."""

    def __init__(self, plan: _Plan, layers: list[nn.Module]) -> None:
        super().__init__()
        self.classes, self.layers = plan.classes, nn.Sequential(*layers)

    def forward(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return what the layers make."""
        rows = [rows_of(y, self.classes) for y in labels]
        return self.layers(core.cat([x.flatten(1), *rows], 1))


class _Generator(nn.Module):
    """Three generators, one after the other."""

    def __init__(self, plan: _Plan) -> None:
        super().__init__()
        self.plan, wide, n = plan, plan.g_hidden, plan.channels
        shape = (n, *plan.sizes[0])
        base = [
            nn.Linear(plan.latent_dim + plan.classes, wide), nn.ReLU(),
            nn.Linear(wide, wide), nn.ReLU(),
            nn.Linear(wide, n * shape[1] * shape[2]), nn.Tanh(), nn.Unflatten(1, shape),
        ]  # fmt: skip
        scales: list[nn.Module] = [_Base(plan, base)]
        planes = n + 1 + (plan.classes > 0)
        for size in plan.sizes[1:]:
            layers = [
                nn.Conv2d(planes, plan.width, 7, 1, 3), nn.ReLU(),
                nn.Conv2d(plan.width, plan.width, 7, 1, 3), nn.ReLU(),
                nn.Conv2d(plan.width, n, 5, 1, 2),
            ]  # fmt: skip
            scales.append(_Scale(plan, size, layers))
        self.scales = nn.ModuleList(scales)

    def at(
        self, scale: int, z: core.Tensor, coarse: core.Tensor | None, *labels: core.Tensor
    ) -> core.Tensor:
        """Return what one generator makes of latents and enlarged coarse pictures."""
        part = self.plan.parts(z)[scale]
        inputs = part if coarse is None else core.cat([coarse, part], 1)
        return self.scales[scale](inputs, *labels)

    def forward(self, z: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return images of latents."""
        x = self.at(0, z, None, *labels)
        for scale in range(1, len(self.scales)):
            coarse = enlarged(x)
            x = coarse + self.at(scale, z, coarse, *labels)
        return core.clamp_scalar(x, -1.0, 1.0)


class _Discriminator(nn.Module):
    """Three discriminators; alone, the finest one judges."""

    def __init__(self, plan: _Plan) -> None:
        super().__init__()
        wide, n, area = plan.d_hidden, plan.channels, plan.sizes[0][0] * plan.sizes[0][1]
        base = [
            nn.Linear(n * area + plan.classes, wide), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(wide, wide), nn.ReLU(), nn.Dropout(0.5), nn.Linear(wide, 1),
        ]  # fmt: skip
        scales: list[nn.Module] = [_Base(plan, base)]
        for height, width in plan.sizes[1:]:
            left = -(-height // 2) * -(-width // 2)
            layers = [
                nn.Conv2d(n + (plan.classes > 0), plan.width, 5, 1, 2), nn.ReLU(),
                nn.Conv2d(plan.width, plan.width, 5, 2, 2), nn.ReLU(), nn.Dropout(0.5),
                nn.Flatten(), nn.Linear(plan.width * left, 1),
            ]  # fmt: skip
            scales.append(_Scale(plan, (height, width), layers))
        self.scales = nn.ModuleList(scales)

    def at(
        self, scale: int, x: core.Tensor, coarse: core.Tensor | None, *labels: core.Tensor
    ) -> core.Tensor:
        """Return logits of differences to coarse pictures; of these alone at the first scale."""
        return self.scales[scale](x if coarse is None else x + coarse, *labels)

    def forward(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return the finest logits of images."""
        return self.at(len(self.scales) - 1, *pyramid(x)[-1], *labels)
