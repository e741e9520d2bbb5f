"""The places to look at, in order. Nothing is imported and nothing is read here."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ganc.datasets._catalog import PictureSet, Spec
from ganc.io._roots import is_archive

__all__: list[str] = []

_Path = str | os.PathLike[str]
_SYSTEM_ROOT = Path("/")


class Place(NamedTuple):
    """A root and how to speak of it."""

    label: str
    root: Path


def places(spec: Spec | PictureSet, data_home: _Path | None) -> Iterator[Place]:
    """Roots that may hold a data set, best first; those of GANC_DATA must exist."""
    yield from _from_environment()
    yield Place("the cache", cache_folder(spec, data_home))
    package = _package_folder(spec.package) if spec.package else None
    if package:
        yield Place(f"the installed package {spec.package}", package.parent)
    yield Place("Debian's packages", _SYSTEM_ROOT)
    if isinstance(spec, PictureSet):
        return  # no other library keeps those
    yield Place("Keras's cache", _home("KERAS_HOME", ".keras") / "datasets")
    yield Place("torchvision's folder", Path("data"))
    yield Place("torchvision's folder", _home(None, "data"))


def cache_folder(spec: Spec | PictureSet, data_home: _Path | None) -> Path:
    """Where decoded and downloaded files of a data set are kept."""
    return (_default_cache() if data_home is None else Path(data_home).expanduser()) / spec.name


def is_offline() -> bool:
    return os.environ.get("GANC_OFFLINE", "0") not in ("", "0")


def _from_environment() -> Iterator[Place]:
    value = os.environ.get("GANC_DATA")
    if not value:
        return
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"GANC_DATA: got {value!r}, expected an existing folder; create it or unset GANC_DATA"
        )
    yield Place("GANC_DATA", folder)
    for file in sorted(folder.iterdir()):
        if is_archive(file):
            yield Place("GANC_DATA", file)


def _default_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ganc"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "ganc"
    return _home("XDG_CACHE_HOME", ".cache") / "ganc"


def _home(variable: str | None, name: str) -> Path:
    value = os.environ.get(variable) if variable else None
    return Path(value) if value else Path.home() / name


def _package_folder(name: str) -> Path | None:
    """Where an installed package lies. A top-level name, so nothing of it is run."""
    from importlib.util import find_spec

    try:
        found = find_spec(name)
    except (ImportError, ValueError):
        return None
    locations = list(found.submodule_search_locations or ()) if found else []
    return Path(locations[0]) if locations else None
