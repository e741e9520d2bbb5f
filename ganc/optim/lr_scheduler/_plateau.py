"""A schedule that reacts to a measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ganc.optim._optimizer import Optimizer
from ganc.optim.lr_scheduler._base import check_optimizer

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau:
    """Multiplies the rate by `factor` when a measurement has stopped improving.

    Parameters
    ----------
    optimizer : Optimizer
    mode : {"min", "max"}, default "min"
        Whether smaller or larger is better.
    factor : float in [0, 1), default 0.1
    patience : int, default 10
        Steps without improvement that are tolerated.
    threshold : float, default 1e-4
        What counts as improvement.
    threshold_mode : {"rel", "abs"}, default "rel"
        Relative to the best value, or absolute.
    cooldown : int, default 0
        Steps after a reduction that do not count.
    min_lr : float, or sequence of float, default 0
        The lowest rate, for all groups or for each.
    eps : float, default 1e-8
        Smaller changes of the rate are not made.

    Raises
    ------
    ValueError
        If a number or a mode is out of range.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=1)
    >>> for loss in (1.0, 1.0, 1.0):
    ...     schedule.step(loss)
    >>> opt.param_groups[0]["lr"]
    0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        check_optimizer("ReduceLROnPlateau", optimizer)
        if not factor < 1.0:
            raise ValueError(f"factor: got {factor}, expected less than 1")
        if mode not in ("min", "max"):
            raise ValueError(f"mode: got {mode!r}, expected 'min' or 'max'")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold_mode: got {threshold_mode!r}, expected 'rel' or 'abs'")
        groups = len(optimizer.param_groups)
        lowest = list(min_lr) if isinstance(min_lr, (list, tuple)) else [min_lr] * groups
        if len(lowest) != groups:
            raise ValueError(f"min_lr: got {len(lowest)} values for {groups} groups")
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.min_lrs, self.eps = cooldown, lowest, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]

    def step(self, metrics: float) -> None:
        """Take note of a measurement; reduce the rates if it is time.

        Parameters
        ----------
        metrics : float or Tensor of one element
        """
        current = float(metrics)
        self.last_epoch += 1
        if self.is_better(current, self.best):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, lowest in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
                lr = max(group["lr"] * self.factor, lowest)
                if group["lr"] - lr > self.eps:
                    group["lr"] = lr
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def is_better(self, a: float, best: float) -> bool:
        """Return whether `a` improves on `best`.

        Parameters
        ----------
        a, best : float

        Returns
        -------
        bool
        """
        if self.mode == "min":
            relative = self.threshold_mode == "rel"
            return a < (best * (1 - self.threshold) if relative else best - self.threshold)
        relative = self.threshold_mode == "rel"
        return a > (best * (1 + self.threshold) if relative else best + self.threshold)

    def get_last_lr(self) -> list[float]:
        """Return the learning rates that were set last.

        Returns
        -------
        list of float
        """
        return self._last_lr

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
