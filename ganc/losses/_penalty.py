"""What a penalty is, and finding one by its name."""

from collections.abc import Callable
from typing import Any

from ganc._backend import core
from ganc._named import Kind
from ganc._options import at_least, finite

__all__ = ["Penalty", "get_penalties", "penalties", "register_penalty"]

Critic = Callable[[core.Tensor], core.Tensor]


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
    of_gradient : bool
        Whether it is about D's gradient in each sample, which D must then judge one by one.

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
    of_gradient = False

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


KIND = Kind("penalty", Penalty, "ganc.losses.Penalty")


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
    return KIND.register(penalty)


def penalties() -> list[str]:
    """Return the names that ``GAN(penalty=...)`` takes.

    Returns
    -------
    list of str
    """
    return KIND.names()


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
    return KIND.several(penalty)
