"""Checks of what goes in: data and labels."""

import numpy as np

from ganc.doctor._evidence import Evidence
from ganc.doctor._finding import Measured
from ganc.nn import Module, Sigmoid, Tanh

__all__ = ["data_range", "label_smoothing", "labels", "labels_known", "repeats"]

_POINTS = 10.0  # features beyond are far from where networks begin


def data_range(evidence: Evidence) -> Measured | None:
    """How far the data's range is from the one expected, as a share of its width."""
    raw = evidence.raw
    if raw is None or raw.ndim < 2:
        return None
    low, high = float(np.min(raw)), float(np.max(raw))
    if raw.ndim == 2:
        expected, hint = _range_of_points(evidence)
        distance = max(expected[0] - low, high - expected[1], 0.0)
    else:
        expected = (0.0, 255.0) if raw.dtype == np.uint8 else (-1.0, 1.0)
        hint = _way_to(raw, low, high)
        distance = max(abs(low - expected[0]), abs(high - expected[1]))
    return Measured(
        distance / (expected[1] - expected[0]),
        f"the data span {low:g} to {high:g} where {expected[0]:g} to {expected[1]:g} is expected",
        hint,
    )


def _range_of_points(evidence: Evidence) -> tuple[tuple[float, float], str]:
    end = None if evidence.generator is None else last_layer(evidence.generator)
    if isinstance(end, Tanh | Sigmoid):
        low = -1.0 if isinstance(end, Tanh) else 0.0
        return (low, 1.0), f"Scale the data to {low:g} to 1, or end the generator in a Linear."
    return (-_POINTS, _POINTS), "Standardise: x = (x - x.mean(0)) / x.std(0)."


def _way_to(raw: np.ndarray, low: float, high: float) -> str:
    if raw.dtype == np.uint8:
        return f"Stretch them: (x * (255 // {max(int(high), 1)})).astype('uint8')."
    if low < 0:
        return "Scale them: x / abs(x).max()."
    return "Use x * 2 - 1." if high <= 1.0 else "Pass them as uint8, or use x / 127.5 - 1."


def last_layer(network: Module) -> Module | None:
    """Return the last module that is no container and does not only change the shape."""
    leaves = [m for m in network.modules() if not list(m.children())]
    shaping = ("Flatten", "Unflatten", "Identity")
    return next((m for m in reversed(leaves) if type(m).__name__ not in shaping), None)


def labels(evidence: Evidence) -> Measured | None:
    """How many labels no class belongs to."""
    if evidence.y is None:
        return None
    y = np.asarray(evidence.y)
    if y.dtype.kind not in "uif" or y.ndim != 1:
        return Measured(
            float(y.size),
            f"labels have shape {y.shape} and dtype {y.dtype}",
            "Pass one whole number a sample: y.argmax(axis=1) of one-hot ones.",
        )
    classes = _classes(evidence)
    end = np.inf if classes is None else classes
    wrong = (y < -int(evidence.may_be_missing)) | (y >= end) | (y != np.floor(y))
    first = f", such as {y[wrong.argmax()]:g}" if wrong.any() else ""
    expected = "whole numbers from 0" if classes is None else f"0 to {classes - 1}"
    return Measured(
        float(wrong.sum()),
        f"{wrong.sum()} of {y.size} labels are not {expected}{first}",
        "Number the classes from 0: np.unique(y, return_inverse=True)[1].",
    )


def _classes(evidence: Evidence) -> int | None:
    """Return how many classes the networks know."""
    networks = [] if evidence.model is None else evidence.model._parts().values()
    sizes = [
        size
        for network in networks
        for module in network.modules()
        for name in ("num_embeddings", "num_classes")
        if isinstance(size := getattr(module, name, None), int)
    ]
    return min(sizes, default=None)


def labels_known(evidence: Evidence) -> Measured | None:
    """How far labels can be told from samples of data: 0 by chance, 1 always."""
    right = telling(evidence)
    if right is None:
        return None
    return Measured(
        right,
        "the labels say next to nothing of the samples: as if they belonged to other samples",
        "Look at a few pairs of sample and label; shuffle x and y together, or not at all.",
    )


def telling(evidence: Evidence) -> float | None:
    """Return how well one half of the data tells the labels of the other: 0 by chance."""
    if evidence.labelled is None:
        return None
    seen, labels, _ = evidence.labelled
    half = len(labels) // 2
    return told_apart(seen.real[:half], labels[:half], seen.real[half:], labels[half:])


def told_apart(
    known: np.ndarray, labels: np.ndarray, rows: np.ndarray, asked: np.ndarray
) -> float | None:
    """Return how often the nearest class mean is the right one: 0 by chance, 1 always."""
    classes = np.unique(labels)
    rows, asked = rows[np.isin(asked, classes)], asked[np.isin(asked, classes)]
    if len(classes) < 2 or len(known) < 4 * len(classes) or not len(rows):
        return None
    means = np.stack([known[labels == c].mean(axis=0) for c in classes])
    squares = (means * means).sum(axis=1) - 2 * rows @ means.T
    right = float((classes[squares.argmin(axis=1)] == asked).mean())
    chance = float(max((asked == c).mean() for c in classes))
    return (right - chance) / (1 - chance) if chance < 1 else None


def repeats(evidence: Evidence) -> Measured | None:
    """Share of the data that repeat a sample before them."""
    given = evidence.given
    if given is None or len(given) < 2:
        return None
    share = 1 - len({row.tobytes() for row in given}) / len(given)
    return Measured(
        share,
        f"{share:.0%} of the data repeat a sample before them",
        "Leave the copies out: np.unique(x, axis=0); look at how the data were read.",
    )


def label_smoothing(evidence: Evidence) -> Measured | None:
    """How far D's target for real samples is below 1."""
    smoothing = getattr(evidence.loss, "label_smoothing", None)
    if smoothing is None:
        return None
    return Measured(
        smoothing,
        f"D is told that real samples are real with {1 - smoothing:g} only",
        "Use label_smoothing=0.1, or none.",
    )
