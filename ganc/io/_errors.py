"""The one exception for files that are not what they should be."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["FormatError"]


class FormatError(ValueError):
    """A file is damaged, cut short, or not of the expected kind.

    Parameters
    ----------
    reason : str
        What is wrong, as "got ..., expected ...".
    file : str or path-like, optional
        The file, or the member of an archive.
    offset : int, optional
        Byte position of the damage, where it is known.
    hint : str, optional
        What to do about it.

    Attributes
    ----------
    reason, file, offset, hint
        The arguments; `file` as a string.

    Examples
    --------
    >>> from ganc.io import FormatError
    >>> raise FormatError("got 3 bytes, expected 8", file="a.ganc", offset=0, hint="Save it again.")
    Traceback (most recent call last):
        ...
    ganc.FormatError: a.ganc, byte 0: got 3 bytes, expected 8. Save it again.
    """

    def __init__(
        self,
        reason: str,
        *,
        file: str | os.PathLike[str] | None = None,
        offset: int | None = None,
        hint: str | None = None,
    ) -> None:
        self.reason = str(reason)
        self.file = None if file is None else os.fspath(file)
        self.offset = offset
        self.hint = hint
        super().__init__(self._message())

    def _message(self) -> str:
        place = [] if self.file is None else [self.file]
        if self.offset is not None:
            place.append(f"byte {self.offset}")
        text = f"{', '.join(place)}: {self.reason}" if place else self.reason
        return f"{text.rstrip('.')}. {self.hint}" if self.hint else text

    def __reduce__(self):
        return _rebuild, (self.reason, self.file, self.offset, self.hint)


FormatError.__module__ = "ganc"  # where it is public


def _rebuild(reason: str, file: str | None, offset: int | None, hint: str | None) -> FormatError:
    return FormatError(reason, file=file, offset=offset, hint=hint)


def _is_damage(error: OSError) -> bool:
    """Whether an OSError comes of the content: bad gzip, or a zip that points before its start."""
    from gzip import BadGzipFile

    return isinstance(error, BadGzipFile) or error.errno == errno.EINVAL


@contextmanager
def reading(file: str | os.PathLike[str], hint: str | None = None) -> Iterator[None]:
    """Turn whatever a parser raises on a bad file into `FormatError`.

    Real I/O errors, lack of memory and Ctrl-C pass through unchanged.
    """
    try:
        yield
    except (FormatError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and not _is_damage(error):
            raise
        reason = f"not readable ({type(error).__name__}: {error})"
        raise FormatError(reason, file=file, hint=hint) from error
