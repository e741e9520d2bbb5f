"""What D minimises beside its loss so that it stays smooth: penalties of its gradient, mostly.

With D's gradient g = d D(x) / d x, one for each sample, its norm taken over all axes but the batch.
"""

from ganc._backend import core
from ganc._options import finite
from ganc._tensor._autograd import grad
from ganc._tensor._math import norm
from ganc.augment._augmentation import uniform_for
from ganc.augment._geometry import HorizontalFlip, Translation
from ganc.losses._penalty import Critic, Penalty, register_penalty

__all__ = ["Consistency", "DRAGAN", "Drift", "GradientPenalty", "R1", "R2", "ZeroCentered"]


def _gradient(critic: Critic, x: core.Tensor) -> core.Tensor:
    """Return g at x as rows (N, values of a sample), differentiable."""
    x = x if x.requires_grad and x.is_leaf else x.detach().requires_grad_()
    (found,) = grad([core.sum(critic(x))], [x], create_graph=True)
    return found.flatten(1)


def _between(real: core.Tensor, fake: core.Tensor) -> core.Tensor:
    """Return samples on the straight lines from fakes to reals, one on each."""
    return fake + uniform_for(real) * (real - fake)


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
    of_gradient = True
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
    of_gradient = True
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
    of_gradient = True
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
    of_gradient = True
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


@register_penalty
class Consistency(Penalty):
    """weight * mean (r - D(T(x)))**2: D answers a picture and its flipped, shifted copy alike.

    T mirrors half of the real pictures and shifts each by up to an eighth of its sides.

    Parameters
    ----------
    weight : float, default 10.0
    every : int, default 1
        As for `Penalty`.
    flip : bool, default True
        Whether T mirrors; False where left and right matter, as in digits.

    Notes
    -----
    Source: Zhang et al. 2020, "Consistency Regularization for Generative Adversarial Networks",
    equation 2.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.Consistency()(lambda x: x.mean((1, 2, 3)), ganc.zeros(4, 1, 8, 8)).item()
    0.0
    """

    name = "consistency"
    source = "Zhang et al. 2020, arXiv:1910.12027, equation 2"
    at_samples = True

    def __init__(self, weight: float = 10.0, every: int = 1, flip: bool = True) -> None:
        super().__init__(weight, every)
        self.flip = bool(flip)

    def value(self, critic, real, fake):
        """Return the mean of (r - D(T(x)))**2."""
        changed = Translation()(HorizontalFlip()(real) if self.flip else real)
        return core.mean(core.square(critic(real) - critic(changed)))


def _half_square(critic: Critic, x: core.Tensor) -> core.Tensor:
    g = _gradient(critic, x)
    return core.sum(core.square(g)) * (0.5 / g.shape[0])
