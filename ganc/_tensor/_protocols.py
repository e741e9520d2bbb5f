"""The Python protocols of Tensor besides indexing: iteration, printing, conversion to numbers."""

from __future__ import annotations

import numpy as np

from ganc._backend import core

__all__: list[str] = []

Tensor = core.Tensor


def _iter(x: Tensor):
    if x.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    return (x[i] for i in range(x.shape[0]))


def _repr(x: Tensor) -> str:
    body = np.array2string(
        np.asarray(x.detach()), separator=", ", precision=4, prefix="tensor(", threshold=200
    )
    empty = x.numel() == 0 and x.dtype.kind != "f"  # nothing shows what it is empty of
    dtype = f", dtype={x.dtype}" if empty else ""
    return f"tensor({body}{dtype}{', requires_grad=True' if x.requires_grad else ''})"


def _bool(x: Tensor) -> bool:
    if x.numel() != 1:
        raise RuntimeError(f"the truth value of a tensor of shape {x.shape} is ambiguous")
    return x.item() != 0


def _index(x: Tensor) -> int:
    if x.dtype.kind == "f" or x.numel() != 1:
        raise TypeError(
            f"an index is one integer: got a tensor of dtype {x.dtype} and shape {x.shape}; "
            ".long() makes integers of whole floats"
        )
    return int(x.item())


def _format(x: Tensor, spec: str) -> str:
    """Format a single number as a number, anything else as ``str`` does."""
    return format(x.item(), spec) if x.ndim == 0 else format(str(x), spec)


def _dlpack(x: Tensor, **options):
    return x.numpy().__dlpack__(**options)


def _contains(x: Tensor, value) -> bool:
    return bool((np.asarray(x.detach()) == np.asarray(value)).any())


def _tolist(x):
    """Return the numbers as nested lists."""
    return np.asarray(x.detach()).tolist()


_PROTOCOLS = {
    "__iter__": _iter,
    "__contains__": _contains,
    "__repr__": _repr,
    "__format__": _format,
    "__bool__": _bool,
    "__float__": lambda x: float(x.item()),
    "__int__": lambda x: int(x.item()),
    "__index__": _index,
    "__dlpack__": _dlpack,
    "__dlpack_device__": lambda x: (1, 0),
    "__array_priority__": 1000,  # array * tensor is a tensor
    "__array_ufunc__": None,
    "tolist": _tolist,
}
for _name, _value in _PROTOCOLS.items():
    setattr(Tensor, _name, _value)
