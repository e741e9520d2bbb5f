"""What the user hands over is checked here; what is wrong is said with a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganc._warn import warn
from ganc.data._incoming import as_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["as_images", "as_labels", "from_uint8", "to_uint8"]

_CHANNELS = (1, 2, 3, 4)
_SLACK = 1e-3  # rounding of resized images may step over +-1 by this much


def as_images(x: ArrayLike, *, name: str = "x") -> np.ndarray:
    """Check training data and bring it into one of the forms that ganc trains on.

    Parameters
    ----------
    x : array_like
        uint8 images (N, H, W) or (N, H, W, C) with C in 1..4; float images (N, C, H, W) in
        [-1, 1]; or a float table (N, F) of points or features, any range.
    name : str, default "x"
        What error messages call it.

    Returns
    -------
    ndarray
        C-contiguous. uint8 stays uint8 in its own layout (the same memory where possible); floats
        become float32.

    Raises
    ------
    TypeError
        For another dtype: objects, texts, integers other than uint8, complex numbers.
    ValueError
        For another number of dimensions, empty arrays, NaN or infinity, images out of range.

    Warns
    -----
    UserWarning
        If float images look like 0..1 where -1..1 is expected.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import data
    >>> data.as_images(np.zeros((5, 28, 28), np.uint8)).dtype.name
    'uint8'
    >>> data.as_images(np.full((5, 1, 28, 28), 200.0))
    Traceback (most recent call last):
        ...
    ValueError: as_images: x: got values from 200 to 200, expected -1 to 1; this looks like \
0..255: pass uint8, or x / 127.5 - 1
    """
    return checked(x, name, hint=True)


def checked(x: ArrayLike, name: str, *, hint: bool) -> np.ndarray:
    """`as_images`; without the hint at images in 0..1, for batches after the first."""
    array = as_array(x, name)
    _check_not_empty(array, name)
    if array.dtype == np.uint8:
        _check_uint8_layout(array, name)
        return np.ascontiguousarray(array)
    if array.dtype.kind != "f":
        raise TypeError(
            f"{name}: got dtype {array.dtype}, expected uint8 images or floats; "
            + _dtype_hint(array, name)
        )
    _check_float_layout(array, name)
    with np.errstate(over="ignore"):  # what does not fit float32 is reported as infinity below
        array = np.ascontiguousarray(array, dtype=np.float32)
    low, high = _finite_range(array, name)
    if array.ndim == 4:
        _check_range(low, high, name)
        if hint and low >= 0 and high > 0.5:
            _warn_of_half_range(low, high, name)
    return array


def as_labels(
    y: ArrayLike,
    n: int | None = None,
    num_classes: int | None = None,
    *,
    missing: bool = False,
    name: str = "y",
) -> np.ndarray:
    """Check class labels.

    Parameters
    ----------
    y : array_like of int, shape (N,)
        Labels from 0. Floats are accepted if they are whole numbers.
    n : int, optional
        The number of images they must match.
    num_classes : int, optional
        Labels must be below it.
    missing : bool, default False
        Whether -1 may stand for an image without a label, as in scikit-learn.
    name : str, default "y"
        What error messages call it.

    Returns
    -------
    ndarray of int64, shape (N,)

    Raises
    ------
    TypeError
        For labels that are not numbers.
    ValueError
        For another shape or length, and labels out of range.

    Examples
    --------
    >>> from ganc import data
    >>> data.as_labels([0, 2, 1], n=3, num_classes=3)
    array([0, 2, 1])
    >>> data.as_labels([0, 3], num_classes=3)
    Traceback (most recent call last):
        ...
    ValueError: as_labels: y: got label 3 at index 1, expected 0 to 2
    >>> data.as_labels([0, -1, 1], missing=True)
    array([ 0, -1,  1])
    """
    array = as_array(y, name, "whole numbers (N,)")
    if array.dtype.kind == "b":
        raise TypeError(
            f"{name}: got dtype bool, expected whole numbers from 0; pass {name}.astype(int)"
        )
    if array.ndim != 1:
        hint = f"; for one-hot labels pass {name}.argmax(axis=1)" if array.ndim == 2 else ""
        hint = f"; pass {name}[:, 0]" if array.shape[1:] == (1,) else hint
        raise ValueError(f"{name}: got shape {array.shape}, expected (N,){hint}")
    if n is not None and len(array) != n:
        raise ValueError(f"{name}: got {len(array)} labels, expected {n}, one for each image")
    with np.errstate(invalid="ignore"):
        labels = array.astype(np.int64)
    end = 2**31 if num_classes is None else num_classes
    wrong = (array < -int(missing)) | (array >= end) | (labels != array)
    if wrong.any():
        first = int(wrong.argmax())
        expected = f"0 to {num_classes - 1}" if num_classes else "whole numbers from 0"
        expected += ", or -1 for none" if missing else ""
        raise ValueError(f"{name}: got label {array[first]} at index {first}, expected {expected}")
    return labels


def from_uint8(images: np.ndarray) -> np.ndarray:
    """Convert uint8 images to the floats that networks see; undone by `to_uint8`.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)

    Returns
    -------
    ndarray of float32, shape (N, C, H, W)
        ``x / 127.5 - 1``, in [-1, 1]; C is 1 for (N, H, W).

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import data
    >>> data.from_uint8(np.array([[[0, 255]]], np.uint8))
    array([[[[-1.,  1.]]]], dtype=float32)
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise ValueError(
            f"got {images.dtype} {images.shape}, expected uint8 (N, H, W) or (N, H, W, C)"
        )
    planes = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    floats = planes.astype(np.float32, order="C")
    floats /= np.float32(127.5)
    floats -= np.float32(1)
    return floats


