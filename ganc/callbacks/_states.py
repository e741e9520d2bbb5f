"""What callbacks carry from epoch to epoch, as a checkpoint holds it.

A state may hold numbers, texts, lists, dicts and arrays; arrays are stored beside the rest.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ganc.io import FormatError

__all__ = ["collect", "from_data", "hand_out", "to_data"]

_ARRAY, _ITEMS = "ganc.array", "ganc.items"  # what JSON lacks: arrays, dicts by number


def collect(callbacks: Iterable[Any]) -> list[dict[str, Any]]:
    """Return class and state of each callback that has one."""
    found = ((type(c).__name__, c.state_dict()) for c in callbacks if hasattr(c, "state_dict"))
    return [{"class": name, "state": state} for name, state in found if state]


def hand_out(callbacks: Iterable[Any], states: Iterable[Mapping[str, Any]]) -> None:
    """Give states to callbacks: the first of a class to the first of that class, and so on."""
    waiting: dict[str, list[Any]] = {}
    for entry in states:
        waiting.setdefault(entry["class"], []).append(entry["state"])
    for callback in callbacks:
        left = waiting.get(type(callback).__name__)
        if left:
            callback.load_state_dict(left.pop(0))


def to_data(states: list[dict[str, Any]]) -> tuple[list[Any], dict[str, np.ndarray]]:
    """Return states as plain data, and their arrays by name."""
    arrays: dict[str, np.ndarray] = {}
    return [_plain(s, f"callbacks.{i}", arrays) for i, s in enumerate(states)], arrays


def _plain(value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        arrays[place] = value.copy()
        return {_ARRAY: place}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(item, f"{place}.{key}", arrays) for key, item in value.items()}
    if isinstance(value, Mapping):
        return {_ITEMS: _plain(list(value.items()), place, arrays)}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{place}.{i}", arrays) for i, item in enumerate(value)]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"{place}: got {type(value).__name__} in the state of a callback, expected numbers, texts, "
        "arrays, and lists or dicts of them"
    )


def from_data(data: list[Any], arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return the states that `to_data` was given."""
    states = [_full(entry, arrays) for entry in data]
    for entry in states:
        if not isinstance(entry["class"], str) or not isinstance(entry["state"], dict):
            raise FormatError(f"got {entry!r} where the state of a callback is expected")
    return states


def _full(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_full(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {_ARRAY}:
        return arrays[value[_ARRAY]]
    if value.keys() == {_ITEMS}:
        return {key: _full(item, arrays) for key, item in value[_ITEMS]}
    return {key: _full(item, arrays) for key, item in value.items()}
