"""Where picture files come from: a folder, a zip or wheel, a pattern, a list; in a fixed order."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ganc.data._pictures import MAX_BYTES, SUFFIXES
from ganc.io._roots import Archive, Folder, Root, is_archive

__all__: list[str] = []

Source = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


class Item(NamedTuple):
    """A picture file, not read yet."""

    root: Root
    name: str
    label: int

    def read(self) -> bytes:
        return self.root.read(self.name, MAX_BYTES)

    def __str__(self) -> str:
        return self.root.label(self.name)


def items(source: Source) -> tuple[list[Item], list[str]]:
    """Return the files of a source and the names of their classes, the folders they lie in.

    The files of folders, archives and patterns are sorted by the parts of their paths, which is
    the same everywhere; a list keeps its order.
    """
    if isinstance(source, (str, os.PathLike)):
        path = Path(source).expanduser()
        if is_archive(path):
            archive = Archive(path)
            return _labelled(archive, _pictures(archive.names()), path.stem, shared=True)
        if path.is_dir():
            return _labelled(Folder(path), _pictures(Folder(path).names()), path.resolve().name)
        if path.exists():
            return _labelled(Folder(path.parent), [path.name], path.parent.resolve().name)
        return _listed(_matches(os.fspath(path)), path.name)
    try:
        files = [os.fspath(file) for file in source]
    except TypeError:
        raise TypeError(
            f"pictures: got {type(source).__name__}, expected a folder, a zip, a pattern such as "
            "'photos/*.jpg', or a list of files"
        ) from None
    for file in files:
        if not os.path.isfile(file):
            raise FileNotFoundError(f"pictures: got {file!r} in the list, which is not a file")
    return _listed(files, "list")


def _matches(pattern: str) -> list[str]:
    """Files that fit a pattern; folders among them are left out."""
    if not glob.has_magic(pattern):
        raise FileNotFoundError(
            f"pictures: got {pattern!r}, which does not exist; expected a folder, a zip, a "
            "picture, or a pattern such as 'photos/*.jpg'"
        )
    found = [file for file in glob.glob(pattern, recursive=True) if os.path.isfile(file)]
    return _pictures([Path(file).as_posix() for file in found])


def _pictures(names: list[str]) -> list[str]:
    """Names of pictures, sorted; not what is hidden, and not the Mac's notes inside a zip."""
    kept = []
    for name in names:
        parts = PurePosixPath(name).parts
        hidden = any(part.startswith(".") and part not in ("..", ".") for part in parts)
        if not hidden and "__MACOSX" not in parts and _suffix(name) in SUFFIXES:
            kept.append((parts, name))
    return [name for _, name in sorted(kept)]


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _listed(files: list[str], name: str) -> tuple[list[Item], list[str]]:
    """Files anywhere on the disk, as files of the current folder or of the file system."""
    absolute = [Path(os.path.abspath(file)) for file in files]
    root = Path(os.path.commonpath([file.parent for file in absolute])) if absolute else Path()
    names = [file.relative_to(root).as_posix() for file in absolute]
    return _labelled(Folder(root), names, root.name or name, shared=True)


def _labelled(
    root: Root, names: list[str], own: str, *, shared: bool = False
) -> tuple[list[Item], list[str]]:
    """Give each file the number of the first folder of its path; `own` names the class of files
    that lie in none. Folders that all of them share are not counted if `shared`."""
    if not names:
        raise FileNotFoundError(
            f"pictures: got {root.path}, which holds no pictures; expected files such as .png or "
            ".jpg there, in subfolders too"
        )
    parts = [PurePosixPath(name).parts for name in names]
    skip = 0
    while shared and min(map(len, parts)) > skip + 1 and len({part[skip] for part in parts}) == 1:
        own = parts[0][skip]
        skip += 1
    folders = [part[skip] if len(part) > skip + 1 else own for part in parts]
    classes = sorted(set(folders))
    number = {folder: label for label, folder in enumerate(classes)}
    found = zip(names, folders, strict=True)
    return [Item(root, name, number[folder]) for name, folder in found], classes
