"""Sizes given to layers as one int or one a dimension."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from ganc.nn._linear import count

__all__ = ["Sizes", "quadruple", "sizes"]

Sizes = int | Sequence[int]


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
