"""What the checks look at: each part is made once, when it is first asked for.

A part that there is no model or no data for is None, and so is one that holds NaN where a
check could do nothing with it.
"""

import warnings
from functools import cached_property
from typing import Any

import numpy as np

from ganc.gan import _door
from ganc.gan._feed import some
from ganc.gan._model import Model
from ganc.history import History
from ganc.nn import Module
from ganc.nn._inference import evaluate

__all__ = ["Evidence"]

_SAMPLES = 512


class Evidence:
    """A model or a history, and data, seen from all sides."""

    def __init__(self, subject: Any, x: Any, y: Any, held_out: Any, seed: int) -> None:
        if not isinstance(subject, Model | History):
            raise TypeError(
                f"doctor: got {type(subject).__name__}, expected a GAN or the History of one"
            )
        self.model = subject if isinstance(subject, Model) else None
        self.history = subject.history if isinstance(subject, Model) else subject
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
    def raw(self) -> np.ndarray | None:
        """Some of the data as they were given."""
        if self.x is None:
            return None
        array = np.asarray(some(self.x, _SAMPLES))
        if array.dtype.kind not in "uif" or not array.size:
            return None
        return array[:: max(len(array) // _SAMPLES, 1)]

    @cached_property
    def real(self) -> np.ndarray | None:
        """Data as `fit` takes them, images in [-1, 1]."""
        return self._inside(self.x)

    @cached_property
    def held_out(self) -> np.ndarray | None:
        """Data that were not trained on."""
        return self._inside(self._held_out)

    def _inside(self, x: Any) -> np.ndarray | None:
        if x is None or self.model is None:
            return None
        given = np.asarray(some(x, _SAMPLES))
        if given.dtype.kind == "f" and given.ndim == 4 and np.abs(given).max(initial=0) > 1.001:
            return None  # `fit` refuses such images; the check of the range says what to do
        with warnings.catch_warnings():  # of images in 0..1, likewise
            warnings.simplefilter("ignore", UserWarning)
            return _door.evaluation_array(self.model, given, _SAMPLES)

    # ---- the model ----

    @property
    def generator(self) -> Module | None:
        """The network that makes samples."""
        return None if self.model is None else self.model._maker()

    @property
    def discriminator(self) -> Module | None:
        """The network that judges them, of a GAN."""
        return getattr(self.model, "discriminator", None)

    @cached_property
    def latents(self) -> np.ndarray:
        """Latents with the doctor's seed."""
        return self.model.sample_latent(_SAMPLES, seed=self.seed)

    @cached_property
    def shown(self) -> np.ndarray | None:
        """What the model shows, images in [-1, 1]: of an averaged generator where one is kept."""
        return None if self.model is None else self.model.preview(_SAMPLES, seed=self.seed)

    @cached_property
    def fake(self) -> np.ndarray | None:
        """Samples of the generator that learns, images in [-1, 1]."""
        if self.model is None:
            return None
        made = evaluate(self.generator, self.latents)
        return _door.to_unit(made, self.model.pixel_range)

    @property
    def pair(self) -> tuple[np.ndarray, np.ndarray] | None:
        """As many real samples as shown ones, one row each, if all are finite."""
        if self.real is None or self.shown is None or len(self.real) < 32:
            return None
        if self.real.shape[1:] != self.shown.shape[1:] or not np.isfinite(self.shown).all():
            return None
        n = min(len(self.real), len(self.shown))
        return self.real[:n].reshape(n, -1), self.shown[:n].reshape(n, -1)

    def judged(self, samples: np.ndarray | None) -> np.ndarray | None:
        """Return D's logits of samples in evaluation mode, if they are finite."""
        if samples is None or self.discriminator is None:
            return None
        inside = _door.from_unit(samples, self.model.pixel_range)
        logits = evaluate(self.discriminator, inside).astype(np.float64)
        logits = logits.reshape(len(logits), -1)[:, 0]
        return logits if np.isfinite(logits).all() else None

    @cached_property
    def logits(self) -> dict[str, np.ndarray] | None:
        """D's logits of real, fake and held-out samples; those there are."""
        sides = {"real": self.real, "fake": self.fake, "held_out": self.held_out}
        found = {name: self.judged(samples) for name, samples in sides.items()}
        return {name: logits for name, logits in found.items() if logits is not None}
