"""Which data sets there are, and which are at hand."""

import builtins
from typing import NamedTuple

from ganc.datasets import _collection, _search
from ganc.datasets._catalog import PICTURES, SPECS

__all__ = ["DatasetInfo", "list"]


class DatasetInfo(NamedTuple):
    """A line of `list`.

    Parameters
    ----------
    name : str
        What ``--data`` of the command line takes.
    images : int or None
        Their number; None for computed points, of which there are as many as you like.
    shape : tuple of int
        Of one sample.
    source : str or None
        Where it would be loaded from now; None if it is not at hand.
    hint : str
        The command that brings it here, where there is one.

    Examples
    --------
    >>> from ganc import datasets
    >>> datasets.list()[3].shape
    (28, 28)
    """

    name: str
    images: int | None
    shape: tuple[int, ...]
    source: str | None
    hint: str = ""


def list() -> builtins.list[DatasetInfo]:
    """Return the data sets ganc knows and where each would come from now.

    Files are looked for but not read, and nothing is downloaded.

    Returns
    -------
    list of DatasetInfo

    Examples
    --------
    >>> from ganc import datasets
    >>> [info.name for info in datasets.list()]
    ['fashion_mnist', 'mnist', 'digits', 'embedded', 'emojione', 'noto', 'openmoji', 'sprites',
     'photos', 'faces', 'ring', 'grid', 'swiss_roll', 'moons']
    """
    found = [_info(spec) for spec in SPECS.values()]
    found.append(DatasetInfo("embedded", 10_000, (28, 28), "ganc itself"))
    found += [_picture_info(spec) for spec in PICTURES.values()]
    toys = ("ring", "grid", "swiss_roll", "moons")
    return found + [DatasetInfo(name, None, (2,), "computed") for name in toys]


def _info(spec) -> DatasetInfo:
    source, images = _search.available(spec), sum(spec.counts)
    hint = spec.commands[0] if spec.commands else ""
    if source is None and spec.name == "fashion_mnist":
        return DatasetInfo(spec.name, 10_000, spec.shape, "ganc itself (test images only)", hint)
    return DatasetInfo(spec.name, images, spec.shape, source, "" if source else hint)


def _picture_info(spec) -> DatasetInfo:
    source = _collection.available(spec)
    return DatasetInfo(
        spec.name, spec.count, spec.shape, source, "" if source else spec.commands[0]
    )
