"""Resizing and rearranging of pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["interpolate", "pixel_shuffle", "pixel_unshuffle"]

_SMOOTH = ("bilinear", "bicubic")
_MODES = ("nearest", "nearest-exact", "area", *_SMOOTH)


def _pair(name: str, value: Any) -> tuple:
    if not isinstance(value, (tuple, list)):
        return (value, value)
    if len(value) != 2:
        raise ValueError(f"interpolate: got {name}={value}, expected one or two numbers")
    return tuple(value)


def _scales(scale_factor: Any) -> tuple[float, float]:
    scales = _pair("scale_factor", scale_factor)
    try:
        h, w = (1.0 * s for s in scales)
    except TypeError:
        raise TypeError(
            f"interpolate: got scale_factor={scale_factor!r}, expected numbers"
        ) from None
    if not (0 < h < math.inf and 0 < w < math.inf):
        raise ValueError(f"interpolate: got scale_factor={scale_factor}, expected positive numbers")
    return h, w


def _check(input: Tensor, size: Any, scale_factor: Any, mode: str) -> None:
    if mode not in _MODES:
        raise ValueError(f"interpolate: got mode={mode!r}, expected one of {', '.join(_MODES)}")
    if input.ndim != 4:
        raise ValueError(f"interpolate: got shape {input.shape}, expected (N, C, H, W)")
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: expected one of size and scale_factor")


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Resize images or sequences.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (N, C, W)
    size : int or tuple of int, optional
        Height P and width Q of the output; of sequences its width.
    scale_factor : float or tuple of float, optional
        Instead of `size`: P = floor(H scale_factor). One of the two is given.
    mode : {'nearest', 'linear', 'bilinear', 'bicubic', 'area', 'nearest-exact'}, default 'nearest'
        'linear' is for sequences, 'bilinear' and 'bicubic' are for images. 'area' is
        `adaptive_avg_pool2d`. 'nearest' rounds down as OpenCV does, 'nearest-exact' takes the
        pixel below the centre as Pillow does.
    align_corners : bool, optional
        With 'bilinear' and 'bicubic': True puts the corner pixels' centres on each other instead
        of the images' corners.
    recompute_scale_factor : bool, optional
        True: the pixels are placed by the ratio of the sizes, not by `scale_factor`.
    antialias : bool, default False
        With 'bilinear' and 'bicubic': widen the kernel when the image shrinks.

    Returns
    -------
    Tensor of shape (N, C, P, Q) or (N, C, Q)

    Raises
    ------
    ValueError
        For another mode or shape, or arguments that do not go together.

    References
    ----------
    Keys 1981, Cubic convolution interpolation for digital image processing.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.interpolate(ganc.tensor([[[[1.0, 2.0]]]]), scale_factor=2).tolist()
    [[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]]
    >>> F.interpolate(ganc.tensor([[[[0.0, 4.0]]]]), (1, 4), mode="bilinear").tolist()
    [[[[0.0, 1.0, 3.0, 4.0]]]]
    >>> F.interpolate(ganc.tensor([[[0.0, 4.0]]]), 4, mode="linear").tolist()
    [[[0.0, 1.0, 3.0, 4.0]]]
    """
    if input.ndim == 3:
        return _of_lines(
            input, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias
        )
    _check(input, size, scale_factor, mode)
    if mode not in _SMOOTH and align_corners is not None:
        raise ValueError(
            f"interpolate: got align_corners with mode={mode!r}, expected 'bilinear' or 'bicubic'"
        )
    if mode not in _SMOOTH and antialias:
        raise ValueError(
            f"interpolate: got antialias with mode={mode!r}, expected 'bilinear' or 'bicubic'"
        )
    scales: tuple[Any, Any] = (None, None)
    if scale_factor is None:
        if recompute_scale_factor:
            raise ValueError("interpolate: recompute_scale_factor goes with scale_factor, not size")
        size = _pair("size", size)
    else:
        h, w = _scales(scale_factor)
        size = (math.floor(input.shape[2] * h), math.floor(input.shape[3] * w))
        scales = (None, None) if recompute_scale_factor else (1 / h, 1 / w)
    if 0 in size:
        raise ValueError(f"interpolate: the output would have the size {size}")
    if mode == "area":
        return core.adaptive_avg_pool2d(input, size)
    return core.resize(input, size, mode, bool(align_corners), antialias, *scales)


def _of_lines(
    input: Tensor, size: Any, scale_factor: Any, mode: str, align_corners: Any, *more: Any
) -> Tensor:
    """Resize sequences, as images of one line."""
    if mode in _SMOOTH:
        raise ValueError(f"interpolate: got mode={mode!r} for shape {input.shape}, use 'linear'")
    if mode == "linear" and more[1]:
        raise ValueError("interpolate: got antialias with mode='linear', expected images")
    if size is not None:
        size = (1, *(size if isinstance(size, (tuple, list)) else (size,)))
    if scale_factor is not None:
        many = isinstance(scale_factor, (tuple, list))
        scale_factor = (1.0, *(scale_factor if many else (scale_factor,)))
    image = core.reshape(input, (*input.shape[:2], 1, input.shape[2]))
    mode = "bilinear" if mode == "linear" else mode
    made = interpolate(image, size, scale_factor, mode, align_corners, *more)
    return core.reshape(made, (*made.shape[:2], made.shape[3]))


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Turn channels into pixels.

    Parameters
    ----------
    input : Tensor of shape (..., C r r, H, W)
    upscale_factor : int
        r, at least 1.

    Returns
    -------
    Tensor of shape (..., C, H r, W r)

    Raises
    ------
    ValueError
        If the channels cannot be divided.

    References
    ----------
    Shi et al. 2016, Real-time single image and video super-resolution (sub-pixel convolution).

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.pixel_shuffle(ganc.arange(4.0).reshape(1, 4, 1, 1), 2).tolist()
    [[[[0.0, 1.0], [2.0, 3.0]]]]
    """
    return core.pixel_shuffle(input, upscale_factor)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Turn pixels into channels: the inverse of `pixel_shuffle`.

    Parameters
    ----------
    input : Tensor of shape (..., C, H r, W r)
    downscale_factor : int
        r, at least 1.

    Returns
    -------
    Tensor of shape (..., C r r, H, W)

    Raises
    ------
    ValueError
        If height or width cannot be divided.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.pixel_unshuffle(ganc.zeros(1, 3, 8, 6), 2).shape
    (1, 12, 4, 3)
    """
    return core.pixel_unshuffle(input, downscale_factor)
