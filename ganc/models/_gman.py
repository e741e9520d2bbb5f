"""GMAN: several discriminators teach one generator."""

from types import SimpleNamespace
from typing import Any, ClassVar

from ganc import nn
from ganc._backend import core
from ganc._options import at_least, choose, finite
from ganc._tensor._creation import full
from ganc.models._preset import Preset, doubled
from ganc.models._several import refuse_comparing
from ganc.nn import functional as F
from ganc.train import register

__all__ = ["GMAN"]

_MEANS = ("arithmetic", "geometric", "harmonic")


@register
class GMAN(Preset):
    """Generative Multi-Adversarial Network, Durugkar et al. 2017: N discriminators.

    Each D sees a slice of its own of the batch. G minimises a mean of its losses V_i against all,
    with weights softmax(lambda V): 0 is the plain mean, a large one the strictest D. The Ds differ
    in their dropout.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 32, 32)
        (C, H, W); sides are multiples of 8, or of 4 with one layer less in G.
    features : int, optional
        Points of so many values instead of images: two hidden layers of 128 everywhere.
    discriminators : int, default 5
        N; the batch is a multiple of it.
    strictness : float, optional
        Lambda. By default it is softplus(v), where G learns v too: GMAN*.
    mean : {"arithmetic", "geometric", "harmonic"}, default "arithmetic"
        Of the losses.
    challenge : float, default 0.001
        GMAN*: what G earns for each unit of lambda.
    latent_dim : int, default 100
        Latents are U(-1, 1).
    g_channels : tuple of int, default (256, 128, 64)
        From the first maps on.
    width : int, default 256
        Channels of the last maps of a D, which has a quarter, half and all of them.
    keep : float, default 0.4
        A D keeps ``keep + 0.2 / N * i`` of the values of its first two layers, for i = 1 to N.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "minimax"
        "non_saturating" is what the authors take for N = 1.
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 100
        What `fit` uses if it is not told, for all Ds together.
    seed : int, optional
        Of weights, latents, dropout and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.GMAN((1, 28, 28), discriminators=2, g_channels=(4, 4, 4), width=4, seed=0)
    >>> sorted(gan.train_on_batch(ganc.zeros(8, 1, 28, 28)))[-1]
    'strictness'
    """

    source = "Durugkar et al. 2017, arXiv:1611.01673; github.com/iDurugkar/GMAN"
    deviations = (
        "a batch of 100 is shared among the Ds; the code gives each a batch of 100",
        "images of 28 pixels are not padded to 32; G has a layer less",
        "the rates are DCGAN's",
        "the networks for points are ganc's",
    )
    OPTIMIZERS: ClassVar = {
        "g_optimizer": ("generator", "challenge"),
        "d_optimizer": ("discriminator",),
    }

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        *,
        features: int | None = None,
        discriminators: int = 5,
        strictness: float | None = None,
        mean: str = "arithmetic",
        challenge: float = 0.001,
        latent_dim: int = 100,
        g_channels: tuple[int, int, int] = (256, 128, 64),
        width: int = 256,
        keep: float = 0.4,
        slope: float = 0.2,
        loss: str = "minimax",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 100,
        seed: int | None = None,
    ) -> None:
        self.challenge = _Challenge()
        super().__init__(locals())
        refuse_comparing(self)

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminators for a configuration."""
        n = at_least("discriminators", c.discriminators, 1)
        choose("mean", c.mean, _MEANS)
        finite("challenge", c.challenge, 0.0)
        if not 0.0 < finite("keep", c.keep) <= 0.8 + 1e-9:
            raise ValueError(
                f"keep: got {c.keep}, expected 0 < keep <= 0.8; the last D keeps 0.2 more"
            )
        if c.strictness is not None:
            finite("strictness", c.strictness, 0.0)
        make = _points if c.features is not None else _images
        generator, critic = make(c)
        return generator, _Panel(
            [critic(max(1 - c.keep - 0.2 / n * (i + 1), 0.0)) for i in range(n)]
        )

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"latent": "uniform"}

    def d_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return the sum of the losses of all Ds, each on its own slice."""
        (real,) = batch
        fake = self._fakes(len(real), ())
        r, f = (self._slices(self._seen(x)) for x in (real, fake))
        loss = _sum([self._d_loss(a, b) for a, b in zip(r, f, strict=True)])
        return loss, self._answers(core.cat(r, 0), core.cat(f, 0))

    def g_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return the mean of G's losses that the weights make."""
        fake = self.generator(self.noise(len(batch[0])))
        losses = [self.loss.g_loss(f, None) for f in self._slices(self._seen(fake))]
        values = core.cat([value.reshape(1) for value in losses], 0)
        fixed = self.config["strictness"]
        strictness = self.challenge() if fixed is None else full((1,), fixed)
        weights = F.softmax(values * strictness, 0)
        loss = _MIX[self.config["mean"]](weights, values)
        if fixed is None:
            loss = loss - core.sum(strictness) * self.config["challenge"]
        return loss, {"strictness": core.sum(strictness.detach())}

    def _slices(self, x: core.Tensor) -> list[core.Tensor]:
        """Return each D's logits of its own part of a batch."""
        panel = self.discriminator.members
        size, left = divmod(len(x), len(panel))
        if left or not size:
            raise ValueError(
                f"discriminators: got a batch of {len(x)} for {len(panel)} discriminators, "
                "expected a multiple; choose batch_size so"
            )
        return [d(core.narrow(x, 0, i * size, size)) for i, d in enumerate(panel)]


