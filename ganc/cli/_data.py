"""What ``--data`` names: a data set of ganc, or a folder or zip of pictures."""

import inspect
import operator
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganc import datasets
from ganc._options import choose
from ganc.cli._arguments import UsageError

__all__ = ["Data", "load", "picture_shape"]

_SIDE = 32  # of pictures, for models that do not say


@dataclass(frozen=True)
class Data:
    """Samples, and their labels where they are known.

    Attributes
    ----------
    name : str
        By which `load` finds them again: of a data set, or an absolute path.
    fields : tuple of ndarray
        (x,) or (x, y): images as uint8 or points as floats, and labels (N,) from 0.
    """

    name: str
    fields: tuple[np.ndarray, ...]

    @property
    def x(self) -> np.ndarray:
        """The samples."""
        return self.fields[0]

    @property
    def classes(self) -> int | None:
        """How many classes there are, None without labels."""
        return int(self.fields[1].max()) + 1 if len(self.fields) > 1 else None


def load(name: str, shape: Sequence[int] | None) -> Data:
    """Return data by name or path; pictures of a path are brought to a shape (C, H, W)."""
    known = _named()
    key = name.replace("-", "_")
    if key in known:
        return Data(name, _fields(*known[key]()))
    if not is_path(name):
        try:
            choose("--data", name, known)
        except ValueError as error:
            raise UsageError(f"{error}; or the path of a folder or zip of pictures") from None
    path = os.path.abspath(os.path.expanduser(name))
    channels, *size = shape if shape is not None and len(shape) == 3 else (3, _SIDE, _SIDE)
    try:
        found = datasets.load_images(path, size, channels=channels)
    except (FileNotFoundError, ValueError) as error:
        raise UsageError(error) from None
    return Data(path, _fields(*found))


def is_path(name: str) -> bool:
    """Whether ``--data`` gives a place; a folder called as a data set needs ``./`` before it."""
    if name.replace("-", "_") in _named():
        return False
    return os.sep in name or name.startswith("~") or name.endswith(".zip") or os.path.exists(name)


def picture_shape(
    model: type, options: Mapping[str, Any], name: str, size: int | None
) -> tuple[int, int, int] | None:
    """Return (C, H, W) that a model wants pictures to have, of ``--set``, ``--size`` or itself."""
    if not is_path(name):
        if size is not None:
            raise UsageError(f"--size: got {size} for {name}, expected a folder or zip of pictures")
        return None
    given = options.get("image_shape")
    if given is not None:
        if size is not None:
            raise UsageError(f"--size: got {size} and image_shape={given!r}, expected one of them")
        try:
            channels, height, width = map(operator.index, given)
        except (TypeError, ValueError):
            raise UsageError(
                f"--set: got image_shape={given!r}, expected (channels, height, width)"
            ) from None
        return channels, height, width
    if size is not None:
        return 3, size, size
    own = inspect.signature(model).parameters.get("image_shape")
    return 3, *((_SIDE, _SIDE) if own is None else own.default[1:])


def _fields(x: np.ndarray, y: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """Leave labels out that are all the same."""
    labelled = y is not None and len(y) and np.ptp(y) > 0
    return (x, np.asarray(y, np.int64)) if labelled else (x,)


def _named() -> dict[str, Any]:
    """Return functions that load (x,) or (x, y), by name."""
    loaders: dict[str, Any] = {
        "fashion_mnist": lambda: datasets.load_fashion_mnist(download=False)[0],
        "mnist": lambda: datasets.load_mnist()[0],
        "digits": lambda: datasets.load_digits()[0],
        "embedded": lambda: datasets.load_embedded(),
        "emojione": lambda: datasets.load_emoji("emojione"),
        "noto": lambda: datasets.load_emoji("noto"),
        "openmoji": lambda: datasets.load_emoji("openmoji"),
        "sprites": lambda: datasets.load_sprites(64),
        "photos": lambda: datasets.load_photos(),
        "faces": lambda: (datasets.load_faces()[0][:100],),
    }
    for toy in ("ring", "grid", "swiss_roll", "moons"):
        loaders[toy] = lambda toy=toy: (getattr(datasets.toy, toy)(50_000, seed=0),)
    return loaders
