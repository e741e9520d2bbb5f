"""`copy.copy`, `copy.deepcopy` and pickle of tensors and generators, with PyTorch's meaning."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor

__all__: list[str] = []


def _own(x: Tensor) -> dict[str, Any]:
    """Return the attributes of a subclass or its user; plain tensors have none."""
    return getattr(x, "__dict__", {})


def _give(x: Tensor, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        setattr(x, name, value)


def _made(cls: type[Tensor], data: Any, requires_grad: bool) -> Tensor:
    """Return a leaf of any subclass, without its constructor."""
    new = Tensor.__new__(cls, data)
    return new.requires_grad_() if requires_grad else new


def _unpickled(cls: type[Tensor], array: np.ndarray, requires_grad: bool) -> Tensor:
    return _made(cls, tensor(array), requires_grad)


def _reduce(self: Tensor, protocol: Any) -> tuple[Any, ...]:
    array = np.array(self.detach().numpy())
    return _unpickled, (type(self), array, self.requires_grad), _own(self) or None


def _copy(self: Tensor) -> Tensor:
    """Return a leaf that shares the values."""
    new = self._shared_as(type(self))
    _give(new, _own(self))
    return new.requires_grad_() if self.requires_grad else new


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """Return an independent leaf with the same values."""
    if not self.is_leaf:
        raise RuntimeError(
            "deepcopy: got a tensor that was computed from others, expected a leaf; use "
            ".detach().clone()"
        )
    new = _made(type(self), self.detach(), self.requires_grad)
    memo[id(self)] = new
    _give(new, copy.deepcopy(_own(self), memo))
    if self.grad is not None:
        new.grad = copy.deepcopy(self.grad.detach(), memo)
    return new


def _generator(seed: int, stream: int) -> core.Generator:
    made = core.Generator(seed)
    made.stream = stream
    return made


Tensor.__reduce_ex__, Tensor.__copy__, Tensor.__deepcopy__ = _reduce, _copy, _deepcopy
core.Generator.__reduce__ = lambda self: (_generator, (self.seed, self.stream))
