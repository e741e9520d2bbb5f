"""Checked data as the networks see them, and what networks make as the user sees it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganc._backend import core
from ganc._options import finite

__all__ = ["from_unit", "pixel_range", "sample_shape", "take", "to_unit"]


def pixel_range(value: Sequence[float]) -> tuple[float, float]:
    """Return (low, high) of the images inside."""
    try:
        low, high = value
    except (TypeError, ValueError):
        raise ValueError(f"pixel_range: got {value!r}, expected (low, high)") from None
    low, high = finite("pixel_range", low), finite("pixel_range", high)
    if not low < high:
        raise ValueError(f"pixel_range: got {value!r}, expected low < high")
    return low, high


def sample_shape(x: np.ndarray) -> tuple[int, ...]:
    """Return (C, H, W) or (F,) of checked data."""
    shape = x.shape[1:]
    if x.dtype != np.uint8:
        return shape
    return (1, *shape) if len(shape) == 2 else (shape[2], *shape[:2])


def take(x: np.ndarray, index: np.ndarray, inside: tuple[float, float]) -> core.Tensor:
    """Return rows of checked images or points as the networks see them."""
    low, high = inside
    if x.dtype == np.uint8:
        layout = "nhw" if x.ndim == 3 else "nhwc"
        return core.from_u8(x, index, layout, (high - low) / 255, low)
    batch = core.Tensor(x[index])
    if x.ndim == 2 or inside == (-1.0, 1.0):
        return batch
    scale = (high - low) / 2
    return core.affine(batch, scale, low + scale)


def to_unit(samples: np.ndarray, inside: tuple[float, float]) -> np.ndarray:
    """Return samples with images in [-1, 1]."""
    low, high = inside
    if samples.ndim == 2 or inside == (-1.0, 1.0):
        return samples
    return ((samples - np.float32(low)) * np.float32(2 / (high - low)) - 1).astype(np.float32)


def from_unit(samples: np.ndarray, inside: tuple[float, float]) -> np.ndarray:
    """Return samples with images in [-1, 1] as the networks see them."""
    if samples.ndim == 2:
        return samples
    low, high = inside
    return ((samples + 1) * ((high - low) / 2) + low).astype(np.float32)
