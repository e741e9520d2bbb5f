"""Tensors: creation, functions, methods, gradients, random numbers (PyTorch's names).

Everything public here is also ``ganc.<name>``; functions that the core has itself are taken from
it as they are. The folder has an underscore because ``ganc.tensor`` is a function: a package of
that name would be hidden behind it (``import ganc.tensor._math as m`` fails then).
"""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor import (
    _algebra,
    _autograd,
    _copies,
    _creation,
    _dtypes,
    _einsum,
    _gradcheck,
    _indexing,
    _join,
    _logic,
    _math,
    _methods,
    _order,
    _protocols,
    _random,
    _scatter,
    _select,
    _shape,
)
from ganc._tensor._algebra import *  # noqa: F403
from ganc._tensor._autograd import *  # noqa: F403
from ganc._tensor._creation import *  # noqa: F403
from ganc._tensor._dtypes import *  # noqa: F403
from ganc._tensor._einsum import *  # noqa: F403
from ganc._tensor._gradcheck import *  # noqa: F403
from ganc._tensor._join import *  # noqa: F403
from ganc._tensor._logic import *  # noqa: F403
from ganc._tensor._math import *  # noqa: F403
from ganc._tensor._order import *  # noqa: F403
from ganc._tensor._random import *  # noqa: F403
from ganc._tensor._scatter import *  # noqa: F403
from ganc._tensor._select import *  # noqa: F403
from ganc._tensor._shape import *  # noqa: F403

_FROM_CORE = [
    "abs",
    "add",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "cat",
    "ceil",
    "cos",
    "cumsum",
    "div",
    "eq",
    "erf",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
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
    "remainder",
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
            _algebra,
            _autograd,
            _copies,
            _creation,
            _dtypes,
            _einsum,
            _gradcheck,
            _indexing,
            _join,
            _logic,
            _math,
            _methods,
            _order,
            _protocols,
            _random,
            _scatter,
            _select,
            _shape,
        )
        for name in module.__all__
    ]
)
