"""The loop of `GAN.fit`: epochs, steps, callbacks, the clock, Ctrl-C."""

import math
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ganc._options import at_least, duration
from ganc.callbacks import Callback
from ganc.callbacks._base import CallbackList
from ganc.callbacks._progress import progress_for
from ganc.data import Batches
from ganc.gan import _door, _networks
from ganc.gan._interrupt import Interrupts

if TYPE_CHECKING:
    from ganc.gan import GAN
    from ganc.history import History

_VALIDATION_SAMPLES = 1000


class Running:
    """Means of what the steps of the current epoch report."""

    def __init__(self) -> None:
        self.sums: dict[str, list[float]] = {}  # name -> [sum, count]

    def add(self, logs: dict[str, float], skip_g: bool) -> None:
        """Count a step's numbers; those of G only if it was updated."""
        for name, value in logs.items():
            if skip_g and name.startswith("g_"):
                continue
            entry = self.sums.setdefault(name, [0.0, 0])
            entry[0] += value
            entry[1] += 1

    def means(self) -> dict[str, float]:
        """Return the means so far."""
        return {name: total / n if n else math.nan for name, (total, n) in self.sums.items()}


class Clock:
    """Says when a budget of time is used up, with half a step to spare."""

    def __init__(self, budget: float | str | None) -> None:
        self.budget = None if budget is None else duration("budget", budget)
        self._start = time.perf_counter()
        self._steps = 0

    def tick(self) -> None:
        """Count a step."""
        self._steps += 1

    def over(self) -> bool:
        """Whether another step would end too late."""
        if self.budget is None:
            return False
        elapsed = time.perf_counter() - self._start
        return elapsed + 0.5 * elapsed / max(self._steps, 1) >= self.budget


def fit(
    gan: "GAN",
    x: ArrayLike,
    y: ArrayLike | None,
    *,
    epochs: int | None,
    batch_size: int,
    steps_per_epoch: int | None,
    callbacks: Iterable[Callback],
    verbose: str | int,
    validation_data: ArrayLike | None,
    initial_epoch: int,
    budget: float | str | None,
) -> "History":
    """Train; see `GAN.fit`."""
    _door.refuse("y", y)
    batches = _batches(gan, x, batch_size)
    held_out = _held_out(gan, validation_data)
    steps = (
        len(batches) if steps_per_epoch is None else at_least("steps_per_epoch", steps_per_epoch, 1)
    )
    clock = Clock(budget)
    last = _last_epoch(gan, epochs, at_least("initial_epoch", initial_epoch, 0), clock.budget)
    listeners = CallbackList([*callbacks, *progress_for(verbose), gan.history])
    listeners.attach(gan, {"epochs": last, "steps": steps, "budget": clock.budget})
    _align(gan, batches, steps)
    gan.stop_training = False
    _run(gan, batches, steps, last, clock, listeners, held_out)
    return gan.history


def _batches(gan: "GAN", x: ArrayLike, batch_size: int) -> Batches:
    batches = Batches(x, batch_size=at_least("batch_size", batch_size, 1), seed=gan.seed)
    _door.check_shape(gan, _door.sample_shape(batches.x))
    if batches.batch_size > len(batches.x):
        raise ValueError(
            f"batch_size: got {batches.batch_size} for {len(batches.x)} samples, expected at most "
            f"that many; pass batch_size={len(batches.x)} or less"
        )
    return batches


def _held_out(gan: "GAN", data: ArrayLike | None) -> np.ndarray | None:
    return None if data is None else _door.evaluation_array(gan, data, _VALIDATION_SAMPLES)


def _last_epoch(gan: "GAN", epochs: int | None, initial: int, budget: float | None) -> float:
    """Return the number of the epoch before which training ends."""
    if gan.epoch < initial:
        gan._position.epoch = initial
    if epochs is None:
        return math.inf if budget is not None else gan.epoch + 1
    return gan.epoch + max(at_least("epochs", epochs, 0) - initial, 0)


def _align(gan: "GAN", batches: Batches, steps: int) -> None:
    """Go on inside the epoch and the pass of the last call, or begin new ones."""
    at = gan._position
    if (at.n, at.batch_size) != (len(batches.x), batches.batch_size):
        if at.index:
            at.pass_, at.index = at.pass_ + 1, 0
        at.n, at.batch_size = len(batches.x), batches.batch_size
    if at.step >= steps:
        at.epoch, at.step = at.epoch + 1, 0
    if at.step == 0:
        gan._running = Running()


def _run(
    gan: "GAN",
    batches: Batches,
    steps: int,
    last: float,
    clock: Clock,
    listeners: CallbackList,
    held_out: np.ndarray | None,
) -> None:
    at = gan._position
    with Interrupts() as interrupts:
        listeners.train_begin()
        try:
            while at.epoch < last and not gan.stop_training and not clock.over():
                listeners.epoch_begin(at.epoch)
                done = _epoch(gan, batches, steps, clock, listeners, interrupts)
                if done:
                    logs = gan._running.means() | _validation(gan, held_out)
                    with interrupts.held():
                        number, at.epoch, at.step = at.epoch, at.epoch + 1, 0
                        gan._running = Running()
                        gan.history.on_epoch_end(number, logs)
                    listeners.epoch_end(number, logs)
        finally:
            if at.step:  # in the middle of an epoch: keep what there is of it
                gan.history.on_epoch_end(at.epoch, gan._running.means())
        listeners.train_end(gan._running.means())


def _epoch(
    gan: "GAN",
    batches: Batches,
    steps: int,
    clock: Clock,
    listeners: CallbackList,
    interrupts: Interrupts,
) -> bool:
    """Make the steps of an epoch that are left; False if told to stop before its end."""
    at = gan._position
    while at.step < steps:
        listeners.batch_begin(at.step)
        batch = _door.take(batches.x, batches.indices(at.pass_, at.index), gan.pixel_range)
        with interrupts.held():
            logs = gan._update(batch)
            gan._running.add(logs, skip_g=gan._current_trainer().phase != 0)
            _advance(at, len(batches))
        clock.tick()
        listeners.batch_end(at.step - 1, logs)
        if at.step < steps and (gan.stop_training or clock.over()):
            return False
    return True


def _advance(at: _door.Position, batches: int) -> None:
    at.step += 1
    at.index += 1
    if at.index == batches:
        at.pass_, at.index = at.pass_ + 1, 0


def _validation(gan: "GAN", held_out: np.ndarray | None) -> dict[str, Any]:
    if held_out is None:
        return {}
    low, high = gan.pixel_range
    inside = held_out if held_out.ndim == 2 else (held_out + 1) * ((high - low) / 2) + low
    logits = _networks.evaluate(gan.discriminator, inside.astype(np.float32))
    if gan.loss.probability:
        logits = 1 / (1 + np.exp(-logits.astype(np.float64)))
    return {"val_d_real": float(logits.mean())}
