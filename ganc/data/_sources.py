"""Where picture files come from: a folder, a zip or wheel, a pattern, a list; in a fixed order."""

from __future__ import annotations

import glob
import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

from ganc.data._pictures import MAX_BYTES, SUFFIXES
from ganc.io import FormatError
from ganc.io._roots import Archive, Folder, Root, is_archive

__all__: list[str] = []

_SYSTEM = ("__MACOSX", "lost+found", "$RECYCLE.BIN", "System Volume Information")
_PACKED = (".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_READ_BY = {
    ".npy": "numpy.load",
    ".npz": "numpy.load",
    ".csv": "pandas.read_csv",
    ".parquet": "pandas.read_parquet",
    ".mat": "scipy.io.loadmat",
    ".h5": "h5py.File",
    ".hdf5": "h5py.File",
    ".pt": "torch.load",
}

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


class Found(NamedTuple):
    """The pictures of a source, the names of their classes, and what may not be entered."""

    items: list[Item]
    classes: list[str]
    closed: dict[str, str]  # folders, and why


def items(source: Source) -> Found:
    """Return the files of a source and the names of their classes, the folders they lie in.

    The files of folders, archives and patterns are sorted by the parts of their paths, which is
    the same everywhere; a list keeps its order.
    """
    if isinstance(source, (str, os.PathLike)):
        path = Path(source).expanduser()
        if is_archive(path) or _is_zip(path):
            archive = Archive(path)
            return Found(*_labelled(archive, archive.names(), path.stem, shared=True), {})
        if path.is_dir():
            return _of_folder(path)
        if path.exists():
            _check_kind(path)
            return _listed([os.fspath(path)], path.name)
        return _matches(os.fspath(path), path.name)
    try:
        files = [os.fspath(file) for file in source]
    except TypeError:
        raise TypeError(
            f"pictures: got {type(source).__name__}, expected a folder, a zip, a pattern such as "
            "'photos/*.jpg', or a list of files"
        ) from None
    for file in files:
        if not os.path.exists(file) or os.path.isdir(file):
            raise FileNotFoundError(f"pictures: got {file!r} in the list, which is not a file")
    return _listed(files, "list")


# ---- folders, and what may not be entered ----


def _of_folder(path: Path) -> Found:
    """Return what a folder holds; a class that may not be entered keeps its number."""
    closed: dict[str, str] = {}

    def unreadable(error: OSError) -> None:
        folder = Path(error.filename)
        if folder == path:
            raise error
        if not _is_hidden(folder.relative_to(path).parts):
            closed[str(folder)] = error.strerror or str(error)

    names = Folder(path).names(unreadable=unreadable)
    if closed and not _pictures(names):
        folder, why = next(iter(closed.items()))
        raise PermissionError(f"pictures: got {path}, where nothing may be read; {folder}: {why}")
    kept = [Path(folder).relative_to(path).parts for folder in closed]
    return Found(*_labelled(Folder(path), names, path.resolve().name, kept), closed)


def _matches(pattern: str, name: str) -> Found:
    """Return the files that fit a pattern; folders among them are left out."""
    if not glob.has_magic(pattern):
        raise FileNotFoundError(
            f"pictures: got {pattern!r}, which does not exist; expected a folder, a zip, a "
            "picture, or a pattern such as 'photos/*.jpg'"
        )
    parts = Path(pattern).parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    found = [file for file in glob.glob(pattern, recursive=True) if not os.path.isdir(file)]
    closed = {
        folder: "Permission denied"
        for folder in glob.glob(os.path.dirname(pattern), recursive=True)
        if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK)
    }
    return _listed(_pictures([Path(file).as_posix() for file in found], fixed), name, closed)


def _listed(files: list[str], name: str, closed: Mapping[str, str] = MappingProxyType({})) -> Found:
    """Return files anywhere on the disk, as files of the folder that all of them lie in."""
    absolute = [Path(os.path.abspath(file)) for file in files]
    folders = [Path(os.path.abspath(folder)) for folder in closed]
    around = [*(file.parent for file in absolute), *folders]
    root = Path(os.path.commonpath(around)) if absolute else Path()
    names = [file.relative_to(root).as_posix() for file in absolute]
    kept = [folder.relative_to(root).parts for folder in folders] if absolute else []
    found = _numbered(Folder(root), names, root.name or name, kept, shared=True)
    return Found(*found, dict(closed))


