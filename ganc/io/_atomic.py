"""Saving so that a crash leaves the old file or the new one, never half of one.

A save goes to a file of its own beside the target, named after it: ``.0d4a1185.ganc-tmp``. That
name is nobody else's, so what a crash has left under it may be removed; a lock on the file tells a
save that goes on in another thread or process from one that crashed.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from zlib import crc32

__all__ = ["append", "atomic_write", "check_output", "is_temporary", "locked"]

# File systems that cannot sync a folder, or lock, say one of these.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
_NO_LOCKS = {errno.EINVAL, errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS, errno.EBADF}
_SUFFIX = ".ganc-tmp"


def atomic_write(path: str | os.PathLike[str], chunks: Iterable) -> None:
    """Write a file in one piece: all of it, or nothing and the old file stays.

    The bytes go to a file of their own in the same folder, are flushed to the disk and renamed
    over `path`; then the folder is flushed. What an earlier crash of such a save has left is
    removed first; other files stay. A second writer of the same `path` waits for the first.

    Parameters
    ----------
    path : str or path-like
        The file; one that is there keeps its permissions. A symbolic link is followed.
    chunks : iterable of bytes-like
        The content, written one after the other.

    Raises
    ------
    OSError
        With the errno of the cause (disk full, folder read-only, no regular file, ...) and `path`.

    Examples
    --------
    >>> import os, tempfile
    >>> from ganc.io import atomic_write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     atomic_write(os.path.join(folder, "a.bin"), [b"one", b"two"])
    ...     os.listdir(folder)
    ['a.bin']
    """
    check_output(path)
    target = os.path.realpath(os.fspath(path))
    try:
        _replace(target, chunks)
    except OSError as error:
        note = "The file was not saved; what was there before is unchanged."
        raise _named(error, path, note) from None
    try:
        _sync_folder(os.path.dirname(target))
    except OSError as error:
        note = "The file was saved, but may be lost if the power fails now."
        raise _named(error, path, note) from None


def check_output(path: str | os.PathLike[str]) -> None:
    """Raise OSError unless a file can be written at a place, as far as one sees before.

    Named pipes, devices and sockets are refused, folders and files that may not be written too.
    """
    named = os.fspath(path)
    target = os.path.realpath(named)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        folder = os.path.dirname(target)
        if not os.path.isdir(folder):
            raise FileNotFoundError(errno.ENOENT, "there is no such folder", named) from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), named) from None
        return
    except OSError as error:
        raise _named(error, path, "The file was not saved.") from None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder, expected the name of a file", named)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"is {_kind(mode)}, expected a regular file or none", named)
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), named)


def append(path: str | os.PathLike[str], data: bytes, *, follow: bool = True) -> None:
    """Add bytes to the end of a file: all of them, or none.

    Without `follow`, a symbolic link is refused.
    """
    check_output(path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags, 0o666)
        try:
            before = os.fstat(handle).st_size
            try:
                _write_all(handle, data)
            except BaseException:
                os.ftruncate(handle, before)
                raise
        finally:
            os.close(handle)
    except OSError as error:
        raise _named(error, path, "The file is as it was before.") from None


def is_temporary(name: str) -> bool:
    """Whether the name of a file is one that a save of ganc writes to."""
    return len(name) == 9 + len(_SUFFIX) and name[0] == "." and name.endswith(_SUFFIX)


def locked(handle: int, *, wait: bool) -> bool:
    """Lock an open file or folder until it is closed; False if another holds the lock.

    Where the file system has no locks, nothing is locked and the answer is True.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _named(error: OSError, path: str | os.PathLike[str], note: str) -> OSError:
    """The same error, with the name that the user knows."""
    named = OSError(error.errno or errno.EIO, error.strerror or str(error), os.fspath(path))
    named.add_note(note)
    return named


def _replace(target: str, chunks: Iterable) -> None:
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{crc32(os.fsencode(name)):08x}{_SUFFIX}")
    with open(_begin(temporary), "wb") as file:
        try:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            with suppress(OSError):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            os.fsync(file.fileno())
            os.replace(temporary, target)  # still locked: nobody takes it for a crashed one
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise


def _begin(temporary: str) -> int:
    """Return a new file under a temporary name, locked; a save that goes on is waited for."""
    while True:
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
        except FileExistsError:
            _clear_up(temporary)
            continue
        if locked(handle, wait=False) and _is_at(handle, temporary):
            return handle
        os.close(handle)  # another took it for a crashed one before it was locked


def _clear_up(temporary: str) -> None:
    """Remove what a crashed save has left, after one that goes on has ended."""
    try:
        handle = os.open(temporary, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        if locked(handle, wait=True) and _is_at(handle, temporary):
            os.unlink(temporary)
    finally:
        os.close(handle)


def _is_at(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _write_all(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)
