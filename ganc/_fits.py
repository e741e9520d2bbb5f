"""Does a value fit an annotation, and what would have fitted: in words for a person.

Read only when a call has failed, so it may be slow. Where an annotation says nothing that can be
checked, everything fits.
"""

from __future__ import annotations

import inspect
import operator
import os
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

__all__ = ["describe", "fits", "misfit", "words"]

_WORDS = {
    bool: "a bool",
    complex: "a number",
    float: "a number",
    int: "an int",
    str: "a string",
    type(None): "None",
}
_MANY = (list, tuple, set, frozenset)


def misfit(function: Callable, bound: inspect.BoundArguments) -> tuple[str, Any, str] | None:
    """Return name, value and expectation of the first argument that its annotation refuses."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):  # a name that only type checkers know
        return None
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        hint = hints.get(name, Any)
        if kind is inspect.Parameter.VAR_KEYWORD:
            continue
        for one in value if kind is inspect.Parameter.VAR_POSITIONAL else (value,):
            if not fits(one, hint):
                return name, one, words(hint)
    return None


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value is what an annotation says."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if _takes_arrays(inner) and not isinstance(value, (str, bytes, dict, type(None))):
            return True
        return any(fits(value, h) for h in inner)
    if origin is typing.Literal:
        return isinstance(value, str) and value in inner
    if origin is not None:
        return _fits_generic(value, origin, inner)
    if hint is Any:
        return True
    if hint in (int, float, bool):
        return _fits_number(value, hint)
    if hint is None:
        return value is None
    if hint is os.PathLike:
        return isinstance(value, (str, os.PathLike))
    if isinstance(hint, type) and hint is not object:
        return isinstance(value, hint)
    return True


def _fits_number(value: Any, hint: type) -> bool:
    if hint is bool:
        return isinstance(value, (bool, np.bool_))
    if isinstance(value, (str, bytes)) or isinstance(value, np.ndarray) and value.ndim:
        return False
    try:
        operator.index(value) if hint is int else float(value)
    except Exception:
        return False
    return True


def _fits_generic(value: Any, origin: Any, inner: tuple[Any, ...]) -> bool:
    if not isinstance(origin, type):
        return True
    if issubclass(origin, Mapping):
        return isinstance(value, Mapping)
    if origin is Callable or origin is type:
        return callable(value)
    if not (origin in _MANY or issubclass(origin, Iterable)):
        return isinstance(value, origin)
    if isinstance(value, (str, bytes)) or not hasattr(type(value), "__iter__"):
        return False
    if isinstance(value, (*_MANY, range)) and inner:
        return all(fits(item, inner[0]) for item in value)
    return not isinstance(value, Mapping) or origin is Iterable


def words(hint: Any) -> str:
    """Say what an annotation takes."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if _takes_arrays(inner):
            return "an array or None" if type(None) in inner else "an array"
        return " or ".join(dict.fromkeys(words(h) for h in inner))
    if origin is typing.Literal:
        return "one of " + ", ".join(map(repr, inner))
    if origin is not None and isinstance(origin, type):
        if issubclass(origin, Mapping):
            return "a dict"
        if origin is Callable:
            return "a function"
        known = inner and origin is not type and inner[0] is not Any
        of = f" of {words(inner[0]).split(' ', 1)[-1]}s" if known else ""
        return _article(_name(origin).lower()) + of
    if hint is None:
        return "None"
    return _WORDS.get(hint, _article(_name(hint)))


def _takes_arrays(inner: tuple[Any, ...]) -> bool:
    """Return whether a union is NumPy's ArrayLike, which has many members."""
    return any("_SupportsArray" in str(h) for h in inner)


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", None) or str(hint)


def _article(name: str) -> str:
    return f"an {name}" if name[:1].lower() in "aeio" else f"a {name}"


def describe(value: Any) -> str:
    """Say what was given, shortly: an array by its shape, never by its numbers."""
    kind = type(value).__name__
    shape = getattr(value, "shape", None)
    if value is None or isinstance(shape, tuple):
        return "None" if value is None else f"{kind} of shape {shape}"
    if isinstance(value, type) or callable(value):
        return f"{kind} {getattr(value, '__name__', '')}".rstrip()
    text = "" if len(_sized(value)) > 20 else repr(value)
    return f"{kind} {text}" if 0 < len(text) <= 60 and " object at 0x" not in text else kind


def _sized(value: Any) -> Any:
    return value if isinstance(value, (*_MANY, dict)) else ()
