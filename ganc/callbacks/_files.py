"""Keeping what training produces: numbers and pictures."""

import csv
import io
import os
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import numpy as np

from ganc import plot
from ganc._options import at_least
from ganc._warn import warn
from ganc.callbacks import _states
from ganc.callbacks._base import Callback
from ganc.io._atomic import append, check_output
from ganc.io._errors import reading

__all__ = ["CSVLogger", "SampleGrid"]


class CSVLogger(Callback):
    """Write one line an epoch to a CSV file, while training runs; each whole or not at all.

    Parameters
    ----------
    filename : str or path-like
    separator : str, default ","
        Between two values.
    append : bool, default False
        Continue an existing file. A run that goes on from a checkpoint continues it in any case,
        after the last epoch that the checkpoint has.

    Examples
    --------
    >>> import os, pathlib, tempfile
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = ganc.callbacks.CSVLogger(os.path.join(folder, "log.csv"))
    ...     _ = gan.fit(ganc.datasets.toy.ring(512), epochs=2, verbose=0, callbacks=[log])
    ...     pathlib.Path(log.filename).read_text().split(",")[:3]
    ['epoch', 'd_loss', 'g_loss']
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._names: list[str] = []
        self._known: tuple[int, str | None] | None = None  # of the file, where a run goes on

    def state_dict(self) -> dict[str, Any]:
        """Return how long the file is, and its checksum."""
        there = os.path.isfile(self.filename)
        size = os.path.getsize(self.filename) if there else 0
        name, crc = os.path.basename(self.filename), _crc(self.filename, size) if there else ""
        return {"name": name, "size": size, "crc32": crc}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue the file where it was, if it is the same."""
        if _states.text_of(state, "name") == os.path.basename(self.filename):
            crc = _states.text_of(state, "crc32") if "crc32" in state else None
            self._known = _states.count_of(state, "size"), crc

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Begin the file, or read the names of the columns of the old one."""
        check_output(self.filename)
        self._names = []
        known, self._known = self._known, None
        there = os.path.exists(self.filename)
        if there and known is not None:
            self._go_back(*known)
        if there and (self.append or known is not None):
            with reading(self.filename), open(self.filename, newline="", encoding="utf-8") as file:
                self._names = next(csv.reader(file, delimiter=self.separator), [])[1:]
        else:
            open(self.filename, "w", encoding="utf-8").close()

    def _go_back(self, size: int, crc: str | None) -> None:
        """Remove the lines that this run wrote after its checkpoint; those of others stay."""
        if size >= os.path.getsize(self.filename) or crc is None:  # None: of ganc 0.1.0
            return
        if _crc(self.filename, size) != crc:
            warn(
                f"{self.filename} is not the file that the checkpoint knows: its lines stay, new "
                "ones follow"
            )
            return
        with open(self.filename, "rb") as file:
            rows = file.read(size).count(b"\n") - 1
        if rows > 0 or not self.append:  # a heading alone is no proof of who wrote the rest
            os.truncate(self.filename, size)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write the epoch."""
        logs = logs or {}
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.separator)
        if not self._names:
            self._names = list(logs)
            writer.writerow(["epoch", *self._names])
        writer.writerow([epoch, *(logs.get(name, "") for name in self._names)])
        append(self.filename, text.getvalue().encode())


def _crc(path: str, size: int) -> str:
    """Return the checksum of the first bytes of a file."""
    with open(path, "rb") as file:
        return f"{crc32(file.read(size)):08x}"


class SampleGrid(Callback):
    """Collect sample grids of the same latents, the frames of a film.

    A checkpoint does not hold the film: a run that goes on begins a new one, from what it has.

    Parameters
    ----------
    n : int, default 16
        Samples in a grid.
    every : int, default 1
        Epochs between two grids; the first is taken before training.
    seed : int, default 0
        Of the samples.
    folder : str or path-like, optional
        Also write each grid there, as ``samples_0003.png``.

    Attributes
    ----------
    frames : list of ndarray
        Images as `ganc.plot.grid` makes them, for `ganc.plot.animation`. For points, the points.

    Examples
    --------
    >>> import ganc
    >>> film = ganc.callbacks.SampleGrid(n=4)
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> _ = gan.fit(ganc.datasets.toy.ring(256), epochs=2, verbose=0, callbacks=[film])
    >>> len(film.frames)
    3
    """

    def __init__(
        self,
        n: int = 16,
        every: int = 1,
        seed: int = 0,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        self.n = at_least("n", n, 1)
        self.every = at_least("every", every, 1)
        self.seed = seed
        self.folder = folder
        self.frames: list[np.ndarray] = []

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Take the first grid, unless this continues a film."""
        if not self.frames:
            self._take(self.model.epoch)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Take a grid."""
        if (epoch + 1) % self.every == 0:
            self._take(epoch + 1)

    def _take(self, number: int) -> None:
        samples = self.model.preview(self.n, seed=self.seed)
        frame = plot.grid(samples) if samples.ndim == 4 else samples
        self.frames.append(frame)
        if self.folder is not None and samples.ndim == 4:
            os.makedirs(self.folder, exist_ok=True)
            plot.save_image(os.path.join(self.folder, f"samples_{number:04}.png"), frame)
