"""Repeating an epoch that ended in NaN, until the operation that makes the first one."""

from collections.abc import Callable, Sequence
from typing import Any

from ganc.doctor import _layers
from ganc.errors import DivergenceError

__all__ = ["cause"]


def cause(model: Any, rewind: Callable[[], None], data: Sequence[Any]) -> str:
    """Return in words what made the first NaN since `rewind` was kept, "" if it stays unknown.

    The same batches follow in the same order where `data` are what `fit` was given. The model is
    afterwards what it was before.
    """
    undo, last = model.snapshot(), model.step
    rewind()
    try:
        return _layers.blame(model._parts(), lambda: _repeat(model, data, last))
    finally:
        undo()


def _repeat(model: Any, data: Sequence[Any], last: int) -> None:
    try:
        model._repeat(data, last)
    except DivergenceError:
        return  # out of the finite numbers without NaN
