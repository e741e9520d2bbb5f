"""Checks of samples against data: how different from each other, how many kinds, how extreme."""

import numpy as np

from ganc.doctor._evidence import Evidence
from ganc.doctor._finding import Measured
from ganc.metrics import _classifier, features

__all__ = ["classes", "distances", "saturation"]

_KINDS = 10  # groups of data that have no classes
_EDGE = 0.998  # beyond: an 8-bit pixel is black or white
_MORE = "Lower the generator's learning rate or raise the discriminator's; check n_critic."


def distances(evidence: Evidence) -> Measured | None:
    """Mean distance between two samples, in terms of the data's."""
    if evidence.pair is None:
        return None
    real, fake = (_mean_distance(side) for side in evidence.pair)
    if not real:
        return None
    return Measured(
        fake / real,
        f"two samples are {fake / real:.2g} times as far apart as two of the data on average",
        _MORE,
    )


def _mean_distance(rows: np.ndarray) -> float:
    rows = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    squares = (rows * rows).sum(axis=1)
    between = squares[:, None] + squares[None, :] - 2 * rows @ rows.T
    n = len(rows)
    return float(np.sqrt(np.maximum(between, 0)).sum() / (n * (n - 1)))


def classes(evidence: Evidence) -> Measured | None:
    """How many kinds of samples there are (exp of the entropy), in terms of the data's."""
    if evidence.pair is None:
        return None
    kinds = [_perplexity(labels) for labels in _labels(evidence)]
    return Measured(
        kinds[1] / kinds[0],
        f"samples fall into {kinds[1]:.1f} kinds where the data have {kinds[0]:.1f}",
        _MORE,
    )


def _labels(evidence: Evidence) -> list[np.ndarray]:
    """Return the classes of real and fake samples: a classifier's, or groups of the data."""
    if evidence.real.shape[1:] == _classifier.SHAPE:
        sides = evidence.real, evidence.shown
        return [features(side, "fashion").logits.argmax(axis=1) for side in sides]
    real, fake = (side.astype(np.float64) for side in evidence.pair)
    centres = _centres(real)
    return [_nearest(side, centres) for side in (real, fake)]


def _centres(rows: np.ndarray) -> np.ndarray:
    """Return centres of groups: samples far from each other, then a few rounds of k-means."""
    chosen = [0]
    far = np.full(len(rows), np.inf)
    for _ in range(_KINDS - 1):
        far = np.minimum(far, ((rows - rows[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(far.argmax()))
    centres = rows[chosen]
    for _ in range(5):
        near = _nearest(rows, centres)
        groups = [rows[near == k] for k in range(len(centres))]
        centres = np.stack(
            [g.mean(axis=0) if len(g) else c for g, c in zip(groups, centres, strict=True)]
        )
    return centres


def _nearest(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    squares = (centres * centres).sum(axis=1)
    return (squares - 2 * rows @ centres.T).argmin(axis=1)


def _perplexity(labels: np.ndarray) -> float:
    share = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(np.exp(-(share * np.log(share)).sum()))


def saturation(evidence: Evidence) -> Measured | None:
    """Share of black or white pixels among samples, beyond that of the data."""
    shown = evidence.shown
    if shown is None or shown.ndim != 4 or not np.isfinite(shown).all():
        return None
    made = float((np.abs(shown) > _EDGE).mean())
    known = 0.0 if evidence.real is None else float((np.abs(evidence.real) > _EDGE).mean())
    share = made if evidence.real is None else max(made - known, 0.0)
    return Measured(
        share,
        f"{made:.0%} of the samples' pixels are at the end of the scale, {known:.0%} of the data's",
        "Lower the generator's learning rate, or begin with smaller weights in its last layer.",
    )
