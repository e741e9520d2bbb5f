"""Ctrl-C that waits for the end of a training step."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupts:
    """While active, SIGINT inside `held` is delivered when that block ends.

    So the core's state and Python's counters change together. A second Ctrl-C is not held back.
    In threads other than the main one, where Python delivers no signals, it does nothing.

    Examples
    --------
    >>> from ganc.gan._interrupt import Interrupts
    >>> with Interrupts() as interrupts:
    ...     with interrupts.held():
    ...         pass
    """

    def __init__(self) -> None:
        self._old: Any = None
        self._holding = False
        self._pending: tuple | None = None

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            old = signal.getsignal(signal.SIGINT)
            if callable(old):
                self._old = old
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._old is not None:
            signal.signal(signal.SIGINT, self._old)

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
