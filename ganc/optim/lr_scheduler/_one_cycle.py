"""The one-cycle schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ganc.optim._optimizer import Optimizer
from ganc.optim.lr_scheduler._base import LRScheduler, check_optimizer

__all__ = ["OneCycleLR"]


class OneCycleLR(LRScheduler):
    """Raises the rate to a maximum and lowers it far below the start, in one cycle.

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float, or sequence of float
        The maximum, for all groups or for each.
    total_steps : int, optional
        Steps of the cycle; or give `epochs` and `steps_per_epoch`.
    epochs, steps_per_epoch : int, optional
    pct_start : float in [0, 1], default 0.3
        The share of the cycle that rises.
    anneal_strategy : {"cos", "linear"}, default "cos"
    cycle_momentum : bool, default True
        Move the momentum (or the first beta) the other way.
    base_momentum, max_momentum : float, or sequence of float
        Its bounds, 0.85 and 0.95.
    div_factor : float, default 25.0
        The initial rate is max_lr / div_factor.
    final_div_factor : float, default 1e4
        The last rate is the initial one / final_div_factor.
    three_phase : bool, default False
        Fall to the initial rate first, in as many steps as it rose, and then to the last.
    last_epoch : int, default -1

    Raises
    ------
    ValueError
        If the number of steps is missing, a number is out of range, or the optimizer has no
        momentum to cycle; also for a step beyond the last.

    References
    ----------
    Smith and Topin 2018, Super-convergence.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.Adam([nn.Parameter([1.0])])
    >>> schedule = optim.lr_scheduler.OneCycleLR(opt, max_lr=0.1, total_steps=10)
    >>> for _ in range(2):
    ...     schedule.step()
    >>> opt.param_groups[0]["lr"]
    0.1
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("OneCycleLR", optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(
                    "OneCycleLR: got no number of steps, expected total_steps, or epochs and "
                    "steps_per_epoch"
                )
            total_steps = epochs * steps_per_epoch
        if not total_steps > 0:
            raise ValueError(f"OneCycleLR: got total_steps={total_steps}, expected at least 1")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: got pct_start={pct_start}, expected 0 to 1")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: got anneal_strategy={anneal_strategy!r}, expected 'cos' or 'linear'"
            )
        self.total_steps, self.anneal_strategy = total_steps, anneal_strategy
        self.cycle_momentum = cycle_momentum
        up = float(pct_start * total_steps) - 1
        ends = [up, 2 * up, total_steps - 1] if three_phase else [up, total_steps - 1]
        rates, momenta = ["initial_lr", "max_lr", "min_lr"], ["max_momentum", "base_momentum"] * 2
        if three_phase:
            rates = ["initial_lr", "max_lr", "initial_lr", "min_lr"]
            momenta = ["max_momentum", "base_momentum", "max_momentum", "max_momentum"]
        self.phases = [
            [end, rates[i], rates[i + 1], momenta[i], momenta[i + 1]] for i, end in enumerate(ends)
        ]
        groups = optimizer.param_groups
        if last_epoch == -1:
            for group, top in zip(groups, _each("max_lr", max_lr, len(groups)), strict=True):
                group["initial_lr"] = top / div_factor
                group["max_lr"] = top
                group["min_lr"] = top / div_factor / final_div_factor
        if cycle_momentum:
            self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _start_momentum(
        self,
        optimizer: Optimizer,
        base_momentum: float | Sequence[float],
        max_momentum: float | Sequence[float],
        last_epoch: int,
    ) -> None:
        if not {"momentum", "betas"} & set(optimizer.defaults):
            raise ValueError(
                f"OneCycleLR: {type(optimizer).__name__} has no momentum; pass cycle_momentum=False"
            )
        groups = optimizer.param_groups
        lows = _each("base_momentum", base_momentum, len(groups))
        highs = _each("max_momentum", max_momentum, len(groups))
        if last_epoch == -1:
            for group, low, high in zip(groups, lows, highs, strict=True):
                _set_momentum(group, high)
                group["base_momentum"], group["max_momentum"] = low, high

    def _between(self, start: float, end: float, share: float) -> float:
        if self.anneal_strategy == "cos":
            return end + (start - end) / 2.0 * (1 + math.cos(math.pi * share))
        return (end - start) * share + start

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group, and set the momenta.

        Returns
        -------
        list of float
        """
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"OneCycleLR: got step {step}, expected at most {self.total_steps}, total_steps"
            )
        found = []
        for group in self.optimizer.param_groups:
            start = 0.0
            for i, (end, lr_from, lr_to, m_from, m_to) in enumerate(self.phases):
                if step <= end or i == len(self.phases) - 1:
                    share = (step - start) / (end - start)
                    found.append(self._between(group[lr_from], group[lr_to], share))
                    if self.cycle_momentum:
                        _set_momentum(group, self._between(group[m_from], group[m_to], share))
                    break
                start = end
        return found


def _set_momentum(group: dict, value: float) -> None:
    if "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


def _each(name: str, value: float | Sequence[float], n: int) -> list[float]:
    values = list(value) if isinstance(value, (list, tuple)) else [value] * n
    if len(values) != n:
        raise ValueError(f"{name}: got {len(values)} values for {n} groups")
    return values
