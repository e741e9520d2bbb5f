"""Values as a file holds them: plain data for JSON, arrays beside it by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["from_plain", "to_plain"]

_ARRAY, _ITEMS = "ganc.array", "ganc.items"  # what JSON lacks: arrays, dicts by number


def to_plain(
    value: Any, place: str, arrays: dict[str, np.ndarray], what: str = "the state of a model"
) -> Any:
    """Return a value as plain data; the arrays in it are entered in `arrays` under their places.

    Raises
    ------
    TypeError
        With the place, for what is no number, text, array, or list or dict of them.
    """
    if isinstance(value, np.ndarray):
        arrays[place] = value.copy()
        return {_ARRAY: place}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: to_plain(item, f"{place}.{key}", arrays, what) for key, item in value.items()}
    if isinstance(value, Mapping):
        return {_ITEMS: to_plain(list(value.items()), place, arrays, what)}
    if isinstance(value, (list, tuple)):
        return [to_plain(item, f"{place}.{i}", arrays, what) for i, item in enumerate(value)]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"{place}: got {type(value).__name__} in {what}, expected numbers, texts, arrays, and "
        "lists or dicts of them"
    )


def from_plain(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the value that `to_plain` was given; tuples have become lists."""
    if isinstance(value, list):
        return [from_plain(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {_ARRAY}:
        return arrays[value[_ARRAY]]
    if value.keys() == {_ITEMS}:
        return {key: from_plain(item, arrays) for key, item in value[_ITEMS]}
    return {key: from_plain(item, arrays) for key, item in value.items()}
