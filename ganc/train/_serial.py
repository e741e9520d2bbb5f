"""Networks and optimizers as plain data, and back; `nn.module_to_config` does networks.

A file names classes of ganc (and registered layers), never code to run.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganc import nn, optim
from ganc._backend import core
from ganc.io import FormatError
from ganc.nn import Module, Parameter


def module_to_data(module: Module) -> dict[str, Any] | None:
    """Return the description of a network, or None if it has parts that ganc does not know."""
    try:
        return nn.module_to_config(module)
    except (TypeError, ValueError):
        return None


_NOT_PLAIN = object()


def _plain(value: Any) -> Any:
    """Return a number, text or (nested) list of them, as JSON has them."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list)):
        items = [_plain(item) for item in value]
        return _NOT_PLAIN if _NOT_PLAIN in items else items
    return _NOT_PLAIN


def tuples(value: Any) -> Any:
    """Return JSON data with tuples for lists, as the constructors have them."""
    if isinstance(value, list):
        return tuple(tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return value


# ---- optimizers ----


def optimizer_to_data(
    name: str, optimizer: Any, parameters: Sequence[Parameter]
) -> tuple[dict, dict]:
    """Return the plain part and the arrays of an optimizer's state."""
    cls = type(optimizer).__name__
    if type(optimizer) is not getattr(optim, cls, None):
        raise TypeError(f"{name}: a {cls} cannot be saved, expected an optimizer of ganc.optim")
    state = optimizer.state_dict()
    index = {id(p): i for i, p in enumerate(parameters)}
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


def optimizer_from_data(name: str, data: Mapping, parameters: Sequence[Parameter]) -> Any:
    """Build an optimizer, without its state, of its description."""
    cls = getattr(optim, data["class"], None) if data["class"] in optim.__all__ else None
    if not (isinstance(cls, type) and issubclass(cls, optim.Optimizer)):
        raise FormatError(f"got an optimizer {data['class']!r} that ganc does not have")
    accepted = inspect.signature(cls).parameters
    groups = []
    for group in data["groups"]:
        options = {key: tuples(value) for key, value in group["options"].items()}
        groups.append(
            {key: value for key, value in options.items() if key in accepted}
            | {"params": [parameters[i] for i in group["indices"]]}
        )
    return cls(groups)


def restore_optimizer(name: str, optimizer: Any, data: Mapping, arrays: Mapping) -> None:
    """Put options and state back into an optimizer that has the same parameters."""
    state: dict[int, dict] = {}
    for key, value in data["scalars"].items():
        number, slot = key.split(".", 1)
        state.setdefault(int(number), {})[slot] = value
    prefix = f"{name}."
    for key, array in arrays.items():
        if key.startswith(prefix):
            number, slot = key[len(prefix) :].split(".", 1)
            state.setdefault(int(number), {})[slot] = core.Tensor(array)
    groups = [
        {key: tuples(value) for key, value in group["options"].items()}
        | {"params": list(group["params"])}
        for group in data["groups"]
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    for number, entry in optimizer.state_dict()["state"].items():
        lacking = entry.keys() - state.get(number, {}).keys()
        if lacking:
            raise FormatError(f"{name}: got no {sorted(lacking)[0]} for parameter {number}")
