"""Gradient penalties: what D minimises beside its loss so that it stays smooth.

With D's gradient g = d D(x) / d x, one for each sample, its norm taken over all axes but the batch.
"""

from collections.abc import Callable
from typing import Any

from ganc._backend import core
from ganc._options import at_least, choose, finite
from ganc._tensor._autograd import grad
from ganc._tensor._math import norm

__all__ = [
    "DRAGAN",
    "Drift",
    "GradientPenalty",
    "Penalty",
    "R1",
    "R2",
    "ZeroCentered",
    "get_penalties",
    "penalties",
    "register_penalty",
]

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


def _gradient(critic: Critic, x: core.Tensor) -> core.Tensor:
    """Return g at x as rows (N, values of a sample), differentiable."""
    x = x if x.requires_grad and x.is_leaf else x.detach().requires_grad_()
    (found,) = grad([core.sum(critic(x))], [x], create_graph=True)
    return found.flatten(1)


def _share(x: core.Tensor) -> core.Tensor:
    """Return numbers from U(0, 1), one for each sample, that multiply samples like x."""
    shape = (x.shape[0], *[1] * (x.ndim - 1))
    return core.rand_uniform(shape, *core.default_generator.next(), 0.0, 1.0)


def _between(real: core.Tensor, fake: core.Tensor) -> core.Tensor:
    """Return samples on the straight lines from fakes to reals, one on each."""
    return fake + _share(real) * (real - fake)


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


@register_penalty
class GradientPenalty(Penalty):
    """weight * mean (norm(g) - target)**2 between real and generated samples: WGAN-GP.

    x = fake + e (real - fake), e from U(0, 1), one for each sample.

    Parameters
    ----------
    weight : float, default 10.0
        Lambda; the paper's toy problems take 0.1.
    every : int, default 1
        As for `Penalty`.
    target : float, default 1.0
        The norm that is wanted.

    Notes
    -----
    Source: Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", algorithm 1.

    Examples
    --------
    >>> import ganc
    >>> penalty = ganc.losses.GradientPenalty(weight=10)
    >>> double = lambda x: 2 * x          # norm of the gradient: 2
    >>> penalty(double, ganc.ones(4, 1), ganc.zeros(4, 1)).item()
    10.0
    """

    name = "wgan_gp"
    source = "Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1"
    on_fakes = True

    def __init__(self, weight: float = 10.0, every: int = 1, target: float = 1.0) -> None:
        super().__init__(weight, every)
        self.target = finite("target", target, 0.0)

    def value(self, critic, real, fake):
        """Return the mean of (norm(g) - target)**2."""
        norms = norm(_gradient(critic, _between(real, fake)), dim=1)
        return core.mean(core.square(norms - self.target))


@register_penalty
class DRAGAN(Penalty):
    """weight * mean (norm(g) - 1)**2 around real samples only.

    x = real + e * 0.5 * std(real) * u: e from U(0, 1), one for each sample, u from U(0, 1), one for
    each value, and the standard deviation that of the whole batch.

    Parameters
    ----------
    weight : float, default 10.0
    every : int, default 1
        As for `Penalty`.

    Notes
    -----
    Source: Kodali et al. 2017, "On Convergence and Stability of GANs", and its code.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.DRAGAN()(lambda x: 2 * x, ganc.ones(4, 1)).item()
    10.0
    """

    name = "dragan"
    source = "Kodali et al. 2017, arXiv:1705.07215; github.com/kodalinaveen3/DRAGAN"

    def __init__(self, weight: float = 10.0, every: int = 1) -> None:
        super().__init__(weight, every)

    def value(self, critic, real, fake):
        """Return the mean of (norm(g) - 1)**2."""
        noise = core.rand_uniform(real.shape, *core.default_generator.next(), 0.0, 1.0)
        perturbed = real + noise * (real.std(correction=0) * 0.5)
        norms = norm(_gradient(critic, _between(perturbed, real)), dim=1)
        return core.mean(core.square(norms - 1.0))


@register_penalty
class R1(Penalty):
    """weight / 2 * mean norm(g)**2 at real samples.

    Parameters
    ----------
    weight : float, default 10.0
        Gamma.
    every : int, default 1
        As for `Penalty`; StyleGAN2 takes 16.

    Notes
    -----
    Source: Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?",
    equation 9.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.R1(weight=10)(lambda x: 2 * x, ganc.ones(4, 1)).item()
    20.0
    """

    name = "r1"
    source = "Mescheder et al. 2018, arXiv:1801.04406, eq. 9"
    at_samples = True

    def __init__(self, weight: float = 10.0, every: int = 1) -> None:
        super().__init__(weight, every)

    def value(self, critic, real, fake):
        """Return half the mean of norm(g)**2."""
        return _half_square(critic, real)


@register_penalty
class R2(R1):
    """weight / 2 * mean norm(g)**2 at generated samples.

    Parameters
    ----------
    weight : float, default 10.0
        Gamma.
    every : int, default 1
        As for `Penalty`.

    Notes
    -----
    Source: Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?",
    equation 10.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.R2(weight=10)(lambda x: 2 * x, ganc.ones(4, 1), ganc.zeros(4, 1)).item()
    20.0
    """

    name = "r2"
    source = "Mescheder et al. 2018, arXiv:1801.04406, eq. 10"
    on_fakes = True

    def value(self, critic, real, fake):
        """Return half the mean of norm(g)**2."""
        return _half_square(critic, fake)


@register_penalty
class ZeroCentered(Penalty):
    """weight * mean norm(g)**2 between real and generated samples.

    Parameters
    ----------
    weight : float, default 10.0
    every : int, default 1
        As for `Penalty`.

    Notes
    -----
    Source: Thanh-Tung et al. 2019, "Improving Generalization and Stability of Generative
    Adversarial Networks", equation 9.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.ZeroCentered()(lambda x: 2 * x, ganc.ones(4, 1), ganc.zeros(4, 1)).item()
    40.0
    """

    name = "zero_centered"
    source = "Thanh-Tung et al. 2019, arXiv:1902.03984"
    on_fakes = True

    def __init__(self, weight: float = 10.0, every: int = 1) -> None:
        super().__init__(weight, every)

    def value(self, critic, real, fake):
        """Return the mean of norm(g)**2."""
        return _half_square(critic, _between(real, fake)) * 2.0


@register_penalty
class Drift(Penalty):
    """weight * mean r**2: keeps a critic's answers to real samples near 0.

    Parameters
    ----------
    weight : float, default 1e-3
    every : int, default 1
        As for `Penalty`.

    Notes
    -----
    Source: Karras et al. 2018, "Progressive Growing of GANs", appendix A.1.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.Drift(weight=0.5)(lambda x: 2 * x, ganc.ones(4, 1)).item()
    2.0
    """

    name = "drift"
    source = "Karras et al. 2018, arXiv:1710.10196, appendix A.1"
    at_samples = True

    def __init__(self, weight: float = 1e-3, every: int = 1) -> None:
        super().__init__(weight, every)

    def value(self, critic, real, fake):
        """Return the mean of r**2."""
        return core.mean(core.square(critic(real)))


def _half_square(critic: Critic, x: core.Tensor) -> core.Tensor:
    g = _gradient(critic, x)
    return core.sum(core.square(g)) * (0.5 / g.shape[0])


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
    if _PENALTIES.get(penalty.name) is type(penalty):
        return {"name": penalty.name, "options": vars(penalty)}
    return None


def penalty_from_data(data: dict[str, Any]) -> Penalty:
    """Return the penalty that `penalty_to_data` was given."""
    return _PENALTIES[choose("penalty", data["name"], penalties())](**data["options"])
