"""Saving the model while training runs."""

import math
import os
import re
import secrets
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from string import Formatter
from typing import Any

from ganc._options import at_least, choose, duration
from ganc._warn import warn
from ganc.callbacks import _states
from ganc.callbacks._base import Callback

__all__ = ["ModelCheckpoint"]

_MARK = re.compile(r"[0-9a-f]{32}")
_LONGEST_HEADER = 100_000_000  # of a file, as `ganc.io` reads it


class ModelCheckpoint(Callback):
    """Save the model while training runs, and when it ends.

    A file is written between two steps, after all other callbacks have seen the step or epoch. It
    holds their states, too: `ganc.load` or `ganc.resume`, and `fit` with the same arguments and
    callbacks, continue to the bit. When the process gets SIGTERM, the next step boundary is saved
    and the process exits with status 0, unless it handles that signal itself.

    Parameters
    ----------
    filepath : str or path-like
        May hold ``{epoch}``, the number of the epoch, from 1; ``{step}``, how many were made; and
        recorded numbers: ``"runs/{step:08}.ganc"``; braces that are meant so are doubled. Without
        any, each save replaces the last. The folder is made if it is not there.
    monitor : str, optional
        The recorded number that `save_best_only` compares, such as "frechet_distance".
    save_best_only : bool, default False
        Save only at the end of an epoch whose number is the best so far.
    mode : {"min", "max"}, default "min"
        Which direction is better.
    every : int or str, default 1
        How often: epochs as an int, or a text such as "100 steps", "2 epochs" or "5 min".
    keep : int, optional
        Remove all but the last so many files that this run has written; 2 or more leave one to go
        on from if the newest is damaged. A file is removed only if it holds the mark of the run,
        whatever a checkpoint claims. By default all stay.
    on_error : {"warn", "raise"}, default "warn"
        What happens if a file cannot be written, as on a full disk: training goes on with a
        warning, or `fit` raises OSError. The files written before are there in either case.

    Raises
    ------
    ValueError
        If the arguments do not fit each other.

    Examples
    --------
    >>> import os, tempfile
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keep = ganc.callbacks.ModelCheckpoint(
    ...         os.path.join(folder, "{step:05}.ganc"), every="3 steps", keep=2
    ...     )
    ...     _ = gan.fit(ganc.datasets.toy.ring(512), epochs=4, verbose=0, callbacks=[keep])
    ...     print(sorted(os.listdir(folder)), ganc.resume(folder).step)
    ['00006.ganc', '00008.ganc'] 8
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str | None = None,
        *,
        save_best_only: bool = False,
        mode: str = "min",
        every: int | str = 1,
        keep: int | None = None,
        on_error: str = "warn",
    ) -> None:
        super().__init__()
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self.save_best_only = save_best_only
        self.mode = choose("mode", mode, ("min", "max"))
        self.every = every
        self._number, self._unit = _interval(every)
        self.keep = None if keep is None else at_least("keep", keep, 1)
        self.on_error = choose("on_error", on_error, ("warn", "raise"))
        if save_best_only and (monitor is None or self._unit != "epoch"):
            raise ValueError("save_best_only: expected monitor=, and `every` in epochs")
        folder, self._name = os.path.split(self.filepath)
        self._pattern = _pattern(self._name)
        changing = bool(_fields(folder))
        if keep is not None and (changing or not _fields(self._name)):
            raise ValueError(
                f"filepath: got {self.filepath!r} with keep={keep}, expected {{step}} or {{epoch}} "
                "in the name of the file, and none in that of its folder"
            )
        self._folder = None if changing else folder.format()
        self.best: float | None = None
        self._written: list[str] = []
        self._mark: str | None = None  # what the files of this run hold, and no others
        self._loaded = self._due = False
        self._logs: Mapping[str, float] = {}
        self._saved_step, self._saved_at = -1, 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return the best number so far, and which files there are."""
        state = {"name": self._name, "best": self.best, "written": []}
        return (
            state if self.keep is None else state | {"written": self._written, "mark": self._mark}
        )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` returned."""
        if _states.text_of(state, "name") != self._name:
            return
        best = None if state.get("best") is None else _states.number_of(state, "best")
        written, mark = state.get("written"), state.get("mark")
        if not isinstance(written, list) or not all(map(self._is_own_name, written)):
            raise _states.wrong("written", written, f"names such as {self._name}")
        if mark is not None and not (isinstance(mark, str) and _MARK.fullmatch(mark)):
            raise _states.wrong("mark", mark, "32 hexadecimal digits")
        self.best, self._mark, self._loaded = best, mark, True
        self._written = [] if mark is None else written[:]  # of before there were marks

    def _is_own_name(self, name: Any) -> bool:
        return isinstance(name, str) and self._pattern.fullmatch(name) is not None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Make the folder; forget earlier runs."""
        if not self._loaded:
            self.best, self._written, self._mark = None, [], None
        if self.keep is not None and self._mark is None:
            self._mark = secrets.token_hex(16)
        self._loaded = self._due = False
        self._logs = {}
        self._saved_step, self._saved_at = self.model.step, time.perf_counter()
        self._make_folder()

    def _make_folder(self) -> None:
        if self._folder:
            os.makedirs(self._folder, exist_ok=True)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look whether it is time."""
        if self._unit == "step":
            self._due |= self.model.step % self._number == 0
        elif self._unit == "second":
            self._due |= time.perf_counter() - self._saved_at >= self._number
        self._logs = logs or {}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look whether it is time, and whether this epoch is the best."""
        self._logs = logs or {}
        if self._unit == "epoch" and (epoch + 1) % self._number == 0:
            self._due = not self.save_best_only or self._better()

    def _better(self) -> bool:
        names = [n for n in self._logs if n == self.monitor or n.startswith(f"{self.monitor}(")]
        value = self._logs[names[0]] if names else math.nan
        sign = 1.0 if self.mode == "min" else -1.0
        better = not math.isnan(value) and (self.best is None or sign * value < sign * self.best)
        if better:
            self.best = float(value)
        return better

    def _save_if_due(self) -> None:
        """Save between two steps, after the hooks of all callbacks."""
        if self._due:
            self._save()

    def _save_last(self) -> None:
        """Save the end of training, unless that is there."""
        if not self.save_best_only and self._saved_step != self.model.step:
            self._save()

    def _save(self) -> None:
        self._due = False
        self._saved_step, self._saved_at = self.model.step, time.perf_counter()
        epoch = self.model.epoch + (self.model._position.step > 0)
        numbers = {**self._logs, "epoch": epoch, "step": self.model.step}
        path = self._path(numbers)
        before, name = self._written, os.path.basename(path)
        self._written = [*(n for n in before if n != name), name][-(self.keep or 1) :]
        try:
            self._write(path)
        except BaseException as error:
            self._written = before
            if not isinstance(error, OSError) or self.on_error == "raise":
                raise
            warn(f"no checkpoint was saved: {error}")
            return
        if self.keep is not None:
            for old in set(before) - set(self._written):
                self._remove(os.path.join(self._folder or "", old))

    def _path(self, numbers: Mapping[str, Any]) -> str:
        try:
            return self.filepath.format(**numbers)
        except (LookupError, ValueError, TypeError) as error:
            raise ValueError(
                f"filepath: got {self.filepath!r} ({type(error).__name__}: {error}), expected "
                f"names of numbers in braces ({', '.join(numbers)}), other braces doubled"
            ) from None

    def _write(self, path: str) -> None:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self.model.save(path)

    def _remove(self, path: str) -> None:
        """Remove a file if this run has written it: it holds its mark."""
        with suppress(OSError):
            if _holds(path, self._mark):
                os.unlink(path)


def _fields(text: str) -> list[str]:
    """Return the names in braces."""
    try:
        return [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(
            f"filepath: got {text!r} ({error}); braces that are meant so are doubled"
        ) from None


def _pattern(name: str) -> re.Pattern[str]:
    """Return what the names of the files look like: any number where a field is."""
    _fields(name)  # says what is wrong with it
    parts = [
        re.escape(text) + ("" if field is None else r"[-+\w.%]*")
        for text, field, _, _ in Formatter().parse(name)
    ]
    return re.compile("".join(parts))


def _holds(path: str, mark: str | None) -> bool:
    """Whether a regular file, no link, has a mark in its header."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with open(handle, "rb") as file:
        if mark is None or not stat.S_ISREG(os.fstat(handle).st_mode):
            return False
        length = int.from_bytes(file.read(8), "little")
        return mark.encode() in file.read(min(length, _LONGEST_HEADER))


def _interval(every: int | str) -> tuple[float, str]:
    """Return number and unit, "epoch", "step" or "second", of ``every=``."""
    if not isinstance(every, str):
        return at_least("every", every, 1), "epoch"
    number, _, unit = every.strip().rpartition(" ")
    unit = unit.removesuffix("s")
    if unit in ("step", "epoch") and (number or "1").isdecimal():
        return at_least("every", int(number or 1), 1), unit
    try:
        return duration("every", every), "second"
    except ValueError:
        raise ValueError(
            f"every: got {every!r}, expected epochs, or a text such as '100 steps' or '5 min'"
        ) from None
