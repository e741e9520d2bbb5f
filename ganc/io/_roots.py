"""Where files may lie: a folder, or a wheel or zip. Both are read in bounded pieces."""

import errno
import fnmatch
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ganc.io._errors import FormatError, reading

__all__: list[str] = []

_ARCHIVES = (".whl", ".zip")


class Folder:
    """Files of a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def label(self, name: str) -> str:
        return str(self.path / name)

    def size(self, name: str) -> int | None:
        """Bytes of a file, or None if there is none."""
        try:
            file = self.path / name
            return file.stat().st_size if file.is_file() else None
        except OSError:  # a folder that may not be entered has nothing for us
            return None

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """The content of a file, unpacked if it is gzip."""
        with (
            reading(self.label(name)),
            open(self.path / name, "rb", opener=_regular) as stream,
        ):
            yield from _unpacked(stream)

    def read(self, name: str, limit: int) -> bytes:
        """The content of a file as it is."""
        with open(self.path / name, "rb", opener=_regular) as stream:
            return _bounded(stream, limit, self.label(name))

    def names(
        self, below: str = "", unreadable: Callable[[OSError], None] | None = None
    ) -> list[str]:
        """All files below a folder of it, seen from there, with / between.

        Links are followed, but no folder is entered twice. `unreadable` is told of folders that may
        not be entered.
        """
        found: list[str] = []
        entered = set()
        top = self.path / below
        for folder, inner, files in os.walk(top, followlinks=True, onerror=unreadable):
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in entered:
                inner.clear()
                continue
            entered.add((status.st_dev, status.st_ino))
            inner.sort()  # which of two links to a folder is entered does not depend on the disk
            place = Path(folder).relative_to(top)
            found += [(place / file).as_posix() for file in files]
        return found

    def match(self, pattern: str) -> list[str]:
        """Folders and files whose path below fits, such as ``gems/tanuki_emoji-*/vendor``."""
        if not pattern:
            return [""]
        return sorted(found.relative_to(self.path).as_posix() for found in self.path.glob(pattern))


class Archive:
    """Members of a wheel or zip. It is opened once in each process and may be pickled."""

    def __init__(self, path: Path) -> None:
        import zipfile

        self.path = path
        with reading(path), zipfile.ZipFile(path) as archive:
            self._members = _members(archive)
        self._opened: tuple[int, Any, Any] | None = None  # process, its ZipFile, its lock

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_opened": None}

    def label(self, name: str) -> str:
        return f"{self.path}, member {name}"

    def size(self, name: str) -> int | None:
        return self._members[name].file_size if name in self._members else None

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        import zipfile

        with (
            reading(self.label(name)),
            zipfile.ZipFile(self.path) as archive,
            archive.open(self._members.get(name, name)) as stream,
        ):
            yield from _unpacked(stream)

    def read(self, name: str, limit: int) -> bytes:
        """The content of a member as it is."""
        archive, lock = self._handle()
        with lock, reading(self.label(name)), archive.open(self._members[name]) as stream:
            return _bounded(stream, limit, self.label(name))

    def names(self, below: str = "") -> list[str]:
        """All members below a folder of it, seen from there."""
        prefix = below + "/" if below else ""
        return [name.removeprefix(prefix) for name in self._members if name.startswith(prefix)]

    def match(self, pattern: str) -> list[str]:
        """Folders and files whose path fits; a star does not reach over a slash."""
        if not pattern:
            return [""]
        depth = pattern.count("/") + 1
        heads = {"/".join(name.split("/")[:depth]) for name in self._members}
        parts = pattern.split("/")
        return sorted(head for head in heads if _fits(head.split("/"), parts))

    def _handle(self) -> tuple[Any, Any]:
        """A forked process opens the file anew: a shared one would have one position for both."""
        import zipfile

        if self._opened is None or self._opened[0] != os.getpid():
            with reading(self.path):
                self._opened = (os.getpid(), zipfile.ZipFile(self.path), threading.Lock())
        return self._opened[1:]


Root = Folder | Archive


def root_of(path: Path) -> Root:
    """The root for a folder or an archive."""
    return Archive(path) if is_archive(path) else Folder(path)


def is_archive(path: Path) -> bool:
    return path.suffix.lower() in _ARCHIVES and path.is_file()


def read_into(stream: BinaryIO, buffer: memoryview, file: str) -> None:
    """Fill the buffer; the stream must end with it."""
    done = 0
    while done < len(buffer):
        count = stream.readinto(buffer[done:])
        if not count:
            reason = f"got {done} bytes of data, expected {len(buffer)}"
            raise FormatError(reason, file=file, hint="The file was cut short: get it again.")
        done += count
    if stream.read(1):
        raise FormatError(f"got more than the expected {len(buffer)} bytes of data", file=file)


def _members(archive: Any) -> dict[str, Any]:
    """Files of a zip by name; programs of Windows write \\ where the format has /."""
    members: dict[str, Any] = {}
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")
        if not name.endswith("/"):
            members[info.filename if name in members else name] = info
    return members


def _regular(path: str, flags: int) -> int:
    """Open a file, but none that could be waited for without end: a FIFO, socket or device."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file (a FIFO, socket or device)", path)
    return os.open(path, flags)


def _fits(names: list[str], patterns: list[str]) -> bool:
    return len(names) == len(patterns) and all(
        fnmatch.fnmatchcase(name, pattern) for name, pattern in zip(names, patterns, strict=True)
    )


def _bounded(stream: BinaryIO, limit: int, file: str) -> bytes:
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise FormatError(f"got more than {limit} bytes, expected at most that many", file=file)
    return content


def _unpacked(stream: BinaryIO) -> Iterator[BinaryIO]:
    if stream.peek(2)[:2] != b"\x1f\x8b":
        yield stream
        return
    import gzip

    with gzip.GzipFile(fileobj=stream) as unpacked:
        yield unpacked
