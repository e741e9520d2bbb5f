"""What a penalty is, and finding one by its name."""

import inspect
from collections.abc import Callable
from typing import Any

from ganc._backend import core
from ganc._options import at_least, choose, finite

__all__ = ["Penalty", "get_penalties", "penalties", "register_penalty"]

Critic = Callable[[core.Tensor], core.Tensor]
_PENALTIES: dict[str, type["Penalty"]] = {}


class Penalty:
    """Base class of penalties: override `value`.

    Parameters
    ----------
    weight : float
        What the mean over the batch is multiplied by.
    every : int, default 1
        1: it is added to D's loss. More: a lazy penalty, an update of its own in every so-manieth
        step, with so many times the weight (StyleGAN2, Karras et al. 2020, arXiv:1912.04958).

    Attributes
    ----------
    name : str
        What ``GAN(penalty=...)`` finds it by, and what its numbers are called.
    on_fakes : bool
        Whether it looks at generated samples, too.
    at_samples : bool
        Whether it takes g at the very samples that D's loss is made of. D then has one pass for
        both, and `value` is given samples that require grad.

    Examples
    --------
    >>> import ganc
    >>> class Drift(ganc.losses.Penalty):
    ...     "Keeps D's answers near 0, as ProGAN does."
    ...     name = "drift"
    ...     def value(self, critic, real, fake):
    ...         return critic(real).square().mean()
    >>> gan = ganc.GAN(ganc.nn.Linear(2, 2), ganc.nn.Linear(2, 1), 2, penalty=Drift(1e-3), seed=0)
    >>> sorted(gan.train_on_batch([[0.0, 1.0]] * 4))[:3]
    ['d_fake', 'd_grad_norm', 'd_loss']
    """

    name = "penalty"
    source = ""
    on_fakes = False
    at_samples = False

    def __init__(self, weight: float = 1.0, every: int = 1) -> None:
        self.weight = finite("weight", weight, 0.0)
        self.every = at_least("every", every, 1)

    def value(self, critic: Critic, real: core.Tensor, fake: core.Tensor | None) -> core.Tensor:
        """Return what is penalised, a mean over the batch, without the weight.

        Parameters
        ----------
        critic : callable
            D as a function of samples; labels are filled in. For `real` and `fake` themselves it
            gives the logits of D's loss, without another pass.
        real : Tensor
        fake : Tensor or None
            As many generated samples, without a graph; None unless `on_fakes`.

        Returns
        -------
        Tensor
            A scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define value(critic, real, fake)")

    def __call__(
        self, critic: Critic, real: core.Tensor, fake: core.Tensor | None = None
    ) -> core.Tensor:
        return self.value(critic, real, fake) * self.weight

    def __repr__(self) -> str:
        return f"{type(self).__name__}(weight={self.weight:g}, every={self.every})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None


def register_penalty(penalty: type[Penalty]) -> type[Penalty]:
    """Make a penalty known by its ``name``, as a class decorator.

    Parameters
    ----------
    penalty : type
        A subclass of `Penalty`.

    Returns
    -------
    type
        The same.
    """
    if penalty.name in _PENALTIES:
        raise ValueError(f"the penalty {penalty.name!r} exists; choose another name")
    _PENALTIES[penalty.name] = penalty
    return penalty


def penalties() -> list[str]:
    """Return the names that ``GAN(penalty=...)`` takes.

    Returns
    -------
    list of str
    """
    return sorted(_PENALTIES)


def get_penalties(penalty: Any) -> tuple[Penalty, ...]:
    """Return penalties for None, a name, an object, or a list of names and objects.

    Parameters
    ----------
    penalty : None, str, Penalty, type, or list of these

    Returns
    -------
    tuple of Penalty

    Raises
    ------
    ValueError
        For an unknown name, and for two penalties of one name.
    TypeError
        For anything else.

    Examples
    --------
    >>> from ganc import losses
    >>> losses.get_penalties(["r1", losses.R2(weight=5)])
    (R1(weight=10, every=1), R2(weight=5, every=1))
    """
    given = [] if penalty is None else penalty if isinstance(penalty, (list, tuple)) else [penalty]
    found = tuple(map(_one, given))
    names = [p.name for p in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"penalty: got {name!r} twice, expected different ones")
    return found


def _one(penalty: Any) -> Penalty:
    if isinstance(penalty, str):
        key = penalty.lower().replace("-", "_")
        return _PENALTIES[choose("penalty", key, penalties())]()
    if isinstance(penalty, type) and issubclass(penalty, Penalty):
        return penalty()
    if not isinstance(penalty, Penalty):
        raise TypeError(
            f"penalty: got {type(penalty).__name__}, expected a name ({', '.join(penalties())}), a "
            "ganc.losses.Penalty, or a list of these"
        )
    return penalty


def penalty_to_data(penalty: Penalty) -> dict[str, Any] | None:
    """Return a penalty as plain data, or None if it has no name."""
    options = inspect.signature(type(penalty)).parameters.keys()
    if _PENALTIES.get(penalty.name) is type(penalty) and vars(penalty).keys() <= options:
        return {"name": penalty.name, "options": vars(penalty)}
    return None


def penalty_from_data(data: dict[str, Any]) -> Penalty:
    """Return the penalty that `penalty_to_data` was given."""
    return _PENALTIES[choose("penalty", data["name"], penalties())](**data["options"])
