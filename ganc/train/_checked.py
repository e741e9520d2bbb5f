"""Values of a file: data of a stranger. Each is checked before use; an error names the field."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from ganc.io import FormatError

__all__ = [
    "NeedsModel",
    "at",
    "count",
    "entry",
    "list_of",
    "number",
    "real",
    "shown",
    "table_of",
    "text",
]

_Value = TypeVar("_Value")
_MOST = 2**53  # counts that a float holds exactly
_DATA_ERRORS = (
    ArithmeticError, AttributeError, AssertionError, LookupError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip


class NeedsModel(ValueError):
    """The file is fine, but holds parts that only the caller can build."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"this file cannot be loaded alone: {why}. Build the model as before and pass it: "
            "ganc.load(path, gan)"
        )


@contextmanager
def at(place: str) -> Iterator[None]:
    """Turn what wrong data raise into FormatErrors that name the place."""
    try:
        yield
    except NeedsModel:
        raise
    except FormatError as error:
        raise FormatError(f"{place}: {error.reason}", hint=error.hint) from error
    except _DATA_ERRORS as error:
        lacks = isinstance(error, KeyError) and error.args
        why = f"got no {error.args[0]!r:.80}" if lacks else f"{error}" or type(error).__name__
        raise FormatError(f"{place}: {why:.500}") from error


def entry(data: Mapping[str, Any], name: str, check: Callable[[Any], _Value]) -> _Value:
    """Return an entry of a table that must be there."""
    if name not in data:
        raise FormatError(f"got no {name!r}")
    with at(name):
        return check(data[name])


def count(value: Any, below: int = _MOST) -> int:
    """Return a whole number of at least 0."""
    if type(value) is not int or not 0 <= value < below:
        raise FormatError(f"got {shown(value)}, expected a whole number from 0 to {below - 1}")
    return value


def real(value: Any) -> float:
    """Return a number, which may be NaN or infinite, as recorded losses may be."""
    if type(value) not in (int, float) or abs(value) >= 2**1024 and value not in _INFINITE:
        raise FormatError(f"got {shown(value)}, expected a number")
    return float(value)


_INFINITE = (math.inf, -math.inf)


def number(value: Any) -> float:
    """Return a finite number."""
    if not math.isfinite(real(value)):
        raise FormatError(f"got {shown(value)}, expected a finite number")
    return float(value)


def text(value: Any) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise FormatError(f"got {shown(value)}, expected a text")
    return value


def list_of(check: Callable[[Any], _Value]) -> Callable[[Any], list[_Value]]:
    """Return a check of lists of what `check` takes."""

    def checked(value: Any) -> list[_Value]:
        if not isinstance(value, list):
            raise FormatError(f"got {shown(value)}, expected a list")
        made = []
        for i, item in enumerate(value):
            with at(str(i)):
                made.append(check(item))
        return made

    return checked


def table_of(check: Callable[[Any], _Value]) -> Callable[[Any], dict[str, _Value]]:
    """Return a check of tables of what `check` takes, by name."""

    def checked(value: Any) -> dict[str, _Value]:
        if not isinstance(value, dict):
            raise FormatError(f"got {shown(value)}, expected a table")
        made = {}
        for name, item in value.items():
            with at(name):
                made[name] = check(item)
        return made

    return checked


def shown(value: Any) -> str:
    """Return a repr of bounded length."""
    shown = f"{type(value).__name__}" if isinstance(value, (dict, list)) else f"{value!r:.80}"
    return shown
