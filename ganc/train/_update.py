"""A step as a list of updates: who learns, what it minimises, how often, and what follows."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ganc._backend import core
from ganc._options import at_least, positive

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = ["Update", "make"]

Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class Update:
    """One update of a training step; `Model.updates` returns those of a model in their order.

    Parameters
    ----------
    name : str
        What its numbers are called: NAME_loss and NAME_grad_norm, or loss and grad_norm where it
        is empty. Updates of one name are one in the log: the loss is that of the last, the norm
        that of all their gradients.
    optimizer : str
        The attribute of the model that learns: an optimizer. Gradients of other parameters are not
        computed, and nothing else is changed.
    objective : callable
        A function of the batch, a named tuple of Tensors, that returns a scalar Tensor to minimise,
        or that and a dict of what to report: scalar Tensors or numbers by name. A reported
        NAME_loss takes the place of the value that was minimised.
    every : int, default 1
        It is made in every so-manieth step of the model, counted from 1: G after `n_critic` updates
        of D, a lazy penalty.
    clip : float, optional
        Afterwards the optimizer's parameters are clipped to [-clip, clip].
    averages : tuple of str, optional
        Networks whose moving averages follow, where they are kept (`Model.ema`); by default those
        that the optimizer trains.

    Examples
    --------
    A model of your own says what it is made of, what is in a batch, and its updates:

    >>> import ganc
    >>> from ganc import nn, optim
    >>> class Autoencoder(ganc.Model):
    ...     OPTIMIZERS = {"optimizer": ("network",)}
    ...     def __init__(self, seed=None):
    ...         super().__init__(seed=seed)
    ...         self.network = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    ...         self.optimizer = optim.Adam(self.network.parameters(), lr=1e-2)
    ...     def updates(self):
    ...         return (ganc.train.Update("", "optimizer", self.objective),)
    ...     def objective(self, batch):
    ...         return (self.network(batch.x) - batch.x).square().mean()
    >>> points = ganc.datasets.toy.ring(512, seed=0)
    >>> history = Autoencoder(seed=0).fit(points, epochs=2, verbose=0)
    >>> list(history.history)
    ['loss', 'grad_norm']
    """

    name: str
    optimizer: str
    objective: Callable[[Any], core.Tensor | tuple[core.Tensor, dict[str, Any]]]
    every: int = 1
    clip: float | None = None
    averages: tuple[str, ...] | None = None

    @property
    def prefix(self) -> str:
        """What its numbers begin with."""
        return f"{self.name}_" if self.name else ""


def make(model: "Model", updates: Sequence[Update], batch: Any, number: int) -> dict[str, Numbers]:
    """Make step `number` of a model; return the numbers of each update that was due, by name."""
    found = core.step(tuple(_for_core(model, u) for u in updates), batch, number)
    fresh: dict[str, Numbers] = {}
    for update, result in zip(updates, found, strict=True):
        if result is not None:
            _enter(fresh.setdefault(update.name, {}), update.prefix, *result)
    return fresh


def _for_core(model: "Model", u: Update) -> tuple:
    optimizer = getattr(model, u.optimizer)
    averages = tuple(map(model._average_of, _followers(model, u))) if model._averages else ()
    return u.name, u.objective, tuple(optimizer.cores()), u.every, u.clip or 0.0, averages


def _followers(model: "Model", u: Update) -> list[str]:
    """Return the networks with an average that follows an update."""
    names = model.OPTIMIZERS[u.optimizer] if u.averages is None else u.averages
    return [name for name in names if name in model._averages]


def _enter(entry: Numbers, prefix: str, loss: float, norm: float, report: Numbers) -> None:
    """Take in the numbers of an update: its losses, then what it reports, then its norm."""
    norm_name = f"{prefix}grad_norm"
    before = entry.pop(norm_name, 0.0)
    entry[f"{prefix}loss"] = loss
    entry.update(report)
    entry[norm_name] = math.sqrt(before * before + norm * norm) if before else norm


def arranged(numbers: Iterable[Numbers]) -> Numbers:
    """Return the numbers of several updates as one dict: losses first, norms last."""
    every: Numbers = {}
    for entry in numbers:
        every.update(entry)
    return {name: every[name] for name in _order(tuple(every))}


@lru_cache(64)
def _order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names, key=_rank))


def _rank(name: str) -> int:
    return 0 if name.endswith("loss") else 2 if name.endswith("grad_norm") else 1


def unmade(update: Update) -> Numbers:
    """Return what is reported of an update that has not been made yet."""
    return {f"{update.prefix}loss": math.nan, f"{update.prefix}grad_norm": math.nan}


def checked(model: "Model", updates: Any) -> tuple[Update, ...]:
    """Return what `Model.updates` gave, or raise where it cannot be made."""
    who = f"{type(model).__name__}.updates()"
    for name in model.OPTIMIZERS:
        if not hasattr(model, name):
            raise TypeError(
                f"{type(model).__name__}.OPTIMIZERS: the model has no optimizer {name!r}; set it "
                "in __init__"
            )
    if not isinstance(updates, (tuple, list)) or not updates:
        raise TypeError(f"{who}: got {updates!r}, expected a tuple of one or more Update")
    for update in updates:
        if not isinstance(update, Update):
            raise TypeError(f"{who}: got {type(update).__name__}, expected ganc.train.Update")
        _check(model, update, f"{who}: update {update.name!r}")
    return tuple(updates)


def _check(model: "Model", update: Update, who: str) -> None:
    if not isinstance(update.name, str):
        raise TypeError(f"{who}: name: got {type(update.name).__name__}, expected a text")
    if update.optimizer not in model.OPTIMIZERS:
        known = ", ".join(model.OPTIMIZERS) or "none"
        raise ValueError(
            f"{who}: optimizer: got {update.optimizer!r}, expected one of OPTIMIZERS: {known}"
        )
    optimizer = getattr(model, update.optimizer)
    if not hasattr(optimizer, "cores"):
        raise TypeError(
            f"{who}: {update.optimizer}: got {type(optimizer).__name__}, expected an optimizer of "
            "ganc.optim"
        )
    if not callable(update.objective):
        raise TypeError(f"{who}: objective: got {type(update.objective).__name__}, not callable")
    at_least(f"{who}: every", update.every, 1)
    if update.clip is not None:
        positive(f"{who}: clip", update.clip)
    averages = () if update.averages is None else update.averages
    if not isinstance(averages, (tuple, list)):
        raise TypeError(f"{who}: averages: got {update.averages!r}, expected a tuple of names")
    for name in averages:
        if name not in model.GENERATORS:
            known = ", ".join(model.GENERATORS) or "none"
            raise ValueError(f"{who}: averages: got {name!r}, expected some of GENERATORS: {known}")
