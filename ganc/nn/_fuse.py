"""How modules in a row become calls: an activation is taken into the layer before it.

In training a batch norm behind them takes it instead: its gradient then needs no pass of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ganc.nn._activation import LeakyReLU, ReLU, Sigmoid, Tanh
from ganc.nn._module import Module

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
        after, norm, last = (*modules[i + 1 : i + 4], None, None, None)[:3]
        if _fits(module, after):
            call = _fused(module, after)
            if _takes_before(norm, after) and not _fits(norm, last):
                call = _before(module, after, norm, call)
                i += 1
            calls.append(call)
            i += 2
        else:
            calls.append(module.forward if _bare(module) else module)
            i += 1
    return calls


def _fits(module: Any, after: Any) -> bool:
    """Return whether `module` takes the activation `after`."""
    return type(after) in _ACT and _takes(module, "_forward_act") and _bare(module) and _bare(after)


def _takes_before(norm: Any, activation: Module) -> bool:
    """Return whether `norm` takes the activation before it."""
    known = type(activation) in (ReLU, LeakyReLU)
    return known and norm is not None and _takes(norm, "_forward_before") and _bare(norm)


def _bare(module: Module) -> bool:
    """Return whether calling `module` is nothing but its class's `forward`."""
    own = module.__dict__
    return not (own["_pre_hooks"] or own["_post_hooks"] or "forward" in own) and (
        type(module).__call__ is Module.__call__
    )


def _takes(module: Module, method: str) -> bool:
    """Return whether `module` has a `_forward_act` or `_forward_before` that fits its `forward`.

    ``_forward_act(input, act, slope)`` is the activation named `act` applied to
    ``forward(input)``, in one operation; `slope` is that of a leaky ReLU, at least 0.
    ``_forward_before(input, act, slope)`` is ``forward`` of the activation of the input while
    ``_of_batch()`` holds. A subclass that defines `forward` alone does something else than what
    it inherits.
    """
    for cls in type(module).__mro__:
        if method in vars(cls):
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


def _before(
    module: Any, activation: Any, norm: Any, fused: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    act = _ACT[type(activation)]

    def call(x: Any) -> Any:
        slope = activation.negative_slope if act == "leaky_relu" else 0.0
        if norm._of_batch() and slope >= 0:
            return norm._forward_before(module.forward(x), act, slope)
        return norm.forward(fused(x))

    return call
