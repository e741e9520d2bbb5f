"""A parameter group: a dict whose numbers reach the core as soon as they are set."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["Group"]


def as_number(name: str, value: Any) -> float:
    """Return a finite number of at least 0 (0 included: a learning rate of 0 is legal)."""
    if isinstance(value, Tensor):
        value = value.item()
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise TypeError(f"{name}: got {type(value).__name__} {value!r}, expected a number")
    number = float(value)
    if not (number >= 0 and math.isfinite(number)):  # NaN fails too
        raise ValueError(f"{name}: got {value!r}, expected a finite number of at least 0")
    return number


def core_options(options: Mapping[str, Any], kept: tuple[str, ...]) -> dict[str, float]:
    """Return the numbers that the core understands, checked."""
    found: dict[str, float] = {}
    for name, value in options.items():
        if name == "betas":
            try:
                b1, b2 = value
            except (TypeError, ValueError):
                raise ValueError(f"betas: got {value!r}, expected two numbers") from None
            for i, b in enumerate((b1, b2)):
                if not 0 <= as_number(f"betas[{i}]", b) < 1:
                    raise ValueError(f"betas[{i}]: got {b!r}, expected 0 <= beta < 1")
            found["beta1"], found["beta2"] = float(b1), float(b2)
        elif name in kept:
            found[name] = as_number(name, value)
    return found


class Group(dict):
    """The options of one group and its parameters.

    Setting ``group["lr"]`` changes the optimizer at once. An option that does not exist, or a
    number that cannot be, is refused.
    """

    def __init__(self, kind: str, options: Mapping[str, Any], numbers: tuple[str, ...]) -> None:
        super().__init__(options)
        self._kind, self._numbers = kind, numbers
        made = core_options(self, numbers)
        self.core = core.Optimizer(kind, self["params"], **made)

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "params":
            raise ValueError("params: the parameters of a group are fixed; use add_param_group")
        numbers = core_options({name: value}, self._numbers)
        super().__setitem__(name, value)
        for key, number in numbers.items():
            self.core.set(key, number)

    def become(self, other: Group) -> None:
        """Take over the options and the state of a group of the same parameters."""
        other.core.set("clip", self.core.get("clip"))
        self.core = other.core
        super().update(other)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several options."""
        for name, value in dict(*args, **kwargs).items():
            self[name] = value

    def __ior__(self, other: Any) -> Group:
        self.update(other)
        return self

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Set an option that is not there yet; return its value."""
        if name not in self:
            self[name] = default
        return self[name]

    def _fixed(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("options of a parameter group cannot be removed")

    __delitem__ = pop = popitem = clear = _fixed

    def __deepcopy__(self, memo: dict[int, Any]) -> dict:
        return copy.deepcopy(dict(self), memo)

    def __reduce__(self) -> Any:
        return dict, (dict(self),)
