"""The Fréchet distance between two Gaussians fitted to features."""

from typing import Any

import numpy as np

from ganc._warn import warn
from ganc.metrics._features import Extractor, pair
from ganc.metrics._result import Result

__all__ = ["frechet_distance"]

_DEFINITION = (
    "|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of means and covariances (divided by n - 1) of "
    "the features, Heusel et al. 2017; FID is the same formula on Inception-v3's features only"
)


def frechet_distance(real: Any, fake: Any, *, extractor: Extractor = None) -> Result:
    """Fréchet distance between the features of real and of generated samples; 0 is best.

    With Inception-v3's features this is called FID. ganc's own features give other numbers, so
    the result names them; compare results of the same extractor and the same `n` only.

    Parameters
    ----------
    real, fake : array_like or Features
        Images in a form that `fit` takes, tables of features (N, D), or `Features`. At least two
        samples each.
    extractor : str or callable, optional
        As for `features`.

    Returns
    -------
    Result

    Raises
    ------
    TypeError, ValueError
        For samples or features that are not as described, or a single sample.

    Warns
    -----
    UserWarning
        If there are fewer samples than features: the covariance is singular and the value says
        more about `n` than about the samples.

    Notes
    -----
    The trace of the root is the sum of the roots of the eigenvalues of the symmetric matrix
    ``S1^(1/2) S2 S1^(1/2)``, in double precision: it has no imaginary part and does not fail on
    singular covariances, as the general matrix square root does.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> x = np.random.default_rng(0).normal(size=(1000, 2))
    >>> metrics.frechet_distance(x, x + [3.0, 0.0])
    9 Fréchet distance (features as given, n=1000)
    """
    a, b = pair(real, fake, extractor)
    size = a.values.shape[1]
    for name, side in (("real", a), ("fake", b)):
        if len(side) < 2:
            raise ValueError(f"{name}: got 1 sample, expected at least 2 for a covariance")
    if min(len(a), len(b)) < size:
        warn(
            f"frechet_distance: got n={min(len(a), len(b))} samples for {size} features; the "
            f"covariance is singular and the value too large. Take at least {size} samples, or "
            "kernel_distance, which has no such bias"
        )
    value = _between(*_moments(a.values), *_moments(b.values))
    return Result(
        value, "Fréchet distance", extractor=a.extractor, n=len(b), n_real=len(a),
        definition=_DEFINITION,
    )  # fmt: skip


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False))


def _between(m1: np.ndarray, s1: np.ndarray, m2: np.ndarray, s2: np.ndarray) -> float:
    values, vectors = np.linalg.eigh(s1)
    root = (vectors * np.sqrt(_not_noise(values))) @ vectors.T
    product = root @ s2 @ root
    cross = np.sqrt(_not_noise(np.linalg.eigvalsh((product + product.T) / 2))).sum()
    distance = float(((m1 - m2) ** 2).sum() + np.trace(s1) + np.trace(s2) - 2 * cross)
    return max(distance, 0.0)  # equal sides may differ from 0 by rounding


def _not_noise(values: np.ndarray) -> np.ndarray:
    """Eigenvalues with those set to 0 that rounding alone explains: a root would enlarge them."""
    floor = len(values) * np.finfo(np.float64).eps * max(values[-1], 0.0)
    return np.where(values > floor, values, 0.0)
