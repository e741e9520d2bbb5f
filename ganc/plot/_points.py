"""Points of the plane: their frame, samples as a cloud, and what D thinks of each."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc.data._some import every
from ganc.nn._inference import evaluate
from ganc.plot._picture import ORANGE, axes

__all__ = ["bounds_of", "cloud", "critic_map"]


def bounds_of(points: np.ndarray, margin: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """Return corners of a square around 2-D points."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, float((high - low).max()) / 2 * (1 + 2 * margin) or 1.0
    return middle - half, middle + half


def cloud(points: np.ndarray, ax: Any) -> Any:
    """Draw samples in the plane."""
    if points.shape[1] != 2:
        raise ValueError(f"images: got points of {points.shape[1]} values, expected 2 to draw them")
    ax = axes(ax, (5, 5))
    ax.scatter(points[:, 0], points[:, 1], s=4, color=ORANGE, label="G(z)")
    ax.set_aspect("equal")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return ax


def critic_map(
    gan: Any,
    ax: Any = None,
    bounds: tuple[float, float, float, float] | None = None,
    *,
    data: ArrayLike | None = None,
    n: int = 500,
    resolution: int = 100,
    labels: int | None = None,
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
    labels : int, optional
        Which class is judged and drawn, for models with classes; by default class 0.
    seed : int, default 0
        Of the samples.

    Returns
    -------
    matplotlib Axes
    """
    given = gan._labels_along(labels, n)
    points = gan.sample(n, seed=seed, labels=given[0] if given else None)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"gan: makes samples of shape {points.shape[1:]}, expected (2,)")
    real = None if data is None else every(data, "data").astype(np.float32)
    if bounds is None:
        low, high = bounds_of(points if real is None else np.concatenate([points, real]))
        bounds = (low[0], high[0], low[1], high[1])
    xs = np.linspace(bounds[0], bounds[1], resolution, dtype=np.float32)
    ys = np.linspace(bounds[2], bounds[3], resolution, dtype=np.float32)
    plane = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    packs = np.repeat(plane, gan.packing, axis=0)  # of equal points, where D judges several
    asked = gan.judged(packs, *gan._labels_along(labels, len(plane)))
    answer = evaluate(gan.discriminator, *asked).reshape(resolution, resolution)
    label = "D(x), critic value"
    if getattr(gan.loss, "probability", False):
        answer, label = 1 / (1 + np.exp(-answer)), "D(x), probability of real"
    ax = axes(ax, (6, 5))
    field = ax.contourf(xs, ys, answer, levels=24, cmap="RdBu_r", alpha=0.75)
    ax.figure.colorbar(field, ax=ax, label=label)
    if real is not None:
        ax.scatter(real[:, 0], real[:, 1], s=3, color="black", alpha=0.4, label="real x")
    ax.scatter(points[:, 0], points[:, 1], s=5, color=ORANGE, label="G(z)")
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=bounds[:2], ylim=bounds[2:])
    ax.legend(loc="upper right")
    return ax
