"""Finding the file from which training goes on."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ganc._warn import warn
from ganc.io import FormatError
from ganc.train._checkpoint import load

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = ["checkpoints", "resume"]


def resume(path: str | os.PathLike[str], gan: "Model | None" = None) -> "Model":
    """Load the newest checkpoint of a folder that can be read.

    Its next `fit` continues to the bit, given the same data, arguments and callbacks, whose states
    (patience, best value, position of a schedule) are in the file. To finish a
    ``fit(x, epochs=20)``, call ``fit(x, epochs=20, initial_epoch=gan.epoch)``.

    Parameters
    ----------
    path : str or path-like
        Folder of a run (its ``checkpoints/`` come first) or of `ModelCheckpoint`, or a file. The
        newest is the one with the greatest numbers in its name, among equals the last written.
        Hidden files, such as the ``._a.ganc`` of macOS, and what is no file do not count.
    gan : GAN or other model, optional
        As for `ganc.load`.

    Returns
    -------
    GAN or other model

    Raises
    ------
    FormatError
        If all of them are damaged.
    FileNotFoundError
        If there is none.
    ValueError
        If the model needs `gan`, or does not fit it.

    Warns
    -----
    UserWarning
        For each file that was passed over, being damaged.

    Examples
    --------
    >>> import os, tempfile
    >>> import ganc
    >>> x = ganc.datasets.toy.ring(512, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save = ganc.callbacks.ModelCheckpoint(os.path.join(folder, "{step}.ganc"))
    ...     _ = ganc.models.ToyGAN(seed=0).fit(x, epochs=3, verbose=0, callbacks=[save])
    ...     gan = ganc.resume(folder)
    >>> gan.epoch
    3
    """
    files = checkpoints(path)
    if not files:
        raise FileNotFoundError(2, "no .ganc file to go on from", os.fspath(path))
    for file in files[:-1]:
        try:
            return load(file, gan)
        except (FormatError, OSError) as error:
            warn(f"{error} The checkpoint before it is tried.")
    return load(files[-1], gan)


def checkpoints(path: str | os.PathLike[str]) -> list[Path]:
    """Return the files that `resume` tries, the newest first."""
    folder = Path(path)
    if not folder.is_dir():
        return [folder]
    return _newest_first(folder / "checkpoints") + _newest_first(folder)


def _newest_first(folder: Path) -> list[Path]:
    files = [f for f in folder.glob("*.ganc") if f.is_file() and not f.name.startswith(".")]
    return sorted(files, key=_age, reverse=True)


def _age(file: Path) -> tuple[list[int], int]:
    return [int(number) for number in re.findall(r"\d+", file.stem)], file.stat().st_mtime_ns
