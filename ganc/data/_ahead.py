"""Work done ahead of its use, in one background thread."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

__all__: list[str] = []

_AT_EXIT = 5.0  # seconds that the end of the program waits for a thread to notice


class Cancelled(BaseException):
    """Raised inside `make` when nobody wants its result any more."""


class Ahead:
    """``make(start)``, ``make(start + 1)``... in order, made up to `depth` ahead of `next`.

    The results are those of calling `make` one by one, so with ``depth=0`` nothing else is done.
    `make(number, check)` may call ``check()`` now and then: it raises if the work is not wanted
    any more. What `make` raises, `next` raises in its place; asked again, it is tried again. In a
    forked process, which has no such thread, a new one goes on from the same number.
    """

    def __init__(
        self,
        make: Callable[[int, Callable[[], None]], Any],
        start: int,
        stop: int | None,
        depth: int,
    ) -> None:
        self.position, self.stop = start, stop
        self._make, self._depth = make, depth
        self._work: _Work | None = None

    def next(self) -> Any:
        """Return the next result."""
        if self._depth == 0:
            result = self._make(self.position, wanted)
        else:
            if self._work is None or self._work.pid != os.getpid():
                self._work = _Work(self._make, self.position, self.stop, self._depth)
            item = self._work.get(self.position)
            if item.error is not None:
                self.close()
                raise item.error
            result = item.result
        self.position += 1
        return result

    def close(self) -> None:
        """End the thread; it leaves at the next ``check()``, and is waited for."""
        work, self._work = self._work, None
        if work is not None:
            work.close()

    def __del__(self) -> None:
        if self._work is not None:
            self._work.stop()


class _Item(NamedTuple):
    number: int
    result: Any
    error: BaseException | None


class _Work:
    """What both threads share. The background thread knows this, but not the `Ahead`."""

    def __init__(self, make: Any, start: int, end: int | None, depth: int) -> None:
        self.pid = os.getpid()
        self._make, self._depth = make, depth
        self._first, self._end = start, end
        self._wanted = start  # the lowest number that was not handed out yet
        self._ready: deque[_Item] = deque()
        self._stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="ganc-loader", daemon=True)
        if not _works:
            atexit.unregister(_close_all)
            atexit.register(_close_all)
        _works.add(self)
        self._thread.start()

    def get(self, number: int) -> _Item:
        """Wait for a result. It stays until the next one is asked for: Ctrl-C loses nothing."""
        with self._changed:
            while self._ready and self._ready[0].number < number:
                self._ready.popleft()
            while not self._ready:
                if self._stopped:
                    raise RuntimeError("the loader was closed while a batch was waited for")
                self._changed.wait()
            self._wanted = number + 1
            self._changed.notify_all()
            return self._ready[0]

    def stop(self) -> None:
        if self.pid == os.getpid():  # a forked process has only a copy, its lock perhaps held
            self._stopped = True
            with self._changed:
                self._changed.notify_all()

    def close(self, timeout: float | None = None) -> None:
        self.stop()
        if self.pid == os.getpid() and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _check(self) -> None:
        if self._stopped:
            raise Cancelled

    def _run(self) -> None:
        number = self._first
        while self._end is None or number < self._end:
            with self._changed:
                while number >= self._wanted + self._depth and not self._stopped:
                    self._changed.wait()
            try:
                self._check()
                item = _Item(number, self._make(number, self._check), None)
            except Cancelled:
                return
            except BaseException as error:
                item = _Item(number, None, error)
            with self._changed:
                self._ready.append(item)
                self._changed.notify_all()
            if item.error is not None:
                return
            number += 1
            del item  # not kept alive while waiting


_works: weakref.WeakSet[_Work] = weakref.WeakSet()


def wanted() -> None:
    """The check of work that is done at once."""


def _close_all() -> None:
    """Before the interpreter goes: a thread in C code must not find it gone."""
    for work in list(_works):
        work.stop()
    for work in list(_works):
        work.close(_AT_EXIT)
