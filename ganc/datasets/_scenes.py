"""Real colour pictures from Debian's packages and scikit-image: sprites, photographs, faces."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ganc.data._pictures import Decoder, decoding
from ganc.datasets._catalog import FACES, PHOTOS, SPRITES
from ganc.datasets._collection import arrays, find
from ganc.datasets._pictures import Pictures
from ganc.io import FormatError
from ganc.io._errors import reading

__all__ = ["load_faces", "load_photos", "load_sprites"]

_Path = str | os.PathLike[str]
_SPRITE = (72, 72)
_TILE = 128
_FLAT = 10.0  # standard deviation of a tile's grey up to which there is nothing on it
_DRAWN = ("umang_by_Abhishek_Mudgal.jpg", "analogpattern_by_Peter_Nerlich.jpg")


def load_sprites(
    size: int | Sequence[int] = 72,
    *,
    channels: int = 3,
    background: str | Sequence[int] = "white",
    path: _Path | None = None,
    data_home: _Path | None = None,
) -> Pictures:
    """Load the unit sprites of the game Battle for Wesnoth: 4,479 of 72x72 pixels, 21 classes.

    GPL 2 or later. They come from a Debian package that need not be installed::

        apt-get download wesnoth-1.16-data && dpkg -x wesnoth-1.16-data_*.deb DIR

    Parameters
    ----------
    size : int or (int, int), default 72
        Height and width.
    channels : {3, 1, 4}, default 3
        RGB, grey, or RGBA, which keeps transparency.
    background : str or (int, int, int), default "white"
        What transparent parts show.
    path : str or path-like, optional
        The folder into which the package was unpacked, the folder ``units``, or a zip of either.
        Then nowhere else is looked.
    data_home : str or path-like, optional
        Cache folder, instead of the platform's.

    Returns
    -------
    Pictures
        ``(x, y)``: uint8 images (N, H, W, C), or (N, H, W) for ``channels=1``, and labels (N,),
        in the order of the files. Sprites of other sizes are left out. ``.classes`` are the
        folders (drakes, dwarves, elves-wood ...), ``.names`` the files.

    Raises
    ------
    FileNotFoundError
        If they are nowhere; the message lists the places tried and the commands that help.
    FormatError
        If a file is damaged.
    TypeError, ValueError
        If an option is not as described.

    Examples
    --------
    >>> from ganc import datasets
    >>> x, y = datasets.load_sprites(size=64)  # doctest: +SKIP
    """

    whole = Decoder(None, channels, background=background)
    wanted = Decoder(size, channels, background=background)

    def sprite(content: bytes, file: str) -> np.ndarray | None:
        with decoding(file), whole.opened(content) as image:
            return np.array(wanted.finished(image)) if image.size == _SPRITE else None

    found = find(SPRITES, path, data_home)
    names = [name for name in found.names() if name.endswith(".png") and "/" in name]
    x, kept = arrays(found, names, sprite)
    names = [names[i] for i in kept]
    return _grouped(x, [name.split("/")[0] for name in names], names)


def load_photos(
    size: int | Sequence[int] = 64,
    *,
    channels: int = 3,
    path: _Path | None = None,
    data_home: _Path | None = None,
) -> Pictures:
    """Load pieces of 13 photographs: 1,119 squares that do not overlap.

    The photographs of the Debian package lomiri-wallpapers-16.04, whose authors the file names
    give (CC BY 4.0, CC BY-SA 4.0, CC0). Each is halved and cut into squares of 128x128 pixels;
    squares with nothing on them (a standard deviation of grey up to 10) are left out. The package
    need not be installed::

        apt-get download lomiri-wallpapers-16.04 && dpkg -x lomiri-wallpapers-16.04_*.deb DIR

    Parameters
    ----------
    size : int or (int, int), default 64
        Height and width that the squares are scaled to.
    channels : {3, 1}, default 3
        RGB or grey.
    path : str or path-like, optional
        The folder into which the package was unpacked, the folder of the photographs, or a zip of
        either. Then nowhere else is looked.
    data_home : str or path-like, optional
        Cache folder, instead of the platform's.

    Returns
    -------
    Pictures
        ``(x, y)``: uint8 images (N, H, W, C), or (N, H, W) for ``channels=1``, photograph by
        photograph, and labels (N,). ``.classes`` are the photographs.

    Raises
    ------
    FileNotFoundError
        If they are nowhere; the message lists the places tried and the commands that help.
    FormatError
        If a file is damaged.
    TypeError, ValueError
        If an option is not as described.

    Examples
    --------
    >>> from ganc import datasets
    >>> x, y = datasets.load_photos(size=32)  # doctest: +SKIP
    """

    whole, square = Decoder(), Decoder(size, channels, resample="box")

    def tiles(content: bytes, file: str) -> list[Any]:
        with decoding(file), whole.opened(content) as image:
            return _tiles(whole.finished(image), square)

    found = find(PHOTOS, path, data_home)
    names = [name for name in found.names() if name.endswith(".jpg") and name not in _DRAWN]
    pieces, groups = [], []
    for name in names:
        cut = tiles(found.read(name) or b"", found.label(name))
        pieces += cut
        groups += [name.removesuffix(".jpg")] * len(cut)
    return _grouped(np.stack(pieces), groups, groups)


def load_faces(path: _Path | None = None, *, data_home: _Path | None = None) -> Pictures:
    """Load 100 grey faces of 25x25 pixels, and 100 pictures that are no faces.

    The part of Labeled Faces in the Wild that scikit-image brings along; it is located, not
    imported: ``pip install --no-deps scikit-image`` suffices.

    Parameters
    ----------
    path : str or path-like, optional
        A folder that holds ``lfw_subset.npy``, or scikit-image's wheel. Then nowhere else is
        looked.
    data_home : str or path-like, optional
        Cache folder, instead of the platform's.

    Returns
    -------
    Pictures
        ``(x, y)``: uint8 images (200, 25, 25), scaled from floats 0..1, and labels (200,): 0 for
        a face, 1 for something else; the faces come first.

    Raises
    ------
    FileNotFoundError
        If it is nowhere; the message lists the places tried and the commands that help.
    FormatError
        If the file is damaged.

    Examples
    --------
    >>> from ganc import datasets
    >>> x, y = datasets.load_faces()  # doctest: +SKIP
    """
    import io

    found = find(FACES, path, data_home)
    file = found.label(FACES.marker)
    with reading(file, "Install scikit-image again."):
        floats = np.load(io.BytesIO(found.read(FACES.marker) or b""), allow_pickle=False)
    if floats.shape != (200, 25, 25) or not (floats.min() >= 0 and floats.max() <= 1):
        reason = f"got {floats.dtype} {floats.shape}, expected (200, 25, 25) from 0 to 1"
        raise FormatError(reason, file=file)
    x = np.rint(floats * 255).astype(np.uint8)
    return Pictures(x, np.repeat([0, 1], 100), ["face", "other"])


def _tiles(photo: Any, decoder: Any) -> list[np.ndarray]:
    """Squares of a photograph that is halved first: at full size it is soft and has artefacts."""
    half = photo.reduce(2)
    found = []
    for top in range(0, half.height - _TILE + 1, _TILE):
        for left in range(0, half.width - _TILE + 1, _TILE):
            tile = half.crop((left, top, left + _TILE, top + _TILE))
            if np.asarray(tile.convert("L")).std() > _FLAT:
                found.append(np.array(decoder.finished(tile)))
    return found


def _grouped(x: np.ndarray, groups: list[str], names: list[str]) -> Pictures:
    classes = sorted(set(groups))
    number = {group: i for i, group in enumerate(classes)}
    return Pictures(x, np.array([number[group] for group in groups], np.int64), classes, names)
