"""Samples on axes: drawn at random, along a way between latents, on a grid of them."""

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc._options import at_least
from ganc.data._some import every
from ganc.plot._images import grid
from ganc.plot._picture import axes
from ganc.plot._points import cloud

__all__ = ["latent_grid", "latent_walk", "samples"]


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
    array = every(images, "images")
    if array.ndim == 2 and array.dtype != np.uint8:
        return cloud(array, ax)
    sheet = grid(array, getattr(images, "ncol", None) if ncol is None else ncol)
    ax = axes(ax, (sheet.shape[1] / 50, sheet.shape[0] / 50))
    ax.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    ax.set_axis_off()
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


def latent_grid(gan: Any, n: int = 20, *, labels: Any = None, ax: Any = None) -> Any:
    """Draw what each part of a plane of latents becomes, for models with two of them.

    Normal latents lie at quantiles from 0.05 to 0.95, so that each image stands for as many
    samples as the others; uniform ones at equal distances.

    Parameters
    ----------
    gan : GAN or other model
        For images, with ``latent_dim=2``, such as `ganc.models.ConvVAE`.
    n : int, default 20
        Images in a row and in a column.
    labels : int, optional
        What they show, for models with classes; by default class 0.
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
    return samples(gan._of_latents(z, *gan._labels_along(labels, len(z))), ncol=n, ax=ax)
