"""`Module`, the base class of everything that has parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

from ganc._backend import core
from ganc._checked import FAULTS, explain_forward
from ganc._tensor._creation import Tensor
from ganc._tensor._random import Generator
from ganc.nn._arguments import constructor_arguments
from ganc.nn._hooks import RemovableHandle, call_with_hooks
from ganc.nn._state import LoadResult, load_state, save_state
from ganc.nn._summary import Summary, outline_html, summarize
from ganc.nn._tree import Tree

__all__ = ["Module"]


class Module(Tree):
    """Base class of layers and networks.

    A subclass calls ``super().__init__()``, assigns parameters and other modules as attributes
    and defines ``forward``.

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

    batch_dependent: ClassVar[bool] = False  # one sample's output depends on the others' (training)

    training: bool

    def __init__(self) -> None:
        super().__init__()
        own = self.__dict__
        own["training"] = True
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
        try:
            if self._pre_hooks or self._post_hooks:
                return call_with_hooks(self, args, kwargs, self._pre_hooks, self._post_hooks)
            return self.forward(*args, **kwargs)
        except FAULTS as error:
            better = explain_forward(error, self, args, kwargs)
            if better is None:
                raise
            raise better from better.__cause__

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

    def _set_generator(self, generator: Generator | None) -> Self:
        """Let all random layers below draw from `generator`; None: the global one."""
        for module in self.modules():
            if hasattr(type(module), "generator"):
                module.__dict__["generator"] = generator
        return self

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles hold."""
        state = {name: value for name, value in self.__dict__.items() if name != "_per_sample"}
        for name, value in state.items():
            if name == "_plan":  # refers to the original's parts
                state[name] = None
            elif isinstance(value, Tensor) and not value.is_leaf:  # made anew by a hook
                state[name] = value.detach()
        return state

    def __deepcopy__(self, memo: dict[int, Any]) -> Module:
        memo[id(self)] = new = object.__new__(type(self))
        for name, value in self.__getstate__().items():
            shared = isinstance(value, core.Generator)
            new.__dict__[name] = value if shared else copy.deepcopy(value, memo)
        return new

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
        return summarize(self, input_shape)

    def _repr_html_(self) -> str:
        return outline_html(self)
