"""Transforms of single samples, under torchvision's names, for arrays and Pillow's pictures.

An array of whole numbers is (H, W) or (H, W, C), as pictures are; an array of floats is (C, H, W)
or (H, W), as networks take them. Each transform gives back the kind it was given.

Random transforms keep no generator. A `DataLoader` lets them draw from (seed, epoch, index), so
that a run resumes to the bit; `drawing` does the same by hand.

>>> import numpy as np
>>> from ganc.data import transforms
>>> prepare = transforms.Compose([
...     transforms.Resize(36),
...     transforms.RandomCrop(32),
...     transforms.RandomHorizontalFlip(),
...     transforms.ToTensor(),
...     transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
... ])
>>> x = prepare(np.zeros((48, 64, 3), np.uint8))
>>> x.shape, x.dtype.name, float(x.min())
((3, 32, 32), 'float32', -1.0)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ganc._options import at_least, choose, finite
from ganc.data._draws import Draws, current_draws, drawing
from ganc.data._layout import (
    as_picture,
    borders_of,
    cropped,
    extent,
    on_array,
    padded,
    picture_array,
    sides,
)
from ganc.data._pictures import FILTERS, pair

__all__ = [
    "CenterCrop",
    "Compose",
    "Draws",
    "Normalize",
    "RandomCrop",
    "RandomHorizontalFlip",
    "Resize",
    "ToTensor",
    "current_draws",
    "drawing",
]

_PADDINGS = ("constant", "edge", "reflect", "symmetric")


class Compose:
    """Transforms one after the other.

    Parameters
    ----------
    transforms : sequence of callable

    Raises
    ------
    TypeError
        If one of them cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.data import transforms
    >>> both = transforms.Compose([transforms.CenterCrop(4), transforms.ToTensor()])
    >>> both(np.zeros((8, 8, 3), np.uint8)).shape
    (3, 4, 4)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError(
                    f"transforms: got {type(transform).__name__}, expected functions of a sample"
                )

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return f"Compose({self.transforms})"


class ToTensor:
    """Turn a picture into floats: (H, W, C) from 0..255 to (C, H, W) from 0 to 1, float32.

    As torchvision's, except that it gives an array; networks want it in -1..1, see `Normalize`.
    Floats are (C, H, W) already and are only converted to float32.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.data import transforms
    >>> transforms.ToTensor()(np.array([[0, 51, 255]], np.uint8))
    array([[[0. , 0.2, 1. ]]], dtype=float32)
    """

    def __call__(self, pic: Any) -> np.ndarray:
        array = picture_array(np.asarray(pic))  # a picture of Pillow becomes one as well
        if array.dtype.kind == "f":
            return np.ascontiguousarray(array, np.float32)
        if array.dtype.kind == "b":
            array = array * np.uint8(255)
        if array.dtype != np.uint8:
            raise TypeError(f"got {array.dtype}, expected uint8; scale it to 0..255 first")
        planes = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
        return planes.astype(np.float32, order="C") / np.float32(255)

    def __repr__(self) -> str:
        return "ToTensor()"


