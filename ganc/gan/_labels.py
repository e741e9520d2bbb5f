"""Labels that samples are asked for."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ganc._backend import core
from ganc.data import as_labels
from ganc.nn import functional as F

if TYPE_CHECKING:
    from ganc.gan._latent_model import LatentModel

__all__ = ["asked", "known_classes", "rows_of", "two"]


def rows_of(labels: core.Tensor, classes: int) -> core.Tensor:
    """Return labels (N,) as one-hot rows (N, K); rows, mixtures of classes, as they are."""
    return labels if labels.ndim == 2 else F.one_hot(labels, classes).float()


def known_classes(model: "LatentModel") -> int:
    """Return how many classes a model has."""
    if model.classes is None:
        raise ValueError(
            f"{type(model).__name__}: the number of classes is not known yet; pass classes= when "
            "you build it, or fit it first"
        )
    return model.classes


def asked(model: "LatentModel", labels: ArrayLike | None, n: int) -> tuple[np.ndarray, ...]:
    """Return the labels of n samples for the generator; nothing where it takes none."""
    if not model._conditional:
        if labels is not None:
            raise ValueError(
                f"labels: got {labels!r}, but {type(model).__name__} was built without labels; "
                "leave them out"
            )
        return ()
    classes = known_classes(model)
    if labels is None:
        labels = np.arange(n) % classes
    elif np.ndim(labels) == 0:
        labels = np.full(n, labels)
    if len(labels) != n:
        raise ValueError(f"labels: got {len(labels)} for {n} samples, expected one for each")
    if n == 0:
        return (np.zeros(0, np.float32),)
    return (as_labels(labels, n, classes, name="labels").astype(np.float32),)


def two(model: "LatentModel") -> tuple[np.ndarray, ...]:
    """Return two labels to try networks with; nothing where they take none."""
    return (np.zeros(2, np.float32),) if model._conditional else ()
