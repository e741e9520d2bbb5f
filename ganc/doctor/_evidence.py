"""What the checks look at: each part is made once, when it is first asked for.

A part that there is no model or no data for is None, and so is one that holds NaN where a
check could do nothing with it.
"""

import warnings
from functools import cached_property
from typing import Any

import numpy as np

from ganc.data import order
from ganc.data._conversion import from_unit, to_unit
from ganc.data._some import is_dataset, some
from ganc.doctor._seen import Seen, see
from ganc.metrics import PRDC, precision_recall_density_coverage
from ganc.nn import Module
from ganc.nn._inference import evaluate

__all__ = ["Evidence"]

_SAMPLES = 512
_LEAST = 32  # samples that can be compared
Side = tuple[np.ndarray, ...]  # samples, and labels where the model takes them


class Evidence:
    """A model or a history, and data, seen from all sides."""

    def __init__(self, subject: Any, x: Any, y: Any, held_out: Any, seed: int) -> None:
        self.model = subject if hasattr(subject, "OPTIMIZERS") else None
        self.history = subject if self.model is None else subject.history
        if not isinstance(getattr(self.history, "history", None), dict):
            raise TypeError(
                f"doctor: got {type(subject).__name__}, expected a GAN or the History of one"
            )
        self.x, self.y, self._held_out, self.seed = x, y, held_out, seed

    # ---- curves ----

    def curve(self, name: str) -> np.ndarray:
        """Return a column of the history, without epochs that have no value."""
        values = np.array(self.history.history.get(name, ()), np.float64)
        return values[~np.isnan(values)]

    @property
    def loss(self) -> Any:
        """The loss, None for models that have none by that name."""
        return getattr(self.model, "loss", None)

    @property
    def loss_name(self) -> str:
        """Name of the loss, "" if it is not known."""
        return getattr(self.loss, "name", "") if self.model else self.history.loss_name

    # ---- data ----

    @cached_property
    def given(self) -> np.ndarray | None:
        """All of the data as they were given, some of those of a data set."""
        if self.x is None:
            return None
        one = self.x[0] if isinstance(self.x, tuple) else self.x
        array = np.asarray(some(one, _SAMPLES)[0])
        return array if array.dtype.kind in "uif" and array.size else None

    @cached_property
    def raw(self) -> np.ndarray | None:
        """Some of the data as they were given."""
        if self.given is None:
            return None
        return self.given[:: max(len(self.given) // _SAMPLES, 1)]

    @cached_property
    def real(self) -> np.ndarray | None:
        """Data as `fit` takes them, images in [-1, 1]."""
        return None if self._real is None else self._real[0]

    @cached_property
    def _real(self) -> Side | None:
        return self._inside(self.x, self.y)

    def _inside(self, x: Any, y: Any = None) -> Side | None:
        """Return some samples, and their labels if the model takes them and they are known."""
        if x is None or self.model is None:
            return None
        fields = len(self.model.FIELDS)
        together = isinstance(x, (tuple, list)) and len(x) == fields > 1
        parts = list(x) if together else some(x, _SAMPLES, fields)
        given = np.asarray(parts[0])
        if given.dtype.kind == "f" and given.ndim == 4 and np.abs(given).max(initial=0) > 1.001:
            return None  # `fit` refuses such images; the check of the range says what to do
        with warnings.catch_warnings():  # of images in 0..1, likewise
            warnings.simplefilter("ignore", UserWarning)
            if fields == 1:
                return (self.model.real_samples(given, _SAMPLES),)
            rows = np.linspace(0, len(given) - 1, min(_SAMPLES, len(given))).astype(np.int64)
            labels = parts[1] if len(parts) > 1 else None if is_dataset(x) else y
            more = () if labels is None else (np.asarray(labels)[rows].astype(np.float32),)
            return (self.model.real_samples(given[rows], len(rows)), *more)

    @property
    def may_be_missing(self) -> bool:
        """Whether a label may be -1, for a sample without one."""
        fields = () if self.model is None else self.model.FIELDS
        return any(field.kind == "partial_label" for field in fields)

    # ---- the model ----

    @property
    def generator(self) -> Module | None:
        """The network that makes samples of latents, of models that have one."""
        return self.model._parts()[self.model.GENERATORS[0]] if self.inputs else None

    @property
    def discriminator(self) -> Module | None:
        """The network that judges them, of a GAN: alone or with labels that `fit` takes."""
        network = getattr(self.model, "discriminator", None) if self.inputs else None
        return None if network is None or self._judged > len(self.model.FIELDS) else network

    @property
    def _judged(self) -> int:
        """How many inputs the discriminator takes."""
        return len(self.model.inputs_of("discriminator"))

    @cached_property
    def inputs(self) -> Side:
        """What the generator makes samples of: latents with the doctor's seed, and labels."""
        shows = self.model is not None and self.model._can_show
        return self.model._generator_inputs(_SAMPLES, self.seed) if shows else ()

    @cached_property
    def shown(self) -> np.ndarray | None:
        """What the model shows, images in [-1, 1]: of an averaged generator where one is kept."""
        shows = self.model is not None and self.model._can_show
        return self.model.preview(_SAMPLES, seed=self.seed) if shows else None

    @cached_property
    def fake(self) -> np.ndarray | None:
        """Samples of the generator that learns, images in [-1, 1]."""
        return None if self.generator is None else self.made(*self.inputs)

    def made(self, *inputs: np.ndarray) -> np.ndarray:
        """Return what the generator makes, images in [-1, 1]."""
        return to_unit(evaluate(self.generator, *inputs), self.model.pixel_range)

    @cached_property
    def pair(self) -> tuple[np.ndarray, np.ndarray] | None:
        """As many real samples as shown ones, where all are finite and can be compared."""
        if self.real is None or self.shown is None or len(self.real) < _LEAST:
            return None
        if [field.kind for field in self.model.FIELDS].count("image") > 1:
            return None  # results are made of data and shown beside them
        if self.real.shape[1:] != self.shown.shape[1:] or not np.isfinite(self.shown).all():
            return None
        n = min(len(self.real), len(self.shown))
        shown = np.asarray(self.shown)[order(0, 0, len(self.shown))[:n]]  # they come by classes
        return self.real[:n], shown

    @cached_property
    def seen(self) -> Seen | None:
        """The pair as features, and their kinds."""
        return None if self.pair is None else see(*self.pair)

    @cached_property
    def likeness(self) -> PRDC | None:
        """Precision, recall, density and coverage of the pair."""
        seen = self.seen
        return None if seen is None else precision_recall_density_coverage(seen.real, seen.fake)

    @property
    def unseen(self) -> str:
        """Why samples could not be compared with data, "" if they could."""
        if self.model is None:
            return "no model given"
        if self.x is None:
            return "no data given"
        if self.shown is None:
            return "the model shows no samples"
        if not np.isfinite(self.shown).all():
            return "samples hold NaN or infinity"
        if self.real is None:
            return "`fit` would not take these data"
        if len(self.real) < _LEAST:
            return f"fewer than {_LEAST} samples of data"
        return "" if self.pair else "what the model shows cannot be compared with these data"

    @cached_property
    def labelled(self) -> tuple[Seen, np.ndarray, np.ndarray] | None:
        """Real and generated samples of a model with labels, and the labels of both."""
        if self._real is None or len(self._real) < 2 or len(self.inputs) < 2:
            return None
        if self.fake is None or not np.isfinite(self.fake).all() or len(self.real) < _LEAST:
            return None
        labels = self._real[1], self.inputs[1]
        if any(side.ndim != 1 for side in labels):
            return None
        return (see(self.real, self.fake), *labels)

    def judged(self, *side: Any) -> Side:
        """Return what D takes of samples and labels."""
        own = getattr(self.model, "judged", None)
        return side if own is None else own(*side)

    @cached_property
    def sides(self) -> dict[str, Side]:
        """What D can be asked about, as it sees it: real, fake and held-out samples."""
        if self.discriminator is None:
            return {}
        fake = None if self.fake is None else (self.fake, *self.inputs[1:])
        found = {"real": self._real, "fake": fake, "held_out": self._inside(self._held_out)}
        return {
            name: self.judged(from_unit(side[0], self.model.pixel_range), *side[1:])
            for name, side in found.items()
            if side is not None and len(side) >= self._judged
        }

    @cached_property
    def logits(self) -> dict[str, np.ndarray]:
        """D's logits in evaluation mode of the sides where they are finite."""
        answers = {
            name: evaluate(self.discriminator, *side).astype(np.float64)
            for name, side in self.sides.items()
        }
        found = {name: a.reshape(len(a), -1)[:, 0] for name, a in answers.items()}
        return {name: logits for name, logits in found.items() if np.isfinite(logits).all()}
