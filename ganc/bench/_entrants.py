"""Who takes part in a comparison: a name, and how to build the model for a seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganc import models
from ganc.models._preset import Configured

__all__ = ["Entrant", "entrants"]


@dataclass(frozen=True)
class Entrant:
    """One model of a comparison.

    Parameters
    ----------
    name : str
    kind : str
        A name of `ganc.models.list`, "" where `build` is a function of the user's own.
    numbers : dict
        Keywords of its constructor.
    build : callable
        A function of the seed.
    """

    name: str
    kind: str
    numbers: Mapping[str, Any]
    build: Callable[[int], Any]

    @property
    def described(self) -> dict[str, Any]:
        """What a file says of it."""
        return {"name": self.name, "model": self.kind, "numbers": dict(self.numbers)}


def entrants(given: Any) -> list[Entrant]:
    """Return the entrants of a list or dict of models, with different names."""
    if isinstance(given, Mapping):
        named = list(given.items())
    elif isinstance(given, Sequence) and not isinstance(given, str):
        named = [(None, model) for model in given]
    else:
        named = [(None, given)]
    if not named:
        raise ValueError("models: got none, expected at least one")
    found = [_entrant(name, model) for name, model in named]
    names = [entrant.name for entrant in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"models: got two of the name {name!r}; pass a dict that gives each its own name"
            )
    return found


def _entrant(name: str | None, model: Any) -> Entrant:
    numbers: Mapping[str, Any] = {}
    if isinstance(model, (tuple, list)) and len(model) == 2 and isinstance(model[1], Mapping):
        model, numbers = model
    if isinstance(model, str):
        model = models.get(model)
    if isinstance(model, type) and issubclass(model, Configured):
        known = models.get(model.__name__, None) is model
        short = name or model.__name__
        kind = model.__name__ if known else ""
        return Entrant(_checked(short), kind, numbers, lambda seed: model(**numbers, seed=seed))
    if callable(model) and not numbers:
        short = name or getattr(model, "__name__", "model")
        return Entrant(_checked(short), "", {}, model)
    raise TypeError(
        f"models: got {model!r:.80}, expected a name of ganc.models.list(), a class of "
        "ganc.models, a pair of one and its keywords, or a function of the seed that gives a model"
    )


def _checked(name: Any) -> str:
    """Return a name that can be part of a folder's."""
    if not isinstance(name, str) or not name or any(c in name for c in '/\\:*?"<>|\0'):
        raise ValueError(f"models: got the name {name!r}, expected a text without / or \\")
    return name
