"""A picture of training that is drawn again and again while it runs."""

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganc import plot
from ganc._options import at_least, finite
from ganc.callbacks._base import Callback
from ganc.callbacks._display import Spot, in_notebook
from ganc.io import atomic_write
from ganc.plot._picture import figure, png

__all__ = ["LivePlot"]

_DRAWN = ("d_loss", "g_loss", "recon", "kl")  # by `ganc.plot.losses`
_POINTS = 400  # of a curve, before neighbours are merged
_SIZE, _DPI = (9.0, 3.6), 80


class LivePlot(Callback):
    """Losses and samples in one figure that is drawn anew in place while training runs.

    In a notebook the figure stands below the cell; elsewhere it is a file, for a viewer that
    reloads it. The time of drawing is measured, and the next drawing waits until it is paid for,
    so that a fast model is not slowed down by its picture.

    Parameters
    ----------
    n : int, default 16
        Samples in the grid; 2-D points are 16 times as many.
    interval : float, default 2.0
        Seconds between two drawings, at least.
    share : float, default 0.015
        Part of the training time that drawing may take, besides the picture before training and
        the first one while it runs.
    filename : str or path-like, default "live.png"
        The file, outside of notebooks.
    seed : int, default 0
        Of the samples.

    Examples
    --------
    >>> import os, tempfile
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     live = ganc.callbacks.LivePlot(filename=os.path.join(folder, "live.png"))
    ...     _ = gan.fit(ganc.datasets.toy.ring(512), epochs=2, verbose=0, callbacks=[live])
    ...     os.listdir(folder)
    ['live.png']
    """

    def __init__(
        self,
        n: int = 16,
        interval: float = 2.0,
        share: float = 0.015,
        filename: Any = "live.png",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.n = at_least("n", n, 1)
        self.interval = finite("interval", interval, 0.0)
        self.share = finite("share", share, 0.0)
        if not 0 < self.share <= 1:
            raise ValueError(f"share: got {share}, expected a part of the time, above 0, up to 1")
        self.filename = filename
        self.seed = seed
        self._curve = _Curve("")
        self._step = -1
        self._figure: Any = None  # while training runs

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Draw the samples from before training; a run that goes on keeps its curves."""
        # A step during which training was interrupted is made to its end, and told to nobody.
        if self._step < 0 or self.model.step - self._step not in (0, 1):
            self._curve = _Curve(getattr(getattr(self.model, "loss", None), "name", ""))
        self._figure = _figure()
        self._spot = Spot()
        self._spent = 0.0
        self._draw()
        self._spent = self._cost = 0.0
        self._start = self._drawn

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Add to the curves; draw them if it is time."""
        self._step = self.model.step
        self._curve.add(self._epoch + (batch + 1) / self.params["steps"], logs or {})
        now = time.perf_counter()
        if now - self._drawn >= self.interval and self._paid(now):
            self._draw()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Draw how it ended."""
        self._draw()
        self._figure = None

    def _abandon(self) -> None:
        if self._figure is not None:
            self.on_train_end()

    def _paid(self, now: float) -> bool:
        """Whether one more drawing, and the last one, stay within the share."""
        return self._spent + 2 * self._cost <= self.share * (now - self._start)

    def _draw(self) -> None:
        begin = time.perf_counter()
        picture = self._render()
        if in_notebook():
            self._spot.show(_Png(picture))
        else:
            atomic_write(self.filename, [picture])
        self._drawn = time.perf_counter()
        self._cost = self._drawn - begin
        self._spent += self._cost

    def _render(self) -> bytes:
        left, right = self._figure.axes
        left.clear()
        left.set_axis_off()
        if self._curve.epoch:
            left.set_axis_on()
            plot.losses(self._curve, ax=left)
        right.clear()
        right.set_axis_off()
        self._draw_samples(right)
        return png(self._figure)

    def _draw_samples(self, ax: Any) -> None:
        samples = self.model.preview(self.n, seed=self.seed)
        if samples.ndim == 2:
            if samples.shape[1] != 2:
                return
            samples = self.model.preview(16 * self.n, seed=self.seed)
        if not np.isfinite(samples).all():
            ax.text(0.5, 0.5, "samples are NaN", ha="center", va="center")
            return
        plot.samples(samples, ax=ax)
        if samples.ndim == 2:
            ax.set_axis_on()
            ax.set(xlabel="", ylabel="")


def _figure() -> Any:
    """Return a figure with an axis for curves and one for samples, in fixed places."""
    made = figure(_SIZE, dpi=_DPI)
    made.set_layout_engine("none")  # a layout costs as much as drawing
    made.add_axes((0.07, 0.14, 0.50, 0.80))
    made.add_axes((0.66, 0.10, 0.33, 0.86))
    return made


class _Curve:
    """Means of the losses over blocks of steps, as `ganc.plot.losses` draws a history.

    When there are too many points, neighbours are merged and blocks become twice as long: the
    curve of any run takes the same memory and time to draw. Ctrl-C may come between any two lines:
    a block enters the list as a whole or is lost.
    """

    def __init__(self, loss_name: str) -> None:
        self.loss_name = loss_name
        self._blocks: list[_Block] = []
        self._length = 1  # of a block, in steps
        self._open = _Block()

    @property
    def epoch(self) -> list[float]:
        """The middles of the blocks, less 1: numbers of epochs count from 0."""
        return [block.x / block.n for block in self._blocks]

    @property
    def history(self) -> dict[str, list[float]]:
        """The means of the blocks, by name."""
        names = dict.fromkeys(name for block in self._blocks for name in block.sums)
        return {name: [block.mean(name) for block in self._blocks] for name in names}

    def add(self, epoch: float, logs: Mapping[str, float]) -> None:
        """Take in a step, made when so many epochs were done."""
        self._open.add(epoch - 1, {name: logs[name] for name in _DRAWN if name in logs})
        if self._open.n < self._length:
            return
        full, self._open = self._open, _Block()
        blocks, length = [*self._blocks, full], self._length
        if len(blocks) == _POINTS:
            pairs = zip(blocks[::2], blocks[1::2], strict=True)
            blocks, length = [a.with_(b) for a, b in pairs], 2 * length
        self._blocks, self._length = blocks, length


class _Block:
    """The sums of some steps."""

    def __init__(self) -> None:
        self.n, self.x = 0, 0.0
        self.sums: dict[str, tuple[float, int]] = {}  # name -> sum, count

    def add(self, x: float, values: Mapping[str, float]) -> None:
        """Take in a step; a NaN, as of G before its first update, does not count."""
        self.n, self.x = self.n + 1, self.x + x
        for name, value in values.items():
            self._count(name, *((0.0, 0) if math.isnan(value) else (value, 1)))

    def _count(self, name: str, more: float, n: int) -> None:
        total, count = self.sums.get(name, (0.0, 0))
        self.sums[name] = total + more, count + n

    def with_(self, other: "_Block") -> "_Block":
        """Return the block of both's steps."""
        both = _Block()
        both.n, both.x, both.sums = self.n + other.n, self.x + other.x, dict(self.sums)
        for name, sum_and_count in other.sums.items():
            both._count(name, *sum_and_count)
        return both

    def mean(self, name: str) -> float:
        """Return the mean of a number."""
        total, n = self.sums.get(name, (0.0, 0))
        return total / n if n else math.nan


class _Png:
    """A picture as a notebook shows it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __repr__(self) -> str:
        return f"<picture, {len(self._data):,} bytes>"

    def _repr_png_(self) -> bytes:
        return self._data
