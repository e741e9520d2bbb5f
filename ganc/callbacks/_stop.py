"""Ending training early."""

import math
from collections.abc import Mapping

from ganc._options import at_least, choose, finite
from ganc.callbacks._base import Callback

__all__ = ["EarlyStopping", "TerminateOnNaN"]


class EarlyStopping(Callback):
    """Stop when a recorded number no longer improves.

    The losses of a GAN do not say how good its samples are: watch a metric instead.

    Parameters
    ----------
    monitor : str
        Name of the number.
    min_delta : float, default 0.0
        A smaller change is no improvement.
    patience : int, default 0
        Epochs without improvement that are put up with.
    mode : {"min", "max"}, default "min"
        Which direction is better.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> stop = ganc.callbacks.EarlyStopping("d_loss", min_delta=10.0, patience=1)
    >>> len(gan.fit(ganc.datasets.toy.ring(256), epochs=9, verbose=0, callbacks=[stop]))
    2
    """

    def __init__(
        self, monitor: str, min_delta: float = 0.0, patience: int = 0, mode: str = "min"
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.min_delta = finite("min_delta", min_delta, 0.0)
        self.patience = at_least("patience", patience, 0)
        self.mode = choose("mode", mode, ("min", "max"))

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Forget earlier runs."""
        self._best = math.inf
        self._waited = 0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Compare with the best so far."""
        logs = logs or {}
        if self.monitor not in logs:
            names = ", ".join(logs)
            raise ValueError(f"monitor: got {self.monitor!r}, expected one of {names}")
        value = logs[self.monitor] if self.mode == "min" else -logs[self.monitor]
        if value < self._best - self.min_delta:
            self._best, self._waited = value, 0
            return
        self._waited += 1
        if self._waited >= max(self.patience, 1):
            self.model.stop_training = True


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
                early = name.startswith("g_") and self.model.step < self.model.n_critic
                self.model.stop_training |= not early
