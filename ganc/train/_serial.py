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
from ganc.train._checked import count, entry, list_of, real, table_of, text


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


def is_like(optimizer: Any, data: Any, parameters: Sequence[Parameter]) -> bool:
    """Whether an optimizer is of the described class, its groups of the described parameters."""
    kind, described = _described(data)
    index = {id(p): i for i, p in enumerate(parameters)}
    own = [[index.get(id(p)) for p in group["params"]] for group in optimizer.param_groups]
    return type(optimizer) is kind and own == [group["indices"] for group in described]


def optimizer_from_data(data: Any, parameters: Sequence[Parameter]) -> Any:
    """Build an optimizer, without its state, of its description."""
    kind, described = _described(data)
    accepted = inspect.signature(kind).parameters
    groups = []
    for group in described:
        options = {key: tuples(value) for key, value in group["options"].items()}
        if any(i >= len(parameters) for i in group["indices"]):
            raise FormatError(f"got parameters beyond the {len(parameters)} that there are")
        groups.append(
            {key: value for key, value in options.items() if key in accepted}
            | {"params": [parameters[i] for i in group["indices"]]}
        )
    return kind(groups)


def _described(data: Any) -> tuple[type[optim.Optimizer], list[dict[str, Any]]]:
    """Return class and groups of a described optimizer, checked."""
    data = table_of(lambda value: value)(data)
    name = entry(data, "class", text)
    kind = getattr(optim, name, None) if name in optim.__all__ else None
    if not (isinstance(kind, type) and issubclass(kind, optim.Optimizer)):
        raise FormatError(f"got an optimizer {name!r:.80} that ganc does not have")
    return kind, entry(data, "groups", list_of(_group))


def _group(value: Any) -> dict[str, Any]:
    value = table_of(lambda part: part)(value)
    return {
        "options": entry(value, "options", table_of(_plain)),
        "params": entry(value, "params", list_of(count)),
        "indices": entry(value, "indices", list_of(count)),
    }


def restore_optimizer(name: str, optimizer: Any, data: Any, arrays: Mapping) -> None:
    """Put options and state back into an optimizer that has the same parameters."""
    state: dict[int, dict] = {}
    for key, value in entry(data, "scalars", table_of(real)).items():
        number, slot = key.split(".", 1)
        state.setdefault(int(number), {})[slot] = value
    prefix = f"{name}."
    for key, array in arrays.items():
        if key.startswith(prefix):
            number, slot = key[len(prefix) :].split(".", 1)
            state.setdefault(int(number), {})[slot] = core.Tensor(array)
    groups = [
        {key: tuples(value) for key, value in group["options"].items()}
        | {"params": group["params"]}
        for group in _described(data)[1]
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
