"""The images inside the wheel: Fashion-MNIST's 10,000 test images."""

import operator
import os
from functools import lru_cache

import numpy as np

from ganc.io import FormatError

__all__ = ["load_embedded"]

_FILE = os.path.join(os.path.dirname(__file__), "fashion_mnist_t10k.xz")
_SHA256 = "4933391d016b481042c50a3302daa0c7c1cdee910a6e6e4dd0ddce5720ffdcac"
_SHAPE = (10, 1_000, 28, 28)  # class, image, row, column
_N = 10_000


def load_embedded(n: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the Fashion-MNIST images embedded in ganc; no network, no package, under a second.

    These are the 10,000 test images, in an order of ganc's own: the first of each class, then the
    second of each class, and so on. So any first `n` are balanced.

    Parameters
    ----------
    n : int, optional
        How many, 1 to 10,000; by default all.

    Returns
    -------
    x : ndarray of uint8, shape (n, 28, 28)
    y : ndarray of uint8, shape (n,)
        0 T-shirt, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag,
        9 ankle boot.

    Raises
    ------
    ValueError
        If `n` is out of range.
    FormatError
        If the installed file is damaged.

    Examples
    --------
    >>> from ganc import datasets
    >>> x, y = datasets.load_embedded(20)
    >>> x.shape, y[10:13]
    ((20, 28, 28), array([0, 1, 2], dtype=uint8))
    """
    n = _N if n is None else operator.index(n)
    if not 1 <= n <= _N:
        raise ValueError(f"n: got {n}, expected 1 to {_N}")
    images = _decoded(_FILE, _SHA256).swapaxes(0, 1)  # image, class, row, column
    x = np.array(images[: -(-n // 10)], order="C").reshape(-1, 28, 28)[:n]
    return x, (np.arange(n) % 10).astype(np.uint8)


def split(x: np.ndarray, y: np.ndarray):
    """Keras's tuple of the embedded set: of each class the first 900 images to train, 100 to test.

    The interleaved order makes that the first 9,000 and the last 1,000.
    """
    return (x[:9_000], y[:9_000]), (x[9_000:], y[9_000:])


@lru_cache(1)
def _decoded(file: str, sha256: str) -> np.ndarray:
    import hashlib
    import lzma

    size = int(np.prod(_SHAPE))
    hint = "Install ganc again."
    with open(file, "rb") as stream:
        packed = stream.read()
    try:
        content = lzma.LZMADecompressor().decompress(packed, max_length=size + 1)
    except (lzma.LZMAError, EOFError) as error:
        raise FormatError(f"not readable ({error})", file=file, hint=hint) from error
    if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
        reason = f"got {len(content)} bytes with another SHA-256, expected {size} bytes"
        raise FormatError(reason, file=file, hint=hint)
    return np.frombuffer(content, np.uint8).reshape(_SHAPE)
