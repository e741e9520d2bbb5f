"""What a loss is, and finding one by its name."""

import builtins
import inspect
from collections.abc import Callable
from typing import Any

from ganc._backend import core
from ganc._options import choose

__all__ = ["GANLoss", "get", "list", "register"]

_LOSSES: dict[str, type["GANLoss"]] = {}
_ALIASES = {
    "gan": "non_saturating",
    "ns": "non_saturating",
    "bce": "non_saturating",
    "binary_crossentropy": "non_saturating",
    "binary_cross_entropy": "non_saturating",
    "bce_with_logits": "non_saturating",
    "least_squares": "lsgan",
    "wasserstein": "wgan",
    "rpgan": "relativistic",
    "ragan": "relativistic_average",
}
_FLAT = 1e-5
_PENALTIES = {"wgan_gp": "wgan_gp", "wgangp": "wgan_gp", "r1": "r1", "r2": "r2"}


class GANLoss:
    """Base class of losses: override `d_loss` and `g_loss`.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        One-sided (Salimans et al. 2016): the target of real samples is 1 - label_smoothing, that of
        fakes stays 0. Only losses with targets take it.

    Attributes
    ----------
    name : str
        What `get` finds it by.
    probability : bool
        Whether sigmoid(logit) is D's probability that a sample is real.
    relativistic : bool
        Whether G's loss compares with real samples: only then does `g_loss` get their logits, which
        costs one more pass through D.

    Examples
    --------
    >>> import ganc
    >>> class Softplus(ganc.losses.GANLoss):
    ...     def d_loss(self, real, fake):
    ...         return (1 + (-real).exp()).log().mean() + (1 + fake.exp()).log().mean()
    ...     def g_loss(self, fake, real=None):
    ...         return (1 + (-fake).exp()).log().mean()
    >>> round(Softplus().g_loss(ganc.tensor([[0.0]])).item(), 4)
    0.6931
    """

    name = "custom"
    source = ""
    probability = False
    relativistic = False
    has_targets = False

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing: got {label_smoothing!r}, expected 0 <= s < 1")
        if label_smoothing and not self.has_targets:
            raise ValueError(
                f"label_smoothing: got {label_smoothing!r}, but the loss {self.name!r} has no "
                "targets to smooth; leave it at 0"
            )
        self.label_smoothing = float(label_smoothing)

    def d_loss(self, real: core.Tensor, fake: core.Tensor) -> core.Tensor:
        """Return what D minimises.

        Parameters
        ----------
        real, fake : Tensor
            D's logits of real and of generated samples.

        Returns
        -------
        Tensor
            A scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define d_loss(real, fake)")

    def g_loss(self, fake: core.Tensor, real: core.Tensor | None = None) -> core.Tensor:
        """Return what G minimises.

        Parameters
        ----------
        fake : Tensor
            D's logits of generated samples.
        real : Tensor, optional
            D's logits of the batch's real samples, without a graph; None unless `relativistic`.

        Returns
        -------
        Tensor
            A scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define g_loss(fake, real)")

    def equilibrium(self) -> tuple[float, float | None]:
        """Losses of D and G where samples are as the data, and D answers all of them alike.

        Returns
        -------
        d_loss : float
            The least that D can reach with one answer for everything, the sum of both halves.
        g_loss : float or None
            None where D's answer there is not determined, as with the hinge and Wasserstein losses.

        Examples
        --------
        >>> from ganc import losses
        >>> d, g = losses.get("non_saturating").equilibrium()
        >>> f"{d:.3f} {g:.3f}"
        '1.386 0.693'
        """
        found = []
        for k in range(-64, 65):
            answer = core.tensor([k / 32])
            found.append((self.d_loss(answer, answer).item(), self.g_loss(answer, answer).item()))
        d, g = min(found)
        at_best = [other for value, other in found if value - d < _FLAT]
        return d, g if max(at_best) - g < _FLAT else None

    def __repr__(self) -> str:
        smoothing = f"label_smoothing={self.label_smoothing}" if self.label_smoothing else ""
        return f"{type(self).__name__}({smoothing})"


