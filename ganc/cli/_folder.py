"""The folder of a run: locked while it is written, and aware of what in it is the run's own.

``config.json`` lists the files that the run has written, each entered before it is there. Nothing
else in the folder is ever replaced or removed, nor anything outside: the names of files have fixed
forms, and links are not followed. A new run takes the place of an old one in three moves, each of
which leaves one of them whole: its first checkpoint, its ``config.json`` (which lists what of the
old run is to go), and the removal.
"""

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from ganc.cli._arguments import UsageError
from ganc.io import FormatError, atomic_write
from ganc.io._atomic import is_temporary, locked
from ganc.io._errors import reading

__all__ = ["RunFolder", "check_new", "config_of"]

MODEL, HISTORY, CONFIG, LOG = "model.ganc", "history.csv", "config.json", "log.txt"
SAMPLES, LOSSES, FILM = "samples.png", "losses.png", "training.gif"
CHECKPOINTS, GRIDS = "checkpoints", "samples"
_TOP = (MODEL, HISTORY, CONFIG, LOG, SAMPLES, LOSSES, FILM)
_NUMBERED = re.compile(rf"{CHECKPOINTS}/[0-9]{{9,}}\.ganc|{GRIDS}/[0-9]{{9,}}\.png")
_JUNK = re.compile(r"\.DS_Store|Thumbs\.db|desktop\.ini|\._.*", re.IGNORECASE)  # of file managers
_LONGEST = 2**24  # bytes of a config.json


def config_of(folder: str) -> dict[str, Any]:
    """Return what the ``config.json`` of a folder says."""
    path = os.path.join(folder, CONFIG)
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST:
        raise FormatError("does not describe a run of 'ganc train'", file=path)
    with reading(path), open(path, encoding="utf-8") as file:
        config = json.load(file)
    if not isinstance(config, dict):
        raise FormatError("does not describe a run of 'ganc train'", file=path)
    return config


def check_new(path: str, *, overwrite: bool) -> dict[str, Any] | None:
    """Raise unless a new run may be written to a folder; return the config of an old run there."""
    if not os.path.lexists(path):
        return None
    if not os.path.isdir(path):
        raise UsageError(f"--out: {path} is no folder")
    try:
        config = config_of(path)
        own = _own(path, config)
    except (OSError, FormatError):
        config, own = None, set()
    foreign = sorted(_foreign(path, own))
    if foreign:
        names = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if foreign[3:] else "")
        raise UsageError(
            f"--out: {path} holds what no run of ganc wrote there: {names}; choose another folder"
        )
    if not overwrite and any(name.endswith(".ganc") for name in own):
        raise UsageError(
            f"--out: {path} holds a run already; go on with it: ganc resume {path}; or replace it "
            "with --overwrite, or choose another folder"
        )
    return config


