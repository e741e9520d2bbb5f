"""What samples and data are compared by: a classifier's features, or the data's main directions.

28x28 grey images are seen through that of ganc's classifiers which is surer of the data; other
images through the principal components of the data, points as they are, with a spread of 1 in each
coordinate. Kinds are the classifier's classes, otherwise ten groups of the data.
"""

from typing import NamedTuple

import numpy as np

from ganc.metrics import Features, _classifier, features

__all__ = ["Seen", "see"]

_KINDS = 10  # groups of data that have no classes
_COMPONENTS = 32
_FEW = 64  # images that a classifier is chosen by


class Seen(NamedTuple):
    """Real and generated samples, a row each, and what kind each is of."""

    real: np.ndarray
    fake: np.ndarray
    kinds: tuple[np.ndarray, np.ndarray]
    through: str


def see(real: np.ndarray, fake: np.ndarray) -> Seen:
    """Return samples, finite and of the same shape, as checks compare them."""
    if real.shape[1:] == _classifier.SHAPE:
        name = max(_classifier.SHA256, key=lambda known: _sureness(features(real[:_FEW], known)))
        a, b = features(real, name), features(fake, name)
        kinds = a.logits.argmax(axis=1), b.logits.argmax(axis=1)
        return Seen(a.values, b.values, kinds, name)
    flat = [side.reshape(len(side), -1).astype(np.float64) for side in (real, fake)]
    middle = flat[0].mean(axis=0)
    rows = [side - middle for side in flat]
    through = "coordinates"
    if real.ndim == 2:
        scale = np.sqrt((rows[0] ** 2).mean(axis=0))
        rows = [side / np.where(scale > 0, scale, 1.0) for side in rows]
    else:
        axes = _principal(rows[0])
        rows, through = [side @ axes for side in rows], f"{axes.shape[1]} principal components"
    centres = _centres(rows[0])
    return Seen(*rows, (_nearest(rows[0], centres), _nearest(rows[1], centres)), through)


def _sureness(found: Features) -> float:
    """Mean probability of the class that a classifier decides for."""
    shifted = found.logits - found.logits.max(axis=1, keepdims=True)
    return float((1 / np.exp(shifted).sum(axis=1)).mean())


def _principal(rows: np.ndarray) -> np.ndarray:
    """Return the principal axes of centred rows, as columns; the smaller Gram matrix is solved."""
    wide = rows.shape[1] > len(rows)
    values, vectors = np.linalg.eigh(rows @ rows.T if wide else rows.T @ rows)
    chosen = values[::-1][:_COMPONENTS] > 1e-9 * max(float(values[-1]), 1e-300)
    vectors = vectors[:, ::-1][:, :_COMPONENTS][:, chosen]
    if not wide:
        return vectors
    axes = rows.T @ vectors
    return axes / np.sqrt((axes * axes).sum(axis=0))


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
