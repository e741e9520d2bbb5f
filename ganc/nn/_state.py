"""What a module's `state_dict` and `load_state_dict` do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor

if TYPE_CHECKING:
    from ganc.nn._module import Module

__all__ = ["LoadResult", "load_state", "save_state"]


class LoadResult(NamedTuple):
    """The names that did not match, as ``load_state_dict(..., strict=False)`` returns them."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"missing keys {self.missing_keys}, unexpected keys {self.unexpected_keys}"

    __str__ = __repr__


def save_state(module: Module, prefix: str, keep_vars: bool) -> dict[str, Tensor]:
    """Return parameters and persistent buffers, module by module; shared ones under each name."""
    state: dict[str, Tensor] = {}
    for path, part in module.named_modules(prefix.rstrip("."), remove_duplicate=False):
        lead = f"{path}." if path else ""
        for name, p in part._parameters.items():
            if p is not None:
                state[lead + name] = p if keep_vars else p.detach()
        for name, b in part._buffers.items():
            if b is not None and name not in part._non_persistent:
                state[lead + name] = b if keep_vars else b.detach()
    return state


def load_state(module: Module, state_dict: Mapping[str, Any], strict: bool) -> LoadResult:
    """Check everything, then copy everything."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"state_dict: got {type(state_dict).__name__}, expected a dict")
    own = save_state(module, "", keep_vars=True)
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    problems = []
    if strict and missing:
        problems.append("missing: " + ", ".join(missing))
    if strict and unexpected:
        problems.append("unexpected: " + ", ".join(map(str, unexpected)))
    copies: list[tuple[Tensor, Tensor]] = []
    for name, target in own.items():
        if name in state_dict:
            value, problem = _as_tensor(state_dict[name])
            if value is not None and value.shape != target.shape:
                problem = f"got shape {value.shape}, expected {target.shape}"
            if problem:
                problems.append(f"{name}: {problem}")
            else:
                copies.append((target, value))
    if problems:
        raise RuntimeError(
            f"load_state_dict of {type(module).__name__}: nothing was loaded\n  "
            + "\n  ".join(problems)
        )
    previous = core.set_grad_enabled(False)
    try:
        for target, value in copies:
            target.copy_(value)
    finally:
        core.set_grad_enabled(previous)
    return LoadResult(missing, unexpected)


def _as_tensor(value: Any) -> tuple[Tensor | None, str]:
    """Return the value as a tensor of its own (it may share memory with a target), or why not."""
    if isinstance(value, Tensor):
        return value.detach(), ""
    try:
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
        if array.dtype.kind not in "fiub":
            return None, f"got dtype {array.dtype}, expected numbers"
        return tensor(array), ""
    except (TypeError, ValueError) as error:
        return None, f"got {type(value).__name__}, expected a tensor or an array ({error})"
