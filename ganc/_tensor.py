"""Tensors: creation, functions, methods, gradients, random numbers (PyTorch's names).

Everything public here is also ``ganc.<name>``; functions that the core has itself are taken from
it as they are.
"""

from __future__ import annotations

from . import (
    _autograd,
    _creation,
    _einsum,
    _gradcheck,
    _join,
    _math,
    _methods,
    _random,
    _shape,
    _threads,
)
from ._autograd import *  # noqa: F403
from ._backend import core
from ._creation import *  # noqa: F403
from ._einsum import *  # noqa: F403
from ._gradcheck import *  # noqa: F403
from ._join import *  # noqa: F403
from ._math import *  # noqa: F403
from ._random import *  # noqa: F403
from ._shape import *  # noqa: F403
from ._threads import *  # noqa: F403

_FROM_CORE = [
    "abs",
    "add",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "cat",
    "cos",
    "cumsum",
    "div",
    "eq",
    "erf",
    "exp",
    "expm1",
    "floor",
    "gather",
    "ge",
    "gt",
    "index_select",
    "isfinite",
    "isnan",
    "le",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "lt",
    "matmul",
    "maximum",
    "mean",
    "minimum",
    "mul",
    "ne",
    "neg",
    "reciprocal",
    "relu",
    "reshape",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "sqrt",
    "square",
    "sub",
    "sum",
    "tanh",
    "transpose",
]
globals().update({_name: getattr(core, _name) for _name in _FROM_CORE})

__all__ = sorted(
    _FROM_CORE
    + [
        name
        for module in (
            _autograd,
            _creation,
            _einsum,
            _gradcheck,
            _join,
            _math,
            _methods,
            _random,
            _shape,
            _threads,
        )
        for name in module.__all__
    ]
)
