"""What is written on the command line, as values; `UsageError` where it is wrong."""

import ast
import inspect
from collections.abc import Sequence
from typing import Any

import ganc
from ganc._options import duration, suggestion

__all__ = ["UsageError", "budget_of", "seed_of", "set_threads", "settings"]


class UsageError(Exception):
    """Something on the command line is wrong."""


def settings(model: type, pairs: Sequence[str]) -> dict[str, Any]:
    """Return the keywords of ``--set name=value``, checked against the model's."""
    known = [name for name in inspect.signature(model).parameters if name != "self"]
    options = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--set: got {pair!r}, expected name=value")
        if name not in known:
            raise UsageError(
                f"--set: {model.__name__} has no number {name!r}, only {', '.join(known)}"
                f"{suggestion(name, known)}"
            )
        try:
            options[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            options[name] = text
    return options


def seed_of(seed: int | None) -> int | None:
    """Return the number of ``--seed``."""
    if seed is not None and not 0 <= seed < 2**63:
        raise UsageError(f"--seed: got {seed}, expected 0 to 2**63 - 1")
    return seed


def budget_of(text: str | None) -> float | None:
    """Return the seconds of ``--budget``."""
    try:
        return None if text is None else duration("--budget", text)
    except ValueError as error:
        raise UsageError(error) from None


def set_threads(n: int) -> None:
    """Do what ``--threads`` asks for."""
    if n < 1:
        raise UsageError(f"--threads: got {n}, expected at least 1")
    ganc.set_num_threads(n)
