"""Indexing: ``x[key]`` and ``x[key] = value`` as in PyTorch.

Integers, slices, None and ``...`` make views (``csrc/py/index.c``). Arrays of positions and masks
select copies; on the left of ``=`` they say where the values go, and of positions that are named
more than once the last counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ganc._backend import core

__all__: list[str] = []

Tensor = core.Tensor
_EXACT = 2**24 if core.real == "float32" else 2**53  # positions that the tape can hold


def _as_index(item: Any) -> np.ndarray:
    """Return an array of positions or a mask."""
    array = np.asarray(item.detach() if isinstance(item, Tensor) else item)
    if array.size == 0 and isinstance(item, (list, tuple)):
        array = array.astype(np.int64)
    if array.dtype.kind not in "iub":
        what = "a Tensor" if isinstance(item, Tensor) else type(item).__name__
        raise IndexError(
            f"an index is an integer, slice, None, '...', an array of integers or a mask of "
            f"bools; got {what} of {array.dtype}"
        )
    return array


def _is_basic(item: Any) -> bool:
    if item is None or item is Ellipsis or isinstance(item, slice):
        return True
    if isinstance(item, (list, tuple, range, np.ndarray, bool, np.bool_)):
        return False
    if isinstance(item, Tensor):  # a single integer
        return item.ndim == 0 and np.dtype(item.dtype).kind == "i"
    return hasattr(item, "__index__")


def _parse(key: Any, ndim: int) -> list:
    """Name every dimension: ``...`` and what is left out become slices of everything."""
    items = [
        item if _is_basic(item) else _as_index(item)
        for item in (key if isinstance(key, tuple) else (key,))
    ]
    reads = [
        0
        if item is None or item is Ellipsis
        else item.ndim
        if isinstance(item, np.ndarray) and item.dtype == bool
        else 1
        for item in items
    ]
    dots = [k for k, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can have one '...' only")
    if sum(reads) > ndim:
        raise IndexError(f"too many indices: {sum(reads)} for a tensor of {ndim} dimensions")
    at = dots[0] if dots else len(items)
    return items[:at] + [slice(None)] * (ndim - sum(reads)) + items[at + 1 :]


def _check_mask(mask: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    if mask.shape != shape:
        raise IndexError(f"a mask of shape {mask.shape} does not fit dimensions of sizes {shape}")
    return mask.nonzero()


def _check_positions(index: np.ndarray, size: int) -> np.ndarray:
    if index.size and (index.min() < -size or index.max() >= size):
        raise IndexError(f"an index is out of range: expected {-size} to {size - 1}")
    index = index.astype(np.int64)
    return np.where(index < 0, index + size, index)


def _select(x: Tensor, key: Any) -> tuple[Tensor, tuple]:
    """Return a view by the basic part of the key, and the index of arrays into that."""
    items = _parse(key, x.ndim)
    basic: list[Any] = []
    for item in items:
        if not isinstance(item, np.ndarray):
            basic.append(item)
        elif item.dtype == bool and item.ndim == 0:
            basic.append(None)
        else:
            basic.extend([slice(None)] * (item.ndim if item.dtype == bool else 1))
    view = x._select(tuple(basic))
    index: list[Any] = []
    for item in items:
        dim = len(index)
        if isinstance(item, np.ndarray) and item.dtype == bool:
            mask = np.atleast_1d(item)
            index.extend(_check_mask(mask, view.shape[dim : dim + mask.ndim]))
        elif isinstance(item, np.ndarray):
            index.append(_check_positions(item, view.shape[dim]))
        elif item is None or isinstance(item, slice):
            index.append(slice(None))
    arrays = [item for item in index if isinstance(item, np.ndarray)]
    try:
        np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise IndexError(f"index arrays of shapes {shapes} cannot be broadcast") from None
    return view, tuple(index)


def _flat(x: Tensor, index: tuple) -> np.ndarray:
    """Return the positions of ``x[index]`` among the elements of x."""
    if x.numel() > _EXACT:
        raise OverflowError(
            f"an index of arrays into {x.numel()} elements cannot be differentiated, at most "
            f"{_EXACT}; use ganc.no_grad() or index one dimension at a time"
        )
    return np.arange(x.numel()).reshape(x.shape)[index]


def _getitem(x: Tensor, key: Any) -> Tensor:
    view = x._select(key)
    if view is not NotImplemented:
        return view
    view, index = _select(x, key)
    if not (core.is_grad_enabled() and view.requires_grad):
        return Tensor(np.asarray(view)[index])
    dims = [d for d, item in enumerate(index) if isinstance(item, np.ndarray)]
    if len(dims) == 1:
        (d,) = dims
        shape = (*view.shape[:d], *index[d].shape, *view.shape[d + 1 :])
        return core.reshape(core.index_select(view, d, index[d].ravel()), shape)
    positions = _flat(view, index)
    flat = core.index_select(core.reshape(view, (-1,)), 0, positions.ravel())
    return core.reshape(flat, positions.shape)


def _fit(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Broadcast the value; sizes of 1 in front may be too many."""
    extra = max(value.ndim - len(shape), 0)
    if any(size != 1 for size in value.shape[:extra]):
        raise ValueError(f"a value of shape {value.shape} does not fit a part of shape {shape}")
    return core.expand(core.reshape(value, value.shape[extra:]), shape)


def _setitem(x: Tensor, key: Any, value: Any) -> None:
    """``x[key] = value``, differentiable in ``value`` and in what remains of ``x``."""
    given, value = value, value if isinstance(value, Tensor) else Tensor(value)
    view = x._select(key)
    if view is not NotImplemented:
        view.copy_(_fit(value, view.shape))
        return
    fills = not value.ndim and isinstance(key, Tensor) and key.dtype.kind == "b"
    floats = isinstance(given, Tensor) and value.dtype.kind == "f" and x.dtype.kind != "f"
    if floats and not fills:  # one number where a mask holds is cut, as by masked_fill
        raise RuntimeError(
            f"values of {value.dtype} cannot be put into a tensor of {x.dtype}; convert them first"
        )
    view, index = _select(x, key)
    if core.is_grad_enabled() and (x.requires_grad or value.requires_grad):
        positions = _flat(view, index)
        values = core.reshape(_fit(value, positions.shape), (-1,))
        view._assign(core.index_put(view, positions.ravel(), values))
        return
    array = np.array(view.detach())
    shape = array[index].shape
    array[index] = np.asarray(_fit(value.detach(), shape))
    view._assign(Tensor(array))


Tensor.__getitem__ = _getitem
Tensor.__setitem__ = _setitem
