"""How modules in a row become calls: an activation is taken into the layer before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._activation import LeakyReLU, ReLU, Sigmoid, Tanh
from ._module import Module

__all__ = ["steps"]

_ACT: dict[type, str] = {
    ReLU: "relu",
    LeakyReLU: "leaky_relu",
    Tanh: "tanh",
    Sigmoid: "sigmoid",
}


def steps(modules: Sequence[Module]) -> list[Callable[[Any], Any]]:
    """Return calls that, one after the other, do what the modules do."""
    calls: list[Callable[[Any], Any]] = []
    i = 0
    while i < len(modules):
        module = modules[i]
        after = modules[i + 1] if i + 1 < len(modules) else None
        if type(after) in _ACT and _takes_act(module) and _bare(module) and _bare(after):
            calls.append(_fused(module, after))
            i += 2
        else:
            calls.append(module.forward if _bare(module) else module)
            i += 1
    return calls


def _bare(module: Module) -> bool:
    """Return whether calling `module` is nothing but its class's `forward`."""
    own = module.__dict__
    return not (own["_pre_hooks"] or own["_post_hooks"] or "forward" in own) and (
        type(module).__call__ is Module.__call__
    )


def _takes_act(module: Module) -> bool:
    """Return whether `module` has a `_forward_act` that belongs to its `forward`.

    ``_forward_act(input, act, slope)`` is the activation named `act` applied to
    ``forward(input)``, in one operation; `slope` is that of a leaky ReLU, at least 0. A subclass
    that defines `forward` alone does something else than the `_forward_act` it inherits.
    """
    for cls in type(module).__mro__:
        if "_forward_act" in vars(cls):
            return True
        if "forward" in vars(cls):
            return False
    return False


def _fused(module: Any, activation: Module) -> Callable[[Any], Any]:
    run, act = module._forward_act, _ACT[type(activation)]
    if act != "leaky_relu":
        return lambda x: run(x, act, 0.0)
    options, apart = activation.__dict__, (module.forward, activation.forward)

    def leaky(x: Any) -> Any:
        slope = options["negative_slope"]
        return run(x, act, slope) if slope >= 0 else apart[1](apart[0](x))

    return leaky
