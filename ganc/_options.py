"""Checks of options, each with got, expected and a way out."""

import difflib
import math
import operator
from collections.abc import Iterable
from typing import Any

__all__ = [
    "at_least",
    "choose",
    "duration",
    "entropy",
    "finite",
    "fraction",
    "positive",
    "seed_word",
    "suggestion",
]

_UNITS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}


def suggestion(word: Any, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known word, or nothing."""
    near = difflib.get_close_matches(str(word).lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def choose(name: str, value: Any, known: Iterable[str]) -> str:
    """Return `value` if it is one of `known`; else a ValueError that lists them."""
    known = list(known)
    if value in known:
        return value
    raise ValueError(
        f"{name}: got {value!r}, expected one of {', '.join(known)}{suggestion(value, known)}"
    )


def at_least(name: str, value: Any, low: int) -> int:
    """Return a whole number not below `low`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}: got {type(value).__name__} {value!r}, expected a whole number"
        ) from None
    if number < low:
        raise ValueError(f"{name}: got {number}, expected at least {low}")
    return number


def finite(name: str, value: Any, low: float = -math.inf) -> float:
    """Return a finite number not below `low`."""
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise TypeError(f"{name}: got {type(value).__name__} {value!r}, expected a number")
    number = float(value)
    if not (math.isfinite(number) and number >= low):
        limit = "a finite number" if low == -math.inf else f"a finite number of at least {low:g}"
        raise ValueError(f"{name}: got {number}, expected {limit}")
    return number


def fraction(name: str, value: Any) -> float:
    """Return a number from 0 to 1."""
    number = finite(name, value, 0.0)
    if number > 1:
        raise ValueError(f"{name}: got {value}, expected a probability or share, from 0 to 1")
    return number


def positive(name: str, value: Any) -> float:
    """Return a finite number above 0."""
    number = finite(name, value, 0.0)
    if number == 0:
        raise ValueError(f"{name}: got {value}, expected a number above 0, or None for none")
    return number


def seed_word(name: str, value: Any) -> int:
    """Return a seed: a whole number from 0 to 2**63 - 1."""
    number = at_least(name, value, 0)
    if number >= 2**63:
        raise ValueError(f"{name}: got {number}, expected 0 to 2**63 - 1")
    return number


def entropy() -> int:
    """Return a fresh seed, short enough to be typed again."""
    import secrets

    return secrets.randbits(32)


def duration(name: str, value: Any) -> float:
    """Return seconds of ``"10 min"``, ``"90s"``, ``"1.5 h"`` or a number.

    >>> from ganc._options import duration
    >>> duration("budget", "1.5 min"), duration("budget", 20)
    (90.0, 20.0)
    """
    if isinstance(value, str):
        text = value.strip().lower()
        number = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
        unit = text[len(number) :].strip() or "s"
        scale = _UNITS.get(unit, _UNITS.get(unit.removesuffix("s")))
        try:
            seconds = float(number) * scale
        except (TypeError, ValueError):
            raise ValueError(
                f"{name}: got {value!r}, expected a time such as '90 s', '10 min' or '1.5 h'"
            ) from None
    else:
        seconds = finite(name, value)
    if not 0 < seconds < math.inf:
        raise ValueError(f"{name}: got {value!r}, expected a time above 0")
    return seconds
