"""Modules made of modules."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from ganc.nn._config import describe, module_from_config, register
from ganc.nn._fuse import steps
from ganc.nn._hooks import structure
from ganc.nn._module import Module

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _Numbered(Module):
    """What `Sequential` and `ModuleList` share: modules named "0", "1", ..."""

    def _replace(self, modules: Iterable[Module]) -> None:
        modules = list(modules)
        for name in list(self._modules):
            del self._modules[name]
            del self.__dict__[name]
        structure.version += 1
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def _position(self, index: int) -> int:
        i = operator.index(index)
        n = len(self)
        if not -n <= i < n:
            raise IndexError(f"index: got {i}, expected {-n} to {n - 1}")
        return i % n

    def _name(self, index: int) -> str:
        return list(self._modules)[self._position(index)]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)._of(list(self._modules.items())[index])
        return self._modules[self._name(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name(index), module)

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._modules)
        for name in names[index] if isinstance(index, slice) else [self._name(index)]:
            delattr(self, name)
        if all(name.isdigit() for name in names):
            self._replace(self)

    def append(self, module: Module) -> Self:
        """Add a module at the end.

        Parameters
        ----------
        module : Module

        Returns
        -------
        Module
            Itself.
        """
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end.

        Parameters
        ----------
        modules : iterable of Module

        Returns
        -------
        Module
            Itself.
        """
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Insert a module before a position.

        Parameters
        ----------
        index : int
        module : Module

        Returns
        -------
        Module
            Itself.
        """
        if not isinstance(module, Module):
            raise TypeError(f"module: got {type(module).__name__}, expected nn.Module")
        modules = list(self)
        modules.insert(index, module)
        self._replace(modules)
        return self

    def get_config(self) -> dict[str, Any]:
        """Return the modules, described.

        Returns
        -------
        dict
        """
        return {"modules": [[name, describe(m)] for name, m in self._modules.items()]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build it from what `get_config` returned.

        Parameters
        ----------
        config : dict

        Returns
        -------
        Module
        """
        if "modules" not in config:
            raise ValueError(f"from_config: got {sorted(config)}, expected 'modules'")
        return cls._of([(name, module_from_config(m)) for name, m in config["modules"]])

    @classmethod
    def _of(cls, items: Iterable[tuple[str, Module]]) -> Self:
        new = cls()
        for name, module in items:
            new.add_module(name, module)
        return new


@register
class Sequential(_Numbered):
    """Modules one after the other.

    A layer such as `Linear` followed by `ReLU`, `LeakyReLU`, `Tanh` or `Sigmoid` runs as one
    operation, unless one of the two has hooks.

    Parameters
    ----------
    *args : Module, or one dict of str to Module

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> net = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    >>> net(ganc.zeros(5, 2)).shape
    (5, 1)
    >>> net[1]
    LeakyReLU(negative_slope=0.2)
    """

    def __init__(self, *args: Module | Mapping[str, Module]) -> None:
        super().__init__()
        self.__dict__["_plan"] = None
        if len(args) == 1 and isinstance(args[0], Mapping):
            named = args[0].items()
        else:
            named = ((str(i), module) for i, module in enumerate(args))
        for name, module in named:
            if not isinstance(module, Module):
                raise TypeError(
                    f"Sequential: got {type(module).__name__} at {name}, expected nn.Module"
                )
            self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        """Compute the output.

        Parameters
        ----------
        input : object
            What the first module takes.

        Returns
        -------
        object
            What the last module gives.
        """
        plan = self._plan
        if plan is None or plan[0] != structure.version:  # any change of structure outdates it
            modules = [m for m in self._modules.values() if m is not None]
            plan = self.__dict__["_plan"] = (structure.version, steps(modules))
        for step in plan[1]:
            input = step(input)
        return input

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *other)


@register
class ModuleList(_Numbered):
    """A list of modules that are registered; `forward` is up to the owner.

    Parameters
    ----------
    modules : iterable of Module, optional

    Examples
    --------
    >>> from ganc import nn
    >>> blocks = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
    >>> len(blocks), len(list(blocks.parameters()))
    (3, 6)
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())


@register
class ModuleDict(Module):
    """A dict of modules that are registered; `forward` is up to the owner.

    Parameters
    ----------
    modules : dict of str to Module, or iterable of pairs, optional

    Examples
    --------
    >>> from ganc import nn
    >>> heads = nn.ModuleDict({"real": nn.Linear(4, 1), "label": nn.Linear(4, 10)})
    >>> heads["label"].out_features
    10
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]
        self.__dict__.pop(key, None)
        structure.version += 1

    def keys(self) -> Iterable[str]:
        """Return the names.

        Returns
        -------
        iterable of str
        """
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """Return the modules.

        Returns
        -------
        iterable of Module
        """
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Return names and modules.

        Returns
        -------
        iterable of pairs
        """
        return self._modules.items()

    def pop(self, key: str) -> Module:
        """Take a module out.

        Parameters
        ----------
        key : str

        Returns
        -------
        Module
        """
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Take all modules out."""
        for key in list(self):
            del self[key]

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules, or replace those of the same names.

        Parameters
        ----------
        modules : dict of str to Module, or iterable of pairs
        """
        for key, module in modules.items() if isinstance(modules, Mapping) else modules:
            self[key] = module

    def get_config(self) -> dict[str, Any]:
        """Return the modules, described.

        Returns
        -------
        dict
        """
        return {"modules": {name: describe(m) for name, m in self._modules.items()}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build it from what `get_config` returned.

        Parameters
        ----------
        config : dict

        Returns
        -------
        Module
        """
        return cls({name: module_from_config(m) for name, m in config["modules"].items()})
