"""Relativistic losses: D says how much more real a sample is than one of the other kind.

With c = r - f of a real and a generated sample (paired), or r - mean f and f - mean r (average).
All but the least-squares ones follow Jolicoeur-Martineau 2018, "The relativistic discriminator",
arXiv:1807.00734, algorithms 1 and 2; the paired standard one is what R3GAN trains with.
"""

from ganc._backend import core
from ganc.losses._loss import GANLoss, register

__all__ = [
    "Relativistic",
    "RelativisticAverage",
    "RelativisticAverageHinge",
    "RelativisticAverageLS",
    "RelativisticHinge",
    "RelativisticLS",
]


def _logistic(c: core.Tensor) -> core.Tensor:
    """Return mean sp(-c): the cross-entropy of "c is positive"."""
    return core.mean(core.bce_logits(c, core.tensor(1.0)))


def _square(c: core.Tensor) -> core.Tensor:
    """Return mean (c - 1)**2."""
    return core.mean(core.square(c - 1.0))


def _hinge(c: core.Tensor) -> core.Tensor:
    """Return mean relu(1 - c)."""
    return core.mean(core.relu(1.0 - c))


class _Paired(GANLoss):
    """Each real sample against the generated one in its place."""

    relativistic = True
    _wants_positive = staticmethod(_logistic)

    def d_loss(self, real, fake):
        return self._wants_positive(real - fake)

    def g_loss(self, fake, real=None):
        return self._wants_positive(fake - real)


class _Average(GANLoss):
    """Each sample against the mean of the other kind."""

    relativistic = True
    _wants_positive = staticmethod(_logistic)

    def d_loss(self, real, fake):
        return self._halves(real, fake)

    def g_loss(self, fake, real=None):
        return self._halves(fake, real)

    def _halves(self, up: core.Tensor, down: core.Tensor) -> core.Tensor:
        """Return the loss of `up` being above the mean of `down`, and `down` below that of `up`."""
        above = self._wants_positive(up - core.mean(down))
        return above + self._wants_positive(core.mean(up) - down)


@register("relativistic")
class Relativistic(_Paired):
    """D: mean sp(-(r - f)); G: mean sp(-(f - r)).

    RSGAN of the paper, also called RpGAN; with R1 and R2 it is R3GAN's loss.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Jolicoeur-Martineau 2018, section 4.1; Huang et al. 2024, "The GAN is dead; long live
    the GAN!", equation 2.

    Examples
    --------
    >>> import ganc
    >>> loss = ganc.losses.Relativistic()
    >>> round(loss.g_loss(ganc.zeros(4, 1), ganc.zeros(4, 1)).item(), 4)
    0.6931
    """

    source = "Jolicoeur-Martineau 2018, arXiv:1807.00734; Huang et al. 2024, arXiv:2501.05441"


@register("relativistic_ls")
class RelativisticLS(_Paired):
    """D: mean (r - f - 1)**2; G: mean (f - r - 1)**2.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Jolicoeur-Martineau 2018, section 4.1 with the functions of LSGAN.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.RelativisticLS().d_loss(ganc.ones(4, 1), ganc.zeros(4, 1)).item()
    0.0
    """

    source = "Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.1"
    _wants_positive = staticmethod(_square)


@register("relativistic_hinge")
class RelativisticHinge(_Paired):
    """D: mean relu(1 - (r - f)); G: mean relu(1 - (f - r)).

    Parameters
    ----------
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Jolicoeur-Martineau 2018, section 4.1 with the functions of the hinge loss.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.RelativisticHinge().d_loss(ganc.zeros(4, 1), ganc.zeros(4, 1)).item()
    1.0
    """

    source = "Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.1"
    _wants_positive = staticmethod(_hinge)


@register("relativistic_average")
class RelativisticAverage(_Average):
    """D: mean sp(-(r - mean f)) + mean sp(f - mean r); G: the same with r and f exchanged.

    ESRGAN takes half of both: ``d_reduction="mean"`` for D, a weight for G.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Jolicoeur-Martineau 2018, "The relativistic discriminator", section 4.2.

    Examples
    --------
    >>> import ganc
    >>> loss = ganc.losses.RelativisticAverage()
    >>> round(loss.d_loss(ganc.zeros(4, 1), ganc.zeros(4, 1)).item(), 4)
    1.3863
    """

    source = "Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.2"


@register("relativistic_average_ls")
class RelativisticAverageLS(_Average):
    """D: mean (r - mean f - 1)**2 + mean (f - mean r + 1)**2; G: with r and f exchanged.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Jolicoeur-Martineau 2018, appendix, RaLSGAN.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.RelativisticAverageLS().d_loss(ganc.ones(4, 1), ganc.zeros(4, 1)).item()
    0.0
    """

    source = "Jolicoeur-Martineau 2018, arXiv:1807.00734, RaLSGAN"
    _wants_positive = staticmethod(_square)


@register("relativistic_average_hinge")
class RelativisticAverageHinge(_Average):
    """D: mean relu(1 - (r - mean f)) + mean relu(1 + f - mean r); G: with r and f exchanged.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Jolicoeur-Martineau 2018, appendix, RaHingeGAN.

    Examples
    --------
    >>> import ganc
    >>> ganc.losses.RelativisticAverageHinge().d_loss(ganc.zeros(4, 1), ganc.zeros(4, 1)).item()
    2.0
    """

    source = "Jolicoeur-Martineau 2018, arXiv:1807.00734, RaHingeGAN"
    _wants_positive = staticmethod(_hinge)
