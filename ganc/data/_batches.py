"""Batches whose order depends on nothing but (seed, epoch), so that a run resumes exactly."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np

from ganc.data._images import as_images, as_labels, from_uint8

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Batches", "order"]


def order(seed: int, epoch: int, n: int) -> np.ndarray:
    """Return the order in which an epoch visits `n` samples.

    A pure function: the counters of Philox 4x64-10 under the key (seed, epoch), ranked. It is the
    same on every machine and with every version of NumPy.

    Parameters
    ----------
    seed, epoch : int
        From 0 to 2**64 - 1.
    n : int
        Number of samples, at least 0.

    Returns
    -------
    ndarray of int64, shape (n,)
        A permutation of 0..n-1.

    Raises
    ------
    ValueError
        For a number out of range.

    Examples
    --------
    >>> from ganc import data
    >>> data.order(seed=0, epoch=0, n=5)
    array([0, 2, 1, 4, 3])
    """
    seed, epoch = _word(seed, "seed"), _word(epoch, "epoch")
    n = operator.index(n)
    if n < 0:
        raise ValueError(f"n: got {n}, expected at least 0")
    key = np.array([seed, epoch], dtype=np.uint64)
    words = np.random.Philox(key=key).random_raw(n)
    return np.argsort(words, kind="stable").astype(np.int64, copy=False)


def _word(value: int, name: str) -> int:
    value = operator.index(value)
    if not 0 <= value < 2**64:
        raise ValueError(f"{name}: got {value}, expected 0 to 2**64 - 1")
    return value


class Orders:
    """The order of each epoch; that of the epoch used last is kept."""

    def __init__(self, seed: int, n: int, shuffle: bool) -> None:
        self.key = (seed, n)
        self._shuffle = shuffle
        self._kept: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def __call__(self, epoch: int) -> np.ndarray:
        if not self._shuffle:
            epoch = 0
        kept = self._kept  # another thread may ask for another epoch meanwhile
        if kept[0] != epoch:
            seed, n = self.key
            kept = (epoch, order(seed, epoch, n) if self._shuffle else np.arange(n))
            self._kept = kept
        return kept[1]


class Batches:
    """Training data as batches: batch `index` of epoch `epoch`, whenever it is asked for.

    Images stay uint8 in memory; each batch is converted when it is made. A batch depends only on
    the data, `seed`, `epoch` and `index`.

    Parameters
    ----------
    x : array_like
        Images or points, as `as_images` takes them.
    y : array_like of int, shape (N,), optional
        Labels.
    batch_size : int, default 64
        Samples a batch, at least 1.
    shuffle : bool, default True
        Another order each epoch, or that of `x`.
    drop_last : bool, default True
        Leave out the last batch of an epoch if it is smaller (unless it is the only one).
    seed : int, default 0
        Chooses the orders.
    num_classes : int, optional
        Labels must be below it.

    Attributes
    ----------
    x, y : ndarray
        The checked data; `y` is None without labels.
    sample_shape : tuple of int
        (C, H, W), or (F,) for a table.

    Raises
    ------
    TypeError, ValueError
        If data or numbers are not as described.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import data
    >>> batches = data.Batches(np.zeros((10, 8, 8), np.uint8), range(10), batch_size=4, seed=1)
    >>> len(batches), batches.sample_shape
    (2, (1, 8, 8))
    >>> x, y = batches.batch(epoch=3, index=1)
    >>> x.shape, len(y)
    ((4, 1, 8, 8), 4)
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        *,
        batch_size: int = 64,
        shuffle: bool = True,
        drop_last: bool = True,
        seed: int = 0,
        num_classes: int | None = None,
    ) -> None:
        self.x = as_images(x)
        self.y = None if y is None else as_labels(y, len(self.x), num_classes)
        self.batch_size = operator.index(batch_size)
        if self.batch_size < 1:
            raise ValueError(f"batch_size: got {batch_size}, expected at least 1")
        self.shuffle = bool(shuffle)
        self.drop_last = bool(drop_last)
        self.seed = _word(seed, "seed")
        self._orders = Orders(self.seed, len(self.x), self.shuffle)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        shape = self.x.shape[1:]
        if self.x.dtype != np.uint8:
            return shape
        return (1, *shape) if len(shape) == 2 else (shape[2], *shape[:2])

    def __len__(self) -> int:
        """Batches an epoch."""
        n = len(self.x)
        whole = n // self.batch_size
        return whole if self.drop_last and whole else -(-n // self.batch_size)

    def indices(self, epoch: int, index: int) -> np.ndarray:
        """Return which samples form a batch.

        Parameters
        ----------
        epoch : int
            From 0.
        index : int
            Number of the batch in the epoch, 0 to ``len(self) - 1``.

        Returns
        -------
        ndarray of int64, shape (batch_size,) or less for the last batch

        Raises
        ------
        IndexError
            If the epoch has no such batch.
        """
        index = operator.index(index)
        if not 0 <= index < len(self):
            raise IndexError(f"index: got {index}, expected 0 to {len(self) - 1}")
        start = index * self.batch_size
        return self._orders(epoch)[start : start + self.batch_size]

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return a batch as the networks take it.

        Parameters
        ----------
        epoch, index : int
            As for `indices`.

        Returns
        -------
        x : ndarray of float32, shape (B, C, H, W) or (B, F)
            Images in [-1, 1].
        y : ndarray of int64, shape (B,), or None
        """
        chosen = self.indices(epoch, index)
        x = self.x[chosen]
        if x.dtype == np.uint8:
            x = from_uint8(x)
        return x, None if self.y is None else self.y[chosen]
