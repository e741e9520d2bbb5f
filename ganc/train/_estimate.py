"""How long a training run will take, from a few steps that leave no trace."""

import math
import time
from typing import TYPE_CHECKING, Any

from ganc._options import at_least
from ganc._throughput import Throughput, clock_text
from ganc.train import _checkpoint, _fit
from ganc.train._batches import Batches, Position, batches_of, classes_back
from ganc.train._interrupt import Interrupts

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = ["Estimate", "estimate"]

_USUAL, _ENOUGH = 16, 0.5  # steps that are measured, and seconds; more of fast ones
_FEWEST, _LIMIT = 2, 3.0  # fewer of slow ones


class Estimate(float):
    """Seconds that a run will take, on this machine as busy as it is now.

    Attributes
    ----------
    steps : int
        Steps of the run.
    step_seconds : float
        Time of a step.

    Examples
    --------
    >>> from ganc.train._estimate import Estimate
    >>> Estimate(1500, 0.05)
    about 1:15 for 1,500 steps of 50 ms
    """

    steps: int
    step_seconds: float

    def __new__(cls, steps: int, step_seconds: float) -> "Estimate":
        """Return steps times the time of a step."""
        self = super().__new__(cls, steps * step_seconds)
        self.steps, self.step_seconds = steps, step_seconds
        return self

    def __reduce__(self) -> tuple:
        return Estimate, (self.steps, self.step_seconds)

    def __repr__(self) -> str:
        step = f"{self.step_seconds * 1e3:.3g} ms"
        return f"about {clock_text(self)} for {self.steps:,} steps of {step}"

    __str__ = __repr__


def estimate(
    model: "Model",
    data: list[Any],
    epochs: int,
    batch_size: int | None,
    steps_per_epoch: int | None,
) -> Estimate:
    """Make a few steps and take them back; see `Model.estimate`."""
    undo = _checkpoint.keep(model)
    with classes_back(model):
        batches = batches_of(model, data, batch_size)
        steps = at_least("epochs", epochs, 0) * _fit.steps_of(batches, steps_per_epoch)
    with Interrupts() as interrupts:
        try:
            step_seconds = _measured(model, batches, interrupts)
        finally:
            batches.close()
            with interrupts.held():
                undo()
    return Estimate(steps, step_seconds)


def _measured(model: "Model", batches: Batches, interrupts: Interrupts) -> float:
    """Return the time of a step, with rarer updates as often as in training."""
    position = Position()
    start = now = time.perf_counter()
    throughput = Throughput(start)
    while not (_seen(throughput.counted, now - start) and throughput.counted % _period(model) == 0):
        _fit.one_step(model, batches, position, interrupts)
        now = time.perf_counter()
        throughput.step(now)
    return throughput.step_seconds


def _seen(steps: int, seconds: float) -> bool:
    return (steps >= _USUAL and seconds >= _ENOUGH) or (steps >= _FEWEST and seconds >= _LIMIT)


def _period(model: "Model") -> int:
    """Return after how many steps the updates repeat; of long ones, such as lazy penalties, 16."""
    return min(math.lcm(*(update.every for update in model._updates)), 16)
