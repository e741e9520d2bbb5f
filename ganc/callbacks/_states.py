"""What callbacks carry from epoch to epoch, as a checkpoint holds it.

A state may hold numbers, texts, lists, dicts and arrays; arrays are stored beside the rest.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ganc.io import FormatError
from ganc.io._plain import from_plain, to_plain

__all__ = ["collect", "from_data", "hand_out", "to_data"]


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
    what = "the state of a callback"
    return [to_plain(s, f"callbacks.{i}", arrays, what) for i, s in enumerate(states)], arrays


def from_data(data: list[Any], arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return the states that `to_data` was given."""
    states = [from_plain(entry, arrays) for entry in data]
    for entry in states:
        if not isinstance(entry["class"], str) or not isinstance(entry["state"], dict):
            raise FormatError(f"got {entry!r} where the state of a callback is expected")
    return states