def register(name: str) -> Callable[[type[GANLoss]], type[GANLoss]]:
    """Make a loss known by name, as a class decorator.

    Parameters
    ----------
    name : str
        A new name.

    Returns
    -------
    callable

    Examples
    --------
    >>> from ganc import losses
    >>> @losses.register("half_wgan")
    ... class HalfWGAN(losses.WGAN):
    ...     def g_loss(self, fake, real=None):
    ...         return super().g_loss(fake) * 0.5
    >>> losses.get("half_wgan")
    HalfWGAN()
    >>> del losses._loss._LOSSES["half_wgan"]
    """
    if name in _LOSSES or name in _ALIASES:
        raise ValueError(f"the loss {name!r} exists; choose another name")

    def add(cls: type[GANLoss]) -> type[GANLoss]:
        cls.name = name
        _LOSSES[name] = cls
        return cls

    return add


def list() -> builtins.list[str]:
    """Return the names that `get` and ``GAN(loss=...)`` take.

    Returns
    -------
    list of str
    """
    return sorted(_LOSSES)


def get(loss: str | GANLoss | type[GANLoss], *, label_smoothing: float = 0.0) -> GANLoss:
    """Return a loss object for a name; objects are returned as they are.

    Parameters
    ----------
    loss : str or GANLoss
        A name of `list` (also "gan": what most repositories call so is non_saturating), a class,
        or any object with ``d_loss`` and ``g_loss``.
    label_smoothing : float, default 0.0
        For names and classes; an object has its own.

    Returns
    -------
    GANLoss

    Raises
    ------
    ValueError
        For an unknown name.
    TypeError
        For an object without the two methods.

    Examples
    --------
    >>> from ganc import losses
    >>> losses.get("gan", label_smoothing=0.1)
    NonSaturating(label_smoothing=0.1)
    >>> losses.get("lsgn")                                    # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: get: loss: got 'lsgn', expected one of ...; did you mean 'lsgan'?
    """
    if isinstance(loss, str):
        key = loss.lower().replace("-", "_")
        if key in _PENALTIES:
            raise ValueError(
                f"loss: got {loss!r}, which is a penalty that D minimises beside its loss; pass "
                f"loss='wgan' or another, and penalty={_PENALTIES[key]!r}"
            )
        return _LOSSES[choose("loss", _ALIASES.get(key, key), list())](
            label_smoothing=label_smoothing
        )
    if isinstance(loss, type) and issubclass(loss, GANLoss):
        return loss(label_smoothing=label_smoothing)
    if not (callable(getattr(loss, "d_loss", None)) and callable(getattr(loss, "g_loss", None))):
        raise TypeError(
            f"loss: got {type(loss).__name__}, expected a name or an object with "
            "d_loss(real, fake) and g_loss(fake, real)"
        )
    if label_smoothing:
        raise ValueError(
            "label_smoothing: give it to the loss object itself, or name the loss by a string"
        )
    return loss


def loss_to_data(loss: Any) -> dict[str, Any] | None:
    """Return a loss as plain data, or None if it has no name."""
    name, options = getattr(loss, "name", ""), dict(vars(loss))
    keywords = inspect.signature(type(loss)).parameters.keys()
    if _LOSSES.get(name) is not type(loss) or not options.keys() <= keywords:
        return None
    return {"loss": name, "label_smoothing": options.pop("label_smoothing", 0.0)} | (
        {"options": options} if options else {}
    )


def loss_from_data(data: dict[str, Any]) -> GANLoss:
    """Return the loss that `loss_to_data` was given."""
    cls = type(get(data["loss"]))
    return cls(label_smoothing=data["label_smoothing"], **data.get("options", {}))
