"""Saying how far training is."""

import math
import shutil
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from ganc.callbacks._base import Callback

__all__ = ["ProgressBar", "clock_text", "progress_for"]

_REFRESH = 0.1  # seconds between two drawings of the line
_WARM_UP = 20  # steps before a time left is told
_SHOWN = ("d_loss", "g_loss", "d_real", "d_fake", "loss", "recon", "kl")


def progress_for(verbose: str | int | bool, stream: TextIO | None = None) -> list[Callback]:
    """Return the callbacks that ``fit(verbose=...)`` stands for.

    Parameters
    ----------
    verbose : {"auto", 0, 1, 2}
    stream : file, optional
        By default standard error.

    Returns
    -------
    list of Callback
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose: got {verbose!r}, expected 'auto', 0, 1 or 2")
    stream = sys.stderr if stream is None else stream
    if verbose == "auto":
        verbose = 1 if stream is not None and stream.isatty() else 2
    return [] if verbose == 0 or stream is None else [ProgressBar(live=verbose == 1, stream=stream)]


def clock_text(seconds: float) -> str:
    """Return a time as "1:05" or "2:01:05".

    >>> from ganc.callbacks._progress import clock_text
    >>> clock_text(65), clock_text(7265)
    ('1:05', '2:01:05')
    """
    minutes, s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{s:02}" if hours else f"{minutes}:{s:02}"


class ProgressBar(Callback):
    """One line that tells epoch, step, speed, losses and the time left.

    Parameters
    ----------
    live : bool, default True
        Redraw one line, as terminals can; otherwise print a line at the end of each epoch.
    stream : file, optional
        By default standard error.

    Examples
    --------
    >>> import sys, ganc
    >>> bar = ganc.callbacks.ProgressBar(live=False, stream=sys.stdout)
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> _ = gan.fit(ganc.datasets.toy.ring(256), epochs=1, verbose=0,
    ...             callbacks=[bar])                                      # doctest: +ELLIPSIS
    epoch 1/1  ...d_loss ...
    """

    def __init__(self, live: bool = True, stream: TextIO | None = None) -> None:
        super().__init__()
        self.live = live
        self.stream = sys.stderr if stream is None else stream
        self._width = 0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Start the clock."""
        self._start = self._drawn = time.perf_counter()
        self._done = 0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Redraw the line, ten times a second at most."""
        self._done += 1
        if not self.live:
            return
        now = time.perf_counter()
        if now - self._drawn >= _REFRESH:
            self._drawn = now
            self._draw(self._line(batch + 1, logs or {}, now))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Print the epoch's line, unless one line is redrawn."""
        line = self._line(self.params["steps"], logs or {}, time.perf_counter())
        if self.live:
            self._draw(line)
        else:
            print(line, file=self.stream, flush=True)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Finish the line."""
        if self.live and self._width:
            print(file=self.stream, flush=True)
            self._width = 0

    def _draw(self, line: str) -> None:
        self.stream.write("\r" + line.ljust(self._width))
        self.stream.flush()
        self._width = len(line)

    def _line(self, step: int, logs: Mapping[str, float], now: float) -> str:
        last, elapsed = self.params["epochs"], now - self._start
        of = "" if math.isinf(last) else f"/{last}"
        parts = [f"epoch {self._epoch + 1}{of}"]
        if self.live:
            parts.append(f"step {step}/{self.params['steps']}")
        parts.append(f"{self._done / max(elapsed, 1e-9):.1f} steps/s")
        parts.append(self._left(step, elapsed))
        parts += [f"{name} {logs[name]:.3f}" for name in _SHOWN if name in logs]
        if self.live:  # a line that wraps could not be redrawn
            room = shutil.get_terminal_size().columns - 1
            while len(parts) > 1 and len("  ".join(parts)) > room:
                parts.pop()
        return "  ".join(parts)

    def _left(self, step: int, elapsed: float) -> str:
        """Return the time left, by steps or by budget, whichever ends first."""
        epochs, budget = self.params["epochs"], self.params.get("budget")
        steps = (epochs - self._epoch) * self.params["steps"] - step
        if steps <= 0:
            return f"{clock_text(elapsed)} taken"
        left = math.inf if budget is None else max(budget - elapsed, 0.0)
        if self._done >= _WARM_UP:
            left = min(left, steps * elapsed / self._done)
        return "-:-- left" if math.isinf(left) else f"{clock_text(left)} left"
