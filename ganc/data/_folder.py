"""`ImageFolder`: picture files as a data set, decoded when they are asked for."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ganc._options import choose
from ganc._warn import warn
from ganc.data._loader import Dataset
from ganc.data._pictures import MAX_PIXELS, Decoder
from ganc.data._sources import Source, items
from ganc.io import FormatError

__all__ = ["ImageFolder"]

_NAMED = 3  # damaged files that warnings name
_NOT_ITS_FAULT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR)


class ImageFolder(Dataset):
    """Picture files as a data set that is never in memory as a whole.

    A sample is ``(image, label)``, as torchvision's class of this name has it. Files are read and
    decoded when they are asked for; a `DataLoader` with ``num_workers=1`` does it in a background
    thread, and so does `GAN.fit`.

    A file that cannot be read is not an error: the next readable one of the list takes its place,
    the same one each time, it is counted in `skipped`, and a warning names it. Files are PNG,
    JPEG, WebP, BMP, GIF (the first picture), TIFF and PPM. They are turned upright as the camera
    noted; transparent parts show `background`; 16-bit grey is scaled to 8 bits; CMYK and palettes
    become RGB; colour profiles are not applied.

    Parameters
    ----------
    root : str, path-like or list of them
        A folder (with everything below it), a zip or wheel, a picture, a pattern such as
        ``"photos/**/*.jpg"``, or a list of files, which keeps its order. All else is sorted by the
        parts of the path. Hidden files and files of other kinds are left out; what has a picture's
        name but is a FIFO, socket or device counts as damaged.
    size : int or (int, int), optional
        Height and width; by default each picture keeps its own.
    channels : {3, 1, 4}, default 3
        RGB, grey, or RGBA, which keeps transparency.
    fit : {"crop", "pad", "stretch"}, default "crop"
        How a picture of another aspect gets `size`: scaled until it covers it and cut at the
        centre; scaled until it fits inside, with bars of `background`; or distorted.
    resample : {"bicubic", "nearest", "bilinear", "lanczos", "box", "hamming"}, default "bicubic"
        Pillow's filter, which averages where it shrinks. JPEG files much larger than `size` are
        first decoded at 1/2, 1/4 or 1/8, at least twice the size.
    background : str or (int, int, int), default "white"
        A colour's name, "#rrggbb", or red, green, blue.
    transform : callable, optional
        Is given each image and returns what stands in for it; see `ganc.data.transforms`.
    target_transform : callable, optional
        The same for each label.
    on_error : {"skip", "raise"}, default "skip"
        What to do about a file that cannot be read.
    max_pixels : int, default 89478485
        A picture with more is counted as damaged, before it is decoded.

    Attributes
    ----------
    classes : list of str
        The first folders on the way to the files, sorted; files outside of them belong to a class
        named after `root`. Of archives, patterns and lists the folders common to all files do not
        count.
    class_to_idx : dict of str to int
    targets : list of int
        The label of each file.
    files : list of str
    skipped : dict of str to str
        Damaged files found so far, and why they are; and folders that may not be entered, whose
        class keeps its label all the same.

    Raises
    ------
    FileNotFoundError
        If there is no such place, or no picture in it.
    FormatError
        If an archive is damaged, or with ``on_error="raise"`` a picture, or if all pictures are.
    TypeError, ValueError
        If an option is not as described.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> from ganc import data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for kind in ("cat", "dog"):
    ...         os.mkdir(os.path.join(folder, kind))
    ...         Image.new("RGB", (40, 30), "red").save(os.path.join(folder, kind, "1.png"))
    ...     pictures = data.ImageFolder(folder, size=16)
    ...     image, label = pictures[1]
    >>> image.shape, label, pictures.classes
    ((16, 16, 3), 1, ['cat', 'dog'])
    """

    def __init__(
        self,
        root: Source,
        size: int | Sequence[int] | None = None,
        *,
        channels: int = 3,
        fit: str = "crop",
        resample: str = "bicubic",
        background: str | Sequence[int] = "white",
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        on_error: str = "skip",
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self._decode = Decoder(size, channels, fit, resample, background, max_pixels)
        self.root = root
        self.on_error = choose("on_error", on_error, ("skip", "raise"))
        self.transform, self.target_transform = transform, target_transform
        self._items, self.classes, self._closed = items(root)
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}
        self.skipped = dict(self._closed)
        self._warn_of_closed()

    @property
    def targets(self) -> list[int]:
        return [item.label for item in self._items]

    @property
    def files(self) -> list[str]:
        return [str(item) for item in self._items]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, label = self._readable(range(len(self))[index])
        if self.transform is not None:
            image = self.transform(image)
        return image, label if self.target_transform is None else self.target_transform(label)

    def __repr__(self) -> str:
        return (
            f"ImageFolder({str(self.root)!r}: {len(self)} files, {len(self.classes)} classes, "
            f"size={self._decode.size})"
        )

    def read(self, index: int) -> tuple[np.ndarray, int] | None:
        """Return the picture and label of one file, untransformed.

        Parameters
        ----------
        index : int

        Returns
        -------
        (ndarray of uint8, int) or None
            Shape (H, W, C), or (H, W) for grey; None if the file is damaged, which is noted in
            `skipped`.
        """
        item = self._items[index]
        name = str(item)
        if name in self.skipped:
            return None
        try:
            return self._decode(item.read(), name), item.label
        except (FormatError, OSError) as error:
            if self.on_error == "raise" or getattr(error, "errno", None) in _NOT_ITS_FAULT:
                raise
            why = (getattr(error, part, None) for part in ("reason", "strerror"))
            self.skipped[name] = next(filter(None, why), None) or str(error)
            return None

    def _readable(self, index: int) -> tuple[np.ndarray, int]:
        """The picture of a file, or of the first readable one after it."""
        n = len(self)
        for i in (*range(index, n), *range(index)):
            known = len(self.skipped)
            found = self.read(i)
            if found is not None:
                return found
            if known < len(self.skipped) <= _NAMED + len(self._closed):
                self._warn(str(self._items[i]))
        raise FormatError(f"none of its {n} pictures can be read", file=str(self.root))

    def _warn_of_closed(self) -> None:
        if not self._closed:
            return
        folders = ", ".join(f"{folder} ({why})" for folder, why in self._closed.items())
        if self.on_error == "raise":
            raise PermissionError(f"pictures: folders may not be entered: {folders}")
        warn(
            f"skipped folders that may not be entered ({len(self._closed)}): {folders}; the labels "
            "of the other classes are what they would be with them"
        )

    def _warn(self, file: str) -> None:
        last = len(self.skipped) == _NAMED + len(self._closed)
        warn(
            f"skipped a picture, the next one takes its place: {file} ({self.skipped[file]})"
            + ("; further ones are only counted, in .skipped" if last else "")
        )
