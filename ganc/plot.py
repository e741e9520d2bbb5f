"""Pictures of training: its loop, samples, losses, films, the critic's map of the plane.

Functions that draw take ``ax=`` and return matplotlib axes; none calls ``plt.show()``. matplotlib
and Pillow are imported when they are needed.

>>> import numpy as np
>>> from ganc import plot
>>> plot.grid(np.zeros((6, 1, 28, 28), np.float32), ncol=3).shape
(62, 92)
"""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc._diagram import training_loop
from ganc._options import at_least, finite
from ganc._picture import Picture, axes, pillow
from ganc.nn._inference import evaluate

__all__ = [
    "animation",
    "critic_map",
    "grid",
    "latent_grid",
    "latent_walk",
    "losses",
    "samples",
    "save_image",
    "training_loop",
]

_BORDER = 2  # pixels around each image of a grid
_BLUE, _ORANGE = "#2f6fb2", "#d9731a"


def grid(images: ArrayLike, ncol: int | None = None) -> np.ndarray:
    """Put images side by side into one.

    Parameters
    ----------
    images : array_like
        Floats (N, C, H, W) in [-1, 1], or uint8 (N, H, W) or (N, H, W, C).
    ncol : int, optional
        Images in a row; by default as square as possible.

    Returns
    -------
    ndarray of uint8, shape (H', W') or (H', W', C)
        With a white border of 2 pixels around each image; a notebook shows it as a picture.

    Raises
    ------
    ValueError
        For other shapes, or no image.
    """
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
    from ganc.data import to_uint8

    array = np.asarray(images)
    if array.dtype != np.uint8:
        array = to_uint8(array)
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise ValueError(
            f"images: got shape {array.shape}, expected at least one image: floats (N, C, H, W) or "
            "uint8 (N, H, W) or (N, H, W, C)"
        )
    return array


def save_image(path: str | os.PathLike[str], image: np.ndarray, scale: int = 1) -> None:
    """Write an image, such as a `grid`, to a PNG file.

    Parameters
    ----------
    path : str or path-like
    image : ndarray of uint8, shape (H, W) or (H, W, C)
    scale : int, default 1
        Each pixel becomes a square of so many.
    """
    picture = pillow().fromarray(_enlarged(np.asarray(image), at_least("scale", scale, 1)))
    picture.save(path)


def _enlarged(image: np.ndarray, scale: int) -> np.ndarray:
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


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
    pictures = [image.fromarray(_enlarged(_frame(array), scale)) for array in arrays]
    step = round(1000 / finite("fps", fps, 0.1))
    times = [step] * (len(pictures) - 1) + [max(step, 2000)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=times, loop=0)
    return os.fspath(path)


def _frame(array: np.ndarray) -> np.ndarray:
    return array if array.dtype == np.uint8 and array.ndim < 4 else grid(array)


def _point_images(clouds: Sequence[np.ndarray], size: int = 256) -> list[np.ndarray]:
    """Return one image for each cloud of 2-D points, all with the bounds of the last."""
    low, high = _bounds(clouds[-1])
    pictures = []
    for points in clouds:
        place = ((points - low) / (high - low) * size).astype(np.int64)
        place = place[((place >= 1) & (place < size - 1)).all(axis=1)]
        picture = np.full((size, size), 255, np.uint8)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            picture[size - 1 - place[:, 1] - dy, place[:, 0] + dx] = 40
        pictures.append(picture)
    return pictures


