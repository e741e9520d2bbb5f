"""Data on its way in and samples on their way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ganc._backend import core
from ganc._options import finite
from ganc.data import as_images, from_uint8, order

if TYPE_CHECKING:
    from ganc.gan._model import Model

_NOT_YET = {
    "penalty": "gradient penalties (wgan_gp, r1, ...)",
    "y": "labels",
}


@dataclass
class Position:
    """Where training is: `step` steps into epoch `epoch`, `index` batches into pass `pass_`.

    An epoch is what is counted and recorded, a pass is one walk over the data; they are the same
    unless steps_per_epoch says otherwise. n and batch_size are those of the current pass.
    """

    epoch: int = 0
    step: int = 0
    pass_: int = 0
    index: int = 0
    n: int = 0
    batch_size: int = 0


def refuse(name: str, value: Any) -> None:
    """Raise for an option that comes later."""
    if value is not None:
        raise ValueError(
            f"{name}: got {value!r}, but this version of ganc does not offer {_NOT_YET[name]} yet; "
            "leave it out"
        )


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
    """Return rows of checked data as the networks see them."""
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


def batch_of(model: "Model", x: ArrayLike) -> core.Tensor:
    """Return a batch that the caller has made; a Tensor is taken as it is."""
    if isinstance(x, core.Tensor):
        if x.ndim == 0 or len(x) == 0:
            raise ValueError(f"x: got shape {x.shape}, expected at least one sample")
        check_shape(model, tuple(x.shape[1:]))
        return x
    array = as_images(x)
    check_shape(model, sample_shape(array))
    return take(array, np.arange(len(array)), model.pixel_range)


def evaluation_array(model: "Model", x: ArrayLike, n: int) -> np.ndarray:
    """Return up to n samples of data, in their order, as floats in [-1, 1].

    Fewer than all are chosen at random, always the same: steps of fixed width would meet only
    some classes where classes alternate, as in the embedded images.
    """
    array = as_images(x)
    check_shape(model, sample_shape(array))
    if n < len(array):
        array = array[np.sort(order(0, 0, len(array))[:n])]
    return from_uint8(array) if array.dtype == np.uint8 else array


def check_shape(model: "Model", shape: tuple[int, ...]) -> None:
    """Check once that the networks fit samples of this shape, with two latents."""
    if model._shape != shape:
        model._check_shape(shape)
        model._shape = shape
