"""`Steps`: how networks learn: a step is a list of updates; one that fails when new is undone."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from ganc._tensor._creation import Tensor
from ganc._tensor._random import drawing
from ganc.data._conversion import to_unit
from ganc.errors import DivergenceError
from ganc.nn import Module
from ganc.nn._inference import evaluate
from ganc.train import _streams, _update
from ganc.train._batches import batch_of, given
from ganc.train._checkpoint import keep
from ganc.train._interrupt import Interrupts
from ganc.train._network import train_mode
from ganc.train._networks import Networks
from ganc.train._update import Update

__all__ = ["Steps"]

_Made = TypeVar("_Made")


class Passed(dict[str, Any]):
    """What one update of a step leaves for a later one, by name."""

    def __missing__(self, name: str) -> Any:
        raise RuntimeError(
            f"passed: nothing was left under {name!r}; the update that leaves it comes first"
        )


class Steps(Networks):
    """What a step is and how it is made; the middle layer of `Model`."""

    def __init__(self, pixel_range: Sequence[float], seed: int | None) -> None:
        super().__init__(pixel_range, seed)
        self._step = 0
        self._last: dict[str, dict[str, float]] = {}  # numbers of each update, when last made
        self._updates: tuple[Update, ...] = ()  # as they were checked last
        self._proven: set[Hashable] = set()  # updates that were made, with the batch's shapes
        self._stale: frozenset[str] = frozenset()  # numbers that are not of the last step
        self.passed: dict[str, Any] = Passed()  # what one update of a step leaves for a later one
        self._busy = False

    def updates(self) -> tuple[Update, ...]:
        """Return the updates of the next step, in the order in which they are made.

        Returns
        -------
        tuple of Update
        """
        raise NotImplementedError(f"{type(self).__name__} must define updates()")

    def schedule(self) -> None:
        """Set rates, stage, fade-in before a step; it must depend on step and epoch only.

        So that runs can be resumed: read ``self.step`` and ``self.epoch``, nothing that an earlier
        call has left. When a model is loaded it is called for the step that was made last.
        """

    def state(self) -> dict[str, Any]:
        """Return what a file must hold besides networks, optimizers and options.

        Image pools, a codebook's counts: whatever the next step depends on and `schedule` does not
        set anew. Numbers, texts, arrays, and lists or dicts of them.

        Returns
        -------
        dict
        """
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned.

        Parameters
        ----------
        state : dict
        """

    def predict(self, name: str, *inputs: np.ndarray, ema: bool | None = None) -> np.ndarray:
        """Return what a network makes of arrays; what `generate` rests on.

        The network is in evaluation mode meanwhile.

        Parameters
        ----------
        name : str
            Of the network.
        *inputs : ndarray of float32
            What it takes, as it takes it, a row for each result.
        ema : bool, optional
            As for `averaged`.

        Returns
        -------
        ndarray of float32
            Images of one of the `GENERATORS` are in [-1, 1].

        Raises
        ------
        ValueError
            If there is no such network, or inputs of different lengths.

        Examples
        --------
        >>> import numpy as np
        >>> import ganc
        >>> gan = ganc.models.ToyGAN(seed=0)
        >>> gan.predict("discriminator", np.zeros((3, 2))).shape
        (3, 1)
        """
        made = evaluate(self._answering(name, ema), *_rows(name, inputs))
        return to_unit(made, self.pixel_range) if name in self.GENERATORS else made

    def _answering(self, name: str, ema: bool | None) -> Module:
        """Return the network whose answers are results: a generator's are images."""
        return self.averaged(name, ema)

    def train_on_batch(self, x: Any, y: Any = None, *more: Any) -> dict[str, float]:
        """Make one step: each update that is due, once.

        Parameters
        ----------
        x, y, *more : array_like or Tensor
            A batch, field by field, in a form that `fit` takes.

        Returns
        -------
        dict of str to float
            What the updates say. Of a GAN: ``d_loss``, ``g_loss``; ``d_real``, ``d_fake``: D's mean
            answer to real and to fake samples (a probability, or the logit where the loss knows
            none); ``d_grad_norm``, ``g_grad_norm``: the 2-norms of the gradients. Numbers of an
            update that is not due are those of the last time, NaN before the first.

        Raises
        ------
        DivergenceError
            If a loss becomes NaN or infinite.
        """
        batch = batch_of(self, given(x, y, *more))
        with Interrupts() as interrupts, interrupts.held():
            return self._make_step(batch)

    def train_step(self, batch: Any) -> dict[str, float]:
        """Make the updates that are due; override it to do something else in a step.

        Random numbers drawn here depend on nothing but seed and step. An override may call this
        one, or update with ``self.OPTIMIZER.minimize(loss)``; averages follow in either case.

        Parameters
        ----------
        batch : named tuple of Tensor
            An entry for each of `FIELDS`.

        Returns
        -------
        dict of str to float
            What is recorded, averaged over each epoch.

        Examples
        --------
        >>> import ganc
        >>> class Counted(ganc.models.ToyGAN):
        ...     "Also says how many points a batch has."
        ...     def train_step(self, batch):
        ...         return super().train_step(batch) | {"points": len(batch.x)}
        >>> logs = Counted(seed=0).train_on_batch([[0.0, 1.0]] * 4)
        >>> logs["points"]
        4.0
        """
        updates = self.updates()
        if not updates or updates != self._updates:
            self._updates = _update.checked(self, updates)
        shapes = _shapes_of(batch)
        fresh = self._undone_if_new(
            {(u.name, shapes) for u in updates if (self._step + 1) % u.every == 0},
            lambda: _update.make(self, updates, batch, self._step + 1),
        )
        self._last.update(fresh)
        if len(fresh) == len(updates):
            return _update.arranged(fresh.values())
        last = [self._last.get(u.name) or _update.unmade(u) for u in updates]
        new = {name for entry in fresh.values() for name in entry}
        self._stale = frozenset(name for entry in last for name in entry if name not in new)
        return _update.arranged([*last, *fresh.values()])

    @property
    def step(self) -> int:
        """Steps so far: of a GAN, updates of D."""
        return self._step

    def _make_step(self, batch: Any) -> dict[str, float]:
        """Make one step on a checked batch."""
        if self._busy:
            raise RuntimeError("this model is in the middle of a step; one step at a time")
        self._busy, self._stale = True, frozenset()
        try:
            self.schedule()
            with drawing(self.seed, _streams.step_stream(self._step)):
                train_mode(*self._parts().values())
                logs = self._guarded_step(batch)
            self._step += 1
        finally:
            self._busy = False
            self.passed = Passed()
        self._check_finite(logs)
        return logs

    def _guarded_step(self, batch: Any) -> dict[str, float]:
        """Make a step; one of the user's own writing is undone if it fails the first time."""
        if type(self).train_step is Steps.train_step:
            return self.train_step(batch)
        before = self._generator_updates()
        new = {("train_step()", _shapes_of(batch))}
        logs = self._undone_if_new(new, lambda: self.train_step(batch))
        logs = {name: float(value) for name, value in logs.items()}
        self._follow(before)
        return logs

    def _undone_if_new(self, names: set[Hashable], make: Callable[[], _Made]) -> _Made:
        """Return what `make` returns; if it fails and any of the names is new, undo it."""
        if names <= self._proven:
            return make()
        undo = _keep_if_possible(self)
        try:
            made = make()
        except Exception:
            if undo is not None:
                undo()
            raise
        self._proven |= names
        return made

    def _generator_updates(self) -> list[tuple[str, int, int]]:
        """Return how often each averaged network and its average were updated."""
        return [
            (name, self._updates_of(name), average.core.steps)
            for name, average in self._averages.items()
        ]

    def _updates_of(self, network: str) -> int:
        names = [name for name, parts in self.OPTIMIZERS.items() if network in parts]
        return sum(core.steps for name in names for core in getattr(self, name).cores())

    def _follow(self, before: list[tuple[str, int, int]]) -> None:
        """Update the averages of networks that a `train_step` of the user's has updated."""
        for name, updates, steps in before:
            average = self._average_of(name)
            if self._updates_of(name) != updates and average.steps == steps:
                average.update()

    def _counted(self, logs: dict[str, float]) -> dict[str, float]:
        """Return the numbers of a step that are new."""
        stale = self._stale
        return {name: v for name, v in logs.items() if name not in stale} if stale else logs

    def _check_finite(self, logs: dict[str, float]) -> None:
        for name, value in self._counted(logs).items():
            if name.endswith("loss") and not math.isfinite(value):
                raise DivergenceError(
                    f"{name} is {value} after step {self.step} (epoch {self.epoch + 1}). The "
                    "weights may hold NaN now: load an earlier file or build the model anew, then "
                    "try a smaller learning rate, label_smoothing=0.1, or look at the data"
                )


def _shapes_of(batch: Any) -> tuple[Any, ...]:
    return tuple(getattr(part, "shape", None) for part in batch)


def _rows(name: str, inputs: Sequence[Any]) -> list[np.ndarray]:
    """Return arrays of equally many rows."""
    arrays = [np.asarray(x.detach() if isinstance(x, Tensor) else x, np.float32) for x in inputs]
    lengths = [len(a) if a.ndim else None for a in arrays]
    if not arrays or None in lengths or len(set(lengths)) > 1:
        raise ValueError(
            f"predict: got inputs of {lengths} rows for {name!r}, expected one or more arrays of "
            "equally many rows"
        )
    return arrays


def _keep_if_possible(model: Steps) -> Callable[[], None] | None:
    try:
        return keep(model)
    except TypeError:  # an optimizer of another library
        return None
