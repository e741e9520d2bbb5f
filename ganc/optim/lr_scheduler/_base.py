"""`LRScheduler`: a rule that sets the learning rates of an optimizer, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ganc.optim._optimizer import Optimizer

__all__ = ["LRScheduler", "LambdaLR"]


def check_optimizer(what: str, optimizer: Any) -> None:
    """Refuse what is not an optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{what}: got {type(optimizer).__name__}, expected an Optimizer")


class LRScheduler:
    """Base class of schedules: a subclass defines ``get_lr()``.

    Parameters
    ----------
    optimizer : Optimizer
    last_epoch : int, default -1
        The number of the last step done; -1 starts.

    Attributes
    ----------
    last_epoch : int
        Steps done.
    base_lrs : list of float
        The initial learning rates.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> class Linear(optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [lr * (1 - self.last_epoch / 100) for lr in self.base_lrs]
    >>> schedule = Linear(optim.SGD([nn.Parameter([1.0])], lr=1.0))
    >>> for _ in range(25):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.75]
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(type(self).__name__, optimizer)
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            if last_epoch == -1:
                group.setdefault("initial_lr", float(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: last_epoch={last_epoch} resumes, but the parameter "
                    "group has no 'initial_lr'; load the optimizer's state first"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._starting = True  # resuming must not go one step further by itself
        self.step()
        self._starting = False

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group for step `last_epoch`.

        Returns
        -------
        list of float
        """
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def get_last_lr(self) -> list[float]:
        """Return the learning rates that were set last.

        Returns
        -------
        list of float
        """
        return self._last_lr

    def step(self) -> None:
        """Go one step further and set the learning rates."""
        self.last_epoch += 1
        groups = self.optimizer.param_groups
        for group, lr in zip(groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._last_lr = [group["lr"] for group in groups]

    def _now(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer, as plain values.

        Returns
        -------
        dict
        """
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` returned. The optimizer has a state of its own.

        Parameters
        ----------
        state_dict : dict
        """
        vars(self).update(state_dict)


class LambdaLR(LRScheduler):
    """The initial rate times a function of the step.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable, or sequence of them
        Takes the number of the step, returns a factor; one for all groups or one for each.
    last_epoch : int, default -1

    Raises
    ------
    ValueError
        If the number of functions does not fit.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.LambdaLR(opt, lambda epoch: 0.5**epoch)
    >>> schedule.step()
    >>> opt.param_groups[0]["lr"]
    0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("LambdaLR", optimizer)
        n = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, Sequence) else [lr_lambda] * n
        if len(self.lr_lambdas) != n:
            raise ValueError(f"LambdaLR: got {len(self.lr_lambdas)} functions for {n} groups")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group.

        Returns
        -------
        list of float
        """
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [base * factor(self.last_epoch) for base, factor in pairs]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer and the functions.

        Returns
        -------
        dict
        """
        return {name: x for name, x in super().state_dict().items() if name != "lr_lambdas"}
