"""A module called with tensors in the place of its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ganc._tensor._creation import Tensor
from ganc.nn._module import Module

__all__ = ["functional_call"]

_Place = tuple[Module, str, str]  # a module, one of its registries, a name there
_Given = Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]]
_REGISTRIES = ("_parameters", "_buffers")


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: _Given,
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with tensors in the place of its parameters and buffers.

    The tensors may be the result of other operations, and gradients flow to them: what a step of an
    optimizer that is itself differentiated needs. Afterwards the module has its own again. Weights
    under spectral or weight norm are named as the parameters that they are computed from, such as
    ``weight_orig``.

    Parameters
    ----------
    module : Module
    parameter_and_buffer_dicts : dict of str to Tensor, or sequence of such dicts
        By the names of `Module.named_parameters` and `Module.named_buffers`; those that are not
        given stay the module's own.
    args : object or tuple, optional
        What the module takes; several inputs as a tuple.
    kwargs : dict, optional
        What it takes by name.
    tie_weights : bool, default True
        A tensor that stands under several names is replaced under all of them.
    strict : bool, default False
        Every parameter and buffer must be given.

    Returns
    -------
    object
        What the module gives.

    Raises
    ------
    KeyError
        If the module has no parameter or buffer of a name, or with `strict` one is not given.
    TypeError, ValueError
        If something else than a tensor is given, a shape does not fit, a name is given twice, or
        two different tensors for one that is tied.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> layer = nn.Linear(2, 1)
    >>> doubled = {name: 2 * p for name, p in layer.named_parameters()}
    >>> x = ganc.ones(3, 2)
    >>> y = nn.utils.functional_call(layer, doubled, x)
    >>> bool((y - 2 * layer(x)).abs().max() < 1e-6)
    True
    """
    inputs = () if args is None else args if isinstance(args, tuple) else (args,)
    with swapped(module, parameter_and_buffer_dicts, tie_weights=tie_weights, strict=strict):
        return module(*inputs, **(kwargs or {}))


@contextmanager
def swapped(
    module: Module, given: _Given, *, tie_weights: bool = True, strict: bool = False
) -> Iterator[None]:
    """Put tensors in the place of a module's parameters and buffers for a while."""
    if not isinstance(module, Module):
        raise TypeError(f"functional_call: got {type(module).__name__}, expected nn.Module")
    plan = _plan(module, _merged(given), tie_weights, strict)
    kept = [(m, registry, name, getattr(m, registry)[name]) for (m, registry, name), _ in plan]
    computed = list(_computed(module))
    try:
        for place, x in plan:
            _put(*place, x)
        yield
    finally:
        for m, registry, name, x in kept:
            _put(m, registry, name, x)
        for m, name, x in computed:
            m.__dict__[name] = x


def _put(module: Module, registry: str, name: str, x: Tensor) -> None:
    own = module.__dict__
    own[registry][name] = own[name] = x


def _computed(module: Module) -> Iterator[tuple[Module, str, Tensor]]:
    """Give the weights that spectral and weight norm compute before each call."""
    for m in module.modules():
        for wrapper in m.__dict__.get("_wrappers", ()):
            yield m, wrapper["name"], m.__dict__[wrapper["name"]]


def _merged(given: _Given) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for part in [given] if isinstance(given, Mapping) else list(given):
        if not isinstance(part, Mapping):
            raise TypeError(
                f"parameter_and_buffer_dicts: got {type(part).__name__}, expected a dict of names "
                "and tensors, or a sequence of such dicts"
            )
        if twice := sorted(found.keys() & part.keys()):
            raise ValueError(f"parameter_and_buffer_dicts: got {twice[0]!r} twice")
        found |= part
    return found


def _places(module: Module) -> dict[str, _Place]:
    """Return where a module's parameters and buffers are, by name; tied ones several times."""
    return {
        f"{path}.{name}" if path else name: (m, registry, name)
        for path, m in module.named_modules(remove_duplicate=False)
        for registry in _REGISTRIES
        for name, x in getattr(m, registry).items()
        if x is not None
    }


def _plan(
    module: Module, given: dict[str, Tensor], tie_weights: bool, strict: bool
) -> list[tuple[_Place, Tensor]]:
    """Return what is to be put where."""
    places = _places(module)
    tensors = {name: getattr(m, registry)[key] for name, (m, registry, key) in places.items()}
    for name, x in given.items():
        _check(type(module).__name__, name, x, tensors)
    ties: dict[int, tuple[str, Tensor]] = {}
    for name, x in given.items():
        other, known = ties.setdefault(id(tensors[name]), (name, x))
        if tie_weights and known is not x:
            raise ValueError(
                f"parameter_and_buffer_dicts: {other!r} and {name!r} are one tensor of the module, "
                "but were given different ones; give one of them, or pass tie_weights=False"
            )
    plan, missing = [], []
    for name, place in places.items():
        if name in given:
            plan.append((place, given[name]))
        elif id(tensors[name]) in ties:
            if tie_weights:
                plan.append((place, ties[id(tensors[name])][1]))
        else:
            missing.append(name)
    if strict and missing:
        raise KeyError(f"parameter_and_buffer_dicts: got no {missing[0]!r}, which strict=True asks")
    return plan


def _check(who: str, name: str, x: Any, tensors: Mapping[str, Tensor]) -> None:
    if name not in tensors:
        hint = f"{name}_orig" in tensors or f"{name}_v" in tensors
        known = ", ".join(tensors) or "none"
        raise KeyError(
            f"parameter_and_buffer_dicts: {who} has no parameter or buffer {name!r}"
            + (", which is computed from others" if hint else "")
            + f"; expected some of {known}"
        )
    if not isinstance(x, Tensor):
        raise TypeError(f"parameter_and_buffer_dicts: {name!r}: got {type(x).__name__}, no Tensor")
    if x.shape != tensors[name].shape:
        raise ValueError(
            f"parameter_and_buffer_dicts: {name!r}: got shape {x.shape}, expected "
            f"{tensors[name].shape}"
        )
