"""Stacked digits: three digits in the three colours of one picture, a thousand classes."""

import os

import numpy as np

from ganc._options import at_least, seed_word
from ganc.datasets._load import load_mnist

__all__ = ["load_stacked_digits"]

_Split = tuple[np.ndarray, np.ndarray]


def load_stacked_digits(
    n: int = 60_000,
    *,
    seed: int = 0,
    path: str | os.PathLike[str] | None = None,
    data_home: str | os.PathLike[str] | None = None,
    download: bool = True,
) -> tuple[_Split, _Split]:
    """Load stacked MNIST: three digits at random as red, green and blue, a thousand modes.

    The usual test of mode collapse (Metz et al. 2017, Lin et al. 2018): how many of the 1,000
    numbers does a generator make? `ganc.metrics.stacked_modes` counts.

    Parameters
    ----------
    n : int, default 60_000
        Training pictures; a sixth as many test pictures come from MNIST's test set.
    seed : int, default 0
        Of the choice.
    path, data_home : str or path-like, optional
        As for `load_mnist`.
    download : bool, default True
        As for `load_mnist`.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        uint8 images (n, 28, 28, 3) and labels (n,) from 0 to 999: 100 red + 10 green + blue.

    Raises
    ------
    FileNotFoundError, FormatError
        As `load_mnist` does.

    Examples
    --------
    >>> from ganc import datasets
    >>> (x, y), _ = datasets.load_stacked_digits(1000)  # doctest: +SKIP
    """
    n, seed = at_least("n", n, 6), seed_word("seed", seed)
    splits = load_mnist(path, data_home=data_home, download=download)
    train, test = (
        _stacked(*split, size, np.random.default_rng([seed, i]))
        for i, (split, size) in enumerate(zip(splits, (n, n // 6), strict=True))
    )
    return train, test


def _stacked(x: np.ndarray, y: np.ndarray, n: int, random: np.random.Generator) -> _Split:
    chosen = random.integers(0, len(x), (n, 3))
    labels = y[chosen].astype(np.int64) @ np.array([100, 10, 1])
    return np.ascontiguousarray(x[chosen].transpose(0, 2, 3, 1)), labels
