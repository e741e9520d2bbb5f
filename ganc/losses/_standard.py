"""The losses that most GANs are trained with, on logits, with their signs (all minimised)."""

from ganc._backend import core
from ganc.losses._loss import GANLoss, register

__all__ = ["FGANPearson", "Hinge", "LSGAN", "Minimax", "NonSaturating", "WGAN"]


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


@register("fgan_pearson")
class FGANPearson(GANLoss):
    """D: -mean r + mean (f**2/4 + f); G: -mean f.

    f-GAN's variational bound of the Pearson chi-square divergence; G's half is the one that the
    paper recommends in its section 3.2, as `NonSaturating` is for the first GAN's.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Nowozin et al. 2016, "f-GAN: Training Generative Neural Samplers using Variational
    Divergence Minimization", sections 2.3 and 3.2.

    Examples
    --------
    >>> import ganc
    >>> loss = ganc.losses.FGANPearson()
    >>> loss.d_loss(ganc.ones(4, 1), -2 * ganc.ones(4, 1)).item()
    -2.0
    """

    source = "Nowozin et al. 2016, arXiv:1606.00709, sections 2.3 and 3.2"

    def d_loss(self, real, fake):
        return core.mean(core.square(fake) * 0.25 + fake) - core.mean(real)

    def g_loss(self, fake, real=None):
        return -core.mean(fake)
