"""Where files may lie: a folder, or a wheel or zip. Both are read in bounded pieces."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..io import FormatError
from ..io._errors import reading

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
        with reading(self.label(name)), open(self.path / name, "rb") as stream:
            yield from _unpacked(stream)


class Archive:
    """Members of a wheel or zip."""

    def __init__(self, path: Path) -> None:
        import zipfile

        self.path = path
        with reading(path), zipfile.ZipFile(path) as archive:
            self._sizes = {info.filename: info.file_size for info in archive.infolist()}

    def label(self, name: str) -> str:
        return f"{self.path}, member {name}"

    def size(self, name: str) -> int | None:
        return self._sizes.get(name)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        import zipfile

        with (
            reading(self.label(name)),
            zipfile.ZipFile(self.path) as archive,
            archive.open(name) as stream,
        ):
            yield from _unpacked(stream)


Root = Folder | Archive


def root_of(path: Path) -> Root:
    """The root for a folder or an archive."""
    return Archive(path) if is_archive(path) else Folder(path)


def is_archive(path: Path) -> bool:
    return path.suffix in _ARCHIVES and path.is_file()


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


def _unpacked(stream: BinaryIO) -> Iterator[BinaryIO]:
    if stream.peek(2)[:2] != b"\x1f\x8b":
        yield stream
        return
    import gzip

    with gzip.GzipFile(fileobj=stream) as unpacked:
        yield unpacked
