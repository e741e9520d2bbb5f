"""Networks and optimizers as plain data, and back.

A module is described by its class, the arguments it was made with, read from its attributes, and
its children. Only classes that ganc exports are made from a file: nothing in it names code to run.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganc import nn, optim
from ganc._backend import core
from ganc.io import FormatError
from ganc.nn import Module

_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")


# ---- modules ----


def module_to_data(module: Module) -> dict[str, Any] | None:
    """Return the description of a module, or None if it cannot be rebuilt from one."""
    name = type(module).__name__
    if type(module) is not getattr(nn, name, None):
        return None
    if name in _CONTAINERS:
        children = {key: module_to_data(child) for key, child in module.named_children()}
        if None in children.values():
            return None
        return {"class": name, "children": children}
    if list(module.children()):
        return None
    arguments = _arguments(module)
    return None if arguments is None else {"class": name, "arguments": arguments}


def _arguments(module: Module) -> dict[str, Any] | None:
    """Return the arguments of a layer; None if one of them is not an attribute or not plain."""
    found = {}
    for name, parameter in inspect.signature(type(module)).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL or parameter.kind is parameter.VAR_KEYWORD:
            return None
        if name in ("inplace", "generator", "seed"):
            continue
        if not hasattr(module, name):
            return None
        value = getattr(module, name)
        if name == "bias":  # the argument is a bool, the attribute a parameter or None
            value = value is not None and value is not False
        plain = _plain(value)
        if plain is _NOT_PLAIN:
            return None
        found[name] = plain
    return found


_NOT_PLAIN = object()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list)):
        items = [_plain(item) for item in value]
        return _NOT_PLAIN if _NOT_PLAIN in items else items
    return _NOT_PLAIN


def module_from_data(data: Any, depth: int = 0) -> Module:
    """Build a module of its description."""
    if not isinstance(data, Mapping) or not isinstance(data.get("class"), str) or depth > 50:
        raise FormatError(f"got {data!r} where a layer is described")
    name = data["class"]
    cls = getattr(nn, name, None) if name in nn.__all__ else None
    if not (isinstance(cls, type) and issubclass(cls, Module)):
        raise FormatError(f"got a layer {name!r} that this version of ganc does not have")
    if name in _CONTAINERS:
        children = {
            str(key): module_from_data(child, depth + 1) for key, child in data["children"].items()
        }
        if name == "ModuleDict":
            return cls(children)
        return cls(list(children.values())) if name == "ModuleList" else cls(*children.values())
    arguments = {key: _tuples(value) for key, value in data["arguments"].items()}
    return cls(**arguments)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


# ---- optimizers ----


def optimizer_to_data(name: str, optimizer: Any, network: Module) -> tuple[dict, dict]:
    """Return the plain part and the arrays of an optimizer's state."""
    cls = type(optimizer).__name__
    if type(optimizer) is not getattr(optim, cls, None):
        raise TypeError(
            f"{name}: a {cls} cannot be saved, expected an optimizer of ganc.optim"
        )
    state = optimizer.state_dict()
    index = {id(p): i for i, p in enumerate(network.parameters())}
    groups, arrays, scalars = [], {}, {}
    for group, live in zip(state["param_groups"], optimizer.param_groups, strict=True):
        plain = {key: _plain(value) for key, value in group.items() if key != "params"}
        where = [index[id(p)] for p in live["params"]]
        groups.append({"options": plain, "params": list(group["params"]), "indices": where})
    for key, slots in state["state"].items():
        for slot, value in slots.items():
            if np.ndim(value) == 0 and not isinstance(value, core.Tensor):
                scalars[f"{key}.{slot}"] = _plain(value)
            else:
                arrays[f"{name}.{key}.{slot}"] = np.array(value)
    return {"class": cls, "groups": groups, "scalars": scalars}, arrays


def optimizer_from_data(name: str, data: Mapping, network: Module) -> Any:
    """Build an optimizer, without its state, of its description."""
    cls = getattr(optim, data["class"], None) if data["class"] in optim.__all__ else None
    if not (isinstance(cls, type) and issubclass(cls, optim.Optimizer)):
        raise FormatError(f"got an optimizer {data['class']!r} that ganc does not have")
    parameters = list(network.parameters())
    accepted = inspect.signature(cls).parameters
    groups = []
    for group in data["groups"]:
        options = {key: _tuples(value) for key, value in group["options"].items()}
        groups.append(
            {key: value for key, value in options.items() if key in accepted}
            | {"params": [parameters[i] for i in group["indices"]]}
        )
    return cls(groups)


def restore_optimizer(name: str, optimizer: Any, data: Mapping, arrays: Mapping) -> None:
    """Put options and state back into an optimizer that has the same parameters."""
    state: dict[Any, dict] = {}
    for key, value in data["scalars"].items():
        number, slot = key.split(".", 1)
        state.setdefault(int(number), {})[slot] = value
    prefix = f"{name}."
    for key, array in arrays.items():
        if key.startswith(prefix):
            number, slot = key[len(prefix) :].split(".", 1)
            state.setdefault(int(number), {})[slot] = core.Tensor(array)
    groups = [
        {key: _tuples(value) for key, value in group["options"].items()}
        | {"params": list(group["params"])}
        for group in data["groups"]
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
