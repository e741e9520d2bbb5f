"""The arguments that a module was made with, read back from its attributes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ganc._tensor._creation import Tensor

if TYPE_CHECKING:
    from ganc.nn._module import Module

__all__ = ["constructor_arguments"]


def constructor_arguments(module: Module) -> dict[str, Any]:
    """Read the constructor's arguments from attributes of the same names."""
    config: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        if name == "self" or parameter.kind in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            continue
        if not hasattr(module, name):
            raise TypeError(
                f"cannot describe {type(module).__name__}: its constructor takes {name!r}, but it "
                "has no attribute of that name; define get_config() returning the constructor's "
                "arguments"
            )
        value = getattr(module, name)
        if name == "bias" and not isinstance(value, bool):
            value = value is not None
        elif isinstance(value, Tensor):
            value = value.tolist()
        elif isinstance(value, tuple):
            value = list(value)
        config[name] = value
    return config
