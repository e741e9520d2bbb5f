"""`Tree`: a module as a tree of modules - walking it, printing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from ganc._tensor._creation import Tensor
from ganc.nn._parameter import Parameter

if TYPE_CHECKING:
    from ganc.nn._module import Module
    from ganc.nn._summary import Summary

__all__ = ["Tree"]


class Tree:
    """The part of `Module` that only reads its registries."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

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

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call a function with every module below, then with this one.

        Parameters
        ----------
        fn : callable

        Returns
        -------
        Module
            Itself.

        Examples
        --------
        >>> from ganc import nn
        >>> def init(m):
        ...     if isinstance(m, nn.Linear):
        ...         nn.init.normal_(m.weight, 0.0, 0.02)
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU()).apply(init)
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # ---- scripts written for several types and devices -------------------------------------
    def to(self, device: Any = "cpu") -> Self:
        """Return the module itself; anything but the CPU is refused.

        Parameters
        ----------
        device : str, default "cpu"

        Returns
        -------
        Module

        Raises
        ------
        ValueError
            For another device or a number type.
        """
        if str(device) != "cpu":
            raise ValueError(f"to: got {device!r}, expected 'cpu'; ganc runs on CPUs")
        return self

    def cpu(self) -> Self:
        """Return the module itself.

        Returns
        -------
        Module
        """
        return self

    def float(self) -> Self:
        """Return the module itself: there is one number type.

        Returns
        -------
        Module
        """
        return self

    # ---- architecture ----------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values.

        Read from attributes of the same names; override it where they have others.

        Returns
        -------
        dict
        """
        from ganc.nn._config import constructor_arguments

        return constructor_arguments(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build a module from what `get_config` returned.

        Parameters
        ----------
        config : dict

        Returns
        -------
        Module
        """
        return cls(**config)

    # ---- printing --------------------------------------------------------------------------
    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets of this module.

        Returns
        -------
        str
        """
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        below = [
            f"({name}): " + repr(module).replace("\n", "\n  ")
            for name, module in self._modules.items()
        ]
        name = type(self).__name__
        if not below and len(lines) <= 1:
            return f"{name}({extra})"
        return f"{name}(\n  " + "\n  ".join(lines + below) + "\n)"

    def summary(self, input_shape: Sequence[int] | list[Sequence[int]]) -> Summary:
        """Return a table of the layers, their output shapes and their parameters.

        Parameters
        ----------
        input_shape : tuple of int, or list of them
            The shape of one sample, without the batch; a list for several inputs.

        Returns
        -------
        Summary
            Prints itself, and shows itself in a notebook.

        Examples
        --------
        >>> from ganc import nn
        >>> print(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)).summary((2,)))
        Layer       Output shape  Parameters
        ------------------------------------
        0 (Linear)  (N, 8)                24
        1 (ReLU)    (N, 8)                 0
        2 (Linear)  (N, 1)                 9
        ------------------------------------
        Parameters: 33 (132 B), trainable: 33
        """
        from ganc.nn._summary import summarize

        return summarize(self, input_shape)

    def _repr_html_(self) -> str:
        from ganc.nn._summary import outline_html

        return outline_html(self)
