"""The loop of `Model.fit`: epochs, steps, callbacks, the clock, Ctrl-C."""

import math
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc._options import at_least, duration
from ganc.callbacks import Callback, History, _states
from ganc.callbacks._base import CallbackList
from ganc.callbacks._progress import progress_for
from ganc.callbacks._rates import with_schedules
from ganc.data import DataLoader
from ganc.train._batches import Batches, Position, batches_of, classes_back, held_out
from ganc.train._interrupt import Interrupts

if TYPE_CHECKING:
    from ganc.train._model import Model

_VALIDATION_SAMPLES = 1000


class Running:
    """Means of what the steps of the current epoch report."""

    def __init__(self) -> None:
        self.sums: dict[str, list[float]] = {}  # name -> [sum, count]

    def add(self, logs: dict[str, float]) -> None:
        """Count a step's numbers."""
        for name, value in logs.items():
            entry = self.sums.setdefault(name, [0.0, 0])
            entry[0] += value
            entry[1] += 1

    def means(self) -> dict[str, float]:
        """Return the means so far."""
        return {name: total / n if n else math.nan for name, (total, n) in self.sums.items()}


class Clock:
    """Says when a budget of time is used up: half a step early on the average.

    What happens at the end of an epoch may take long (metrics, a checkpoint), so an epoch whose end
    would come too late is left before its last step.
    """

    def __init__(self, budget: float | str | None) -> None:
        self.budget = None if budget is None else duration("budget", budget)
        self.started = time.perf_counter()
        self._steps = 0
        self._closed, self._closing = 0.0, 0.0  # beginning and ends of epochs; the longest end
        self._over = False

    def tick(self) -> None:
        """Count a step."""
        self._steps += 1

    def begin(self) -> None:
        """Note that the steps begin."""
        self._closed = time.perf_counter() - self.started

    def close_epoch(self, seconds: float) -> None:
        """Note how long the end of an epoch took."""
        self._closed += seconds
        self._closing = max(self._closing, seconds)

    def over(self, last: bool) -> bool:
        """Whether another step, the last of its epoch or not, would end too late."""
        if self.budget is not None and not self._over:
            elapsed = time.perf_counter() - self.started
            step = (elapsed - self._closed) / max(self._steps, 1)
            ahead = 0.5 * step + (self._closing if last else 0.0)
            self._over = elapsed + ahead >= self.budget
        return self._over


def fit(
    model: "Model",
    data: list[Any],
    *,
    epochs: int | None,
    batch_size: int | None,
    steps_per_epoch: int | None,
    callbacks: Iterable[Callback],
    verbose: str | int,
    validation_data: Any,
    initial_epoch: int,
    budget: float | str | None,
) -> History:
    """Train; see `Model.fit`."""
    clock = Clock(budget)
    with classes_back(model):
        batches = batches_of(model, data, batch_size)
        validation = _validation_rows(model, validation_data)
        steps = steps_of(batches, steps_per_epoch)
        listeners = CallbackList(
            [*with_schedules(_several(callbacks)), *progress_for(verbose), model.history]
        )
        last = _last_epoch(model, epochs, at_least("initial_epoch", initial_epoch, 0), clock.budget)
        listeners.attach(
            model,
            {"epochs": last, "steps": steps, "budget": clock.budget, "started": clock.started},
        )
        _align(model, batches, steps)
        model.stop_training = False
        _states.hand_out(listeners.callbacks, model._states)
        model._states, model._listening = [], listeners
        try:
            _run(model, batches, steps, last, clock, listeners, validation)
        finally:
            model._listening = None
            batches.close()
    return model.history


def _several(callbacks: Any) -> Iterable[Any]:
    """Return callbacks, where one may be given as it is."""
    if callbacks is None:
        return ()
    return callbacks if isinstance(callbacks, Iterable) else (callbacks,)


def steps_of(batches: Batches, steps_per_epoch: int | None) -> int:
    """Return the steps of an epoch."""
    if steps_per_epoch is None:
        return len(batches)
    return at_least("steps_per_epoch", steps_per_epoch, 1)


def _validation_rows(model: "Model", data: Any) -> tuple[np.ndarray, ...] | None:
    return None if data is None else held_out(model, data, _VALIDATION_SAMPLES)


