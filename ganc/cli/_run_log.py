"""What the folder of a run tells while the run goes on."""

import os
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import ganc
from ganc.callbacks import Callback
from ganc.cli._pictures import save_losses, save_samples

__all__ = ["RunLog"]

_NUMBERS, _PICTURES = 2.0, 30.0  # seconds between two writings, at least


class RunLog(Callback):
    """Writes ``log.txt``, a line an epoch, and now and then ``history.csv`` and pictures.

    What cannot be written is missed with a warning; training goes on.

    Parameters
    ----------
    folder : str
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Note the beginning."""
        threads = ganc.get_num_threads()
        self._numbers = self._pictures = time.perf_counter()
        self._note(f"ganc {ganc.__version__}, {threads} threads: from step {self.model.step}")
        self._attempt(self._draw_samples)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the epoch."""
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in (logs or {}).items())
        self._note(f"epoch {epoch + 1}  step {self.model.step}  {numbers}")
        now = time.perf_counter()
        if now - self._numbers >= _NUMBERS:
            self._numbers = now
            self._attempt(self._write_history)
        if now - self._pictures >= _PICTURES:
            self._attempt(self._draw_samples)
            self._attempt(self._draw_losses)
            self._pictures = time.perf_counter()

    def close(self, error: BaseException | None) -> None:
        """Note how it ended."""
        if self.model is None:  # before training began
            return
        kinds = {type(None): "done", KeyboardInterrupt: "interrupted", SystemExit: "terminated"}
        how = kinds.get(type(error)) or f"{type(error).__name__}: {error}"
        self._note(f"{how}: epoch {self.model.epoch}, step {self.model.step}")

    def _note(self, text: str) -> None:
        self._attempt(lambda: self._append(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}\n"))

    def _append(self, line: str) -> None:
        with open(os.path.join(self.folder, "log.txt"), "a", encoding="utf-8") as file:
            file.write(line)

    def _write_history(self) -> None:
        path = os.path.join(self.folder, "history.csv")
        self.model.history.to_csv(path + ".tmp")
        os.replace(path + ".tmp", path)

    def _draw_samples(self) -> None:
        grids = os.path.join(self.folder, "samples")
        os.makedirs(grids, exist_ok=True)
        path = os.path.join(grids, f"{self.model.step:09}.png")
        save_samples(self.model.preview(64, seed=0), path)

    def _draw_losses(self) -> None:
        save_losses(self.model.history, os.path.join(self.folder, "losses.png"))

    def _attempt(self, write: Callable[[], Any]) -> None:
        try:
            write()
        except ImportError:  # numbers are kept without matplotlib too
            pass
        except OSError as error:
            warnings.warn(str(error), UserWarning, stacklevel=2)