# ---- what is no picture ----


def _is_zip(path: Path) -> bool:
    """Whether a file is a zip by another name."""
    return _suffix(path.name) not in SUFFIXES and path.is_file() and zipfile.is_zipfile(path)


def _check_kind(path: Path) -> None:
    """Raise for a file that holds pictures which cannot be got at, or arrays."""
    suffix = _suffix(path.name)
    if suffix in _PACKED:
        tar = ".tar" in path.suffixes or suffix in (".tgz", ".tbz2", ".txz")
        what, how = "an archive", "Unpack it and pass the folder"
        hint = f"{how}: tar -xf {path}" if tar else f"{how}."
    elif suffix in _READ_BY:
        what, hint = "a file", f"Read it with {_READ_BY[suffix]} and pass the array."
    else:
        return
    kind = "".join(path.suffixes[-2:]) if suffix in _PACKED else suffix
    reason = f"got {what} {kind}, expected a folder, a zip or a picture"
    raise FormatError(reason, file=path, hint=hint)


def _pictures(names: list[str], fixed: int = 0) -> list[str]:
    """Names of pictures, sorted; not what is hidden, and not the Mac's notes inside a zip.

    The first `fixed` parts of a name are where the user has pointed, hidden or not.
    """
    kept = []
    for name in names:
        parts = PurePosixPath(name).parts
        if not _is_hidden(parts[fixed:]) and _suffix(name) in SUFFIXES:
            kept.append((parts, name))
    return [name for _, name in sorted(kept)]


def _is_hidden(parts: Iterable[str]) -> bool:
    """Whether a path leads through what is hidden, or what a system keeps for itself."""
    return any((p.startswith(".") and p not in ("..", ".")) or p in _SYSTEM for p in parts)


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


# ---- classes ----


def _labelled(
    root: Root, names: list[str], own: str, kept: Sequence[tuple] = (), *, shared: bool = False
) -> tuple[list[Item], list[str]]:
    """Number the pictures among the files of a root; see `_numbered`."""
    pictures = _pictures(names)
    if not pictures:
        raise _none_there(root.path, names)
    return _numbered(root, pictures, own, kept, shared=shared)


def _numbered(
    root: Root, names: list[str], own: str, kept: Sequence[tuple] = (), *, shared: bool = False
) -> tuple[list[Item], list[str]]:
    """Give each file the number of the first folder of its path; `own` names the class of files
    that lie in none. Folders that all of them share are not counted if `shared`. `kept` are the
    paths of folders whose classes have a number without a file."""
    if not names:
        raise _none_there(root.path, names)
    parts = [PurePosixPath(name).parts for name in names]
    every = [*parts, *((*folder, "") for folder in kept)]
    skip = 0
    while shared and min(map(len, every)) > skip + 1 and len({part[skip] for part in every}) == 1:
        own = every[0][skip]
        skip += 1
    folders = [part[skip] if len(part) > skip + 1 else own for part in every]
    classes = sorted(set(folders))
    number = {folder: label for label, folder in enumerate(classes)}
    found = zip(names, folders[: len(names)], strict=True)
    return [Item(root, name, number[folder]) for name, folder in found], classes


def _none_there(path: Path, names: list[str]) -> FileNotFoundError:
    """Return the error that tells what there is instead of pictures."""
    counts = Counter(_suffix(name) for name in names if _suffix(name))
    found = ", ".join(f"{n} {suffix}" for suffix, n in counts.most_common(3))
    packed = "; unpack archives first" if any(s in (*_PACKED, ".zip") for s in counts) else ""
    return FileNotFoundError(
        f"pictures: got {path}, which holds no pictures{f' but {found}' if found else ''}{packed}; "
        "expected files such as .png or .jpg there, in subfolders too"
    )
