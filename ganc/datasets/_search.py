"""The search for a data set: place after place, checked, kept, or one clear error."""

import os
from pathlib import Path

import numpy as np

from ganc._warn import warn
from ganc.datasets._catalog import CSV_FILES, SPECS, PictureSet, Spec
from ganc.datasets._download import download as fetch
from ganc.datasets._locate import cache_folder, is_offline, places
from ganc.datasets._readers import Arrays, Candidate, OtherSetError, candidates, idx_header
from ganc.datasets._source import remember
from ganc.io import FormatError, atomic_write
from ganc.io._roots import Folder, is_archive, root_of

__all__: list[str] = []

_Split = tuple[np.ndarray, np.ndarray]
_Path = str | os.PathLike[str]


class NotFoundError(FileNotFoundError):
    """No place has the data set (a missing explicit path is a plain FileNotFoundError)."""


def load(
    name: str, path: _Path | None, data_home: _Path | None, download: bool
) -> tuple[_Split, _Split]:
    """Load a data set from the first place that has it intact."""
    spec = SPECS[name]
    if path is not None:
        return _load_from(Path(path).expanduser(), spec)
    tried: list[str] = []
    for place in places(spec, data_home):
        note = "not there"
        try:
            for candidate in candidates(root_of(place.root), spec):
                arrays, note = _attempt(candidate)
                if arrays is not None:
                    if candidate.slow:
                        _keep(arrays, spec, data_home)
                    return _result(spec, candidate.label, arrays)
        except (OSError, FormatError) as error:
            note = str(error)
        tried.append(f"{place.label} ({place.root}): {note}")
    note = _download_note(spec, data_home, download)
    if note is None:
        folder = cache_folder(spec, data_home)
        for candidate in candidates(Folder(folder), spec):
            return _result(spec, f"download, kept in {folder}", candidate.read())
    tried.append(f"download: {note}")
    raise NotFoundError(nowhere(spec, tried))


def available(spec: Spec) -> str | None:
    """Where a data set would come from now; nothing is read."""
    for place in places(spec, None):
        try:
            for candidate in candidates(root_of(place.root), spec):
                return candidate.label
        except (OSError, FormatError):
            continue
    return None


def _load_from(path: Path, spec: Spec) -> tuple[_Split, _Split]:
    """Load from an explicit path, or say exactly what is wrong with it."""
    if not path.exists():
        raise FileNotFoundError(
            f"path: got {str(path)!r}, which does not exist; expected {spec.wanted}"
        )
    folder, spec = _root_and_spec(path, spec)
    problem: Exception | None = None
    for candidate in candidates(root_of(folder), spec):
        try:
            return _result(spec, candidate.label, candidate.read())
        except FormatError as error:
            problem = problem or error
    if problem:
        raise problem
    if is_archive(path):
        raise FormatError("lacks files", file=path, hint=f"Expected {spec.wanted}.")
    raise FileNotFoundError(f"path: got {str(path)!r}, which lacks files; expected {spec.wanted}")


def _root_and_spec(path: Path, spec: Spec) -> tuple[Path, Spec]:
    """The root of an explicit path; a file may be named whatever the user likes."""
    if path.is_dir() or is_archive(path):
        return path, spec
    if spec.digits_files:
        return path.parent, spec._replace(digits_files=(path.name,))
    if path.suffix == ".npz" and spec.npz_files:
        return path.parent, spec._replace(npz_files=(path.name,), idx_folders=(), csv_folders=())
    stem = path.name.removesuffix(".gz").replace(".idx", "-idx")
    if stem in {part.file for part in spec.parts.values()}:
        return path.parent, spec._replace(npz_files=(), idx_folders=("",), csv_folders=())
    if spec.csv_folders and path.name in CSV_FILES.values():
        return path.parent, spec._replace(npz_files=(), idx_folders=(), csv_folders=("",))
    raise FormatError(
        "not a file of this data set", file=path, hint=f"Expected {spec.wanted} (or their folder)."
    )


def _attempt(candidate: Candidate) -> tuple[Arrays | None, str]:
    try:
        return candidate.read(), ""
    except OtherSetError as error:
        return None, str(error)
    except FormatError as error:
        warn(f"skipped a damaged file: {error}")
        return None, str(error)


def _keep(arrays: Arrays, spec: Spec, data_home: _Path | None) -> None:
    """Put decoded files into the cache; a cache that cannot be written is no reason to fail."""
    folder = cache_folder(spec, data_home)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for key, part in spec.parts.items():
            atomic_write(folder / part.file, [idx_header(part.shape), arrays[key]])
    except OSError:
        pass


def _download_note(spec: Spec, data_home: _Path | None, download: bool) -> str | None:
    """Why there is no download, or None after one."""
    if not download:
        return "off (download=False)"
    if is_offline():
        return "off (GANC_OFFLINE)"
    return fetch(spec, cache_folder(spec, data_home))


def _result(spec: Spec, source: str, arrays: Arrays) -> tuple[_Split, _Split]:
    remember(spec.name, source)
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def nowhere(spec: Spec | PictureSet, tried: list[str]) -> str:
    """The message of the last error: places tried, and what helps."""
    lines = [f"{spec.title} was not found. Tried:", *(f"  - {note}" for note in tried)]
    lines.append("What helps:")
    lines += [f"  - {command}" for command in spec.commands]
    lines.append(f"  - put {spec.wanted} into a folder and set GANC_DATA to it, or pass path=")
    return "\n".join(lines)
