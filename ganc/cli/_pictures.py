"""Samples and losses as files, whole or not at all."""

from typing import Any

import numpy as np

from ganc import plot
from ganc.plot._picture import figure, save_figure

__all__ = ["save_losses", "save_samples"]


def save_samples(samples: np.ndarray, path: str) -> None:
    """Write samples to a PNG, images as a grid, points as a cloud."""
    if samples.ndim == 4:
        height = samples.shape[2]
        plot.save_image(path, plot.grid(samples), scale=max(1, 56 // height))
        return
    drawn = figure((5, 5))
    plot.samples(samples, ax=drawn.subplots())
    save_figure(path, drawn, dpi=120)


def save_losses(history: Any, path: str) -> None:
    """Write the loss curves to a picture."""
    drawn = figure((6.4, 4))
    plot.losses(history, ax=drawn.subplots())
    save_figure(path, drawn, dpi=120)
