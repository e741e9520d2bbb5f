"""Precision, recall, density and coverage: are the samples where the data are, and everywhere?"""

from typing import Any, NamedTuple

import numpy as np

from ganc._options import at_least
from ganc.metrics._features import Extractor, pair
from ganc.metrics._result import Result

__all__ = ["PRDC", "precision_recall_density_coverage"]

_ENTRIES = 2**22  # distances held at a time

_DEFINITIONS = {
    "precision": "share of generated samples inside a ball around a real one that reaches to its "
    "neighbour number k={k}, Kynkaanniemi et al. 2019",
    "recall": "share of real samples inside such a ball (k={k}) around a generated one, "
    "Kynkaanniemi et al. 2019",
    "density": "balls (k={k}) around real samples that hold a generated one, on average and "
    "divided by k, Naeem et al. 2020",
    "coverage": "share of balls (k={k}) around real samples that hold a generated one, "
    "Naeem et al. 2020",
}


class PRDC(NamedTuple):
    """Four answers of `precision_recall_density_coverage`.

    Parameters
    ----------
    precision : Result
        Share of generated samples that are like real ones.
    recall : Result
        Share of real samples that are like generated ones.
    density : Result
        As precision, but not fooled by outliers among the real samples; may exceed 1.
    coverage : Result
        As recall, but not fooled by outliers among the generated samples.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> metrics.precision_recall_density_coverage(x, x).coverage
    1 coverage (features as given, n=200)
    """

    precision: Result
    recall: Result
    density: Result
    coverage: Result


def precision_recall_density_coverage(
    real: Any, fake: Any, *, extractor: Extractor = None, k: int = 5
) -> PRDC:
    """Precision and recall, density and coverage of generated samples; 1 is best.

    Around each sample lies a ball that reaches to its nearest neighbour number `k` among its own
    kind; the balls stand for the region that kind comes from. Precision and density tell how good
    samples are, recall and coverage how much of the data's variety they have.

    Parameters
    ----------
    real, fake : array_like or Features
        As for `frechet_distance`; more than `k` samples each, better as many of one kind as of the
        other.
    extractor : str or callable, optional
        As for `features`.
    k : int, default 5
        Naeem et al. take 5, Kynkaanniemi et al. 3.

    Returns
    -------
    PRDC
        A named tuple of four `Result`.

    Raises
    ------
    TypeError, ValueError
        For samples, features or `k` that are not as described.

    Notes
    -----
    Sources: Kynkaanniemi et al. 2019, "Improved Precision and Recall Metric for Assessing
    Generative Models"; Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative
    Models". A sample on a ball's surface is outside, as in the second paper's code.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> random = np.random.default_rng(0)
    >>> real, fake = random.normal(size=(500, 2)), random.normal(size=(500, 2)) / 10
    >>> result = metrics.precision_recall_density_coverage(real, fake)
    >>> f"{result.precision:.2f} {result.recall:.2f}"
    '1.00 0.05'
    """
    a, b = pair(real, fake, extractor)
    k = at_least("k", k, 1)
    for name, side in (("real", a), ("fake", b)):
        if len(side) <= k:
            raise ValueError(f"{name}: got {len(side)} samples, expected more than k={k}")
    found = dict(zip(PRDC._fields, _measure(a.values, b.values, k), strict=True))
    return PRDC(
        **{
            name: Result(
                value, name, extractor=a.extractor, n=len(b), n_real=len(a),
                definition=_DEFINITIONS[name].format(k=k),
            )
            for name, value in found.items()
        }
    )  # fmt: skip


def _measure(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, float, float, float]:
    origin = real.mean(axis=0)  # distances do not change, their rounding errors shrink
    real, fake = real - origin, fake - origin
    real_radii, fake_radii = _radii(real, k), _radii(fake, k)
    held = np.zeros(len(fake), np.int64)  # balls of real samples that hold each generated one
    recalled = covered = 0
    for begin, distances in _squares(real, fake):
        inside = distances < real_radii[begin : begin + len(distances), None]
        held += inside.sum(axis=0)
        covered += int(inside.any(axis=1).sum())
        recalled += int((distances < fake_radii).any(axis=1).sum())
    return (
        float((held > 0).mean()),
        recalled / len(real),
        float(held.mean()) / k,
        covered / len(real),
    )


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each row to its neighbour number k; it is itself number 0."""
    radii = np.empty(len(x))
    for begin, distances in _squares(x, x):
        rows = np.arange(len(distances))
        distances[rows, begin + rows] = 0
        radii[begin : begin + len(rows)] = np.partition(distances, k, axis=1)[:, k]
    return radii


def _squares(x: np.ndarray, y: np.ndarray):
    """Squared distances of all pairs: (first row, block of rows)."""
    step = max(1, _ENTRIES // len(y))
    norms = (y * y).sum(axis=1)
    for begin in range(0, len(x), step):
        rows = x[begin : begin + step]
        squares = rows @ y.T
        squares *= -2
        squares += norms
        squares += (rows * rows).sum(axis=1)[:, None]
        yield begin, np.maximum(squares, 0, out=squares)
