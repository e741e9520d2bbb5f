"""Saying how far training is: in a terminal, in a notebook, in a log."""

import html
import math
import shutil
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from ganc._throughput import Throughput, clock_text
from ganc.callbacks._base import Callback
from ganc.callbacks._display import Spot, in_notebook

__all__ = ["ProgressBar", "progress_for"]

_SHOWN = ("d_loss", "g_loss", "d_real", "d_fake", "loss", "recon", "kl")


def progress_for(verbose: str | int | bool, stream: TextIO | None = None) -> list[Callback]:
    """Return the callbacks that ``fit(verbose=...)`` stands for.

    Parameters
    ----------
    verbose : {"auto", 0, 1, 2}
    stream : file, optional
        By default the output of the notebook's cell, or standard error.

    Returns
    -------
    list of Callback
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose: got {verbose!r}, expected 'auto', 0, 1 or 2")
    cell = stream is None and in_notebook()
    stream = sys.stderr if stream is None else stream
    if verbose == 0 or (stream is None and not cell):
        return []
    if verbose == "auto":
        verbose = 1 if cell or stream.isatty() else 2
    return [ProgressBar(live=verbose == 1, stream=None if cell else stream)]


class ProgressBar(Callback):
    """One line that tells epoch, step, speed, losses and, from step 20 on, the time left.

    Parameters
    ----------
    live : bool, default True
        Redraw one line, as terminals and notebooks can; otherwise print a line at the end of each
        epoch.
    stream : file, optional
        By default the output of the notebook's cell, elsewhere standard error.

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
        self.stream = stream
        self._screen: _Log | _Terminal | _Cell | None = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Start the clock."""
        self._start = self._drawn = time.perf_counter()
        self._throughput = Throughput(self._start)
        self._early = self._start - self.params.get("started", self._start)  # what fit did before
        self._screen = _screen(self.live, self.stream)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch
        self._at = (0, {})
        self._throughput.epoch(time.perf_counter())

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Redraw the line, a few times a second at most."""
        now = time.perf_counter()
        self._throughput.step(now)
        self._at = (batch + 1, logs or {})
        if self.live and now - self._drawn >= self._screen.interval:
            self._drawn = now
            self._screen.draw(*self._line(*self._at, now))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Print the epoch's line, unless one line is redrawn."""
        now = time.perf_counter()
        self._at = (self.params["steps"], logs or {})
        if not self.live or now - self._drawn >= self._screen.interval:
            self._drawn = now
            self._screen.draw(*self._line(*self._at, now))

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Draw the line a last time."""
        if self.live and self._throughput.steps:
            self._screen.draw(*self._line(*self._at, time.perf_counter()))
        self._screen.close()

    def _abandon(self) -> None:
        if self._screen is not None:
            self._screen.close()

    def _line(
        self, step: int, logs: Mapping[str, float], now: float
    ) -> tuple[list[str], float | None]:
        """Return the parts of the line, the most important first, and the share that is done."""
        last, steps, elapsed = self.params["epochs"], self.params["steps"], now - self._start
        of = "" if math.isinf(last) else f"/{last}"
        parts = [f"epoch {self._epoch + 1}{of}"]
        if self.live:
            parts.append(f"step {step}/{steps}")
        parts.append(f"{self._throughput.steps / max(elapsed, 1e-9):.1f} steps/s")
        parts.append(self._left(step, elapsed))
        parts += [f"{name} {logs[name]:.3f}" for name in _SHOWN if name in logs]
        return parts, self._share(self._epoch * steps + step, elapsed)

    def _share(self, made: int, elapsed: float) -> float | None:
        """Return how much of the training is done."""
        epochs, budget = self.params["epochs"], self.params.get("budget")
        shares = [] if math.isinf(epochs) else [made / max(epochs * self.params["steps"], 1)]
        shares += [] if budget is None else [min((self._early + elapsed) / budget, 1.0)]
        return max(shares, default=None)

    def _left(self, step: int, elapsed: float) -> str:
        """Return the time left, by steps or by budget, whichever ends first."""
        epochs, budget = self.params["epochs"], self.params.get("budget")
        steps = (epochs - self._epoch) * self.params["steps"] - step
        if steps <= 0:
            return f"{clock_text(elapsed)} taken"
        left = math.inf if budget is None else max(budget - self._early - elapsed, 0.0)
        if self._throughput.told():
            left = min(left, self._throughput.left(steps, epochs - self._epoch - 1))
        return "-:-- left" if math.isinf(left) else f"{clock_text(left)} left"


# ---- where the line goes ----


class _Log:
    """A file that is read later: one line after the other."""

    interval = 0.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def draw(self, parts: list[str], share: float | None) -> None:
        """Write a line."""
        print("  ".join(parts), file=self._stream, flush=True)

    def close(self) -> None:
        """Leave the file as it is."""


class _Terminal:
    """A terminal, where one line is drawn again and again."""

    interval = 0.1  # seconds between two drawings

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = 0

    def draw(self, parts: list[str], share: float | None) -> None:
        """Draw the line, without what would make it wrap: that could not be redrawn."""
        room = shutil.get_terminal_size().columns - 1
        while len(parts) > 1 and len("  ".join(parts)) > room:
            parts = parts[:-1]
        line = "  ".join(parts)
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def close(self) -> None:
        """Finish the line."""
        if self._width:
            print(file=self._stream, flush=True)
            self._width = 0


class _Cell:
    """The output of a notebook's cell."""

    interval = 0.5  # each drawing is a message to the browser

    def __init__(self) -> None:
        self._spot = Spot()

    def draw(self, parts: list[str], share: float | None) -> None:
        """Draw a bar and the line."""
        self._spot.show(_Bar("  ".join(parts), share))

    def close(self) -> None:
        """Leave the bar as it is."""


class _Bar:
    """What a cell shows: a bar if the end is known, and the line."""

    def __init__(self, line: str, share: float | None) -> None:
        self._line, self._share = line, share

    def __repr__(self) -> str:
        return self._line

    def _repr_html_(self) -> str:
        bar = ""
        if self._share is not None:
            bar = f"<progress value='{self._share:.4f}' max='1' style='width:16em'></progress> "
        style = "font-family:monospace;white-space:pre-wrap"
        return f"<div>{bar}<span style='{style}'>{html.escape(self._line)}</span></div>"


def _screen(live: bool, stream: TextIO | None) -> _Log | _Terminal | _Cell:
    if live and stream is None and in_notebook():
        return _Cell()
    stream = sys.stderr if stream is None else stream
    return _Terminal(stream) if live else _Log(stream)