class Normalize:
    """Subtract a mean from each channel and divide it by a standard deviation.

    Parameters
    ----------
    mean, std : sequence of float
        One number a channel, or one for all. 0.5 and 0.5 bring 0..1 to -1..1.
    inplace : bool, default False
        Write into the array that is given.

    Raises
    ------
    TypeError
        If the sample is no array of floats.
    ValueError
        If `std` has a zero, or the numbers do not fit the channels.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.data import transforms
    >>> transforms.Normalize([0.5], [0.5])(np.ones((1, 2, 2), np.float32)).tolist()
    [[[1.0, 1.0], [1.0, 1.0]]]
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        self.mean, self.std, self.inplace = mean, std, bool(inplace)
        self._mean, self._std = (
            np.asarray(value, np.float64).reshape(-1, 1, 1) for value in (mean, std)
        )
        if not (np.isfinite(self._mean).all() and np.isfinite(self._std).all()):
            raise ValueError(f"got mean={mean!r}, std={std!r}, expected finite numbers")
        if not self._std.all():
            raise ValueError(f"std: got {std!r}, expected no zero")

    def __call__(self, tensor: Any) -> np.ndarray:
        if not isinstance(tensor, np.ndarray) or tensor.dtype.kind != "f":
            kind = getattr(tensor, "dtype", type(tensor).__name__)
            raise TypeError(f"got {kind}, expected an array of floats; put ToTensor() before")
        channels = tensor.shape[0] if tensor.ndim == 3 else 0
        if not channels or not {len(self._mean), len(self._std)} <= {1, channels}:
            raise ValueError(
                f"got shape {tensor.shape} for {len(self._mean)} means and {len(self._std)} "
                "standard deviations, expected (C, H, W) with as many channels"
            )
        mean, std = self._mean.astype(tensor.dtype), self._std.astype(tensor.dtype)
        result = np.subtract(tensor, mean, out=tensor if self.inplace else None)
        return np.divide(result, std, out=result)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class Resize:
    """Scale a picture with Pillow's filters, which average where it shrinks.

    Parameters
    ----------
    size : int or (int, int)
        Of the shorter side, the other in proportion; or (height, width).
    interpolation : {"bilinear", "bicubic", "nearest", "lanczos", "box", "hamming"}
        By default "bilinear". torchvision's ``InterpolationMode`` is taken as well.
    max_size : int, optional
        The longer side is at most this, for a `size` that is one number.
    antialias : bool, default True
        Only True: Pillow always averages.

    Raises
    ------
    TypeError, ValueError
        If an option is not as described.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.data import transforms
    >>> transforms.Resize(8)(np.zeros((16, 24, 3), np.uint8)).shape
    (8, 12, 3)
    >>> transforms.Resize((4, 6))(np.zeros((1, 8, 8), np.float32)).shape
    (1, 4, 6)
    """

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: str = "bilinear",
        max_size: int | None = None,
        antialias: bool = True,
    ) -> None:
        self._shorter = isinstance(size, (int, np.integer)) or len(size) == 1
        self.size = size
        self._size = pair("size", size[0] if self._shorter and hasattr(size, "__len__") else size)
        self.interpolation = choose(
            "interpolation", getattr(interpolation, "value", interpolation), FILTERS
        )
        self.max_size = None if max_size is None else at_least("max_size", max_size, 1)
        if self.max_size is not None and not self._shorter:
            raise ValueError("max_size: got it with (height, width), expected one number for size")
        if self.max_size is not None and self.max_size <= self._size[0]:
            raise ValueError(f"max_size: got {max_size}, expected more than size={self._size[0]}")
        if antialias is False:
            raise ValueError("antialias: got False, expected True; Pillow's filters always average")

    def __call__(self, img: Any) -> Any:
        from PIL import Image

        method = Image.Resampling[self.interpolation.upper()]
        if isinstance(img, Image.Image):
            return img.resize(self._target(img.height, img.width)[::-1], method)
        array = picture_array(img)
        top, left = sides(array)
        size = self._target(array.shape[top], array.shape[left])
        if size == (array.shape[top], array.shape[left]):
            return array
        if top == 0:
            scaled = np.array(as_picture(array).resize(size[::-1], method))
            return scaled.reshape(*size, *array.shape[2:])
        planes = [as_picture(plane).resize(size[::-1], method) for plane in array]
        return np.stack([np.asarray(plane) for plane in planes]).astype(array.dtype, copy=False)

    def _target(self, height: int, width: int) -> tuple[int, int]:
        if not self._shorter:
            return self._size
        short, long = sorted((height, width))
        size = (self._size[0], max(int(self._size[0] * long / short), 1))
        if self.max_size is not None and size[1] > self.max_size:
            size = (max(int(self.max_size * size[0] / size[1]), 1), self.max_size)
        return size if height <= width else size[::-1]

    def __repr__(self) -> str:
        return f"Resize({self.size}, interpolation={self.interpolation!r})"


class CenterCrop:
    """Cut out the middle; a smaller picture gets a black border.

    Parameters
    ----------
    size : int or (int, int)
        Height and width.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.data import transforms
    >>> transforms.CenterCrop(2)(np.arange(16, dtype=np.uint8).reshape(4, 4))
    array([[ 5,  6],
           [ 9, 10]], dtype=uint8)
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = pair("size", size)

    def __call__(self, img: Any) -> Any:
        return on_array(img, self._cut)

    def _cut(self, array: np.ndarray) -> np.ndarray:
        height, width = extent(array)
        missing = max(self.size[0] - height, 0), max(self.size[1] - width, 0)
        if any(missing):
            borders = [(n // 2, (n + 1) // 2) for n in missing]
            array = padded(array, borders, "constant", 0)
            height, width = extent(array)
        top = round((height - self.size[0]) / 2)
        left = round((width - self.size[1]) / 2)
        return cropped(array, top, left, self.size)

    def __repr__(self) -> str:
        return f"CenterCrop({self.size})"


class RandomCrop:
    """Cut out a piece at a random place.

    Parameters
    ----------
    size : int or (int, int)
        Height and width.
    padding : int or sequence of int, optional
        Border added first: one number, (left and right, top and bottom), or (left, top, right,
        bottom).
    pad_if_needed : bool, default False
        Add a border where the picture is smaller than `size`.
    fill : float, default 0
        What the border shows.
    padding_mode : {"constant", "edge", "reflect", "symmetric"}, default "constant"
        Other borders continue the picture.

    Raises
    ------
    TypeError, ValueError
        If an option is not as described, or a picture is smaller than `size`.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.data import transforms
    >>> transforms.RandomCrop(28, padding=4)(np.zeros((28, 28), np.uint8)).shape
    (28, 28)
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: float = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size = pair("size", size)
        self.padding = padding
        self._borders = [(0, 0), (0, 0)] if padding is None else borders_of(padding)
        self.pad_if_needed = bool(pad_if_needed)
        self.fill = finite("fill", fill)
        self.padding_mode = choose("padding_mode", padding_mode, _PADDINGS)

    def __call__(self, img: Any) -> Any:
        return on_array(img, self._cut)

    def _cut(self, array: np.ndarray) -> np.ndarray:
        array = padded(array, self._borders, self.padding_mode, self.fill)
        if self.pad_if_needed:
            short = [max(a - b, 0) for a, b in zip(self.size, extent(array), strict=True)]
            array = padded(array, [(n, n) for n in short], self.padding_mode, self.fill)
        height, width = extent(array)
        if height < self.size[0] or width < self.size[1]:
            raise ValueError(
                f"size: got {self.size} for a picture of {(height, width)}, expected at most that; "
                "put Resize before, or pass pad_if_needed=True"
            )
        draws = current_draws()
        top = draws.integers(height - self.size[0] + 1)
        left = draws.integers(width - self.size[1] + 1)
        return cropped(array, top, left, self.size)

    def __repr__(self) -> str:
        return f"RandomCrop({self.size}, padding={self.padding})"


class RandomHorizontalFlip:
    """Mirror a picture, left to right, in some of the cases.

    Parameters
    ----------
    p : float, default 0.5
        In what share of them.

    Raises
    ------
    ValueError
        If `p` is not from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.data import transforms
    >>> transforms.RandomHorizontalFlip(p=1)(np.array([[1, 2, 3]], np.uint8))
    array([[3, 2, 1]], dtype=uint8)
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = finite("p", p, 0)
        if self.p > 1:
            raise ValueError(f"p: got {p}, expected 0 to 1")

    def __call__(self, img: Any) -> Any:
        if current_draws().uniform() >= self.p:
            return img
        return on_array(img, lambda x: np.ascontiguousarray(np.flip(x, sides(x)[1])))

    def __repr__(self) -> str:
        return f"RandomHorizontalFlip(p={self.p})"
