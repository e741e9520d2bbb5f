"""What an augmentation is, and finding one by its name."""

import numpy as np

from ganc._backend import core
from ganc._named import Kind
from ganc._options import fraction

__all__ = ["Augmentation"]


def uniform_for(x: core.Tensor, low: float = 0.0, high: float = 1.0) -> core.Tensor:
    """Return numbers from U(low, high), one for each sample, that multiply samples like x."""
    shape = (x.shape[0], *[1] * (x.ndim - 1))
    return core.rand_uniform(shape, *core.default_generator.next(), low, high)


def normal_for(x: core.Tensor, std: float) -> core.Tensor:
    """Return numbers from N(0, std**2), one for each sample, that multiply samples like x."""
    shape = (x.shape[0], *[1] * (x.ndim - 1))
    return core.rand_normal(shape, *core.default_generator.next()) * std


def numbers_for(x: core.Tensor, *columns: int) -> np.ndarray:
    """Return numbers from U(0, 1) as an array, (N,) or (N, columns)."""
    shape = (x.shape[0], *columns)
    return core.rand_uniform(shape, *core.default_generator.next(), 0.0, 1.0).numpy()


class Augmentation:
    """Base class of augmentations: override `change`.

    An augmentation is a random, differentiable change of pictures that D sees; a GAN makes the same
    kind of change to real and to generated ones, in D's update and in G's, so that D cannot learn
    the training pictures by heart while what G learns is not changed (Zhao et al. 2020, Karras et
    al. 2020).

    Parameters
    ----------
    p : float in [0, 1], default 1.0
        The probability that a picture is changed.

    Attributes
    ----------
    name : str
        What ``GAN(augment=...)`` finds it by.

    Examples
    --------
    >>> import ganc
    >>> class Negative(ganc.augment.Augmentation):
    ...     "Dark for bright."
    ...     name = "negative"
    ...     def change(self, x):
    ...         return -x
    >>> Negative()(ganc.ones(1, 1, 1, 2)).tolist()
    [[[[-1.0, -1.0]]]]
    """

    name = "augmentation"
    source = ""

    def __init__(self, p: float = 1.0) -> None:
        self.p = fraction("p", p)

    def change(self, x: core.Tensor) -> core.Tensor:
        """Return changed pictures.

        Parameters
        ----------
        x : Tensor of shape (N, C, H, W)
            In [-1, 1].

        Returns
        -------
        Tensor
            Of the same shape.
        """
        raise NotImplementedError(f"{type(self).__name__} must define change(x)")

    def check(self, x: core.Tensor) -> None:
        """Raise unless these are pictures.

        Parameters
        ----------
        x : Tensor
        """
        if x.ndim != 4:
            raise ValueError(
                f"augment: got samples of shape {tuple(x.shape[1:])}, but {self.name!r} changes "
                "pictures (N, C, H, W); leave augment out for points"
            )

    def __call__(self, x: core.Tensor) -> core.Tensor:
        self.check(x)
        if self.p == 0.0:
            return x
        made = self.change(x)
        if self.p == 1.0:
            return made
        return core.where(core.lt(uniform_for(x), core.tensor(self.p)), made, x)

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in vars(self).items())
        return f"{type(self).__name__}({options})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None


KIND = Kind("augment", Augmentation, "ganc.augment.Augmentation")