def _bounds(points: np.ndarray, margin: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """Return corners of a square around 2-D points."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, float((high - low).max()) / 2 * (1 + 2 * margin) or 1.0
    return middle - half, middle + half


def samples(images: ArrayLike, ncol: int | None = None, ax: Any = None) -> Any:
    """Draw images as a grid, or 2-D points as a cloud.

    Parameters
    ----------
    images : array_like
        As for `grid`; or points (N, 2).
    ncol : int, optional
        Images in a row.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    array = np.asarray(images)
    if array.ndim == 2 and array.dtype != np.uint8:
        return _cloud(array, ax)
    sheet = grid(array, ncol)
    ax = axes(ax, (sheet.shape[1] / 50, sheet.shape[0] / 50))
    ax.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    ax.set_axis_off()
    return ax


def _cloud(points: np.ndarray, ax: Any) -> Any:
    if points.shape[1] != 2:
        raise ValueError(f"images: got points of {points.shape[1]} values, expected 2 to draw them")
    ax = axes(ax, (5, 5))
    ax.scatter(points[:, 0], points[:, 1], s=4, color=_ORANGE, label="G(z)")
    ax.set_aspect("equal")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return ax


def losses(history: Any, ax: Any = None) -> Any:
    """Draw the losses of D and G over the epochs, or those of a variational autoencoder.

    For the Wasserstein loss, -d_loss is drawn: the estimate of the distance that training makes
    small. No other curve tells how good samples are; look at them, or at a metric.

    Parameters
    ----------
    history : History or dict of str to list
        What `fit` returns.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If nothing has been recorded.
    """
    values = history if isinstance(history, Mapping) else history.history
    epochs = range(len(next(iter(values.values()), ()))) if history is values else history.epoch
    if not len(epochs):
        raise ValueError("history: got no epoch, expected at least one; train first")
    wasserstein = getattr(history, "loss_name", "") == "wgan"
    ax = axes(ax, (6.4, 4))
    marker = "o" if len(epochs) == 1 else ""
    x = [epoch + 1 for epoch in epochs]
    if "d_loss" in values:
        sign = -1.0 if wasserstein else 1.0
        label = "−D loss: mean D(x) − mean D(G(z))" if wasserstein else "D loss"
        ax.plot(x, np.multiply(sign, values["d_loss"]), color=_BLUE, marker=marker, label=label)
    if "g_loss" in values:
        label = "G loss (−mean D(G(z)))" if wasserstein else "G loss"
        ax.plot(x, values["g_loss"], color=_ORANGE, marker=marker, label=label)
    for name, color in (("recon", _BLUE), ("kl", _ORANGE)):
        if name in values:
            ax.plot(x, values[name], color=color, marker=marker, label=f"{name}, nats a sample")
    ax.set(xlabel="epoch", ylabel="Wasserstein estimate" if wasserstein else "loss")
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def critic_map(
    gan: Any,
    ax: Any = None,
    bounds: tuple[float, float, float, float] | None = None,
    *,
    data: ArrayLike | None = None,
    n: int = 500,
    resolution: int = 100,
    seed: int = 0,
) -> Any:
    """Draw what D thinks of each point of the plane, with samples of G on top.

    Parameters
    ----------
    gan : GAN
        For 2-D data.
    ax : matplotlib Axes, optional
    bounds : tuple of float, optional
        (x_min, x_max, y_min, y_max); by default around data and samples.
    data : array_like, shape (N, 2), optional
        Real points, drawn as well.
    n : int, default 500
        Samples of G.
    resolution : int, default 100
        Points of the map in each direction.
    seed : int, default 0
        Of the samples.

    Returns
    -------
    matplotlib Axes
    """
    points = gan.sample(n, seed=seed)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"gan: makes samples of shape {points.shape[1:]}, expected (2,)")
    real = None if data is None else np.asarray(data, np.float32)
    if bounds is None:
        low, high = _bounds(points if real is None else np.concatenate([points, real]))
        bounds = (low[0], high[0], low[1], high[1])
    xs = np.linspace(bounds[0], bounds[1], resolution, dtype=np.float32)
    ys = np.linspace(bounds[2], bounds[3], resolution, dtype=np.float32)
    plane = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    answer = evaluate(gan.discriminator, plane).reshape(resolution, resolution)
    label = "D(x), critic value"
    if getattr(gan.loss, "probability", False):
        answer, label = 1 / (1 + np.exp(-answer)), "D(x), probability of real"
    ax = axes(ax, (6, 5))
    field = ax.contourf(xs, ys, answer, levels=24, cmap="RdBu_r", alpha=0.75)
    ax.figure.colorbar(field, ax=ax, label=label)
    if real is not None:
        ax.scatter(real[:, 0], real[:, 1], s=3, color="black", alpha=0.4, label="real x")
    ax.scatter(points[:, 0], points[:, 1], s=5, color=_ORANGE, label="G(z)")
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=bounds[:2], ylim=bounds[2:])
    ax.legend(loc="upper right")
    return ax


def latent_walk(gan: Any, n: int = 8, rows: int = 4, *, seed: int = 0, ax: Any = None) -> Any:
    """Draw what lies between pairs of latents, one walk a row.

    Parameters
    ----------
    gan : GAN
        For images.
    n : int, default 8
        Images in a walk.
    rows : int, default 4
        Walks.
    seed : int, default 0
        Of the latents.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    walks = [gan.interpolate(n, seed=seed + row) for row in range(at_least("rows", rows, 1))]
    return samples(np.concatenate(walks), ncol=n, ax=ax)


def latent_grid(gan: Any, n: int = 20, *, ax: Any = None) -> Any:
    """Draw what each part of a plane of latents becomes, for models with two of them.

    Normal latents lie at quantiles from 0.05 to 0.95, so that each image stands for as many
    samples as the others; uniform ones at equal distances.

    Parameters
    ----------
    gan : GAN or other model
        For images, with ``latent_dim=2``, such as `ganc.models.ConvVAE`.
    n : int, default 20
        Images in a row and in a column.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model has not two latents.
    """
    if gan.latent_dim != (2,):
        raise ValueError(f"gan: has latents of shape {gan.latent_dim}, expected (2,)")
    at = np.linspace(0.05, 0.95, at_least("n", n, 1))
    at = [NormalDist().inv_cdf(q) for q in at] if gan.latent == "normal" else 2 * at - 1
    z = np.array([(x, y) for y in at[::-1] for x in at], np.float32)
    return samples(gan._generate(z), ncol=n, ax=ax)
