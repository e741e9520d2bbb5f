"""How many threads the core uses, and what this installation is."""

from __future__ import annotations

import operator
import platform

import numpy as np

from ganc._backend import core
from ganc._version import __version__

__all__ = ["get_num_threads", "set_num_threads", "show_config"]


def set_num_threads(num: int) -> None:
    """Set how many threads the core uses. Results do not depend on it.

    Parameters
    ----------
    num : int
        At least 1.

    Raises
    ------
    ValueError
        If `num` is less than 1.

    Examples
    --------
    >>> import ganc
    >>> before = ganc.get_num_threads()
    >>> ganc.set_num_threads(1)
    >>> ganc.get_num_threads()
    1
    >>> ganc.set_num_threads(before)
    """
    if operator.index(num) < 1:
        raise ValueError(f"set_num_threads: got {num}, expected at least 1")
    core.set_num_threads(num)


def get_num_threads() -> int:
    """Return how many threads the core uses.

    Returns
    -------
    int

    Examples
    --------
    >>> import ganc
    >>> ganc.get_num_threads() >= 1
    True
    """
    return core.get_num_threads()


def show_config() -> str:
    """Return one line about this installation, for bug reports.

    Returns
    -------
    str
        Version, number type, instruction set, threads, Python, NumPy, platform.

    Examples
    --------
    >>> import ganc
    >>> ganc.show_config().startswith("ganc ")
    True
    """
    dtype = core.tensor(0.0).dtype
    return (
        f"ganc {__version__}, {dtype}, {core.get_isa()}, "
        f"{core.get_num_threads()} threads, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, {platform.system()} {platform.machine()}"
    )
