"""Pictures of the user's own, and what every loader of pictures returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganc._warn import warn
from ganc.data import ImageFolder
from ganc.io import FormatError

__all__ = ["Pictures", "load_images"]

_NAMED = 3  # damaged files that the warning names


class Pictures(tuple):
    """Images and labels, to be unpacked as ``x, y``, and what else is known of them.

    Parameters
    ----------
    x : ndarray of uint8, shape (N, H, W, C) or (N, H, W)
    y : ndarray of int64, shape (N,)
        Index into `classes`.
    classes, names, captions : sequence of str
        See the attributes.
    skipped : dict of str to str

    Attributes
    ----------
    x, y : ndarray
    classes : list of str
        What the labels mean.
    names : list of str
        Of each image: its file, or for emoji its code points.
    captions : list of str
        Of each image: what it shows; empty where nothing is known.
    skipped : dict of str to str
        Files that could not be read, and why.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import datasets
    >>> found = datasets.Pictures(np.zeros((2, 8, 8), np.uint8), np.array([0, 1]), ["cat", "dog"])
    >>> x, y = found
    >>> x.shape, found.classes[y[1]]
    ((2, 8, 8), 'dog')
    """

    classes: list[str]
    names: list[str]
    captions: list[str]
    skipped: dict[str, str]

    def __new__(
        cls,
        x: np.ndarray,
        y: np.ndarray,
        classes: Sequence[str] = (),
        names: Sequence[str] = (),
        captions: Sequence[str] = (),
        skipped: Mapping[str, str] | None = None,
    ) -> Pictures:
        self = super().__new__(cls, (x, y))
        self.classes, self.names, self.captions = list(classes), list(names), list(captions)
        self.skipped = dict(skipped or {})
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (*self, self.classes, self.names, self.captions, self.skipped)

    @property
    def x(self) -> np.ndarray:
        return self[0]

    @property
    def y(self) -> np.ndarray:
        return self[1]

    def __repr__(self) -> str:
        return (
            f"Pictures(x: {self.x.dtype} {self.x.shape}, y: {len(self.classes)} classes, "
            f"{len(self.skipped)} files skipped)"
        )


def load_images(
    source: Any, size: int | Sequence[int] | None = None, *, on_error: str = "skip", **options: Any
) -> Pictures:
    """Load picture files of your own into one array.

    For more pictures than memory holds, pass a `ganc.data.ImageFolder` to `GAN.fit` instead; it
    takes the same arguments and decodes batch by batch.

    Parameters
    ----------
    source : str, path-like or list of them
        A folder (with everything below it), a zip or wheel, a picture, a pattern such as
        ``"photos/**/*.jpg"``, or a list of files.
    size : int or (int, int), optional
        Height and width that every picture is brought to. By default they must have one size.
    on_error : {"skip", "raise"}, default "skip"
        Leave out files that cannot be read, with one warning that counts them and names the
        first, or raise what is wrong with the first.
    **options
        ``channels=3``, ``fit="crop"``, ``resample="bicubic"``, ``background="white"`` and
        ``max_pixels``, as `ganc.data.ImageFolder` describes them.

    Returns
    -------
    Pictures
        ``(x, y)``: uint8 images (N, H, W, C), or (N, H, W) for ``channels=1``, in the order of
        their paths, and labels (N,): the subfolder each lies in. ``.classes`` names the
        subfolders, ``.names`` the files, ``.skipped`` what was left out.

    Raises
    ------
    FileNotFoundError
        If there is no such place, or no picture in it.
    FormatError
        If no picture can be read, or with ``on_error="raise"`` if one cannot.
    TypeError, ValueError
        If an option is not as described, or if without `size` the pictures differ.

    Examples
    --------
    >>> import os, tempfile
    >>> from PIL import Image
    >>> from ganc import datasets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (90, 60), "navy").save(os.path.join(folder, "sea.jpg"))
    ...     Image.new("CMYK", (50, 80), "red").save(os.path.join(folder, "rose.tif"))
    ...     x, y = datasets.load_images(folder, size=32)
    >>> x.shape, x.dtype.name, y
    ((2, 32, 32, 3), 'uint8', array([0, 0]))
    """

    folder = ImageFolder(source, size, on_error=on_error, **options)
    x, kept = _decoded(folder)
    if not kept:
        file, reason = next(iter(folder.skipped.items()))
        raise FormatError(
            f"none of {len(folder)} pictures can be read; the first, {file}: {reason}",
            file=str(source),
        )
    _warn_of_skipped(folder)
    files, targets = folder.files, folder.targets
    return Pictures(
        x,
        np.array([targets[i] for i in kept], np.int64),
        folder.classes,
        [files[i] for i in kept],
        skipped=folder.skipped,
    )


def _decoded(folder: Any) -> tuple[np.ndarray, list[int]]:
    """Fill one array, which takes no memory before a picture is written to it."""
    x, kept = np.empty(0, np.uint8), []
    for i in range(len(folder)):
        found = folder.read(i)
        if found is None:
            continue
        image = found[0]
        if not kept:
            x = np.empty((len(folder), *image.shape), np.uint8)
        if image.shape != x.shape[1:]:
            raise ValueError(
                f"size: got none, but {folder.files[i]} is {image.shape[:2]} and "
                f"{folder.files[kept[0]]} is {x.shape[1:3]}; pass size= to bring them to one"
            )
        x[len(kept)] = image
        kept.append(i)
    return x[: len(kept)], kept


def _warn_of_skipped(folder: Any) -> None:
    skipped = [
        f"{file} ({reason})"
        for file, reason in folder.skipped.items()
        if file not in folder._closed  # of which the folder itself has warned
    ]
    if not skipped:
        return
    more = ", ..." if len(skipped) > _NAMED else ""
    warn(
        f"skipped {len(skipped)} of {len(folder)} pictures that cannot be read: "
        f"{', '.join(skipped[:_NAMED])}{more}"
    )
