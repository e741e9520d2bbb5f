"""Picture files as arrays: decoded with Pillow, brought to one size and one kind of pixels."""

from __future__ import annotations

import io
import operator
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc._options import at_least, choose
from ganc.io import FormatError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__: list[str] = []

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = frozenset(
    ".png .jpg .jpeg .jpe .jfif .webp .bmp .dib .gif .tif .tiff .ppm .pgm .pbm .pnm".split()
)
MAX_BYTES = 256 << 20  # of a file; the largest photographs have a tenth of it
MAX_PIXELS = 89_478_485  # Pillow's own: 256 MiB of RGB
FILTERS = ("bicubic", "nearest", "bilinear", "lanczos", "box", "hamming")
FITS = ("crop", "pad", "stretch")
_GREYS = {"L;2": 85, "L;4": 17}  # Pillow's raw modes, and how much a grey value is multiplied by
_pillow_limit = threading.Lock()  # held while Pillow's limit of pixels, one for all threads, is off
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def pair(name: str, size: int | Sequence[int]) -> tuple[int, int]:
    """Return (height, width) of a number or of both."""
    if isinstance(size, (int, np.integer)) and not isinstance(size, bool):
        side = at_least(name, size, 1)
        return side, side
    try:
        height, width = (operator.index(side) for side in size)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: got {size!r}, expected a number or (height, width)") from None
    return at_least(name, height, 1), at_least(name, width, 1)


def colour(name: str, value: str | Sequence[int]) -> tuple[int, int, int]:
    """Return (red, green, blue) of a colour's name, "#rrggbb" or three numbers 0..255."""
    from PIL import ImageColor

    try:
        if isinstance(value, str):
            return ImageColor.getrgb(value)[:3]
        red, green, blue = (operator.index(part) for part in value)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name}: got {value!r}, expected a colour such as 'white', '#ff8000' or (255, 128, 0)"
        ) from None
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise ValueError(f"{name}: got {value!r}, expected numbers from 0 to 255")
    return red, green, blue


