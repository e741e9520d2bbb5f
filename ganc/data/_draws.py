"""Random numbers for augmentation: a pure function of (seed, epoch, index)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ganc._options import at_least
from ganc._tensor._random import draw

__all__ = ["Draws", "current_draws", "drawing"]

_DOMAIN = 1  # a counter apart from those that order the samples
_local = threading.local()


class Draws:
    """The random numbers of one sample, one after the other.

    Philox 4x64-10 with the key (seed, epoch) and a counter that begins at `index`; the same
    everywhere, whatever was drawn before for other samples.

    Parameters
    ----------
    seed, epoch, index : int
        From 0 to 2**64 - 1.

    Examples
    --------
    >>> from ganc.data import transforms
    >>> draws = transforms.Draws(seed=0, epoch=2, index=7)
    >>> draws.integers(10), round(draws.uniform(), 3)
    (2, 0.533)
    """

    def __init__(self, seed: int, epoch: int, index: int) -> None:
        key = np.array([seed, epoch], np.uint64)
        counter = np.array([0, index, _DOMAIN, 0], np.uint64)
        self._bits = np.random.Philox(key=key, counter=counter)

    def uniform(self) -> float:
        """Draw from [0, 1).

        Returns
        -------
        float
        """
        return (int(self._bits.random_raw()) >> 11) * 2.0**-53

    def integers(self, n: int) -> int:
        """Draw a whole number.

        Parameters
        ----------
        n : int
            At least 1.

        Returns
        -------
        int
            0 to n - 1.
        """
        return int(self._bits.random_raw()) * at_least("n", n, 1) >> 64

    def generator(self) -> np.random.Generator:
        """Return NumPy's generator over the same numbers, for all other distributions.

        Returns
        -------
        numpy.random.Generator
        """
        return np.random.Generator(self._bits)


@contextmanager
def drawing(seed: int, epoch: int, index: int) -> Iterator[None]:
    """Let the transforms called inside the block draw from (seed, epoch, index).

    A `DataLoader` does this around each sample, with its own seed, the epoch and the number of
    the sample; so augmentation does not depend on batches, threads or what was drawn before.

    Parameters
    ----------
    seed, epoch, index : int

    Yields
    ------
    None

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.data import transforms
    >>> x = np.arange(64, dtype=np.uint8).reshape(8, 8)
    >>> crop = transforms.RandomCrop(4)
    >>> with transforms.drawing(seed=0, epoch=0, index=5):
    ...     first = crop(x)
    >>> with transforms.drawing(seed=0, epoch=0, index=5):
    ...     bool((crop(x) == first).all())
    True
    """
    outer = getattr(_local, "where", None)
    _local.where = [seed, epoch, index, None]
    try:
        yield
    finally:
        _local.where = outer


def current_draws() -> Draws:
    """Return the random numbers of the sample at hand, for transforms of your own.

    Returns
    -------
    Draws
        Those of the `DataLoader` or of `drawing`; outside of both fresh ones, from the global
        generator that `ganc.manual_seed` restarts.

    Examples
    --------
    >>> import ganc
    >>> from ganc.data import transforms
    >>> def brighten(x):
    ...     return x + 0.1 * transforms.current_draws().uniform()
    >>> _ = ganc.manual_seed(0)
    >>> 0 <= brighten(0.0) < 0.1
    True
    """
    where = getattr(_local, "where", None)
    if where is None:
        return Draws(*draw(None), 0)
    if where[3] is None:
        where[3] = Draws(*where[:3])
    return where[3]
