"""Repeating an epoch that ended in NaN, until the operation that makes the first one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ganc.data import DataLoader
from ganc.doctor import _layers
from ganc.errors import DivergenceError
from ganc.gan import _checkpoint, _fit
from ganc.gan._feed import Feed, feed_of
from ganc.gan._interrupt import Interrupts

if TYPE_CHECKING:
    from ganc.gan._model import Model

__all__ = ["cause"]


def cause(model: "Model", rewind: Callable[[], None], x: Any) -> str:
    """Return in words what made the first NaN since `rewind` was kept, "" if it stays unknown.

    The same batches follow in the same order where `x` is what `fit` was given. The model is
    afterwards what it was before.
    """
    undo, last = _checkpoint.keep(model), model.step
    rewind()
    try:
        size = None if isinstance(x, DataLoader) else model._position.batch_size
        batches = feed_of(model, x, size)
        try:
            return _layers.blame(model._parts(), lambda: _repeat(model, batches, last))
        finally:
            batches.close()
    finally:
        undo()


def _repeat(model: "Model", batches: Feed, last: int) -> None:
    with Interrupts() as interrupts:
        try:
            while model.step < last:
                _fit.one_step(model, batches, model._position, interrupts)
        except DivergenceError:
            return  # out of the finite numbers without NaN