def to_uint8(images: ArrayLike) -> np.ndarray:
    """Convert generated images to uint8, as picture files and plots want them.

    Parameters
    ----------
    images : array_like of float, shape (N, C, H, W)
        In [-1, 1]; values beyond are clamped.

    Returns
    -------
    ndarray of uint8, shape (N, H, W, C), or (N, H, W) if C is 1

    Raises
    ------
    TypeError
        If `images` are not floats.
    ValueError
        For another number of dimensions, and NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import data
    >>> data.to_uint8(np.zeros((2, 3, 8, 8), np.float32)).shape
    (2, 8, 8, 3)
    >>> data.to_uint8(np.array([[[[-1.0, 0.0, 1.0, 7.0]]]]))
    array([[[  0, 128, 255, 255]]], dtype=uint8)
    """
    array = as_array(images, "images")
    if array.dtype.kind != "f":
        hint = "; these are uint8 already" if array.dtype == np.uint8 else ""
        raise TypeError(f"images: got dtype {array.dtype}, expected floats in [-1, 1]{hint}")
    if array.ndim != 4:
        hint = "; for one image pass images[None]" if array.ndim == 3 else ""
        raise ValueError(f"images: got shape {array.shape}, expected (N, C, H, W){hint}")
    if array.size and np.isnan(array.min()):
        first = np.unravel_index(np.isnan(array).argmax(), array.shape)[0]
        raise ValueError(
            f"images: got NaN in image {first}, expected numbers; the generator has diverged"
        )
    # The same float32 arithmetic for every input dtype; halves round to even.
    pixels = (array.clip(-1, 1).astype(np.float32) + np.float32(1)) * np.float32(127.5)
    pixels = np.rint(pixels).astype(np.uint8)
    if pixels.shape[1] == 1:
        return pixels[:, 0]
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))


# ---- the checks ----


def _check_not_empty(array: np.ndarray, name: str) -> None:
    if array.ndim == 0:
        raise ValueError(f"{name}: got a single number, expected an array of images or points")
    if array.shape[0] == 0:
        raise ValueError(f"{name}: got shape {array.shape}, expected at least one sample")
    if array.size == 0:
        raise ValueError(f"{name}: got shape {array.shape}, expected at least one value a sample")


def _check_uint8_layout(array: np.ndarray, name: str) -> None:
    shape = array.shape
    if array.ndim == 3 or (array.ndim == 4 and shape[3] in _CHANNELS):
        return
    if array.ndim == 4 and shape[1] in _CHANNELS:
        hint = f"this looks like (N, C, H, W): pass {name}.transpose(0, 2, 3, 1)"
    elif array.ndim == 2:
        hint = f"for flattened images pass {name}.reshape(-1, H, W)"
    else:
        hint = "C must be 1 to 4"
    raise ValueError(
        f"{name}: got uint8 of shape {shape}, expected (N, H, W) or (N, H, W, C); {hint}"
    )


def _check_float_layout(array: np.ndarray, name: str) -> None:
    shape = array.shape
    if array.ndim == 2 or (array.ndim == 4 and shape[1] in _CHANNELS):
        return
    if array.ndim == 4 and shape[3] in _CHANNELS:
        hint = f"this looks like (N, H, W, C): pass {name}.transpose(0, 3, 1, 2)"
    elif array.ndim == 3:
        hint = f"for grey images pass {name}[:, None]"
    elif array.ndim == 1:
        hint = f"for one feature pass {name}[:, None]"
    else:
        hint = "C must be 1 to 4"
    raise ValueError(
        f"{name}: got floats of shape {shape}, expected images (N, C, H, W) or a table (N, F); "
        + hint
    )


def _dtype_hint(array: np.ndarray, name: str) -> str:
    if array.dtype.kind == "b":
        return f"pass {name}.astype(np.uint8) * 255"
    if array.dtype.kind in "ui" and array.ndim > 2:
        if array.min() >= 0 and array.max() <= 255:
            return f"the values fit: pass {name}.astype(np.uint8)"
        return "scale them to 0..255 and convert to uint8"
    return f"pass {name}.astype(np.float32)"


def _finite_range(array: np.ndarray, name: str) -> tuple[float, float]:
    low, high = float(array.min()), float(array.max())  # NaN spreads into both
    if not (np.isfinite(low) and np.isfinite(high)):
        wrong = ~np.isfinite(array)
        first = np.unravel_index(wrong.argmax(), array.shape)[0]
        raise ValueError(
            f"{name}: got {int(wrong.sum())} values that are NaN or infinite (first in sample "
            f"{first}), expected finite float32 numbers; remove or fill them"
        )
    return low, high


def _check_range(low: float, high: float, name: str) -> None:
    if low < -1 - _SLACK or high > 1 + _SLACK:
        if low >= 0 and high <= 255:
            hint = f"this looks like 0..255: pass uint8, or {name} / 127.5 - 1"
        else:
            hint = f"scale them: 2 * ({name} - {name}.min()) / ({name}.max() - {name}.min()) - 1"
        raise ValueError(f"{name}: got values from {low:g} to {high:g}, expected -1 to 1; {hint}")


def _warn_of_half_range(low: float, high: float, name: str) -> None:
    warn(
        f"{name}: got values from {low:g} to {high:g}; images are expected in -1 to 1. If they are "
        f"scaled to 0..1, pass {name} * 2 - 1"
    )
