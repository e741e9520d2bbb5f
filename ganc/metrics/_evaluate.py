"""Several metrics at once, by name; features are extracted once for all of them."""

import builtins
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ganc._options import choose
from ganc.data._some import every
from ganc.datasets import toy
from ganc.metrics import _classifier
from ganc.metrics._classes import class_coverage, inception_score
from ganc.metrics._features import Extractor, Features, extract
from ganc.metrics._frechet import frechet_distance
from ganc.metrics._kernel import kernel_distance
from ganc.metrics._manifold import precision_recall_density_coverage
from ganc.metrics._modes import Modes
from ganc.metrics._result import Result
from ganc.metrics._scores import Scores
from ganc.metrics._stacked import stacked_modes

__all__ = ["evaluate", "list"]

Metric = str | Callable[[Any, Any], Any]

_METRICS: dict[str, Callable[[Any, Any], Any]] = {
    "class_coverage": class_coverage,
    "frechet_distance": frechet_distance,
    "grid_modes": lambda real, fake: Modes(toy.grid_centers(), 0.05)(real, fake),
    "inception_score": lambda real, fake: inception_score(fake),
    "kernel_distance": kernel_distance,
    "precision_recall_density_coverage": precision_recall_density_coverage,
    "stacked_modes": lambda real, fake: stacked_modes(fake),
    "ring_modes": lambda real, fake: Modes(toy.ring_centers(), 0.01)(real, fake),
}
_ALIASES = {
    "prdc": "precision_recall_density_coverage",
    "precision": "precision_recall_density_coverage",
    "frechet": "frechet_distance",
}
_INCEPTION = {"fid": "frechet_distance", "kid": "kernel_distance", "is": "inception_score"}
_FEWEST = 64  # of a half that says anything
_OF_FEATURES = ("frechet_distance", "kernel_distance", "precision_recall_density_coverage")
_OF_IMAGES = ("stacked_modes",)  # which see more than features
_OF_CLASSES = ("inception_score", "class_coverage")


def list() -> builtins.list[str]:
    """Return the names of the metrics that `evaluate`, `GAN.evaluate` and `MetricCallback` take.

    `psnr`, `ssim` and `ms_ssim` are not among them: they compare an image with the one it should
    be, and a GAN's samples have none.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from ganc import metrics
    >>> metrics.list()
    ['class_coverage', 'frechet_distance', 'grid_modes', 'inception_score', 'kernel_distance',
     'precision_recall_density_coverage', 'ring_modes', 'stacked_modes']
    """
    return sorted(_METRICS)


def evaluate(
    real: Any, fake: Any, metrics: Iterable[Metric] | None = None, *, extractor: Extractor = None
) -> Scores:
    """Measure generated samples with several metrics.

    Parameters
    ----------
    real, fake : array_like or Features
        Images in a form that `fit` takes, points, or `Features`.
    metrics : iterable of str or callable, optional
        Names of `list`, and functions of (real, fake) that give a number, a named tuple or a dict
        of numbers. By default what fits: distances, precision and the like, and where the
        extractor has classes the two metrics of classes.
    extractor : str or callable, optional
        As for `features`; for images other than 28x28 grey ones the default here is "pixels".

    Returns
    -------
    Scores
        A dict of `Result` by the metric's name, which shows itself as a table; a tuple's or dict's
        entries by theirs. What functions give stays what it is, except that plain numbers become
        floats.

    Raises
    ------
    TypeError, ValueError
        For an unknown name, or samples that a metric does not take.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> x = np.random.default_rng(0).normal(size=(400, 2))
    >>> found = metrics.evaluate(x[:200], x[200:], ["prdc", "kernel_distance"])
    >>> found.keys()
    dict_keys(['precision', 'recall', 'density', 'coverage', 'kernel_distance'])
    >>> found["coverage"].n
    200
    """
    real, fake = (
        x if isinstance(x, Features) else every(x, name)
        for name, x in (("real", real), ("fake", fake))
    )
    extractor = default_extractor(real) if extractor is None else extractor
    chosen = default_metrics(real, extractor) if metrics is None else checked(metrics)
    sides = Side("real", real, extractor), Side("fake", fake, extractor)
    return Scores(measure(*sides, chosen), _real_against_real(sides[0], chosen))


