"""Who takes part in a comparison: a name, and how to build the model for a seed."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganc import models
from ganc.data._conversion import sample_shape
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
    model : type, optional
        The class, if it is one of ganc's kind.
    """

    name: str
    kind: str
    numbers: Mapping[str, Any]
    build: Callable[[int], Any]
    model: type | None = None

    @property
    def described(self) -> dict[str, Any]:
        """What a file says of it."""
        return {"name": self.name, "model": self.kind, "numbers": dict(self.numbers)}

    @property
    def portable(self) -> bool:
        """Whether another process can build it: a model of ganc from plain data."""
        try:
            json.dumps(dict(self.numbers))
        except (TypeError, ValueError):
            return False
        return bool(self.kind)

    def suited(self, x: Any) -> "Entrant":
        """Return the entrant for samples like these, where it does not say their shape itself."""
        shape = sample_shape(x)
        name, fitting = ("image_shape", shape) if len(shape) == 3 else ("features", shape[0])
        if self.model is None or name in self.numbers:
            return self
        own = inspect.signature(self.model).parameters.get(name)
        if own is None or own.default == fitting:
            return self
        return _of_class(self.name, self.model, dict(self.numbers) | {name: fitting})


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
        return _of_class(_checked(name or model.__name__), model, numbers)
    if callable(model) and not numbers:
        short = name or getattr(model, "__name__", "model")
        return Entrant(_checked(short), "", {}, model)
    raise TypeError(
        f"models: got {model!r:.80}, expected a name of ganc.models.list(), a class of "
        "ganc.models, a pair of one and its keywords, or a function of the seed that gives a model"
    )


def _of_class(name: str, model: type, numbers: Mapping[str, Any]) -> Entrant:
    kind = model.__name__ if models.get(model.__name__, None) is model else ""
    return Entrant(name, kind, numbers, lambda seed: model(**numbers, seed=seed), model)


def _checked(name: Any) -> str:
    """Return a name that can be part of a folder's."""
    if not isinstance(name, str) or not name or any(c in name for c in '/\\:*?"<>|\0'):
        raise ValueError(f"models: got the name {name!r}, expected a text without / or \\")
    return name
