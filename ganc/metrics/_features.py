"""From samples to what is compared: features, and logits where the extractor classifies."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc._options import choose
from ganc.data import as_images, from_uint8
from ganc.data._incoming import as_array
from ganc.data._some import every
from ganc.metrics import _classifier

__all__ = ["Features", "features"]

_CHUNK = 500  # images handed to an extractor at a time
_GIVEN = "features as given"

Extractor = str | Callable[[np.ndarray], Any] | None


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """Features of samples, computed once for several metrics, or brought along under a name.

    Parameters
    ----------
    values : array_like, shape (N, D)
        One row a sample, kept as float64.
    extractor : str, default "features as given"
        Where they come from; results print it. Features of another library go in here:
        ``Features(values, "Inception-v3 pool3 (torch-fidelity)")``.
    logits : array_like, shape (N, K), optional
        Class scores before the softmax, which `inception_score` and `class_coverage` need.

    Raises
    ------
    TypeError, ValueError
        For something else than a table of finite numbers with at least one row and column.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> real = metrics.Features(np.eye(3), "a scale of mine")
    >>> metrics.frechet_distance(real, real).extractor
    'a scale of mine'
    """

    values: np.ndarray
    extractor: str = _GIVEN
    logits: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _table("features", self.values))
        if self.logits is not None:
            logits = _table("logits", self.logits)
            if len(logits) != len(self):
                raise ValueError(
                    f"logits: got {len(logits)} rows for {len(self)} features, expected one each"
                )
            object.__setattr__(self, "logits", logits)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        classes = "" if self.logits is None else f", {self.logits.shape[1]} classes"
        return f"Features({len(self)} x {self.values.shape[1]}{classes}, {self.extractor})"


def features(x: ArrayLike | Features, extractor: Extractor = None) -> Features:
    """Extract features, to use them for several metrics.

    Parameters
    ----------
    x : array_like or Features
        Images in a form that `fit` takes, or a table (N, D) of points or features, which is
        taken as it is unless `extractor` is a function.
    extractor : str or callable, optional
        ``"ganc-fashion-v1"`` (or "fashion"), ganc's classifier of 28x28 grey images and the
        default for them; ``"ganc-mnist-v1"`` (or "mnist"), the same for digits; ``"pixels"``,
        the flattened image in [-1, 1]; or a function of images (n, C, H, W) in [-1, 1] that
        returns features (n, D), or the pair of features and logits (n, K).

    Returns
    -------
    Features

    Raises
    ------
    TypeError, ValueError
        If `x` is neither images nor a table, the extractor does not fit them, or gives NaN.

    Examples
    --------
    >>> import ganc
    >>> x, _ = ganc.datasets.load_embedded(100)
    >>> ganc.metrics.features(x, "pixels")
    Features(100 x 784, pixels)
    """
    return extract("x", x, extractor)


def extract(name: str, x: Any, extractor: Extractor = None) -> Features:
    """Return the features of samples that error messages call `name`."""
    if isinstance(x, Features):
        return x
    array = every(x, name)
    if array.ndim == 2 and not callable(extractor):
        if extractor is not None:
            raise ValueError(
                f"{name}: got a table {array.shape} and the extractor {extractor!r}, expected "
                "images for it; leave the extractor out to compare the rows as they are"
            )
        return Features(_table(name, array))
    inside = _table(name, array) if array.ndim == 2 else as_images(array, name=name)
    title, function = _resolve(extractor, name, inside)
    parts = [function(_chunk(inside[i : i + _CHUNK])) for i in range(0, len(inside), _CHUNK)]
    pairs = [part if isinstance(part, tuple) else (part, None) for part in parts]
    values = np.concatenate([as_array(values, title) for values, _ in pairs])
    if len(values) != len(inside) or values.ndim != 2:
        raise ValueError(
            f"extractor: {title} gave an array {values.shape} for {len(inside)} samples, expected "
            f"({len(inside)}, D)"
        )
    logits = None if pairs[0][1] is None else np.concatenate([as_array(b, title) for _, b in pairs])
    return Features(_table(f"{name}, seen through {title}", values), title, logits)


def pair(real: Any, fake: Any, extractor: Extractor = None) -> tuple[Features, Features]:
    """Return the features of both sides, from one extractor and of one width."""
    a, b = extract("real", real, extractor), extract("fake", fake, extractor)
    if a.extractor != b.extractor:
        raise ValueError(
            f"real comes from {a.extractor!r}, fake from {b.extractor!r}, expected the same"
        )
    if a.values.shape[1] != b.values.shape[1]:
        raise ValueError(
            f"real has {a.values.shape[1]} features, fake {b.values.shape[1]}, expected the same"
        )
    return a, b


def logits_of(name: str, x: Any, extractor: Extractor = None) -> Features:
    """Return features with logits; a plain table is taken for logits itself."""
    found = extract(name, x, extractor)
    if found.logits is not None:
        return found
    if found.extractor != _GIVEN or isinstance(x, Features):
        raise ValueError(
            f"{name}: {found.extractor} has no classes; use ganc's classifier, or an extractor "
            "that returns (features, logits)"
        )
    return Features(found.values, "logits as given", found.values)


def _resolve(extractor: Extractor, name: str, inside: np.ndarray) -> tuple[str, Callable]:
    if callable(extractor):
        return getattr(extractor, "__name__", type(extractor).__name__), extractor
    if extractor == "pixels":
        return "pixels", lambda images: images.reshape(len(images), -1)
    shape = inside.shape[1:] if inside.dtype != np.uint8 else _chunk(inside[:1]).shape[1:]
    if extractor is None and shape != _classifier.SHAPE:
        raise ValueError(
            f"{name}: got images {shape}; ganc's own classifier sees (1, 28, 28) only. Pass "
            "extractor='pixels', or a function that gives features"
        )
    known = choose("extractor", extractor or "fashion", [*_classifier.names(), "pixels"])
    classifier = _classifier.load(known)
    if shape != _classifier.SHAPE:
        raise ValueError(f"{name}: got images {shape}, {classifier.name} expects (1, 28, 28)")
    return f"{classifier.name}@{classifier.sha256[:8]}", classifier


def _chunk(rows: np.ndarray) -> np.ndarray:
    return from_uint8(rows) if rows.dtype == np.uint8 else rows


def _table(name: str, x: Any) -> np.ndarray:
    array = as_array(x, name, "a table (N, D)")
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name}: got dtype {array.dtype}, expected real numbers")
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"{name}: got shape {array.shape}, expected a table (N, D) with a row a sample"
        )
    array = array.astype(np.float64)
    wrong = ~np.isfinite(array).all(axis=1)
    if wrong.any():
        raise ValueError(
            f"{name}: {int(wrong.sum())} of {len(array)} rows hold NaN or infinity (first row "
            f"{int(wrong.argmax())}), expected finite numbers"
        )
    return array
