"""Films of training, as GIF files."""

import os
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ganc._options import at_least, finite
from ganc.plot._images import enlarged, grid
from ganc.plot._picture import pillow, save_picture
from ganc.plot._points import bounds_of

__all__ = ["animation"]


def animation(
    frames: Iterable[ArrayLike],
    path: str | os.PathLike[str],
    *,
    fps: float = 8.0,
    scale: int = 1,
) -> str:
    """Write frames to a GIF that repeats, with a pause on the last frame.

    Parameters
    ----------
    frames : iterable of array_like
        Grids (uint8), batches of images (floats, which become grids), or 2-D points (N, 2).
    path : str or path-like
        The file; ``training.gif``.
    fps : float, default 8.0
        Frames a second.
    scale : int, default 1
        Each pixel becomes a square of so many.

    Returns
    -------
    str
        `path`.

    Raises
    ------
    ValueError
        Without frames.
    """
    arrays = [np.asarray(frame) for frame in frames]
    if not arrays:
        raise ValueError("frames: got none, expected at least one")
    if arrays[0].ndim == 2 and arrays[0].dtype != np.uint8:
        arrays = _point_images(arrays)
    image = pillow()
    scale = at_least("scale", scale, 1)
    pictures = [image.fromarray(enlarged(_frame(array), scale)) for array in arrays]
    step = round(1000 / finite("fps", fps, 0.1))
    times = [step] * (len(pictures) - 1) + [max(step, 2000)]
    film = {"save_all": True, "append_images": pictures[1:], "duration": times, "loop": 0}
    save_picture(path, pictures[0], "GIF", **film)
    return os.fspath(path)


def _frame(array: np.ndarray) -> np.ndarray:
    return array if array.dtype == np.uint8 and array.ndim < 4 else grid(array)


def _point_images(clouds: Sequence[np.ndarray], size: int = 256) -> list[np.ndarray]:
    """Return one image for each cloud of 2-D points, all with the bounds of the last."""
    low, high = bounds_of(clouds[-1])
    pictures = []
    for points in clouds:
        place = ((points - low) / (high - low) * size).astype(np.int64)
        place = place[((place >= 1) & (place < size - 1)).all(axis=1)]
        picture = np.full((size, size), 255, np.uint8)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            picture[size - 1 - place[:, 1] - dy, place[:, 0] + dx] = 40
        pictures.append(picture)
    return pictures
