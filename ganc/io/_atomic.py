"""Saving so that a crash leaves the old file or the new one, never half of one."""

import errno
import os
from collections.abc import Iterable
from contextlib import suppress

__all__ = ["atomic_write"]

# File systems that cannot sync a folder say one of these; the rename itself has happened.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


def atomic_write(path: str | os.PathLike[str], chunks: Iterable) -> None:
    """Write a file in one piece: all of it, or nothing and the old file stays.

    The bytes go to ``path + ".tmp"`` in the same folder, are flushed to the disk and renamed
    over `path`; then the folder is flushed. What an earlier crash left under the temporary name
    is removed first. Only one writer at a time may save to a `path`.

    Parameters
    ----------
    path : str or path-like
        The file. A symbolic link is followed.
    chunks : iterable of bytes-like
        The content, written one after the other.

    Raises
    ------
    OSError
        With the errno of the cause (disk full, folder read-only, ...) and `path`.

    Examples
    --------
    >>> import os, tempfile
    >>> from ganc.io import atomic_write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     atomic_write(os.path.join(folder, "a.bin"), [b"one", b"two"])
    ...     os.listdir(folder)
    ['a.bin']
    """
    target = os.path.realpath(os.fspath(path))
    try:
        _replace(target, target + ".tmp", chunks)
    except OSError as error:
        note = "The file was not saved; what was there before is unchanged."
        raise _named(error, path, note) from None
    try:
        _sync_folder(os.path.dirname(target))
    except OSError as error:
        note = "The file was saved, but may be lost if the power fails now."
        raise _named(error, path, note) from None


def _named(error: OSError, path: str | os.PathLike[str], note: str) -> OSError:
    """The same error, with the name that the user knows."""
    named = OSError(error.errno or errno.EIO, error.strerror or str(error), os.fspath(path))
    named.add_note(note)
    return named


def _replace(target: str, temporary: str, chunks: Iterable) -> None:
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    try:
        with open(temporary, "xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _sync_folder(folder: str) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)
