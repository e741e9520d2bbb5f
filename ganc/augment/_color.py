"""Changes of colour: of each picture as a whole, the same in all its pixels."""

import math

import numpy as np

from ganc._backend import core
from ganc._options import finite
from ganc.augment._augmentation import KIND, Augmentation, normal_for, numbers_for, uniform_for

__all__ = ["Brightness", "Contrast", "Hue", "LumaFlip", "RandomContrast", "Saturation"]


@KIND.register
class Brightness(Augmentation):
    """x + b, with b from U(-strength / 2, strength / 2).

    Parameters
    ----------
    strength : float, default 1.0
    p : float, default 1.0
        The probability that a picture is changed.

    Notes
    -----
    Source: Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training".

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.Brightness()(ganc.zeros(2, 1, 4, 4)).shape
    (2, 1, 4, 4)
    """

    name = "brightness"
    source = "Zhao et al. 2020, arXiv:2006.10738"

    def __init__(self, strength: float = 1.0, p: float = 1.0) -> None:
        super().__init__(p)
        self.strength = finite("strength", strength, 0.0)

    def change(self, x):
        """Return brighter or darker pictures."""
        return x + uniform_for(x, -self.strength / 2, self.strength / 2)


@KIND.register
class Saturation(Augmentation):
    """Each pixel away from, or towards, the mean of its colours, by a factor from U(0, 2).

    Of grey pictures nothing is changed.

    Parameters
    ----------
    p : float, default 1.0
        The probability that a picture is changed.

    Notes
    -----
    Source: Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training".

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.Saturation()(ganc.ones(2, 1, 4, 4)).min().item()
    1.0
    """

    name = "saturation"
    source = "Zhao et al. 2020, arXiv:2006.10738"

    def change(self, x):
        """Return more or less colourful pictures."""
        return _away_from(x, core.mean(x, (1,), True), uniform_for(x, 0.0, 2.0))


@KIND.register
class Contrast(Augmentation):
    """Each picture away from, or towards, its mean, by a factor from U(0.5, 1.5).

    Parameters
    ----------
    p : float, default 1.0
        The probability that a picture is changed.

    Notes
    -----
    Source: Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training".

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.Contrast()(ganc.ones(2, 1, 4, 4)).min().item()
    1.0
    """

    name = "contrast"
    source = "Zhao et al. 2020, arXiv:2006.10738"

    def change(self, x):
        """Return pictures of more or less contrast."""
        return _away_from(x, core.mean(x, (1, 2, 3), True), uniform_for(x, 0.5, 1.5))


@KIND.register
class RandomContrast(Augmentation):
    """x * c, with c = 2**N(0, std**2): contrast about the middle grey, as ADA changes it.

    Parameters
    ----------
    std : float, default 0.5
    p : float, default 1.0
        The probability that a picture is changed.

    Notes
    -----
    Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data",
    appendix B.

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.RandomContrast()(ganc.zeros(2, 1, 4, 4)).max().item()
    0.0
    """

    name = "random_contrast"
    source = "Karras et al. 2020, arXiv:2006.06676, appendix B"

    def __init__(self, std: float = 0.5, p: float = 1.0) -> None:
        super().__init__(p)
        self.std = finite("std", std, 0.0)

    def change(self, x):
        """Return pictures of more or less contrast."""
        return x * core.exp(normal_for(x, self.std * math.log(2.0)))


@KIND.register
class LumaFlip(Augmentation):
    """Half of the pictures with bright for dark; the hue stays. Grey ones become negatives.

    Parameters
    ----------
    p : float, default 1.0
        The probability that a picture may be changed.

    Notes
    -----
    Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data",
    appendix B.

    Examples
    --------
    >>> import ganc
    >>> sorted(set(ganc.augment.LumaFlip()(ganc.ones(64, 1, 1, 1)).flatten().tolist()))
    [-1.0, 1.0]
    """

    name = "luma_flip"
    source = "Karras et al. 2020, arXiv:2006.06676, appendix B"

    def change(self, x):
        """Return pictures, half of them turned."""
        turned = x - core.mean(x, (1,), True) * 2.0
        return core.where(core.lt(uniform_for(x), core.tensor(0.5)), turned, x)


@KIND.register
class Hue(Augmentation):
    """The colours of a picture turned about the grey axis by an angle from U(-180, 180) degrees.

    Of pictures that are not RGB nothing is changed.

    Parameters
    ----------
    p : float, default 1.0
        The probability that a picture is changed.

    Notes
    -----
    Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data",
    appendix B.

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.Hue()(ganc.ones(2, 1, 4, 4)).min().item()
    1.0
    """

    name = "hue"
    source = "Karras et al. 2020, arXiv:2006.06676, appendix B"

    def change(self, x):
        """Return pictures of other hues."""
        if x.shape[1] != 3:
            return x
        angle = (numbers_for(x) * 2 - 1) * np.pi
        turn = core.Tensor(np.stack([_about_grey(a) for a in angle]).astype(np.float32))
        n, _, h, w = x.shape
        return core.matmul(turn, x.reshape(n, 3, h * w)).reshape(n, 3, h, w)


def _about_grey(angle: float) -> np.ndarray:
    """Return the rotation of three numbers about (1, 1, 1)."""
    v = np.full(3, 1 / np.sqrt(3))
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    outer = np.outer(v, v)
    return outer + np.cos(angle) * (np.eye(3) - outer) + np.sin(angle) * cross


def _away_from(x: core.Tensor, centre: core.Tensor, factor: core.Tensor) -> core.Tensor:
    return centre + (x - centre) * factor
