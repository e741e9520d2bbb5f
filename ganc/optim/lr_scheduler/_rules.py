"""Schedules with a formula."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from ganc.optim._optimizer import Optimizer
from ganc.optim.lr_scheduler._base import LRScheduler

__all__ = ["CosineAnnealingLR", "ExponentialLR", "LinearLR", "MultiStepLR", "StepLR"]


class StepLR(LRScheduler):
    """Multiplies the rate by `gamma` every `step_size` steps.

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
        At least 1.
    gamma : float, default 0.1
    last_epoch : int, default -1

    Raises
    ------
    ValueError
        If `step_size` is less than 1.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     schedule.step()
    >>> opt.param_groups[0]["lr"]
    0.25
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if step_size < 1:
            raise ValueError(f"StepLR: got step_size={step_size}, expected at least 1")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group.

        Returns
        -------
        list of float
        """
        if self.last_epoch == 0 or self.last_epoch % self.step_size:
            return self._now()
        return [lr * self.gamma for lr in self._now()]


class MultiStepLR(LRScheduler):
    """Multiplies the rate by `gamma` at given steps.

    Parameters
    ----------
    optimizer : Optimizer
    milestones : iterable of int
    gamma : float, default 0.1
    last_epoch : int, default -1

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.MultiStepLR(opt, milestones=[1, 3], gamma=0.5)
    >>> for _ in range(4):
    ...     schedule.step()
    >>> opt.param_groups[0]["lr"]
    0.25
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group.

        Returns
        -------
        list of float
        """
        factor = self.gamma ** self.milestones.get(self.last_epoch, 0)
        return [lr * factor for lr in self._now()]


class ExponentialLR(LRScheduler):
    """Multiplies the rate by `gamma` every step.

    Parameters
    ----------
    optimizer : Optimizer
    gamma : float
    last_epoch : int, default -1

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.ExponentialLR(opt, gamma=0.5)
    >>> schedule.step()
    >>> opt.param_groups[0]["lr"]
    0.5
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group.

        Returns
        -------
        list of float
        """
        factor = 1.0 if self._starting else self.gamma
        return [lr * factor for lr in self._now()]


class LinearLR(LRScheduler):
    """Moves a factor of the initial rate from one value to another, then keeps it.

    Parameters
    ----------
    optimizer : Optimizer
    start_factor : float in (0, 1], default 1/3
    end_factor : float in [0, 1], default 1.0
    total_iters : int, default 5
        Steps from the one to the other.
    last_epoch : int, default -1

    Raises
    ------
    ValueError
        If a factor is out of range.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.LinearLR(opt, start_factor=0.5, total_iters=2)
    >>> schedule.step()
    >>> opt.param_groups[0]["lr"]
    0.75
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"LinearLR: got start_factor={start_factor}, expected (0, 1]")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: got end_factor={end_factor}, expected [0, 1]")
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group.

        Returns
        -------
        list of float
        """
        if self.last_epoch == 0:
            return [lr * self.start_factor for lr in self._now()]
        if self._starting or self.last_epoch > self.total_iters:
            return self._now()
        span = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * span
        return [lr * (1.0 + span / before) for lr in self._now()]


class CosineAnnealingLR(LRScheduler):
    """Lowers the rate along half a cosine, from the initial one to `eta_min`.

    Parameters
    ----------
    optimizer : Optimizer
    T_max : int
        Steps to the minimum.
    eta_min : float, default 0.0
    last_epoch : int, default -1

    References
    ----------
    Loshchilov and Hutter 2017, SGDR: stochastic gradient descent with warm restarts.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> schedule = optim.lr_scheduler.CosineAnnealingLR(opt, T_max=2)
    >>> schedule.step()
    >>> opt.param_groups[0]["lr"]
    0.5
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group.

        Returns
        -------
        list of float
        """
        t, period, low = self.last_epoch, self.T_max, self.eta_min
        if self._starting:
            return self._now()
        if (t - 1 - period) % (2 * period) == 0:
            step = (1 - math.cos(math.pi / period)) / 2
            pairs = zip(self.base_lrs, self._now(), strict=True)
            return [lr + (base - low) * step for base, lr in pairs]
        ratio = (1 + math.cos(math.pi * t / period)) / (1 + math.cos(math.pi * (t - 1) / period))
        return [ratio * (lr - low) + low for lr in self._now()]
