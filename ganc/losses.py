"""What D and G minimise.

A loss is an object with ``d_loss(real, fake)`` and ``g_loss(fake, real)``. Both get D's **logits**:
D ends in a plain linear layer, the sigmoid belongs to the loss. With r = D(x), f = D(G(z)) and
sp(t) = log(1 + exp(t)), and means over the batch:

============== =============================== ==================
name           D minimises                     G minimises
============== =============================== ==================
non_saturating mean sp(-r) + mean sp(f)        mean sp(-f)
minimax        mean sp(-r) + mean sp(f)        -mean sp(f)
lsgan          mean (r-1)**2/2 + mean f**2/2   mean (f-1)**2/2
wgan           mean f - mean r                 -mean f
hinge          mean relu(1-r) + mean relu(1+f) -mean f
============== =============================== ==================

The core computes the same, bit for bit, when it is given the name.

>>> from ganc import losses
>>> losses.list()
['hinge', 'lsgan', 'minimax', 'non_saturating', 'wgan']
"""

import builtins
from collections.abc import Callable

from ganc._backend import core

__all__ = [
    "GANLoss",
    "Hinge",
    "LSGAN",
    "Minimax",
    "NonSaturating",
    "WGAN",
    "get",
    "list",
    "register",
]

_LOSSES: dict[str, type["GANLoss"]] = {}
_ALIASES = {"gan": "non_saturating", "ns": "non_saturating", "bce": "non_saturating"}


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
            D's logits of real samples, for losses that compare the two.

        Returns
        -------
        Tensor
            A scalar.
        """
        raise NotImplementedError(f"{type(self).__name__} must define g_loss(fake, real)")

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
    >>> del losses._LOSSES["half_wgan"]
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
    >>> losses.get("lsgn")
    Traceback (most recent call last):
        ...
    ValueError: loss: got 'lsgn', expected one of hinge, lsgan, minimax, non_saturating, wgan; \
did you mean 'lsgan'?
    """
    if isinstance(loss, str):
        from ganc._options import choose

        key = loss.lower().replace("-", "_")
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


@register("non_saturating")
class NonSaturating(GANLoss):
    """D: mean sp(-r) + mean sp(f); G: mean sp(-f).

    The loss that most code calls "GAN loss": binary cross-entropy with the targets 1 for real and 0
    for fake in D, and 1 for fake in G, whose gradient is then strong where D is sure. With
    label smoothing s the real target is 1 - s.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        The target of real samples is 1 - label_smoothing.

    Notes
    -----
    Source: Goodfellow et al. 2014, "Generative Adversarial Nets", section 3.

    Examples
    --------
    >>> import ganc
    >>> loss = ganc.losses.NonSaturating(label_smoothing=0.1)
    >>> round(loss.d_loss(ganc.zeros(4, 1), ganc.zeros(4, 1)).item(), 4)
    1.3863
    """

    source = "Goodfellow et al. 2014, arXiv:1406.2661, section 3"
    probability = True
    has_targets = True

    def d_loss(self, real, fake):
        real_loss = core.mean(core.bce_logits(real, core.tensor(1.0 - self.label_smoothing)))
        return real_loss + core.mean(core.bce_logits(fake, core.tensor(0.0)))

    def g_loss(self, fake, real=None):
        return core.mean(core.bce_logits(fake, core.tensor(1.0)))


@register("minimax")
class Minimax(NonSaturating):
    """D: mean sp(-r) + mean sp(f); G: -mean sp(f).

    The value function of the two-player game. G's gradient vanishes where D is sure, which is why
    `NonSaturating` is what one trains with.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        The target of real samples is 1 - label_smoothing.

    Notes
    -----
    Source: Goodfellow et al. 2014, "Generative Adversarial Nets", equation 1.

    Examples
    --------
    >>> import ganc
    >>> loss = ganc.losses.Minimax()
    >>> round(loss.g_loss(ganc.zeros(4, 1)).item(), 4)
    -0.6931
    """

    source = "Goodfellow et al. 2014, arXiv:1406.2661, equation 1"

    def g_loss(self, fake, real=None):
        return -core.mean(core.bce_logits(fake, core.tensor(0.0)))


@register("lsgan")
class LSGAN(GANLoss):
    """D: mean (r-1)**2/2 + mean f**2/2; G: mean (f-1)**2/2.

    Least squares with a = 0 and b = c = 1. With label smoothing s the real target is 1 - s.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        The target of real samples is 1 - label_smoothing.

    Notes
    -----
    Source: Mao et al. 2017, "Least Squares Generative Adversarial Networks", equation 9.

    Examples
    --------
    >>> import ganc
    >>> loss = ganc.losses.LSGAN()
    >>> loss.d_loss(ganc.ones(4, 1), ganc.zeros(4, 1)).item()
    0.0
    """

    source = "Mao et al. 2017, arXiv:1611.04076, equation 9"
    has_targets = True

    def d_loss(self, real, fake):
        real_loss = core.mean(core.square(real - (1.0 - self.label_smoothing))) * 0.5
        return real_loss + core.mean(core.square(fake)) * 0.5

    def g_loss(self, fake, real=None):
        return core.mean(core.square(fake - 1.0)) * 0.5


@register("wgan")
class WGAN(GANLoss):
    """D: mean f - mean r; G: -mean f.

    D is a critic; -d_loss estimates the Wasserstein distance while D is kept Lipschitz, here by
    ``weight_clip=0.01`` (and n_critic=5, RMSprop 5e-5 in the paper).

    Parameters
    ----------
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Arjovsky et al. 2017, "Wasserstein GAN", algorithm 1.

    Examples
    --------
    >>> import ganc
    >>> loss = ganc.losses.WGAN()
    >>> loss.d_loss(ganc.ones(4, 1), ganc.zeros(4, 1)).item()
    -1.0
    """

    source = "Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1"

    def d_loss(self, real, fake):
        return core.mean(fake) - core.mean(real)

    def g_loss(self, fake, real=None):
        return -core.mean(fake)


@register("hinge")
class Hinge(GANLoss):
    """D: mean relu(1-r) + mean relu(1+f); G: -mean f.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Lim and Ye 2017, "Geometric GAN", and Miyato et al. 2018, equations 16 and 17.

    Examples
    --------
    >>> import ganc
    >>> loss = ganc.losses.Hinge()
    >>> loss.d_loss(ganc.zeros(4, 1), ganc.zeros(4, 1)).item()
    2.0
    """

    source = "Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, eq. 16-17"

    def d_loss(self, real, fake):
        return core.mean(core.relu(1.0 - real)) + core.mean(core.relu(1.0 + fake))

    def g_loss(self, fake, real=None):
        return -core.mean(fake)
