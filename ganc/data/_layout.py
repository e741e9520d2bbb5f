"""Where height and width are in a single sample, and cutting and padding along them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__: list[str] = []


def picture_array(x: Any) -> np.ndarray:
    """Check that `x` is an array with height and width."""
    if not isinstance(x, np.ndarray):
        raise TypeError(
            f"got {type(x).__name__}, expected an array or a picture of Pillow; "
            "other samples need a transform of your own"
        )
    if x.ndim not in (2, 3) or not x.size or x.dtype.kind not in "buif":
        raise ValueError(
            f"got {x.dtype} {x.shape}, expected one picture: whole numbers (H, W) or (H, W, C), "
            "or floats (C, H, W)"
        )
    return x


def sides(array: np.ndarray) -> tuple[int, int]:
    """Axes of height and width."""
    return (1, 2) if array.ndim == 3 and array.dtype.kind == "f" else (0, 1)


def extent(array: np.ndarray) -> tuple[int, int]:
    """Height and width."""
    top, left = sides(array)
    return array.shape[top], array.shape[left]


def on_array(img: Any, function: Callable[[np.ndarray], np.ndarray]) -> Any:
    """Apply a function of arrays to an array, or to a picture of Pillow."""
    if isinstance(img, np.ndarray):
        return function(picture_array(img))
    from PIL import Image

    if not isinstance(img, Image.Image):
        return picture_array(img)
    result = Image.fromarray(function(np.asarray(img)))
    if img.mode == "P":
        result.putpalette(img.getpalette())
    return result


def cropped(array: np.ndarray, top: int, left: int, size: tuple[int, int]) -> np.ndarray:
    """Cut out a piece."""
    rows, columns = slice(top, top + size[0]), slice(left, left + size[1])
    piece = array[:, rows, columns] if sides(array)[0] else array[rows, columns]
    return np.ascontiguousarray(piece)


def padded(
    array: np.ndarray, borders: Sequence[tuple[int, int]], mode: str, fill: float
) -> np.ndarray:
    """Add (top, bottom) and (left, right) borders."""
    if not any(map(any, borders)):
        return array
    widths = [(0, 0)] * array.ndim
    for axis, border in zip(sides(array), borders, strict=True):
        widths[axis] = border
    options = {"constant_values": fill} if mode == "constant" else {}
    return np.pad(array, widths, mode, **options)


def borders_of(padding: int | Sequence[int]) -> list[tuple[int, int]]:
    """(top, bottom) and (left, right) of one, two or four numbers."""
    try:
        parts = [operator.index(n) for n in np.atleast_1d(np.asarray(padding, dtype=object))]
    except TypeError:
        parts = []
    if len(parts) not in (1, 2, 4) or min(parts) < 0:
        raise ValueError(
            f"padding: got {padding!r}, expected a number, (left and right, top and bottom) or "
            "(left, top, right, bottom), none below 0"
        )
    left, top, right, bottom = parts * (4 // len(parts))
    return [(top, bottom), (left, right)]


def as_picture(plane: np.ndarray) -> Any:
    """A picture of Pillow with these pixels."""
    from PIL import Image

    if plane.dtype.kind == "f":
        return Image.fromarray(plane.astype(np.float32, copy=False))
    if plane.dtype != np.uint8 or (plane.ndim == 3 and plane.shape[2] not in (1, 3, 4)):
        raise TypeError(
            f"got {plane.dtype} {plane.shape}, expected uint8 with 1, 3 or 4 channels, or floats"
        )
    return Image.fromarray(plane[..., 0] if plane.ndim == 3 and plane.shape[2] == 1 else plane)
