"""What TensorBoard shows."""

import os
from collections.abc import Mapping
from typing import Any

from ganc import plot
from ganc._options import at_least
from ganc.callbacks._base import Callback

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write numbers and sample grids for TensorBoard: ``tensorboard --logdir logs``.

    Parameters
    ----------
    log_dir : str or path-like, default "logs"
        Each run needs a folder of its own.
    update_freq : "epoch" or int, default "epoch"
        Write the numbers of every so many steps as well, as ``step/d_loss`` and so on.
    n : int, default 16
        Samples in the grid of each epoch; 0: none.
    seed : int, default 0
        Of the samples.

    Raises
    ------
    ImportError
        When training begins and tensorboardX is not installed: ``pip install 'ganc[tensorboard]'``.

    Examples
    --------
    >>> import ganc
    >>> watch = ganc.callbacks.TensorBoard("logs/run1", update_freq=100)
    >>> watch.log_dir  # then gan.fit(x, callbacks=[watch])
    'logs/run1'
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        update_freq: str | int = "epoch",
        n: int = 16,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.update_freq = 0 if update_freq == "epoch" else at_least("update_freq", update_freq, 1)
        self.n = at_least("n", n, 0)
        self.seed = seed
        self._writer: Any = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Open a file in the folder."""
        self._writer = _writer(self.log_dir)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write the numbers of a step, if asked to."""
        if self.update_freq and self.model.step % self.update_freq == 0:
            self._write(logs or {}, "step/")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write the numbers of an epoch and a grid of samples."""
        self._write(logs or {}, "")
        shown = self.model.preview(self.n, seed=self.seed) if self.n else None
        if shown is not None and shown.ndim == 4:
            grid = plot.grid(shown)
            layout = "HW" if grid.ndim == 2 else "HWC"
            self._writer.add_image("samples", grid, self.model.step, dataformats=layout)
        self._writer.flush()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Close the file."""
        self._writer.close()

    def _abandon(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _write(self, logs: Mapping[str, float], prefix: str) -> None:
        for name, value in logs.items():
            self._writer.add_scalar(prefix + name, value, self.model.step)


def _writer(folder: str) -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise ImportError(
            "TensorBoard needs tensorboardX: pip install 'ganc[tensorboard]' (CSVLogger does "
            "without)"
        ) from None
    return SummaryWriter(folder)
