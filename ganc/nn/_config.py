"""The architecture of a module as JSON values, and back.

A module is written as ``{"class": name, "config": constructor arguments}``. No code is stored or
run: names are looked up in a registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ganc.nn import utils
from ganc.nn._module import Module

__all__ = ["module_from_config", "module_to_config", "register"]

_classes: dict[str, type[Module]] = {}
_C = TypeVar("_C", bound=type)


def register(kind: _C) -> _C:
    """Make a module class known by its name, so that files can name it: a class decorator.

    The class's ``get_config()`` returns its constructor's arguments; by default they are read
    from attributes of the same names.

    Parameters
    ----------
    kind : type
        A subclass of `Module`.

    Returns
    -------
    type
        The same.

    Raises
    ------
    TypeError, ValueError
        If it is not a module class, or another class has the name.

    Examples
    --------
    >>> from ganc import nn
    >>> @nn.register
    ... class Scale(nn.Module):
    ...     def __init__(self, factor):
    ...         super().__init__()
    ...         self.factor = factor
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> nn.module_from_config(nn.module_to_config(Scale(3.0))).factor
    3.0
    """
    if not (isinstance(kind, type) and issubclass(kind, Module)):
        raise TypeError(f"register: got {kind!r}, expected a subclass of nn.Module")
    known = _classes.get(kind.__name__)
    if known is not None and known is not kind and known.__module__.startswith("ganc."):
        raise ValueError(f"register: the name {kind.__name__!r} belongs to ganc; choose another")
    _classes[kind.__name__] = kind
    return kind


def module_to_config(module: Module) -> dict[str, Any]:
    """Describe a module's architecture, without its weights.

    Parameters
    ----------
    module : Module
        Made of ganc's modules and registered ones.

    Returns
    -------
    dict
        JSON values; see `module_from_config`.

    Raises
    ------
    TypeError
        For a class that is not registered: register it, or save its `state_dict` instead.
    ValueError
        If a module with parameters occurs twice.

    Examples
    --------
    >>> from ganc import nn
    >>> nn.module_to_config(nn.Linear(2, 3))["config"]
    {'in_features': 2, 'out_features': 3, 'bias': True}
    """
    seen: set[int] = set()
    for part in module.modules(remove_duplicate=False):
        if id(part) in seen and any(True for _ in part.parameters()):
            raise ValueError(
                f"cannot describe {type(module).__name__}: a {type(part).__name__} occurs in it "
                "twice and would come back as two; save its state_dict() instead"
            )
        seen.add(id(part))
    return describe(module)


def describe(module: Module) -> dict[str, Any]:
    """Describe one module; containers call it for their parts."""
    cls = type(module)
    if _classes.get(cls.__name__) is not cls:
        raise TypeError(
            f"cannot describe {cls.__qualname__}: ganc does not know this class. Decorate it with "
            "@ganc.nn.register and let get_config() return its constructor's arguments; or save "
            "only its weights, module.state_dict(), and build the module yourself before loading"
        )
    config = module.get_config()
    described = {"class": cls.__name__, "config": config}
    # containers describe their parts; other modules build theirs, without normalised weights
    parts = [("", module)] if "modules" in config else module.named_modules()
    wrappers = [
        {"path": path, **wrapper} if path else dict(wrapper)
        for path, part in parts
        for wrapper in part.__dict__.get("_wrappers", ())
    ]
    if wrappers:
        described["wrappers"] = wrappers
    return described


def module_from_config(config: Mapping[str, Any]) -> Module:
    """Build a module that `module_to_config` has described.

    Parameters
    ----------
    config : dict

    Returns
    -------
    Module
        With fresh weights.

    Raises
    ------
    ValueError
        If the description is not one, or names an unknown class.

    Examples
    --------
    >>> from ganc import nn
    >>> net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> nn.module_from_config(nn.module_to_config(net))
    Sequential(
      (0): Linear(in_features=2, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=1, bias=True)
    )
    """
    name = config.get("class") if isinstance(config, Mapping) else None
    arguments = config.get("config") if name is not None else None
    if not isinstance(name, str) or not isinstance(arguments, Mapping):
        raise ValueError(f'config: got {config!r:.80}, expected {{"class": ..., "config": ...}}')
    cls = _classes.get(name)
    if cls is None:
        raise ValueError(
            f"config: got class {name!r}, which ganc does not know; import the module that defines "
            "it (with @ganc.nn.register) first"
        )
    try:
        module = cls.from_config(arguments)
    except (TypeError, KeyError) as error:
        raise ValueError(f"config: cannot build {name} from {arguments!r:.200}: {error}") from error
    for wrapper in config.get("wrappers", ()):
        _wrap(module, dict(wrapper))
    return module


def _wrap(module: Module, options: dict[str, Any]) -> None:
    """Normalise a weight of a module or of one of its parts, unless it is so by construction."""
    kind, path = options.pop("kind", None), options.pop("path", "")
    if kind not in ("spectral_norm", "weight_norm"):
        raise ValueError(f"config: got wrapper {kind!r}, expected spectral_norm or weight_norm")
    try:
        part = module.get_submodule(path)
        wrapped = [(w["kind"], w["name"]) for w in part.__dict__.get("_wrappers", ())]
        if (kind, options.get("name")) not in wrapped:
            getattr(utils, kind)(part, **options)
    except (AttributeError, TypeError) as error:
        raise ValueError(f"config: cannot apply {kind} to {path!r}: {error}") from error
