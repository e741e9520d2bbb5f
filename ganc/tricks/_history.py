"""Tricks that remember: earlier samples, earlier weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganc._backend import core
from ganc._options import at_least, finite
from ganc.augment._augmentation import numbers_for
from ganc.tricks._trick import KIND, Trick

__all__ = ["HistoricalAveraging", "ImagePool"]


@KIND.register
class ImagePool(Trick):
    """D learns on generated samples of which half come from a pool of earlier ones.

    Each of them stays in the pool until a new one takes its place.

    Parameters
    ----------
    size : int, default 50

    Notes
    -----
    Source: Shrivastava et al. 2017, "Learning from Simulated and Unsupervised Images through
    Adversarial Training", section 2.3; as in Zhu et al. 2017, CycleGAN.

    Examples
    --------
    >>> import ganc
    >>> pool = ganc.tricks.ImagePool(4)
    >>> pool.fakes(None, ganc.ones(4, 2)).tolist()[0], len(pool.state()["images"])
    ([1.0, 1.0], 4)
    """

    name = "image_pool"
    source = "Shrivastava et al. 2017, arXiv:1612.07828, section 2.3"

    def __init__(self, size: int = 50) -> None:
        self.size = at_least("size", size, 1)
        self._images: list[np.ndarray] = []

    def fakes(self, gan, fake):
        """Return samples, about half of them earlier ones."""
        drawn = numbers_for(fake, 2)
        made = np.array(fake.detach().numpy())
        for i, (chance, place) in enumerate(drawn):
            if len(self._images) < self.size:
                self._images.append(made[i].copy())
            elif chance > 0.5:
                at = min(int(place * self.size), self.size - 1)
                self._images[at], made[i] = made[i].copy(), self._images[at]
        return core.Tensor(made)

    def state(self):
        """Return the pool."""
        return {"images": np.stack(self._images)} if self._images else {}

    def restore(self, state):
        """Take a pool back."""
        self._images = [np.array(image) for image in state.get("images", ())]


@KIND.register
class HistoricalAveraging(Trick):
    """D and G also minimise weight * sum (p - mean p)**2, the mean being that over all steps.

    Parameters
    ----------
    weight : float, default 1e-3

    Notes
    -----
    Source: Salimans et al. 2016, "Improved Techniques for Training GANs", section 3.3.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> gan.tricks = ganc.tricks.get("historical_averaging")
    >>> logs = gan.train_on_batch([[0.0, 1.0]] * 4)
    """

    name = "historical_averaging"
    source = "Salimans et al. 2016, arXiv:1606.03498, section 3.3"

    def __init__(self, weight: float = 1e-3) -> None:
        self.weight = finite("weight", weight, 0.0)
        self._means: dict[str, list[core.Tensor]] = {}
        self._seen: dict[str, int] = {}

    def d_term(self, gan):
        """Return how far D's parameters are from their mean."""
        return self._term("d", gan.discriminator)

    def g_term(self, gan, real, fake, labels):
        """Return how far G's parameters are from their mean."""
        return self._term("g", gan.generator)

    def _term(self, name: str, network: Any) -> core.Tensor:
        parameters = list(network.parameters())
        means = self._moved(name, [p.detach() for p in parameters])
        return _squares(parameters, means) * self.weight

    def _moved(self, name: str, now: Sequence[core.Tensor]) -> list[core.Tensor]:
        """Return the means, with today's values among them."""
        seen = self._seen[name] = self._seen.get(name, 0) + 1
        old = self._means.get(name)
        self._means[name] = (
            [p.clone() for p in now]
            if old is None
            else [m + (p - m) * (1.0 / seen) for m, p in zip(old, now, strict=True)]
        )
        return self._means[name]

    def state(self):
        """Return the means."""
        return {
            name: {"seen": self._seen[name], "means": [np.array(m.numpy()) for m in means]}
            for name, means in self._means.items()
        }

    def restore(self, state):
        """Take means back."""
        self._seen = {name: entry["seen"] for name, entry in state.items()}
        self._means = {
            name: [core.Tensor(np.asarray(m)) for m in entry["means"]]
            for name, entry in state.items()
        }


def _squares(some: Sequence[core.Tensor], others: Sequence[core.Tensor]) -> core.Tensor:
    total = core.tensor(0.0)
    for a, b in zip(some, others, strict=True):
        total = total + core.sum(core.square(a - b))
    return total
