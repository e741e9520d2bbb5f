"""Kinds of objects that a user may name by a text and that a file describes: penalties, tricks."""

import inspect
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from ganc._options import choose

__all__ = ["Kind"]

_T = TypeVar("_T")


class Kind(Generic[_T]):
    """The classes of one kind, by their attribute ``name``.

    Parameters
    ----------
    what : str
        How messages call one, and the keyword that takes it.
    base : type
        The class of all of them.
    where : str
        How messages call `base`.
    """

    def __init__(self, what: str, base: type[_T], where: str) -> None:
        self.what, self.base, self.where = what, base, where
        self.known: dict[str, type[_T]] = {}

    def register(self, cls: type[_T]) -> type[_T]:
        """Make a class known by its ``name``, as a decorator."""
        if cls.name in self.known:
            raise ValueError(f"the {self.what} {cls.name!r} exists; choose another name")
        self.known[cls.name] = cls
        return cls

    def names(self) -> list[str]:
        """Return the names of all."""
        return sorted(self.known)

    def one(self, given: Any) -> _T:
        """Return the object of a name, a class, or the object itself."""
        if isinstance(given, str):
            key = given.lower().replace("-", "_")
            return self.known[choose(self.what, key, self.names())]()
        if isinstance(given, type) and issubclass(given, self.base):
            return given()
        if not isinstance(given, self.base):
            raise TypeError(
                f"{self.what}: got {type(given).__name__}, expected a name "
                f"({', '.join(self.names())}), a {self.where}, or a list of these"
            )
        return given

    def several(self, given: Any) -> tuple[_T, ...]:
        """Return the objects of None, one, or a list; no two of one name."""
        listed = () if given is None else given if isinstance(given, (list, tuple)) else (given,)
        found = tuple(map(self.one, listed))
        names = [part.name for part in found]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{self.what}: got {name!r} twice, expected different ones")
        return found

    def to_data(self, part: _T) -> dict[str, Any] | None:
        """Return an object as plain data, or None if it is of no known class."""
        keywords = inspect.signature(type(part)).parameters.keys()
        options = {k: v for k, v in vars(part).items() if not k.startswith("_")}
        if self.known.get(part.name) is type(part) and options.keys() <= keywords:
            return {"name": part.name, "options": options}
        return None

    def from_data(self, data: Mapping[str, Any]) -> _T:
        """Return the object that `to_data` was given."""
        return self.known[choose(self.what, data["name"], self.names())](**data["options"])
