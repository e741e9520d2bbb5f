"""Checks of samples against data: how different from each other, how many kinds, how like."""

import numpy as np

from ganc.doctor._evidence import Evidence
from ganc.doctor._finding import Measured
from ganc.doctor._inputs import telling, told_apart

__all__ = [
    "classes",
    "coverage",
    "distances",
    "labels_heeded",
    "recall",
    "saturation",
    "sharpness",
    "twins",
]

_EDGE = 0.998  # beyond: an 8-bit pixel is black or white
_TELLING = 0.3  # below, the data's own labels can hardly be seen
_MORE = "Lower the generator's learning rate or raise the discriminator's; check n_critic."
_LONGER = "Train longer; if this number stands still, lower both learning rates or widen G and D."


def distances(evidence: Evidence) -> Measured | None:
    """Mean distance between two samples, in terms of the data's."""
    if evidence.pair is None:
        return None
    rows = [side.reshape(len(side), -1) for side in evidence.pair]
    real, fake = map(_mean_distance, rows)
    if not real:
        return None
    return Measured(
        fake / real,
        f"two samples are {fake / real:.2g} times as far apart as two of the data on average",
        _MORE,
    )


def _mean_distance(rows: np.ndarray) -> float:
    n = len(rows)
    return float(np.sqrt(_squares(rows)).sum() / (n * (n - 1)))


def _squares(rows: np.ndarray) -> np.ndarray:
    """Squared distances between rows."""
    rows = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    squares = (rows * rows).sum(axis=1)
    return np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0)


def classes(evidence: Evidence) -> Measured | None:
    """How many kinds of samples there are (exp of the entropy), in terms of the data's."""
    if evidence.seen is None:
        return None
    kinds = [_perplexity(labels) for labels in evidence.seen.kinds]
    largest = np.unique(evidence.seen.kinds[1], return_counts=True)[1].max()
    share = largest / len(evidence.seen.fake)
    return Measured(
        kinds[1] / kinds[0],
        f"samples fall into {kinds[1]:.1f} kinds where the data have {kinds[0]:.1f}; {share:.0%} "
        "are of one kind",
        _MORE,
    )


def _perplexity(labels: np.ndarray) -> float:
    share = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(np.exp(-(share * np.log(share)).sum()))


def coverage(evidence: Evidence) -> Measured | None:
    """Share of the data that have a sample near them (Naeem et al. 2020)."""
    if evidence.likeness is None:
        return None
    found = float(evidence.likeness.coverage)
    return Measured(
        found, f"only {found:.0%} of the data have a sample near them (coverage)", _LONGER
    )


def recall(evidence: Evidence) -> Measured | None:
    """Share of the data that lie among the samples (Kynkaanniemi et al. 2019)."""
    if evidence.likeness is None:
        return None
    found = float(evidence.likeness.recall)
    return Measured(
        found,
        f"only {found:.0%} of the data lie among the samples (recall): their variety is missing",
        "Train longer; if this number stands still: a larger latent_dim, a faster D, "
        "label_smoothing=0.1.",
    )


def twins(evidence: Evidence) -> Measured | None:
    """Median distance of a sample to the one most like it, in terms of the data's."""
    if evidence.seen is None:
        return None
    real, fake = (_nearest_other(side) for side in (evidence.seen.real, evidence.seen.fake))
    if not real:
        return None
    return Measured(
        fake / real,
        f"samples repeat themselves: the nearest other one is {fake / real:.2g} times as far away "
        "as among the data",
        _MORE,
    )


def _nearest_other(rows: np.ndarray) -> float:
    squares = _squares(rows)
    np.fill_diagonal(squares, np.inf)
    return float(np.sqrt(np.median(squares.min(axis=1))))


def sharpness(evidence: Evidence) -> Measured | None:
    """How much finest detail the samples have, in terms of the data's: far from 1 if not 0."""
    if evidence.pair is None or evidence.pair[0].ndim != 4 or min(evidence.pair[0].shape[2:]) < 3:
        return None
    real, fake = map(_detail, evidence.pair)
    if not real or not fake:
        return None
    times = fake / real
    what = f"noisy: they have {times:.2g} times" if times > 1 else f"blurred: {times:.2g} times"
    return Measured(
        float(abs(np.log2(times))),
        f"samples are {what} as much fine detail as the data",
        "Train longer, or keep an average (ema=0.998)." if times > 1 else _LONGER,
    )


def _detail(images: np.ndarray) -> float:
    """Mean square of the discrete Laplacian."""
    x = images.astype(np.float64)
    middle = x[:, :, 1:-1, 1:-1]
    around = x[:, :, :-2, 1:-1] + x[:, :, 2:, 1:-1] + x[:, :, 1:-1, :-2] + x[:, :, 1:-1, 2:]
    return float(((4 * middle - around) ** 2).mean())


def labels_heeded(evidence: Evidence) -> Measured | None:
    """How far samples are of the class that was asked for, in terms of the data's."""
    if evidence.labelled is None:
        return None
    seen, labels, asked = evidence.labelled
    real = telling(evidence)
    fake = told_apart(seen.real, labels, seen.fake, asked)
    if real is None or fake is None or real < _TELLING:
        return None
    return Measured(
        fake / real,
        f"samples are of the class that was asked for {max(fake / real, 0):.0%} as often as the "
        "data are of theirs, beyond chance",
        "Check that both networks use the label, and that real ones come with their own.",
    )


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
