"""Tricks that change what D sees or how it is judged."""

from ganc._backend import core
from ganc._options import at_least, finite, fraction
from ganc.augment._augmentation import uniform_for
from ganc.tricks._trick import KIND, Trick

__all__ = ["InstanceNoise", "LabelFlip", "TopK"]


@KIND.register
class InstanceNoise(Trick):
    """D sees every sample with noise from N(0, s**2), s falling linearly to 0 within `steps`.

    Real and generated samples then overlap, so that G has a gradient while D could still tell them
    apart without an error.

    Parameters
    ----------
    std : float, default 0.1
        s in the first step.
    steps : int, optional
        By default s stays.

    Notes
    -----
    Source: Sonderby et al. 2017, "Amortised MAP Inference for Image Super-resolution"; Arjovsky
    and Bottou 2017, "Towards Principled Methods for Training Generative Adversarial Networks".

    Examples
    --------
    >>> import ganc
    >>> ganc.tricks.InstanceNoise(0.1, steps=2000)
    InstanceNoise(std=0.1, steps=2000)
    """

    name = "instance_noise"
    source = "Sonderby et al. 2017, arXiv:1610.04490; Arjovsky and Bottou 2017, arXiv:1701.04862"

    def __init__(self, std: float = 0.1, steps: int | None = None) -> None:
        self.std = finite("std", std, 0.0)
        self.steps = None if steps is None else at_least("steps", steps, 1)

    def samples(self, gan, x):
        """Return samples with noise."""
        left = 1.0 if self.steps is None else max(1 - gan.step / self.steps, 0.0)
        if not self.std * left:
            return x
        return x + core.rand_normal(x.shape, *core.default_generator.next()) * (self.std * left)


@KIND.register
class LabelFlip(Trick):
    """In D's loss a real sample and a generated one change places, with probability p.

    Parameters
    ----------
    p : float in [0, 1], default 0.05

    Notes
    -----
    Source: Chintala et al. 2016, "How to Train a GAN?", github.com/soumith/ganhacks, tip 6.

    Examples
    --------
    >>> import ganc
    >>> swap = ganc.tricks.LabelFlip(1.0)
    >>> real, fake = swap.logits(None, ganc.ones(2, 1), ganc.zeros(2, 1))
    >>> real.tolist()
    [[0.0], [0.0]]
    """

    name = "label_flip"
    source = "github.com/soumith/ganhacks, tip 6"

    def __init__(self, p: float = 0.05) -> None:
        self.p = fraction("p", p)

    def logits(self, gan, real, fake):
        """Return logits, some in each other's place."""
        flipped = core.lt(uniform_for(real), core.tensor(self.p))
        return core.where(flipped, fake, real), core.where(flipped, real, fake)


@KIND.register
class TopK(Trick):
    """G learns from those of its samples only that D finds most real.

    k = max(gamma**epoch, share) times the batch.

    Parameters
    ----------
    gamma : float in [0, 1], default 0.99
    share : float in [0, 1], default 0.5

    Notes
    -----
    Source: Sinha et al. 2020, "Top-k Training of GANs", section 4.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> half = ganc.tricks.TopK(gamma=0.0)
    >>> gan.history.epoch, half.g_logits(gan, ganc.tensor([[1.0], [3.0], [2.0], [0.0]])).tolist()
    ([], [[1.0], [3.0], [2.0], [0.0]])
    """

    name = "top_k"
    source = "Sinha et al. 2020, arXiv:2002.06224, section 4"

    def __init__(self, gamma: float = 0.99, share: float = 0.5) -> None:
        self.gamma, self.share = fraction("gamma", gamma), fraction("share", share)

    def g_logits(self, gan, fake):
        """Return the largest logits."""
        n = fake.shape[0]
        k = max(round(max(self.gamma**gan.epoch, self.share) * n), 1)
        return fake if k >= n else fake.topk(k, 0)[0]