class _Challenge(nn.Module):
    """Lambda = softplus(v), which begins small."""

    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(full((1,), -2.0))

    def forward(self) -> core.Tensor:
        """Return lambda."""
        return F.softplus(self.v)


class _Panel(nn.Module):
    """Several discriminators; together their answer is the mean of their logits."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Return logits (N, 1)."""
        return _sum([d(x) for d in self.members]) * (1 / len(self.members))


def _sum(parts: list[core.Tensor]) -> core.Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _signed(values: core.Tensor) -> tuple[core.Tensor, float]:
    """Return values that are all of one sign, and that sign: minimax losses are negative."""
    sign = -1.0 if float(core.sum(values.detach()).item()) < 0 else 1.0
    return core.clamp_scalar(values * sign, 1e-12, float("inf")), sign


def _geometric(weights: core.Tensor, values: core.Tensor) -> core.Tensor:
    size, sign = _signed(values)
    return core.exp(core.sum(weights * core.log(size))) * sign


def _harmonic(weights: core.Tensor, values: core.Tensor) -> core.Tensor:
    size, sign = _signed(values)
    return sign / core.sum(weights / size)


_MIX = {
    "arithmetic": lambda weights, values: core.sum(weights * values),
    "geometric": _geometric,
    "harmonic": _harmonic,
}


def _images(c: SimpleNamespace) -> tuple[nn.Module, Any]:
    """Return a generator of images, and a function that makes a D with a share of dropout."""
    (channels, height, width), n, first = doubled(c.image_shape)
    up = tuple(at_least("g_channels", size, 1) for size in c.g_channels)
    if len(up) != 3:
        raise ValueError(f"g_channels: got {up}, expected three widths")
    up = up[3 - n :]
    layers: list[nn.Module] = [
        nn.Unflatten(1, (c.latent_dim, 1, 1)),
        nn.ConvTranspose2d(c.latent_dim, up[0], first), _norm(up[0]), nn.ReLU(),
    ]  # fmt: skip
    for wide, narrow in zip(up, up[1:], strict=False):
        layers += [nn.ConvTranspose2d(wide, narrow, 5, 2, 2, 1), _norm(narrow), nn.ReLU()]
    generator = nn.Sequential(*layers, nn.ConvTranspose2d(up[-1], channels, 5, 2, 2, 1), nn.Tanh())
    wide = at_least("width", c.width, 4)

    def critic(dropout: float) -> nn.Module:
        size = -(-height // 4) * -(-width // 4)
        return nn.Sequential(
            nn.Conv2d(channels, wide // 4, 3, 2, 1), nn.LeakyReLU(c.slope), nn.Dropout(dropout),
            nn.Conv2d(wide // 4, wide // 2, 3, 2, 1), nn.LeakyReLU(c.slope), nn.Dropout(dropout),
            nn.Conv2d(wide // 2, wide, 3, 1, 1), nn.LeakyReLU(c.slope), nn.Flatten(),
            nn.Linear(wide * size, 1),
        )  # fmt: skip

    return generator, critic


def _points(c: SimpleNamespace) -> tuple[nn.Module, Any]:
    features = at_least("features", c.features, 1)
    generator = nn.Sequential(
        nn.Linear(c.latent_dim, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
        nn.Linear(128, features),
    )  # fmt: skip

    def critic(dropout: float) -> nn.Module:
        return nn.Sequential(
            nn.Linear(features, 128), nn.LeakyReLU(c.slope), nn.Dropout(dropout),
            nn.Linear(128, 128), nn.LeakyReLU(c.slope), nn.Linear(128, 1),
        )  # fmt: skip

    return generator, critic


def _norm(n: int) -> nn.Module:
    return nn.BatchNorm2d(n, eps=1e-3, momentum=0.5)
