"""Pictures as bytes: figures that no window shows, PNG files, and how notebooks get them."""

import base64
import io
import os
from typing import Any

import numpy as np

from ganc.io import atomic_write

__all__ = [
    "BLUE",
    "ORANGE",
    "Picture",
    "axes",
    "figure",
    "html_image",
    "missing",
    "pillow",
    "png",
    "save_figure",
    "save_picture",
]

BLUE, ORANGE = "#2f6fb2", "#d9731a"  # what concerns D, and what concerns G


class Picture(np.ndarray):
    """An image as an array of uint8 that a notebook shows as a picture.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc.plot._picture import Picture
    >>> np.zeros((2, 3), np.uint8).view(Picture)._repr_png_()[1:4]
    b'PNG'
    """

    def _repr_png_(self) -> bytes | None:
        shown = self.dtype == np.uint8 and 0 not in self.shape
        if not shown or not (self.ndim == 2 or (self.ndim == 3 and self.shape[2] == 3)):
            return None
        scale = max(1, 300 // max(self.shape[:2]))  # small images would be hard to see
        return png(np.asarray(self).repeat(scale, axis=0).repeat(scale, axis=1))


def figure(size: tuple[float, float], dpi: float = 100) -> Any:
    """Return a matplotlib figure that no window shows."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise missing("matplotlib") from None
    made = Figure(figsize=size, dpi=dpi, layout="constrained")
    FigureCanvasAgg(made)
    return made


def axes(ax: Any, size: tuple[float, float]) -> Any:
    """Return the axes given, or those of a new figure of pyplot's."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError:
        raise missing("matplotlib") from None
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def png(image: Any) -> bytes:
    """Return an array of uint8, or a `figure`, as the bytes of a PNG file.

    A figure is drawn once, where its ``savefig`` would do it twice.
    """
    if not isinstance(image, np.ndarray):
        image.canvas.draw()
        image = np.ascontiguousarray(np.asarray(image.canvas.buffer_rgba())[..., :3])
    file = io.BytesIO()
    pillow().fromarray(image).save(file, "png")
    return file.getvalue()


def save_figure(path: str | os.PathLike[str], drawn: Any, dpi: float) -> None:
    """Write a `figure` to a file, whole or not at all, as what its name ends in, else as PNG."""
    kind = os.path.splitext(os.fspath(path))[1][1:].lower()
    known = drawn.canvas.get_supported_filetypes()
    file = io.BytesIO()
    drawn.savefig(file, dpi=dpi, format=kind if kind in known else "png")
    atomic_write(path, [file.getbuffer()])


def save_picture(path: str | os.PathLike[str], picture: Any, kind: str, **options: Any) -> None:
    """Write a picture of Pillow's, whole or not at all, as what its name ends in or `kind`."""
    ending = os.path.splitext(os.fspath(path))[1].lower()
    file = io.BytesIO()
    picture.save(file, pillow().registered_extensions().get(ending, kind), **options)
    atomic_write(path, [file.getbuffer()])


def html_image(data: bytes) -> str:
    """Return an HTML element that holds a PNG."""
    return f"<img src='data:image/png;base64,{base64.b64encode(data).decode()}'>"


def pillow() -> Any:
    """Return Pillow's module of images."""
    try:
        from PIL import Image
    except ImportError:
        raise missing("Pillow") from None
    return Image


def missing(package: str) -> ImportError:
    """Return the error that names a package."""
    return ImportError(f"this picture needs {package}: pip install {package.lower()}")