class Side:
    """Samples of one kind, and their features once someone asks for them."""

    def __init__(self, name: str, samples: Any, extractor: Extractor) -> None:
        self.name, self.samples, self.extractor = name, samples, extractor

    @cached_property
    def features(self) -> Features:
        return extract(self.name, self.samples, self.extractor)

    def part(self, rows: slice) -> "Side":
        """Return some of the samples, with the features that are there already."""
        found, samples = self.features, self.samples
        if isinstance(samples, Features) or np.ndim(samples) > 2 or callable(self.extractor):
            logits = None if found.logits is None else found.logits[rows]
            samples = dataclasses.replace(found, values=found.values[rows], logits=logits)
        else:
            samples = samples[rows]
        return Side(self.name, samples, self.extractor)


def _real_against_real(real: Side, metrics: Iterable[Metric]) -> dict[str, Any]:
    """Return what the named metrics say of one half of the data against the other."""
    half = len(real.samples) // 2
    if half < _FEWEST:
        return {}
    a, b = (real.part(s) for s in (slice(half), slice(half, 2 * half)))
    named = [m for m in metrics if not callable(m) and m not in _OF_IMAGES]
    return measure(a, b, named)


def measure(real: Side, fake: Side, metrics: Iterable[Metric]) -> dict[str, Any]:
    """Return what checked metrics give."""
    found: dict[str, Any] = {}
    for metric in metrics:
        if callable(metric):
            value = metric(real.samples, fake.samples)
        else:
            # A plain table goes in as it came: the metrics of classes take it for logits.
            plain = np.ndim(real.samples) == 2 and not callable(real.extractor)
            plain = plain or metric in _OF_IMAGES
            a, b = (s.samples if plain else s.features for s in (real, fake))
            value = _METRICS[metric](a, b)
        found |= _entries(_title(metric), value)
    return found


def checked(metrics: Iterable[Metric]) -> builtins.list[Metric]:
    """Return metrics with their full names, or raise."""
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    return [metric if callable(metric) else _name(metric) for metric in metrics]


def default_extractor(samples: Any) -> Extractor:
    """Return "pixels" for images that ganc's classifier does not see, else None."""
    if isinstance(samples, Features) or np.ndim(samples) == 2:
        return None
    shape = np.shape(samples)
    grey = shape[1:] == _classifier.SHAPE or shape[1:] == _classifier.SHAPE[1:]
    return None if grey or shape[1:] == (28, 28, 1) else "pixels"


def default_metrics(samples: Any, extractor: Extractor) -> builtins.list[Metric]:
    """Return the names of what fits these samples."""
    if isinstance(samples, Features):
        classes = samples.logits is not None
    else:
        classes = np.ndim(samples) > 2 and isinstance(extractor, str | None)
        classes = classes and extractor != "pixels"
    return [*_OF_FEATURES, *(_OF_CLASSES if classes else ())]


def _name(metric: Any) -> str:
    if not isinstance(metric, str):
        raise TypeError(
            f"metrics: got {type(metric).__name__} {metric!r}, expected names of "
            "ganc.metrics.list() and functions of (real, fake)"
        )
    word = metric.lower().replace("-", "_")
    if word in _INCEPTION:
        raise ValueError(
            f"metrics: got {metric!r}, which is the name for Inception-v3's features; ganc has the "
            f"formula as {_INCEPTION[word]!r} and names the features it is used on"
        )
    return choose("metrics", _ALIASES.get(word, word), _METRICS)


def _title(metric: Metric) -> str:
    if isinstance(metric, str):
        return metric
    metric = getattr(metric, "func", metric)  # a functools.partial
    return getattr(metric, "__name__", type(metric).__name__)


def _entries(title: str, value: Any) -> dict[str, Any]:
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(name): _number(part) for name, part in value.items()}
    return {title: _number(value)}


def _number(value: Any) -> float:
    return value if isinstance(value, Result) else float(value)
