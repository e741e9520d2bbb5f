"""Random layers."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor, ones
from ganc._tensor._random import Generator, draw

__all__ = ["dropout", "dropout2d", "gaussian_noise"]


def _probability(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: got p={p}, expected 0 to 1")


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Zero elements at random and scale the others, so that the mean stays.

    Parameters
    ----------
    input : Tensor
    p : float in [0, 1], default 0.5
        The probability of zero.
    training : bool, default True
        False: return `input`.
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is out of range.

    References
    ----------
    Srivastava et al. 2014, Dropout.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> sorted(set(F.dropout(ganc.ones(1000), 0.5).tolist()))
    [0.0, 2.0]
    """
    _probability(p)
    if not training or p == 0:
        return input
    return core.dropout(input, p, *draw(generator)) if p < 1 else core.mul(input, 0.0)


def dropout2d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Zero whole channels at random and scale the others.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (N, C, L)
    p : float in [0, 1], default 0.5
        The probability of zero.
    training : bool, default True
        False: return `input`.
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is out of range, or for another number of dimensions.

    References
    ----------
    Tompson et al. 2015, Efficient object localization using convolutional networks.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> y = F.dropout2d(ganc.ones(4, 8, 5, 5))
    >>> bool((y.amax((2, 3)) == y.amin((2, 3))).amin())
    True
    """
    _probability(p)
    if input.ndim not in (3, 4):
        raise ValueError(f"dropout2d: got shape {input.shape}, expected (N, C, H, W) or (N, C, L)")
    if not training or p == 0:
        return input
    mask = ones(*input.shape[:2], *(1,) * (input.ndim - 2))
    return core.mul(input, dropout(mask, p, generator=generator))


def gaussian_noise(
    input: Tensor,
    std: float = 0.1,
    training: bool = True,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Add normal random numbers.

    Parameters
    ----------
    input : Tensor
    std : float, default 0.1
        Their standard deviation, at least 0.
    training : bool, default True
        False: return `input`.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `std` is negative.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.gaussian_noise(ganc.zeros(3), training=False).tolist()
    [0.0, 0.0, 0.0]
    """
    if not std >= 0:
        raise ValueError(f"gaussian_noise: got std={std}, expected at least 0")
    if not training or std == 0:
        return input
    return core.add(input, core.rand_normal(input.shape, *draw(generator), 0.0, std))
