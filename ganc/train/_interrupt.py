"""Signals that wait for the end of a training step."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupts:
    """While active, SIGINT inside `held` is delivered when that block ends.

    So the core's state and Python's counters change together. A second Ctrl-C is not held back.
    In threads other than the main one, where Python delivers no signals, it does nothing.

    Parameters
    ----------
    until_saved : bool, default False
        Take SIGTERM as well, if nobody else does: it sets `terminated`.

    Attributes
    ----------
    terminated : bool
        Whether the process has been asked to end.

    Examples
    --------
    >>> from ganc.train._interrupt import Interrupts
    >>> with Interrupts() as interrupts:
    ...     with interrupts.held():
    ...         pass
    """

    def __init__(self, until_saved: bool = False) -> None:
        self.terminated = False
        self._until_saved = until_saved
        self._old: Any = None
        self._holding = False
        self._pending: tuple | None = None

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            old = signal.getsignal(signal.SIGINT)
            if callable(old):
                self._old = old
                signal.signal(signal.SIGINT, self._handle)
            if self._until_saved:
                self._until_saved = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            if self._until_saved:
                signal.signal(signal.SIGTERM, self._terminate)
        else:
            self._until_saved = False
        return self

    def __exit__(self, *exception: object) -> None:
        if self._old is not None:
            signal.signal(signal.SIGINT, self._old)
        if self._until_saved:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _terminate(self, number: int, frame: Any) -> None:
        self.terminated = True

    def _handle(self, number: int, frame: Any) -> None:
        if self._holding and self._pending is None:
            self._pending = (number, frame)
        else:
            self._old(number, frame)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold SIGINT back inside the block."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
            pending, self._pending = self._pending, None
            if pending is not None:
                self._old(*pending)