@dataclass(frozen=True)
class Decoder:
    """How files become arrays; checked when it is made. See `ganc.data.ImageFolder`."""

    size: Any = None  # afterwards None or (height, width)
    channels: int = 3
    fit: str = "crop"
    resample: str = "bicubic"
    background: Any = "white"  # afterwards (red, green, blue)
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        if self.channels not in MODES:
            raise ValueError(f"channels: got {self.channels!r}, expected 1, 3 or 4")
        choose("fit", self.fit, FITS)
        choose("resample", self.resample, FILTERS)
        at_least("max_pixels", self.max_pixels, 1)
        if self.size is not None:
            object.__setattr__(self, "size", pair("size", self.size))
        object.__setattr__(self, "background", colour("background", self.background))

    def __call__(self, content: bytes, file: str) -> np.ndarray:
        """Return the pixels of a file: uint8, (H, W) or (H, W, C)."""
        with decoding(file), self.opened(content) as image:
            return np.array(self.finished(image))

    def opened(self, content: bytes) -> Image:
        """Read the header, refuse what is too large, then decode."""
        image = _header(content)
        if image.width * image.height > self.max_pixels:
            raise FormatError(
                f"got {image.width} x {image.height} pixels, expected at most {self.max_pixels}",
                hint="Pass max_pixels= if that is right.",
            )
        if self.size is not None:  # a JPEG can be decoded at 1/2, 1/4 or 1/8 in a fraction of the
            side = 2 * max(self.size)  # time; twice the size wanted is enough for every filter
            image.draft(None, (side, side))
        wide = _scale_key(image)
        image.load()
        return _keyed(image, content) if wide else image

    def finished(self, image: Image) -> Image:
        """Return a picture upright, with the wanted pixels and size."""
        return self._fitted(self._coloured(_eight_bits(_upright(image))))

    def _coloured(self, image: Image) -> Image:
        mode = MODES[self.channels]
        if mode == "RGBA" or not _is_transparent(image):
            return image if image.mode == mode else image.convert(mode)
        from PIL import Image as images

        picture = image.convert("RGBA")
        ground = images.new("RGBA", picture.size, (*self.background, 255))
        return images.alpha_composite(ground, picture).convert(mode)

    def _fitted(self, image: Image) -> Image:
        if self.size is None or image.size == self.size[::-1]:
            return image
        from PIL import Image as images
        from PIL import ImageOps

        method, size = images.Resampling[self.resample.upper()], self.size[::-1]
        if self.fit == "stretch":
            return image.resize(size, method)
        if self.fit == "crop":
            return ImageOps.fit(image, size, method)
        inside = ImageOps.contain(image, size, method)
        canvas = images.new("RGB", size, self.background).convert(image.mode)
        if image.mode == "RGBA":
            canvas.putalpha(0)
        canvas.paste(inside, ((size[0] - inside.width) // 2, (size[1] - inside.height) // 2))
        return canvas


@contextmanager
def decoding(file: str) -> Iterator[None]:
    """Turn whatever Pillow raises on a damaged file, a dozen types, into `FormatError`."""
    from PIL import UnidentifiedImageError

    try:
        yield
    except FormatError as error:
        raise FormatError(error.reason, file=file, hint=error.hint) from None
    except MemoryError:
        raise
    except UnidentifiedImageError as error:
        raise FormatError(f"not a picture in one of {', '.join(FORMATS)}", file=file) from error
    except Exception as error:
        reason = f"not a readable picture ({type(error).__name__}: {error})"
        raise FormatError(reason, file=file) from error


def _header(content: bytes) -> Image:
    """Open a picture without Pillow's own limit of pixels: ours may be higher, and is checked."""
    from PIL import Image as images

    with _pillow_limit:
        limit, images.MAX_IMAGE_PIXELS = images.MAX_IMAGE_PIXELS, None
        try:
            return images.open(io.BytesIO(content), formats=FORMATS)
        finally:
            images.MAX_IMAGE_PIXELS = limit


def _scale_key(image: Image) -> bool:
    """Bring a PNG's transparent colour to the values that Pillow decodes grey of 2 or 4 bits to.

    Returns whether it is a colour of 16 bits a channel, of which Pillow keeps the high bytes only.
    """
    key = image.info.get("transparency")
    if image.format != "PNG" or not image.tile or not isinstance(key, (int, tuple)):
        return False
    mode = image.tile[0].args
    mode = mode if isinstance(mode, str) else mode[0]
    if mode in _GREYS:
        image.info["transparency"] = key * _GREYS[mode]
    return mode == "RGB;16B"


def _keyed(image: Image, content: bytes) -> Image:
    """Return a PNG of 16 bits a channel with alpha 0 where both bytes are those of the key."""
    from PIL import Image as images

    low = _header(content)
    low.tile = [part._replace(args="RGB;16L") for part in low.tile]  # the second byte of each
    key = np.array(image.info["transparency"])
    high = np.asarray(image)
    hit = (high == key // 256).all(axis=2) & (np.asarray(low) == key % 256).all(axis=2)
    alpha = np.where(hit, 0, 255).astype(np.uint8)
    return images.fromarray(np.dstack([high, alpha]))


def _upright(image: Image) -> Image:
    """Turn a photograph as its camera says; a note that cannot be read turns nothing."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = None
    with suppress(Exception):
        turn = turns.get(image.getexif().get(0x0112))
    return image if turn is None else image.transpose(turn)


def _eight_bits(image: Image) -> Image:
    """Scale 16-bit grey to 8; colour of 16 bits Pillow has brought to 8 already."""
    if image.mode[0] not in "IF":
        return image
    from PIL import Image as images

    if image.mode == "F" or (image.mode == "I" and image.format not in ("PNG", "PPM")):
        raise FormatError(
            f"got 32-bit pixels (mode {image.mode}), whose range is unknown, expected 8 or 16 bits",
            hint="Convert it first.",
        )
    grey = np.asarray(image).astype(np.uint32).clip(0, 65535)
    eight = images.fromarray(((grey * 255 + 32767) // 65535).astype(np.uint8))
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return eight
    return images.merge("LA", (eight, images.fromarray(np.where(grey == key, 0, 255).astype("u1"))))


def _is_transparent(image: Image) -> bool:
    if image.mode.endswith(("A", "a")) or "transparency" in image.info:
        return True
    return image.mode == "P" and image.palette.mode.endswith("A")
