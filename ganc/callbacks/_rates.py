"""Learning rates that change while training runs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ganc._options import choose, finite
from ganc.callbacks import _states
from ganc.callbacks._base import Callback

__all__ = ["LearningRateScheduler", "with_schedules"]


class LearningRateScheduler(Callback):
    """Change the learning rates of a model's optimizers.

    The rates are recorded at the end of each epoch, as ``g_lr`` and ``d_lr`` of a GAN. A preset
    that has a schedule of its own (`Model.schedule`) sets its rates anew before each step.

    Parameters
    ----------
    schedule : callable or scheduler
        A function of (epoch, lr), called at the beginning of each epoch, counted from 0, that
        returns the new rate; or an object of `ganc.optim.lr_scheduler`, which is stepped. `fit`
        takes such an object among its callbacks, too.
    optimizer : str, optional
        Which rates the function sets: "g_optimizer" or "d_optimizer"; by default all of them,
        each from its own last value. A scheduler knows its optimizer.
    every : {"epoch", "step"}, default "epoch"
        How often a scheduler is stepped.
    monitor : str, default "g_loss"
        The recorded number that `ReduceLROnPlateau` watches.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(g_lr=1e-3, d_lr=1e-3, seed=0)
    >>> x = ganc.datasets.toy.ring(512)
    >>> halve = ganc.callbacks.LearningRateScheduler(lambda epoch, lr: lr / 2 if epoch else lr)
    >>> gan.fit(x, epochs=3, verbose=0, callbacks=[halve]).history["g_lr"]
    [0.001, 0.0005, 0.00025]
    >>> step = ganc.optim.lr_scheduler.StepLR(gan.d_optimizer, step_size=1, gamma=0.1)
    >>> gan.fit(x, epochs=1, verbose=0, callbacks=[step]).history["d_lr"][-1]
    0.00025
    """

    def __init__(
        self,
        schedule: Callable[[int, float], float] | Any,
        *,
        optimizer: str | None = None,
        every: str = "epoch",
        monitor: str = "g_loss",
    ) -> None:
        super().__init__()
        self._steps = _is_scheduler(schedule)
        if not (self._steps or callable(schedule)):
            raise TypeError(
                f"schedule: got {type(schedule).__name__}, expected a function of (epoch, lr) or "
                "an object of ganc.optim.lr_scheduler"
            )
        self.schedule = schedule
        self.optimizer = optimizer
        self.every = choose("every", every, ("epoch", "step"))
        self.monitor = monitor

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Find the optimizers."""
        every = {name: getattr(self.model, name) for name in self.model.OPTIMIZERS}
        if self._steps:
            self._chosen = {n: o for n, o in every.items() if o is self.schedule.optimizer}
            if not self._chosen:
                raise ValueError(
                    f"schedule: this {type(self.schedule).__name__} belongs to an optimizer that "
                    f"the model does not have; make it of its {' or '.join(every)}"
                )
        elif self.optimizer is None:
            self._chosen = every
        else:
            name = choose("optimizer", self.optimizer, every)
            self._chosen = {name: every[name]}

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Ask the function for the rates, once an epoch."""
        if self._steps or self.model._position.step:  # an epoch that goes on has its rates
            return
        for optimizer in self._chosen.values():
            for group in optimizer.param_groups:
                group["lr"] = finite("the schedule's lr", self.schedule(epoch, group["lr"]), 0.0)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Step a scheduler of steps."""
        if self._steps and self.every == "step":
            self._step(logs or {})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Record the rates of the epoch, then step a scheduler of epochs."""
        if logs is not None:
            for name, optimizer in self._chosen.items():
                logs[name.removesuffix("optimizer") + "lr"] = optimizer.param_groups[0]["lr"]
        if self._steps and self.every == "epoch":
            self._step(logs or {})

    def _step(self, logs: Mapping[str, float]) -> None:
        if not hasattr(self.schedule, "is_better"):
            self.schedule.step()
            return
        if self.monitor not in logs:
            raise ValueError(f"monitor: got {self.monitor!r}, expected one of {', '.join(logs)}")
        self.schedule.step(logs[self.monitor])

    def state_dict(self) -> dict[str, Any]:
        """Return a scheduler's state and the numbers it has set; a function has none."""
        if not self._steps:
            return {}
        return {"schedule": self.schedule.state_dict(), "groups": self._numbers()}

    def _numbers(self) -> list[dict[str, Any]]:
        return [
            # options that are off are left out: files of 0.1.0 do not know them all
            {n: value for n, value in group.items() if n != "params" and value is not False}
            for group in self.schedule.optimizer.param_groups
        ]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` returned.

        Making a scheduler sets the rates to those of its beginning; they are set back, too.
        """
        if self._steps:
            own = self.schedule.state_dict()
            schedule = _states.alike("schedule", state.get("schedule"), own)
            groups = _states.alike("groups", state.get("groups"), self._numbers())
            self.schedule.load_state_dict(schedule)
            for group, numbers in zip(self.schedule.optimizer.param_groups, groups, strict=True):
                group.update(numbers)


def _is_scheduler(thing: Any) -> bool:
    return hasattr(thing, "optimizer") and hasattr(thing, "get_last_lr")


def with_schedules(callbacks: Iterable[Any]) -> list[Any]:
    """Return callbacks, with learning rate schedulers made into callbacks."""
    return [LearningRateScheduler(c) if _is_scheduler(c) else c for c in callbacks]
