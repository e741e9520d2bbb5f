"""Points in the plane: which modes are covered, how well, how evenly."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ganc._options import finite
from ganc.metrics._classes import divergence
from ganc.metrics._features import extract
from ganc.metrics._result import Result

__all__ = ["Modes", "ModesResult", "high_quality_share", "modes_covered", "reverse_kl"]

_REACH = 3.0  # standard deviations within which a sample counts as of high quality
_SOURCE = "Lin et al. 2018 (PacGAN)"


class ModesResult(NamedTuple):
    """The three answers of `Modes`.

    Parameters
    ----------
    modes_covered : Result
        How many modes have a sample of high quality.
    high_quality_share : Result
        Share of samples within three standard deviations of a mode.
    reverse_kl : Result
        How unevenly the samples are spread over the modes; 0 is even.

    Examples
    --------
    >>> import ganc
    >>> from ganc.datasets import toy
    >>> ring = ganc.metrics.Modes(toy.ring_centers(8), 0.01)
    >>> ring(None, toy.ring(2500, seed=0)).modes_covered
    8 modes covered (of 8 modes, n=2500)
    """

    modes_covered: Result
    high_quality_share: Result
    reverse_kl: Result


class Modes:
    """A metric for `GAN.evaluate` and `MetricCallback`: modes of a mixture of Gaussians.

    The names "ring_modes" and "grid_modes" stand for the defaults of `ganc.datasets.toy`.

    Parameters
    ----------
    centers : array_like, shape (K, F)
        Means of the Gaussians.
    std : float
        Their standard deviation, in every direction.

    Raises
    ------
    TypeError, ValueError
        If they are not as described.

    Examples
    --------
    >>> import ganc
    >>> from ganc.datasets import toy
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> five = ganc.metrics.Modes(toy.ring_centers(5), std=0.01)
    >>> result = gan.evaluate(toy.ring(2500, modes=5, seed=0), metrics=[five], n=2500)
    >>> list(result)
    ['modes_covered', 'high_quality_share', 'reverse_kl']
    """

    def __init__(self, centers: ArrayLike, std: float) -> None:
        self.centers = extract("centers", centers).values
        self.std = finite("std", std, 0)
        if self.std == 0:
            raise ValueError("std: got 0, expected a number above 0")

    def __call__(self, real: Any, fake: Any) -> ModesResult:
        counts, n = self._counts(fake), len(fake)
        modes = len(self.centers)
        good = int(counts.sum())
        shares = counts / max(good, 1)
        unevenness = divergence(shares, np.full(modes, 1 / modes)) if good else np.inf
        within = f"within {_REACH:g} standard deviations ({self.std:g} each) of"
        measured = {
            "modes_covered": ((counts > 0).sum(), f"modes with at least one sample {within} them"),
            "high_quality_share": (good / n, f"share of samples {within} a mode"),
            "reverse_kl": (
                unevenness,
                f"KL(generated || uniform) in nats of the samples {within} a mode, by mode",
            ),
        }
        return ModesResult(
            **{
                name: Result(
                    value, name.replace("_", " "), extractor=f"of {modes} modes", n=n,
                    definition=f"{how}, {_SOURCE}", details={"counts": counts},
                )
                for name, (value, how) in measured.items()
            }
        )  # fmt: skip

    def _counts(self, fake: Any) -> np.ndarray:
        """Samples of high quality that belong to each mode."""
        x = extract("fake", fake).values
        if x.shape[1] != self.centers.shape[1]:
            raise ValueError(
                f"fake: got points with {x.shape[1]} coordinates, the modes have "
                f"{self.centers.shape[1]}"
            )
        best = np.full(len(x), np.inf)
        nearest = np.zeros(len(x), np.int64)
        for mode, center in enumerate(self.centers):
            square = ((x - center) ** 2).sum(axis=1)
            nearest[square < best] = mode
            np.minimum(best, square, out=best)
        good = np.sqrt(best) < _REACH * self.std
        return np.bincount(nearest[good], minlength=len(self.centers))


def modes_covered(fake: ArrayLike, centers: ArrayLike, std: float) -> Result:
    """Count the modes that have at least one sample of high quality.

    Parameters
    ----------
    fake : array_like, shape (N, F)
        Generated points; PacGAN takes 2,500.
    centers : array_like, shape (K, F)
        The modes: `ganc.datasets.toy.ring_centers`, `grid_centers`.
    std : float
        Of each mode, above 0.

    Returns
    -------
    Result
        ``.details["counts"]`` has the samples of high quality by mode.

    Raises
    ------
    TypeError, ValueError
        If they are not as described.

    Examples
    --------
    >>> from ganc import metrics
    >>> from ganc.datasets import toy
    >>> x = toy.ring(2500, seed=0)
    >>> metrics.modes_covered(x[x[:, 0] > 0], toy.ring_centers(8), 0.01)
    5 modes covered (of 8 modes, n=1216)
    """
    return Modes(centers, std)(None, fake).modes_covered


def high_quality_share(fake: ArrayLike, centers: ArrayLike, std: float) -> Result:
    """Share of samples within three standard deviations of a mode; of perfect ones 0.989.

    Parameters
    ----------
    fake : array_like, shape (N, F)
        Generated points.
    centers : array_like, shape (K, F)
        The modes.
    std : float
        Of each mode, above 0.

    Returns
    -------
    Result

    Raises
    ------
    TypeError, ValueError
        If they are not as described.

    Examples
    --------
    >>> from ganc import metrics
    >>> from ganc.datasets import toy
    >>> f"{metrics.high_quality_share(toy.grid(2500, seed=0), toy.grid_centers(), 0.05):.2f}"
    '0.99'
    """
    return Modes(centers, std)(None, fake).high_quality_share


def reverse_kl(fake: ArrayLike, centers: ArrayLike, std: float) -> Result:
    """KL(generated || uniform) over the modes, of the samples of high quality; 0 is best.

    One mode of K alone gives log K; infinite if no sample is of high quality.

    Parameters
    ----------
    fake : array_like, shape (N, F)
        Generated points.
    centers : array_like, shape (K, F)
        The modes, taken as equally likely.
    std : float
        Of each mode, above 0.

    Returns
    -------
    Result

    Raises
    ------
    TypeError, ValueError
        If they are not as described.

    Examples
    --------
    >>> from ganc import metrics
    >>> from ganc.datasets import toy
    >>> centers = toy.ring_centers(8)
    >>> metrics.reverse_kl(centers[:2], centers, 0.01)
    1.38629 reverse kl (of 8 modes, n=2)
    """
    return Modes(centers, std)(None, fake).reverse_kl
