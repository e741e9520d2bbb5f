"""What callbacks carry from epoch to epoch, as a checkpoint holds it.

A state may hold numbers, texts, lists, dicts and arrays; arrays are stored beside the rest. What
comes back from a file is data of a stranger: a callback takes each value with a function that
checks it, and takes all of them before it changes.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ganc.io import FormatError
from ganc.io._plain import from_plain, to_plain

__all__ = [
    "alike",
    "collect",
    "count_of",
    "from_data",
    "hand_out",
    "number_of",
    "text_of",
    "to_data",
    "wrong",
]

_DATA_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def collect(callbacks: Iterable[Any]) -> list[dict[str, Any]]:
    """Return class and state of each callback that has one."""
    found = ((type(c).__name__, c.state_dict()) for c in callbacks if hasattr(c, "state_dict"))
    return [{"class": name, "state": state} for name, state in found if state]


def hand_out(callbacks: Iterable[Any], states: Iterable[Mapping[str, Any]]) -> None:
    """Give states to callbacks: the first of a class to the first of that class, and so on.

    Raises
    ------
    FormatError
        If a callback cannot use its state.
    """
    waiting: dict[str, list[Any]] = {}
    for entry in states:
        waiting.setdefault(entry["class"], []).append(entry["state"])
    for callback in callbacks:
        name = type(callback).__name__
        if not waiting.get(name):
            continue
        try:
            callback.load_state_dict(waiting[name].pop(0))
        except _DATA_ERRORS as error:
            why = error.reason if isinstance(error, FormatError) else _told(error)
            hint = "The file was damaged or changed: take another checkpoint."
            raise FormatError(f"the state of {name} in the checkpoint: {why}", hint=hint) from error


def to_data(states: list[dict[str, Any]]) -> tuple[list[Any], dict[str, np.ndarray]]:
    """Return states as plain data, and their arrays by name."""
    arrays: dict[str, np.ndarray] = {}
    what = "the state of a callback"
    return [to_plain(s, f"callbacks.{i}", arrays, what) for i, s in enumerate(states)], arrays


def from_data(data: list[Any], arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return the states that `to_data` was given."""
    try:
        states = [from_plain(entry, arrays) for entry in data]
    except _DATA_ERRORS as error:
        raise FormatError(f"the states of callbacks: {_told(error)}") from error
    for entry in states:
        whole = isinstance(entry, dict) and {"class", "state"} <= entry.keys()
        if not (whole and isinstance(entry["class"], str) and isinstance(entry["state"], dict)):
            raise FormatError(f"got {_shown(entry)} where the state of a callback is expected")
    return states


# ---- values of a state, checked ----


def text_of(state: Mapping[str, Any], name: str) -> str:
    """Return a text of a state."""
    value = state.get(name)
    if not isinstance(value, str):
        raise wrong(name, value, "a text")
    return value


def count_of(state: Mapping[str, Any], name: str) -> int:
    """Return a whole number of a state, from 0 to 2**63 - 1."""
    value = state.get(name)
    if type(value) is not int or not 0 <= value < 2**63:
        raise wrong(name, value, "a whole number of at least 0")
    return value


def number_of(state: Mapping[str, Any], name: str) -> float:
    """Return a number of a state; it may be infinite, as "the best so far" is at first."""
    value = state.get(name)
    if not _is_number(value):
        raise wrong(name, value, "a number")
    return float(value)


def alike(name: str, value: Any, own: Any) -> Any:
    """Return a value that has the form of one's own: kinds, keys, lengths.

    Where one's own is None, a number is taken, too; where it is finite, only a finite one; where it
    is a positive whole number, only another.
    """
    if isinstance(own, Mapping):
        if not isinstance(value, Mapping) or value.keys() != own.keys():
            raise wrong(name, value, f"the names {', '.join(map(str, own))}")
        return {key: alike(f"{name}.{key}", value[key], item) for key, item in own.items()}
    if isinstance(own, (list, tuple)):
        if not isinstance(value, (list, tuple)) or len(value) != len(own):
            raise wrong(name, value, f"{len(own)} values")
        pairs = enumerate(zip(value, own, strict=True))
        return type(own)(alike(f"{name}.{i}", v, o) for i, (v, o) in pairs)
    if own is None:
        fits = value is None or _is_number(value)
    elif isinstance(own, float):
        fits = _is_number(value) and (math.isfinite(value) or not math.isfinite(own))
    elif type(own) is int:
        fits = type(value) is int and (1 if own > 0 else min(own, 0)) <= value < 2**63
    else:
        fits = type(value) is type(own)
    if not fits:
        raise wrong(name, value, f"a value such as {own!r}")
    return value


def wrong(name: str, value: Any, expected: str) -> FormatError:
    """Return the error for a value of a state."""
    return FormatError(f"{name}: got {_shown(value)}, expected {expected}")


def _is_number(value: Any) -> bool:
    if type(value) is int:
        return -(2**63) <= value < 2**63
    return isinstance(value, float)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
