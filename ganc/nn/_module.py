"""`Module`, the base class of everything that has parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._random import Generator
from ganc.nn._hooks import RemovableHandle, call_with_hooks, structure
from ganc.nn._parameter import Buffer, Parameter
from ganc.nn._state import LoadResult, load_state, save_state
from ganc.nn._tree import Tree

__all__ = ["Module"]

_REGISTRIES = ("_parameters", "_buffers", "_modules")


class Module(Tree):
    """Base class of layers and networks.

    A subclass calls ``super().__init__()``, assigns parameters and other modules as attributes
    and defines ``forward``. Parameters, buffers and modules are ordinary entries of the
    instance's ``__dict__``, so that reading them costs what any attribute costs; registries of
    the same objects give the names their order.

    Attributes
    ----------
    training : bool
        Whether layers such as `Dropout` act as in training; see `train` and `eval`.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = nn.Linear(2, 8)
    ...         self.out = nn.Linear(8, 1)
    ...     def forward(self, x):
    ...         return self.out(nn.functional.relu(self.hidden(x)))
    >>> net = Net()
    >>> net(ganc.zeros(5, 2)).shape
    (5, 1)
    >>> sum(p.numel() for p in net.parameters())
    33
    """

    batch_coupled: ClassVar[bool] = False  # one sample's output depends on the others' (training)

    training: bool

    def __init__(self) -> None:
        own = self.__dict__
        own["training"] = True
        for name in _REGISTRIES:
            own[name] = {}
        own["_non_persistent"] = set()
        own["_pre_hooks"], own["_post_hooks"] = {}, {}

    # ---- calls -----------------------------------------------------------------------------
    def forward(self, *input: Any) -> Any:
        """Compute the output; subclasses define it, ``module(x)`` calls it.

        Parameters
        ----------
        *input : object
            What the module takes.
        """
        raise NotImplementedError(f"{type(self).__name__} must define forward(...)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._pre_hooks or self._post_hooks:
            return call_with_hooks(self, args, kwargs, self._pre_hooks, self._post_hooks)
        return self.forward(*args, **kwargs)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Let `hook` run before `forward`.

        Parameters
        ----------
        hook : callable
            ``hook(module, args)`` returns None or the arguments to use instead; with
            `with_kwargs`, ``hook(module, args, kwargs)`` returns None or both.
        prepend : bool, default False
            Before the hooks that are there.
        with_kwargs : bool, default False

        Returns
        -------
        RemovableHandle
        """
        return RemovableHandle(self._pre_hooks, (hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Let `hook` run after `forward`.

        Parameters
        ----------
        hook : callable
            ``hook(module, args, output)`` returns None or the output to use instead; with
            `with_kwargs`, ``hook(module, args, kwargs, output)``.
        prepend : bool, default False
            Before the hooks that are there.
        with_kwargs : bool, default False

        Returns
        -------
        RemovableHandle

        Examples
        --------
        >>> import ganc
        >>> from ganc import nn
        >>> net = nn.Linear(2, 3)
        >>> with net.register_forward_hook(lambda module, args, out: print(out.shape)):
        ...     _ = net(ganc.zeros(4, 2))
        (4, 3)
        """
        return RemovableHandle(self._post_hooks, (hook, with_kwargs), prepend)

    # ---- registration ----------------------------------------------------------------------
    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if name == "training":
            own[name] = value
            return
        if "_modules" not in own:
            if isinstance(value, (Parameter, Buffer, Module)):
                raise AttributeError(
                    f"cannot assign {name} before Module.__init__(); call super().__init__() first"
                )
            object.__setattr__(self, name, value)
        elif isinstance(value, Parameter):
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._forget(name, "_modules")
            self.add_module(name, value)
        elif isinstance(value, Buffer):
            self._forget(name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        elif name in own["_parameters"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign {type(value).__name__} as parameter {name!r}, expected "
                    "nn.Parameter or None"
                )
            self.register_parameter(name, None)
        elif name in own["_modules"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign {type(value).__name__} as module {name!r}, expected nn.Module "
                    "or None"
                )
            self.add_module(name, None)
        elif name in own["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign {type(value).__name__} as buffer {name!r}, expected Tensor "
                    "or None"
                )
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
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"module: got {type(module).__name__}, expected nn.Module or None")
        self._register("_modules", name, module)

    register_module = add_module

    # ---- state -----------------------------------------------------------------------------
    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
        """Return parameters and persistent buffers by name.

        Parameters
        ----------
        prefix : str, default ""
            In front of every name.
        keep_vars : bool, default False
            Give the parameters themselves instead of detached tensors.

        Returns
        -------
        dict of str to Tensor
            Sharing memory with the module: training changes them. Copy what is to stay.

        Examples
        --------
        >>> from ganc import nn
        >>> {name: x.shape for name, x in nn.Linear(3, 2).state_dict().items()}
        {'weight': (2, 3), 'bias': (2,)}
        """
        return save_state(self, prefix, keep_vars)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> LoadResult:
        """Copy values into parameters and buffers.

        Parameters
        ----------
        state_dict : dict of str to Tensor or array_like
        strict : bool, default True
            Names must match exactly. Shapes must match in any case.

        Returns
        -------
        namedtuple (missing_keys, unexpected_keys)

        Raises
        ------
        RuntimeError
            With all names and shapes that do not fit; nothing has changed then.
        """
        return load_state(self, state_dict, strict)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Parameters
        ----------
        set_to_none : bool, default True
            False: fill them with zeros.
        """
        for p in self.parameters():
            if p.grad is not None:
                if set_to_none:
                    p.grad = None
                else:
                    p.grad.detach().zero_()

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether the parameters are trained.

        Parameters
        ----------
        requires_grad : bool, default True

        Returns
        -------
        Module
            Itself.
        """
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    # ---- modes -----------------------------------------------------------------------------
    def train(self, mode: bool = True) -> Self:
        """Set the training mode of this module and all below it.

        Parameters
        ----------
        mode : bool, default True

        Returns
        -------
        Module
            Itself.
        """
        if not isinstance(mode, bool):
            raise ValueError(f"train: got mode={mode!r}, expected a bool")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation mode: the same as ``train(False)``.

        Returns
        -------
        Module
            Itself.
        """
        return self.train(False)

    def _set_generator(self, generator: Generator | None) -> Self:
        """Let all random layers below draw from `generator`; None: the global one."""
        for module in self.modules():
            if hasattr(type(module), "generator"):
                module.__dict__["generator"] = generator
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Module:
        new = object.__new__(type(self))
        memo[id(self)] = new
        for name, value in self.__dict__.items():
            if name == "_plan":  # refers to the original's parts
                value = None
            elif isinstance(value, Tensor) and not value.is_leaf:  # made anew by a hook
                value = value.detach()
            if not isinstance(value, core.Generator):  # a generator stays shared
                value = copy.deepcopy(value, memo)
            new.__dict__[name] = value
        return new
