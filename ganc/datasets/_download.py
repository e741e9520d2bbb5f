"""Downloads: to a temporary file, content checked, then renamed into the cache."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from ganc.datasets._catalog import Part, Spec
from ganc.datasets._readers import read_idx
from ganc.io import FormatError
from ganc.io._roots import Folder

__all__: list[str] = []

_TIMEOUT = 10.0  # seconds without an answer
_LIMIT = 64 << 20  # bytes a file
_failed: set[str] = set()  # data sets not to be tried again by this process


def download(spec: Spec, folder: Path) -> str | None:
    """Fetch what the folder lacks; return why that failed, or None."""
    if not spec.urls:
        return "no address known"
    if spec.name in _failed:
        return "failed before in this process"
    print(f"ganc: downloading {spec.title} to {folder} ...", file=sys.stderr)
    reason = _fetch_parts(spec, folder)
    if reason:
        _failed.add(spec.name)
    return reason


def _fetch_parts(spec: Spec, folder: Path) -> str | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return str(error)
    for part in spec.parts.values():
        if _is_good(folder, part):
            continue
        reasons = []
        for base in spec.urls:
            reason = _fetch(base + part.file + ".gz", folder, part)
            if reason is None:
                break
            reasons.append(reason)
        else:
            return "; ".join(reasons)
    return None


def _is_good(folder: Path, part: Part) -> bool:
    with suppress(OSError, FormatError):
        read_idx(Folder(folder), part.file + ".gz", part)
        return True
    return False


def _fetch(url: str, folder: Path, part: Part) -> str | None:
    import http.client
    import tempfile

    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=part.file, suffix=".part")
    except OSError as error:
        return str(error)
    try:
        with os.fdopen(handle, "wb") as file:
            _copy(url, file)
        read_idx(Folder(folder), os.path.basename(temporary), part)
        os.replace(temporary, folder / (part.file + ".gz"))
    except (OSError, FormatError, http.client.HTTPException) as error:
        return f"{url}: {error}"
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    return None


def _copy(url: str, file) -> None:
    from urllib.request import urlopen

    with urlopen(url, timeout=_TIMEOUT) as answer:
        size = 0
        while block := answer.read(1 << 16):
            size += len(block)
            if size > _LIMIT:
                raise FormatError(f"got more than {_LIMIT} bytes", file=url)
            file.write(block)