class RunFolder:
    """The folder of a run, locked until the ``with`` block ends.

    Parameters
    ----------
    path : str
    new : bool
        For a new run; the folder is made if need be, and removed again unless `begin` is called.
    overwrite : bool, default False
        Whether an old run may be replaced.

    Attributes
    ----------
    config : dict or None
        What ``config.json`` says.
    files : set of str
        What the run has written, as seen from the folder.
    begun : bool
        Whether the folder is that of the run.
    """

    def __init__(self, path: str, *, new: bool, overwrite: bool = False) -> None:
        self.path = path
        self._new, self._overwrite, self._made = new, overwrite, []
        self.config: dict[str, Any] | None = None
        self.files: set[str] = set()
        self.begun = False

    def __enter__(self) -> "RunFolder":
        if self._new:
            self._made = _make(self.path)
        try:
            self._handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except NotADirectoryError:
            raise _refused(self.path, "is a file, expected the folder of a run") from None
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _open(self) -> None:
        if not locked(self._handle, wait=False):
            raise BlockingIOError(
                errno.EWOULDBLOCK, "another training is writing to this folder", self.path
            )
        if self._new:
            self.config = check_new(self.path, overwrite=self._overwrite)
        else:
            self.config = config_of(self.path)
            self._check_links()
        self.files = set() if self.config is None else _own(self.path, self.config)
        self.begun = not self._new
        if self.config is not None and "replaced" in self.config:
            self._remove_replaced()

    def __exit__(self, *exception: object) -> None:
        os.close(self._handle)
        if not self.begun:
            for folder in self._made:
                with suppress(OSError):
                    os.rmdir(folder)

    def begin(self, config: dict[str, Any], first: str, save: Callable[[str], None]) -> None:
        """Make the folder that of a new run, which has begun well.

        `save` writes its first checkpoint, called `first`; what an old run has left is removed
        once that is there.
        """
        old, replaced = self.config, self.files
        path = self._safe(first)
        try:
            if old is None:
                self._write(config, {CONFIG, first})
                save(path)
            else:
                self._write(old, replaced | {first})
                save(path)
                going = sorted(replaced - {CONFIG, first})
                self._write(config | {"replaced": going}, {CONFIG, first})
        except BaseException:
            self._undo(old, replaced, first)
            raise
        self.begun = True
        if old is not None:
            self._remove_replaced()

    def claim(self, name: str) -> str:
        """Return the path of a file that the run is about to write, and enter it in the list."""
        path = self._safe(name)
        if name not in self.files:
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, "was not written by this run", path)
            self._write(self.config or {}, self.files | {name})
        return path

    def remove(self, name: str) -> None:
        """Remove a file of the run."""
        with suppress(OSError):
            path = self._safe(name)
            if name in self.files:
                os.unlink(path)

    def _undo(self, old: dict[str, Any] | None, replaced: set[str], first: str) -> None:
        with suppress(OSError):
            if first not in replaced:
                os.unlink(os.path.join(self.path, first))
            if old is None:
                os.unlink(os.path.join(self.path, CONFIG))
        with suppress(OSError):
            os.rmdir(os.path.dirname(os.path.join(self.path, first)))  # if it is empty
        self.config, self.files = old, replaced

    def _remove_replaced(self) -> None:
        config = dict(self.config or {})
        own, going = _legal(config.get("files")) | {CONFIG}, _legal(config.pop("replaced"))
        for name in going - own:
            with suppress(OSError):
                os.unlink(self._safe(name))
        self._write(config, own)

    def _write(self, config: dict[str, Any], files: set[str]) -> None:
        """Write the config with its list, which leaves out what was removed meanwhile."""
        new = files - self.files
        there = {name for name in files if os.path.lexists(os.path.join(self.path, name))}
        config = {**config, "files": sorted(there | new)}
        text = json.dumps(config, indent=2)
        atomic_write(self._safe(CONFIG), [text.encode()])
        self.config, self.files = config, there | new

    def _safe(self, name: str) -> str:
        """Return the path of a file, its folder made, neither being a link or anything odd."""
        path = os.path.join(self.path, name)
        if "/" in name:
            folder = os.path.dirname(path)
            if not os.path.lexists(folder):
                os.mkdir(folder)
            _check_folder(folder)
        if not _is_plain(path):
            raise _refused(path, "is a link or no file, which a run does not write to")
        return path

    def _check_links(self) -> None:
        """Raise if something has the name of a file of the run, but is a link or a device."""
        for folder in (CHECKPOINTS, GRIDS):
            path = os.path.join(self.path, folder)
            if os.path.lexists(path):
                _check_folder(path)
        for name in _entries(self.path):
            if _is_legal(name) and not _is_plain(os.path.join(self.path, name)):
                path = os.path.join(self.path, name)
                raise _refused(path, "is a link or no file, which a run does not write to")


def _refused(path: str, why: str) -> OSError:
    return OSError(errno.EINVAL, why, path)


def _check_folder(path: str) -> None:
    if os.path.islink(path) or not os.path.isdir(path):
        raise _refused(path, "is a link or no folder, which a run does not write to")


def _make(path: str) -> list[str]:
    """Make a folder and those above it; return them, the innermost first."""
    made, folder = [], os.path.abspath(path)
    while not os.path.lexists(folder):
        made.append(folder)
        folder = os.path.dirname(folder)
    os.makedirs(path, exist_ok=True)
    return made


def _is_legal(name: Any) -> bool:
    return isinstance(name, str) and (name in _TOP or _NUMBERED.fullmatch(name) is not None)


def _legal(names: Any) -> set[str]:
    """Return names of a file that a run may have; a stranger may have written the list."""
    return {name for name in names if _is_legal(name)} if isinstance(names, list) else set()


def _is_plain(path: str) -> bool:
    """Whether there is a regular file, or nothing."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return True


def _own(path: str, config: dict[str, Any]) -> set[str]:
    """Return which files there are a run's own; runs of ganc 0.1.0 had no list."""
    run = config.get("run")
    if not (isinstance(run, dict) and str(run.get("command")).startswith("ganc ")):
        return set()
    if "files" in config:
        listed = _legal(config["files"]) | _legal(config.get("replaced")) | {CONFIG}
    else:
        listed = {name for name in _entries(path) if _is_legal(name)}
    return {name for name in listed if os.path.isfile(os.path.join(path, name))}


def _entries(path: str) -> Iterator[str]:
    """Yield what is in a folder and in its folders of checkpoints and pictures."""
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name in (CHECKPOINTS, GRIDS) and entry.is_dir(follow_symlinks=False):
                yield from (f"{entry.name}/{inner}" for inner in os.listdir(entry.path))
            else:
                yield entry.name


def _foreign(path: str, own: set[str]) -> Iterator[str]:
    """Yield what is neither a run's own, nor made by file managers or a save that crashed."""
    for name in _entries(path):
        base = name.rpartition("/")[2]
        plain = _is_plain(os.path.join(path, name))
        if not (plain and (name in own or _JUNK.fullmatch(base) or is_temporary(base))):
            yield name
