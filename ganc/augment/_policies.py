"""Lists of augmentations that have a name: DiffAugment's, ADA's."""

from typing import Any

from ganc._options import choose
from ganc.augment._augmentation import KIND, Augmentation
from ganc.augment._color import Brightness, Contrast, Hue, LumaFlip, RandomContrast, Saturation
from ganc.augment._geometry import Affine, Cutout, HorizontalFlip, Rotate90, Translation

__all__ = ["ada", "diffaugment", "get", "list"]

_list = list


def diffaugment(policy: str = "color,translation,cutout") -> tuple[Augmentation, ...]:
    """Return DiffAugment's changes: colours, then translation, then cutout.

    Parameters
    ----------
    policy : str, default "color,translation,cutout"
        Some of the three, with commas between.

    Returns
    -------
    tuple of Augmentation

    References
    ----------
    Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training",
    arXiv:2006.10738.

    Examples
    --------
    >>> from ganc import augment
    >>> augment.diffaugment("translation,cutout")
    (Translation(p=1.0, share=0.125), Cutout(p=1.0, share=0.5))
    """
    parts = {
        "color": (Brightness(), Saturation(), Contrast()),
        "translation": (Translation(),),
        "cutout": (Cutout(),),
    }
    names = [choose("policy", name.strip(), parts) for name in policy.split(",")]
    return tuple(change for name in names for change in parts[name])


def ada(p: float = 0.3) -> tuple[Augmentation, ...]:
    """Return ADA's pipeline "bgc" with a fixed probability: no controller moves it.

    Mirror images, quarter turns and shifts by whole pixels; zoom, turn, stretch and shift;
    brightness, contrast, luma flip, hue and saturation, each with probability p.

    Parameters
    ----------
    p : float in [0, 1], default 0.3
        The authors find 0.2 to 0.6 for small sets.

    Returns
    -------
    tuple of Augmentation

    Notes
    -----
    The authors' pipeline samples through a wavelet filter at twice the resolution; here sampling is
    bilinear. Saturation is by a factor from U(0, 2), brightness from U(-0.5, 0.5).

    References
    ----------
    Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data",
    arXiv:2006.06676.

    Examples
    --------
    >>> from ganc import augment
    >>> len(augment.ada(0.4))
    9
    """
    blit = HorizontalFlip(p), Rotate90(p), Translation(p=p)
    return (*blit, Affine(p=p), Brightness(p=p), RandomContrast(p=p), LumaFlip(p), Hue(p),
            Saturation(p))  # fmt: skip


_POLICIES = {"diffaugment": diffaugment, "ada": ada}


def list() -> _list[str]:
    """Return the names that ``GAN(augment=...)`` takes: two policies, and single changes.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from ganc import augment
    >>> augment.list()[:3]
    ['ada', 'affine', 'brightness']
    """
    return sorted([*_POLICIES, *KIND.names()])


def get(augment: Any) -> tuple[Augmentation, ...]:
    """Return augmentations for None, a name, an object, or a list of names and objects.

    Parameters
    ----------
    augment : None, str, Augmentation, type, or list of these
        A name of `list`.

    Returns
    -------
    tuple of Augmentation

    Raises
    ------
    ValueError
        For an unknown name, and for two of one name.
    TypeError
        For anything else.

    Examples
    --------
    >>> from ganc import augment
    >>> augment.get(["translation", augment.Cutout(0.2)])
    (Translation(p=1.0, share=0.125), Cutout(p=1.0, share=0.2))
    """
    if isinstance(augment, str):
        key = choose("augment", augment.lower().replace("-", "_"), list())
        if key in _POLICIES:
            return _POLICIES[key]()
    return KIND.several(augment)
