"""Random layers. Each draws from its `generator`, by default the global one."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._random import Generator, draw
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module

__all__ = ["Dropout", "Dropout2d", "GaussianNoise"]


class _Random(Module):
    generator: Generator | None = None  # None: the global one; `Module._set_generator` sets it


@register
class Dropout(_Random):
    """In training, zeroes elements at random and scales the others, so that the mean stays.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        The probability of zero.
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    References
    ----------
    Srivastava et al. 2014, Dropout.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> layer = nn.Dropout(0.5)
    >>> sorted(set(layer(ganc.ones(1000)).tolist()))
    [0.0, 2.0]
    >>> layer.eval()(ganc.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: got p={p}, expected 0 to 1")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        p = self.p
        if not self.training or p == 0:
            return input
        if p == 1:
            return core.mul(input, 0.0)
        return core.dropout(input, p, *draw(self.generator))

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"p={self.p}, inplace={self.inplace}"


@register
class Dropout2d(Dropout):
    """In training, zeroes whole channels at random and scales the others.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        The probability of zero.
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    References
    ----------
    Tompson et al. 2015, Efficient object localization using convolutional networks.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Dropout2d(0.25)(ganc.ones(4, 8, 5, 5)).shape
    (4, 8, 5, 5)
    """

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W) or (N, C, L)

        Returns
        -------
        Tensor
        """
        return F.dropout2d(input, self.p, self.training, generator=self.generator)


@register
class GaussianNoise(_Random):
    """In training, adds normal random numbers.

    Parameters
    ----------
    std : float, default 0.1
        Their standard deviation, at least 0.

    References
    ----------
    Sonderby et al. 2017, Amortised MAP inference for image super-resolution (instance noise).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.GaussianNoise(0.05)(ganc.zeros(4, 2)).shape
    (4, 2)
    """

    def __init__(self, std: float = 0.1) -> None:
        super().__init__()
        if not std >= 0:
            raise ValueError(f"GaussianNoise: got std={std}, expected at least 0")
        self.std = std

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return F.gaussian_noise(input, self.std, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"std={self.std}"
