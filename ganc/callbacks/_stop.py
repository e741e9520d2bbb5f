"""Ending training early."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganc._options import at_least, choose, finite
from ganc._warn import warn
from ganc.callbacks import _states
from ganc.callbacks._base import Callback
from ganc.io import FormatError

__all__ = ["EarlyStopping", "TerminateOnNaN"]


class EarlyStopping(Callback):
    """Stop when a recorded number no longer improves.

    The losses of a GAN do not say how good its samples are: watch a metric instead.

    Parameters
    ----------
    monitor : str
        Name of the number; "frechet_distance" stands for "frechet_distance(..., n=1000)", too.
        Epochs without it do not count.
    min_delta : float, default 0.0
        A smaller change is no improvement.
    patience : int, default 0
        Epochs without improvement that are put up with.
    mode : {"min", "max"}, default "min"
        Which direction is better.
    baseline : float, optional
        Only what is better than this is an improvement.
    restore_best_weights : bool, default False
        At the end, give the networks back the weights of the best epoch; optimizers stay.
    start_from_epoch : int, default 0
        Earlier epochs, counted from 0, do not count.

    Attributes
    ----------
    best : float
        The best value so far.
    best_epoch : int or None
        Its epoch, from 0.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> stop = ganc.callbacks.EarlyStopping("d_loss", min_delta=10.0, patience=1)
    >>> len(gan.fit(ganc.datasets.toy.ring(256), epochs=9, verbose=0, callbacks=[stop]))
    2
    """

    def __init__(
        self,
        monitor: str,
        min_delta: float = 0.0,
        patience: int = 0,
        mode: str = "min",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.min_delta = finite("min_delta", min_delta, 0.0)
        self.patience = at_least("patience", patience, 0)
        self.mode = choose("mode", mode, ("min", "max"))
        self.baseline = None if baseline is None else finite("baseline", baseline)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = at_least("start_from_epoch", start_from_epoch, 0)
        self._sign = 1.0 if mode == "min" else -1.0
        self._loaded = False
        self._forget()

    def _forget(self) -> None:
        worst = math.inf * self._sign
        self.best = worst if self.baseline is None else self.baseline
        self.best_epoch: int | None = None
        self._waited = 0
        self._weights: dict[str, dict[str, np.ndarray]] = {}

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Forget earlier runs."""
        if not self._loaded:
            self._forget()
        self._loaded = False
        self._warned = False

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Compare with the best so far."""
        value = self._value(logs or {})
        if value is None or epoch < self.start_from_epoch:
            return
        if self._sign * value < self._sign * self.best - self.min_delta:
            self.best, self.best_epoch, self._waited = value, epoch, 0
            if self.restore_best_weights:
                self._weights = self._copies()
            return
        self._waited += 1
        if self._waited >= max(self.patience, 1):
            self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Give the networks their best weights, if asked to."""
        for name, weights in self._weights.items():
            self._networks()[name].load_state_dict(weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the best so far, and how long it has not improved."""
        return {
            "monitor": self.monitor,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "waited": self._waited,
            "weights": self._weights,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` returned, if the same number is watched."""
        if _states.text_of(state, "monitor") != self.monitor:
            return
        best, waited = _states.number_of(state, "best"), _states.count_of(state, "waited")
        epoch = None if state.get("best_epoch") is None else _states.count_of(state, "best_epoch")
        weights = self._checked(state.get("weights"))
        self.best, self.best_epoch, self._waited = best, epoch, waited
        self._weights, self._loaded = weights, True

    def _checked(self, weights: Any) -> dict[str, dict[str, np.ndarray]]:
        """Return the weights of a state, if they are those of networks of the model."""
        if not isinstance(weights, dict):
            raise _states.wrong("weights", weights, "arrays of the networks by name")
        own = self._copies() if weights and self.model is not None else weights
        for part, arrays in weights.items():
            fits = isinstance(arrays, dict) and arrays.keys() == own.get(part, {}).keys()
            if not fits or any(np.shape(x) != own[part][n].shape for n, x in arrays.items()):
                raise FormatError(f"weights: those of {part!r} do not fit the model")
        return weights

    def _value(self, logs: Mapping[str, float]) -> float | None:
        names = [n for n in logs if n == self.monitor or n.startswith(f"{self.monitor}(")]
        if not names and not self._warned:
            self._warned = True
            warn(
                f"monitor: {self.monitor!r} is not among the recorded numbers ({', '.join(logs)}); "
                "EarlyStopping waits until it is"
            )
        return logs[names[0]] if names else None

    def _networks(self) -> dict[str, Any]:
        averages = self.model._averages.items()
        return self.model._parts() | {f"ema_{name}": average.network for name, average in averages}

    def _copies(self) -> dict[str, dict[str, np.ndarray]]:
        return {
            part: {name: np.array(x.numpy()) for name, x in network.state_dict().items()}
            for part, network in self._networks().items()
        }


class TerminateOnNaN(Callback):
    """Stop when a number of a step is NaN or infinite.

    `fit` raises `ganc.DivergenceError` where a loss is; this watches everything else a `train_step`
    reports, and ends quietly.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> _ = gan.fit(ganc.datasets.toy.ring(512), verbose=0,
    ...             callbacks=[ganc.callbacks.TerminateOnNaN()])
    """

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look at a step's numbers; those of G count once it has been updated."""
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                self.model.stop_training |= name not in self.model._stale
