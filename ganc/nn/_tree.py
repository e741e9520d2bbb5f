"""`Tree`: parameters, buffers and modules under names, registered and walked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ganc._tensor._creation import Tensor
from ganc.nn._hooks import structure
from ganc.nn._parameter import Buffer, Parameter

if TYPE_CHECKING:
    from ganc.nn._module import Module

__all__ = ["Tree"]

_REGISTRIES = ("_parameters", "_buffers", "_modules")


class Tree:
    """A node that holds parameters, buffers and nodes by name, and knows of no computation.

    All three are ordinary entries of the instance's ``__dict__``, so that reading them costs what
    any attribute costs; registries of the same objects give the names their order. `Module` is
    the only subclass.
    """

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent: set[str]

    def __init__(self) -> None:
        own = self.__dict__
        for name in _REGISTRIES:
            own[name] = {}
        own["_non_persistent"] = set()

    # ---- registration ----------------------------------------------------------------------
    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if name == "training":
            own[name] = value
            return
        if "_modules" not in own:
            if isinstance(value, (Parameter, Buffer, Tree)):
                raise AttributeError(
                    f"cannot assign {name} before Module.__init__(); call super().__init__() first"
                )
            object.__setattr__(self, name, value)
        elif isinstance(value, Parameter):
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Tree):
            self._forget(name, "_modules")
            self.add_module(name, value)
        elif isinstance(value, Buffer):
            self._forget(name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        elif name in own["_parameters"]:
            _refuse(value, f"parameter {name!r}, expected nn.Parameter or None")
            self.register_parameter(name, None)
        elif name in own["_modules"]:
            _refuse(value, f"module {name!r}, expected nn.Module or None")
            self.add_module(name, None)
        elif name in own["_buffers"]:
            if not isinstance(value, Tensor):
                _refuse(value, f"buffer {name!r}, expected Tensor or None")
            own["_buffers"][name] = own[name] = value
        else:
            if name == "forward":
                structure.version += 1
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        own = self.__dict__
        for registry in _REGISTRIES:
            if own.get(registry, {}).pop(name, own) is not own:
                structure.version += 1
        own.get("_non_persistent", set()).discard(name)
        object.__delattr__(self, name)

    def _forget(self, name: str, registry: str) -> None:
        """Make room for `name` in `registry`: it may have been something else before."""
        own = self.__dict__
        if name not in own[registry]:
            for other in _REGISTRIES:
                own[other].pop(name, None)
            own.pop(name, None)

    def _register(self, registry: str, name: str, value: Any) -> None:
        own = self.__dict__
        if "_modules" not in own:
            raise AttributeError(
                f"cannot register {name!r} before Module.__init__(); call super().__init__() first"
            )
        if not isinstance(name, str):
            raise TypeError(f"name: got {type(name).__name__}, expected str")
        if not name or "." in name:
            raise KeyError(f"name: got {name!r}, expected a name without dots")
        if name not in own[registry] and hasattr(self, name):
            raise KeyError(f"attribute {name!r} already exists")
        own["_non_persistent"].discard(name)
        own[registry][name] = own[name] = value
        structure.version += 1

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter; the same as assigning it to an attribute.

        Parameters
        ----------
        name : str
        param : Parameter or None
            None: the module has no such parameter, and says so.

        Raises
        ------
        TypeError, KeyError
            If it is not a parameter, or the name is taken.
        """
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"param: got {type(param).__name__}, expected nn.Parameter or None")
        self._register("_parameters", name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state but is not trained.

        Parameters
        ----------
        name : str
        tensor : Tensor or None
        persistent : bool, default True
            Part of `state_dict`.

        Raises
        ------
        TypeError, KeyError
            If it is not a tensor, or the name is taken.
        """
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"tensor: got {type(tensor).__name__}, expected Tensor or None")
        self._register("_buffers", name, tensor)
        if not persistent:
            self._non_persistent.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a module; the same as assigning it to an attribute.

        Parameters
        ----------
        name : str
        module : Module or None

        Raises
        ------
        TypeError, KeyError
            If it is not a module, or the name is taken.
        """
        if module is not None and not isinstance(module, Tree):
            raise TypeError(f"module: got {type(module).__name__}, expected nn.Module or None")
        self._register("_modules", name, module)

    register_module = add_module

    # ---- walking ---------------------------------------------------------------------------
    def named_modules(
        self, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Iterate over this module and all below it, with their paths.

        Parameters
        ----------
        prefix : str, default ""
            In front of every path.
        remove_duplicate : bool, default True
            Give a module that occurs several times once.

        Yields
        ------
        tuple of str and Module
        """
        seen: set[int] = set()
        stack: list[tuple[str, Any]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if remove_duplicate:
                if id(module) in seen:
                    continue
                seen.add(id(module))
            yield path, module
            lead = f"{path}." if path else ""
            below = [(lead + name, m) for name, m in module._modules.items() if m is not None]
            stack.extend(reversed(below))

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Iterate over this module and all below it.

        Parameters
        ----------
        remove_duplicate : bool, default True
            Give a module that occurs several times once.

        Yields
        ------
        Module
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Iterate over the modules directly below, with their names.

        Yields
        ------
        tuple of str and Module
        """
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Module]:
        """Iterate over the modules directly below.

        Yields
        ------
        Module
        """
        for _, module in self.named_children():
            yield module

    def _named(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        parts = (
            self.named_modules(prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, module in parts:
            lead = f"{path}." if path else ""
            for name, x in getattr(module, registry).items():
                if x is None or (remove_duplicate and id(x) in seen):
                    continue
                seen.add(id(x))
                yield lead + name, x

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Iterate over the parameters with their paths.

        Parameters
        ----------
        prefix : str, default ""
            In front of every path.
        recurse : bool, default True
            Also those of the modules below.
        remove_duplicate : bool, default True
            Give a shared parameter once.

        Yields
        ------
        tuple of str and Parameter
        """
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Iterate over the parameters: what an optimizer takes.

        Parameters
        ----------
        recurse : bool, default True
            Also those of the modules below.

        Yields
        ------
        Parameter
        """
        for _, p in self.named_parameters(recurse=recurse):
            yield p

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Iterate over the buffers with their paths.

        Parameters
        ----------
        prefix : str, default ""
            In front of every path.
        recurse : bool, default True
            Also those of the modules below.
        remove_duplicate : bool, default True
            Give a shared buffer once.

        Yields
        ------
        tuple of str and Tensor
        """
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Iterate over the buffers.

        Parameters
        ----------
        recurse : bool, default True
            Also those of the modules below.

        Yields
        ------
        Tensor
        """
        for _, b in self.named_buffers(recurse=recurse):
            yield b

    def get_submodule(self, target: str) -> Module:
        """Return the module at a path such as ``"body.0"``.

        Parameters
        ----------
        target : str
            "" is the module itself.

        Returns
        -------
        Module

        Raises
        ------
        AttributeError
            If there is none.
        """
        module: Any = self
        for name in filter(None, target.split(".")):
            below = module._modules.get(name)
            if below is None:
                raise AttributeError(f"{type(module).__name__} has no module {name!r}")
            module = below
        return module

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at a path such as ``"body.0.weight"``.

        Parameters
        ----------
        target : str

        Returns
        -------
        Parameter

        Raises
        ------
        AttributeError
            If there is none.
        """
        return self._get("_parameters", "parameter", target)

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at a path such as ``"body.1.running_mean"``.

        Parameters
        ----------
        target : str

        Returns
        -------
        Tensor

        Raises
        ------
        AttributeError
            If there is none.
        """
        return self._get("_buffers", "buffer", target)

    def _get(self, registry: str, kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = getattr(module, registry).get(name)
        if found is None:
            raise AttributeError(f"{type(module).__name__} has no {kind} {name!r}")
        return found


def _refuse(value: Any, what: str) -> None:
    if value is not None:
        raise TypeError(f"cannot assign {type(value).__name__} as {what}")
