"""Where the data sets of this process came from."""

__all__ = ["last_source"]

_sources: dict[str, str] = {}  # data set -> where it came from; "last" -> data set


def last_source(name: str | None = None) -> str | None:
    """Return where a data set was loaded from.

    Parameters
    ----------
    name : str, optional
        Which one, as `list` calls it; by default the one loaded last.

    Returns
    -------
    str or None
        A folder, file or description; None if it was not loaded yet.

    Examples
    --------
    >>> from ganc import datasets
    >>> _ = datasets.load_fashion_mnist(download=False)
    >>> datasets.last_source() == datasets.last_source("fashion_mnist")
    True
    """
    return _sources.get(_sources.get("last") if name is None else name)


def remember(name: str, source: str) -> None:
    """Keep the answer of `last_source`."""
    _sources.update({name: source, "last": name})
