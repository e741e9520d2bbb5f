"""Checks of sizes given to layers: one int, or one per dimension."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

__all__ = ["Sizes", "count", "quadruple", "sizes"]

Sizes = int | Sequence[int]


def count(what: str, name: str, value: Any, low: int = 1) -> int:
    """Check a size given to a layer."""
    try:
        n = operator.index(value)
    except TypeError:
        raise TypeError(f"{what}: got {name}={value!r}, expected an int") from None
    if n < low:
        raise ValueError(f"{what}: got {name}={n}, expected at least {low}")
    return n


def sizes(what: str, name: str, value: Any, low: int = 1, n: int = 2) -> Any:
    """Check one int or `n` of them; a list becomes a tuple."""
    if not isinstance(value, (tuple, list)):
        return count(what, name, value, low)
    if len(value) != n:
        raise ValueError(f"{what}: got {name}={value}, expected one int or {n}")
    return tuple(count(what, name, v, low) for v in value)


def quadruple(what: str, value: Any) -> tuple[int, ...]:
    """Check one pad for all sides, or (left, right, top, bottom)."""
    values = value if isinstance(value, (tuple, list)) else (value,) * 4
    if len(values) != 4:
        raise ValueError(f"{what}: got padding={value}, expected an int or four")
    try:
        return tuple(operator.index(v) for v in values)
    except TypeError:
        raise TypeError(f"{what}: got padding={value!r}, expected ints") from None
