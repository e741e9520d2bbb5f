"""MAD-GAN: several generators, and a discriminator that says which of them made a sample."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least
from ganc._tensor._creation import zeros
from ganc.models._preset import widths
from ganc.models._several import Generators, SeveralGenerators, numbers_of
from ganc.nn import functional as F
from ganc.nn._inference import without_graph
from ganc.train import register

__all__ = ["MADGAN"]


@register
class MADGAN(SeveralGenerators):
    """Multi-Agent Diverse GAN, Ghosh et al. 2018: k generators against one D, for points.

    D has k + 1 classes, real data and each generator's; a generator wants its samples taken for
    real. Since D finds generators apart easily where they make the same, they divide the data.
    (Another MAD-GAN, Li et al. 2019, finds anomalies in time series.)

    Parameters
    ----------
    features : int, default 2
        Values of a point.
    generators : int, default 4
        k. ``sample(n, labels=2)`` asks the third; by default each in turn.
    latent_dim : int, default 64
        Latents are N(0, 1), the same for all generators in a step.
    g_hidden, d_hidden : tuple of int, default (128, 128, 128)
        Widths of the hidden layers, which the generators share: ELU in G, leaky ReLU in D.
    slope : float, default 0.2
    loss : str or GANLoss, default "non_saturating"
        What the logit of "real" against all generators means; no other is used.
    label_smoothing : float, default 0.0
        D's target of real samples is 1 - label_smoothing; the generators share the rest evenly.
    g_lr, d_lr : float, default 1e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 128
        What `fit` uses if it is not told; each generator makes as many samples.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.MADGAN(generators=3, seed=0)
    >>> gan.sample(5, labels=2, seed=0).shape
    (5, 2)
    """

    source = "Ghosh et al. 2018, arXiv:1704.02906; github.com/vivkul/MAD-GAN_synthetic"
    deviations = (
        "D's cross-entropy is a mean over the real batch and all generators' samples together",
        "leaky ReLU has the slope 0.2",
    )

    def __init__(
        self,
        features: int = 2,
        *,
        generators: int = 4,
        latent_dim: int = 64,
        g_hidden: tuple[int, ...] = (128, 128, 128),
        d_hidden: tuple[int, ...] = (128, 128, 128),
        slope: float = 0.2,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 1e-4,
        d_lr: float = 1e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        features, k = at_least("features", c.features, 1), at_least("generators", c.generators, 2)
        if c.label_smoothing > k / (k + 1):
            raise ValueError(
                f"label_smoothing: got {c.label_smoothing}, expected at most k / (k + 1), here "
                f"{k / (k + 1):.3g}: beyond, real samples would be taught as generated"
            )
        layers, width = [], c.latent_dim
        for hidden in widths("g_hidden", c.g_hidden):
            layers += [nn.Linear(width, hidden), nn.ELU()]
            width = hidden
        own: list[nn.Module] = [nn.Linear(width, features) for _ in range(k)]
        generator = Generators(nn.Sequential(*layers), own, nn.Identity())
        layers, width = [], features
        for hidden in widths("d_hidden", c.d_hidden):
            layers += [nn.Linear(width, hidden), nn.LeakyReLU(c.slope)]
            width = hidden
        return generator, _WhoMadeIt(nn.Sequential(*layers), width, k + 1)

    def d_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return D's cross-entropy: real samples are of class 0, generator i's of class i."""
        (real,) = batch
        n = len(real)
        fake = without_graph(self.generator.everyone, self.noise(n))
        kinds = self.discriminator.kinds(self._seen(core.cat([real, fake], 0)))
        r, f = (_of_real(core.narrow(kinds, 0, i, m)) for i, m in ((0, n), (n, len(fake))))
        return self._d_entropy(kinds, n), self._answers(r, f)

    def _d_entropy(self, kinds: core.Tensor, n: int) -> core.Tensor:
        """Return the mean cross-entropy of n real samples and n of each generator."""
        k, smoothing = self.classes, self.config["label_smoothing"]
        if not smoothing:
            return F.cross_entropy(kinds, numbers_of(k + 1, n))
        real, fake = core.narrow(kinds, 0, 0, n), core.narrow(kinds, 0, n, k * n)
        spread = smoothing * (k + 1) / k  # cross_entropy spreads over the true class too
        of_real = F.cross_entropy(real, zeros(n), label_smoothing=spread)
        return (of_real + F.cross_entropy(fake, numbers_of(k, n) + 1) * k) * (1 / (k + 1))

    def g_objective(self, batch: Any) -> core.Tensor:
        """Return the mean of -log D(real | sample) over all generators' samples."""
        fake = self.generator.everyone(self.noise(len(batch[0])))
        kinds = self.discriminator.kinds(self._seen(fake))
        return F.cross_entropy(kinds, zeros(len(fake)))


class _WhoMadeIt(nn.Module):
    """A discriminator of k + 1 classes: real, and each generator's."""

    def __init__(self, trunk: nn.Module, features: int, classes: int) -> None:
        super().__init__()
        self.features, self.last = trunk, nn.Linear(features, classes)

    def kinds(self, x: core.Tensor) -> core.Tensor:
        """Return the logits of all classes (N, k + 1)."""
        return self.last(self.features(x))

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Return the logit of "real" against all generators (N, 1)."""
        return _of_real(self.kinds(x))


def _of_real(kinds: core.Tensor) -> core.Tensor:
    """Return the logit of class 0 against all others together."""
    others = core.narrow(kinds, 1, 1, kinds.shape[1] - 1)
    return core.narrow(kinds, 1, 0, 1) - core.logsumexp(others, (1,), True)
