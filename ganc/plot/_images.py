"""Images side by side as one picture, and pictures as files."""

import math
import os

import numpy as np
from numpy.typing import ArrayLike

from ganc._options import at_least
from ganc.data import to_uint8
from ganc.data._some import every
from ganc.plot._picture import Picture, pillow, save_picture

__all__ = ["Rows", "enlarged", "grid", "save_image"]

_BORDER = 2  # pixels around each image of a grid


class Rows(np.ndarray):
    """Images that belong together in rows, such as one class, or input, output and target.

    Attributes
    ----------
    ncol : int or None
        Images in a row; grids are drawn so.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.plot._images import Rows
    >>> Rows.of(np.zeros((6, 1, 8, 8), np.float32), 3).ncol
    3
    """

    ncol: int | None = None

    @classmethod
    def of(cls, images: np.ndarray, ncol: int) -> "Rows":
        """Return images as rows of so many."""
        rows = images.view(cls)
        rows.ncol = ncol
        return rows


def grid(images: ArrayLike, ncol: int | None = None) -> np.ndarray:
    """Put images side by side into one.

    Parameters
    ----------
    images : array_like
        Floats (N, C, H, W) in [-1, 1], or uint8 (N, H, W) or (N, H, W, C).
    ncol : int, optional
        Images in a row; by default what the images say (`Model.preview`), else as square as
        possible.

    Returns
    -------
    ndarray of uint8, shape (H', W') or (H', W', C)
        With a white border of 2 pixels around each image; a notebook shows it as a picture.

    Raises
    ------
    ValueError
        For other shapes, or no image.
    """
    ncol = getattr(images, "ncol", None) if ncol is None else ncol
    images = _as_uint8(images)
    n, height, width = images.shape[:3]
    ncol = max(1, math.isqrt(n - 1) + 1) if ncol is None else at_least("ncol", ncol, 1)
    nrow = -(-n // ncol)
    b = _BORDER
    size = (nrow * (height + b) + b, ncol * (width + b) + b, *images.shape[3:])
    sheet = np.full(size, 255, np.uint8)
    for i, image in enumerate(images):
        y, x = b + i // ncol * (height + b), b + i % ncol * (width + b)
        sheet[y : y + height, x : x + width] = image
    return sheet.view(Picture)


def _as_uint8(images: ArrayLike) -> np.ndarray:
    array = every(images, "images")
    if array.dtype != np.uint8:
        array = to_uint8(array)
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise ValueError(
            f"images: got shape {array.shape}, expected at least one image: floats (N, C, H, W) or "
            "uint8 (N, H, W) or (N, H, W, C)"
        )
    return array


def save_image(path: str | os.PathLike[str], image: np.ndarray, scale: int = 1) -> None:
    """Write an image, such as a `grid`, to a PNG file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
    image : ndarray of uint8, shape (H, W) or (H, W, C)
    scale : int, default 1
        Each pixel becomes a square of so many.
    """
    picture = pillow().fromarray(enlarged(np.asarray(image), at_least("scale", scale, 1)))
    save_picture(path, picture, "PNG")


def enlarged(image: np.ndarray, scale: int) -> np.ndarray:
    """Return an image whose pixels are squares of so many."""
    return image.repeat(scale, axis=0).repeat(scale, axis=1)
