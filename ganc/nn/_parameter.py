"""`Parameter` and `Buffer`: tensors that a module registers when they are assigned to it."""

from __future__ import annotations

from typing import Any

from ganc._backend import core

__all__ = ["Buffer", "Parameter"]


class Parameter(core.Tensor):
    """A tensor that a module trains.

    Assigned to an attribute of a `Module` it appears among the module's parameters.

    Parameters
    ----------
    data : array_like
        The initial values; copied.
    requires_grad : bool, default True

    Examples
    --------
    >>> from ganc import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter([1.0])
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> [name for name, _ in Scale().named_parameters()]
    ['factor']
    """

    def __new__(cls, data: Any = (), requires_grad: bool = True) -> Parameter:
        self = super().__new__(cls, data.detach() if isinstance(data, core.Tensor) else data)
        if requires_grad:
            self.requires_grad_()
        return self

    def __init__(self, data: Any = (), requires_grad: bool = True) -> None:
        pass

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(core.Tensor):
    """A tensor that belongs to a module's state but is not trained.

    Parameters
    ----------
    data : array_like
        The initial values; copied.
    persistent : bool, default True
        Part of the module's `state_dict`.

    Examples
    --------
    >>> from ganc import nn
    >>> module = nn.Module()
    >>> module.mean = nn.Buffer([0.0, 0.0])
    >>> list(module.state_dict())
    ['mean']
    """

    def __new__(cls, data: Any = (), *, persistent: bool = True) -> Buffer:
        self = super().__new__(cls, data.detach() if isinstance(data, core.Tensor) else data)
        self.persistent = persistent
        return self

    def __init__(self, data: Any = (), *, persistent: bool = True) -> None:
        pass