def _last_epoch(model: "Model", epochs: int | None, initial: int, budget: float | None) -> float:
    """Return the number of the epoch before which training ends."""
    wanted = None if epochs is None else at_least("epochs", epochs, 0)
    if model.epoch < initial:
        model._position.epoch = initial
    if wanted is None:
        return math.inf if budget is not None else model.epoch + 1
    return model.epoch + max(wanted - initial, 0)


def _align(model: "Model", batches: Batches, steps: int) -> None:
    """Go on inside the epoch and the pass of the last call, or begin new ones."""
    at = model._position
    if (at.n, at.batch_size) != (batches.n, batches.batch_size):
        if at.index:
            at.pass_, at.index = at.pass_ + 1, 0
        at.n, at.batch_size = batches.n, batches.batch_size
    if at.step > steps:
        at.epoch, at.step = at.epoch + 1, 0
    if at.step == 0:
        model._running = Running()


def _run(
    model: "Model",
    batches: Batches,
    steps: int,
    last: float,
    clock: Clock,
    listeners: CallbackList,
    validation: tuple[np.ndarray, ...] | None,
) -> None:
    at = model._position
    with Interrupts(until_saved=bool(listeners.savers)) as interrupts:
        try:
            listeners.train_begin()
            clock.begin()
            while at.epoch < last and not _enough(model, at.step + 1 == steps, clock, interrupts):
                listeners.epoch_begin(at.epoch)
                if _epoch(model, batches, steps, clock, listeners, interrupts):
                    ended = time.perf_counter()
                    _end_epoch(model, listeners, interrupts, validation)
                    clock.close_epoch(time.perf_counter() - ended)
            listeners.save_last()
            if interrupts.terminated:
                raise SystemExit(0)
            if at.epoch < last and not model.stop_training:  # out of time: the next call goes on
                model._states = listeners.states()
        except BaseException:
            model._states = listeners.states()
            listeners.abandon()
            raise
        finally:
            if at.step:  # in the middle of an epoch: keep what there is of it
                model.history.on_epoch_end(at.epoch, model._running.means())
        listeners.train_end(model._running.means())


def _enough(model: "Model", last: bool, clock: Clock, interrupts: Interrupts) -> bool:
    """Whether to stop before a step, the last of its epoch or not."""
    return model.stop_training or interrupts.terminated or clock.over(last)


def _end_epoch(
    model: "Model",
    listeners: CallbackList,
    interrupts: Interrupts,
    validation: tuple[np.ndarray, ...] | None,
) -> None:
    at, logs = model._position, model._running.means() | _validation(model, validation)
    with interrupts.held():
        number, at.epoch, at.step = at.epoch, at.epoch + 1, 0
        model._running = Running()
        model.history.on_epoch_end(number, logs)
    listeners.epoch_end(number, logs)
    listeners.save_if_due()


def _epoch(
    model: "Model",
    batches: Batches,
    steps: int,
    clock: Clock,
    listeners: CallbackList,
    interrupts: Interrupts,
) -> bool:
    """Make the steps of an epoch that are left; False if told to stop before its end."""
    at = model._position
    while at.step < steps:
        listeners.batch_begin(at.step)
        logs = one_step(model, batches, at, interrupts)
        clock.tick()
        listeners.batch_end(at.step - 1, logs)
        if at.step < steps:  # else the epoch ends first
            listeners.save_if_due()
            if _enough(model, at.step + 1 == steps, clock, interrupts):
                return False
    return True


def one_step(
    model: "Model", batches: Batches, at: Position, interrupts: Interrupts
) -> dict[str, float]:
    """Make the step at a position and move on; both or neither."""
    batch = batches.take(at.pass_, at.index)
    with interrupts.held():
        logs = model._make_step(batch)
        model._running.add(model._counted(logs))
        at.advance(len(batches))
    return logs


def repeat(model: "Model", data: list[Any], last: int) -> None:
    """Make the steps up to a number again, on the batches that `fit` would take."""
    size = None if isinstance(data[0], DataLoader) else model._position.batch_size
    batches = batches_of(model, data, size)
    try:
        with Interrupts() as interrupts:
            while model.step < last:
                one_step(model, batches, model._position, interrupts)
    finally:
        batches.close()


def _validation(model: "Model", rows: tuple[np.ndarray, ...] | None) -> dict[str, float]:
    return {} if rows is None else model._validate(rows)
