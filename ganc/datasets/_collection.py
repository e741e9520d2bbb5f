"""Data sets of picture files: where their folder is, and what is in it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ganc.datasets._catalog import PictureSet
from ganc.datasets._locate import places
from ganc.datasets._search import NotFoundError, nowhere
from ganc.datasets._source import remember
from ganc.io import FormatError
from ganc.io._errors import reading
from ganc.io._roots import Root, is_archive, root_of

__all__: list[str] = []

_LIMIT = 16 << 20  # bytes of a text or a picture; the largest there are have a third of it
_HINT = "Get the package again."


class Collection(NamedTuple):
    """The folder of a data set, found."""

    root: Root
    folder: str

    def label(self, name: str) -> str:
        return self.root.label(self._join(name))

    def names(self) -> list[str]:
        """Files below, sorted by the parts of their paths."""
        return sorted(self.root.names(self.folder), key=lambda name: name.split("/"))

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None if there is none."""
        place = self._join(name)
        return None if self.root.size(place) is None else self.root.read(place, _LIMIT)

    def _join(self, name: str) -> str:
        return posixpath.normpath(posixpath.join(self.folder, name))


def find(spec: PictureSet, path: Any, data_home: Any) -> Collection:
    """Return the first place that has the folder of a data set."""
    if path is not None:
        file = Path(os.fspath(path)).expanduser()
        if not file.exists():
            raise FileNotFoundError(
                f"path: got {str(file)!r}, which does not exist; expected {spec.wanted}"
            )
        if not file.is_dir() and not is_archive(file):
            raise FormatError("not a folder or zip", file=file, hint=f"Expected {spec.wanted}.")
        for found in _collections(root_of(file), spec):
            return _remembered(spec, found)
        raise FileNotFoundError(
            f"path: got {str(file)!r}, which lacks {spec.marker}; expected {spec.wanted}, or a "
            f"folder that has it; {spec.commands[0]}"
        )
    tried = []
    for place in places(spec, data_home):
        note = "not there"
        try:
            for found in _collections(root_of(place.root), spec):
                return _remembered(spec, found)
        except (OSError, FormatError) as error:
            note = str(error)
        tried.append(f"{place.label} ({place.root}): {note}")
    raise NotFoundError(nowhere(spec, tried))


def available(spec: PictureSet) -> str | None:
    """Where a data set would come from now; nothing is read."""
    for place in places(spec, None):
        try:
            for found in _collections(root_of(place.root), spec):
                return found.label("")
        except (OSError, FormatError):
            continue
    return None


def arrays(
    collection: Collection, names: list[str], decode: Callable[[bytes, str], np.ndarray | None]
) -> tuple[np.ndarray, list[int]]:
    """Decode files into one array; return it and which of the files it holds."""
    found, kept = [], []
    for i, name in enumerate(names):
        label = collection.label(name)
        content = collection.read(name)
        if content is None:
            raise FormatError("lacks this file", file=label, hint=_HINT)
        image = decode(content, label)
        if image is not None:
            found.append(image)
            kept.append(i)
    if not found:
        raise FormatError(
            "none of its pictures is of this set", file=collection.label(""), hint=_HINT
        )
    return np.stack(found), kept


def read_json(collection: Collection, name: str) -> Any:
    """The content of a JSON file, or None if there is none."""
    import json

    content = collection.read(name)
    if content is None:
        return None
    with reading(collection.label(name), _HINT):
        return json.loads(content)


def _collections(root: Root, spec: PictureSet) -> Iterator[Collection]:
    for pattern in spec.folders:
        for folder in root.match(pattern):
            if root.size(posixpath.join(folder, spec.marker)) is not None:
                yield Collection(root, folder)


def _remembered(spec: PictureSet, found: Collection) -> Collection:
    remember(spec.name, found.label(""))
    return found
