"""What the folder of a run tells while the run goes on."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import ganc
from ganc._warn import warn
from ganc.callbacks import Callback
from ganc.cli._folder import GRIDS, HISTORY, LOG, LOSSES, RunFolder
from ganc.cli._pictures import save_losses, save_samples
from ganc.io._atomic import append

__all__ = ["RunLog"]

_NUMBERS, _PICTURES = 2.0, 30.0  # seconds between two writings, at least


class RunLog(Callback):
    """Writes ``log.txt``, a line an epoch, and now and then ``history.csv`` and pictures.

    Nothing is written before a first step has been made and the run has begun. What cannot be
    written is missed with a warning; training goes on.

    Parameters
    ----------
    run : RunFolder
    """

    def __init__(self, run: RunFolder) -> None:
        super().__init__()
        self.run = run
        self._waiting: list[Callable[[], Any]] = []
        self._begun_at: int | None = None  # a step

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Note the beginning."""
        threads, step = ganc.get_num_threads(), self.model.step
        self._numbers = self._pictures = time.perf_counter()
        self._begun_at = step
        self._note(f"ganc {ganc.__version__}, {threads} threads: from step {step}")
        samples = self.model.preview(64, seed=0)
        self._attempt(lambda: save_samples(samples, self._grid(step)))

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write what has waited for the run to begin."""
        if self._waiting:
            self._catch_up()

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
        if self._begun_at is None:  # before training began
            return
        kinds = {type(None): "done", KeyboardInterrupt: "interrupted", SystemExit: "terminated"}
        how = kinds.get(type(error)) or f"{type(error).__name__}: {error}"
        self._note(f"{how}: epoch {self.model.epoch}, step {self.model.step}")

    def _note(self, text: str) -> None:
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}\n".encode(errors="backslashreplace")
        self._attempt(lambda: append(self.run.claim(LOG), line, follow=False))

    def _write_history(self) -> None:
        self.model.history.to_csv(self.run.claim(HISTORY))

    def _draw_samples(self) -> None:
        save_samples(self.model.preview(64, seed=0), self._grid(self.model.step))

    def _grid(self, step: int) -> str:
        return self.run.claim(f"{GRIDS}/{step:09}.png")

    def _draw_losses(self) -> None:
        save_losses(self.model.history, self.run.claim(LOSSES))

    def _attempt(self, write: Callable[[], Any]) -> None:
        self._waiting.append(write)
        self._catch_up()

    def _catch_up(self) -> None:
        if not self.run.begun or self.model.step == self._begun_at:
            return
        waiting, self._waiting = self._waiting, []
        for write in waiting:
            try:
                write()
            except ImportError:  # numbers are kept without matplotlib too
                pass
            except OSError as error:
                warn(str(error))
