"""Indexing: reading and writing of parts of a tensor.

Indexing copies (a tensor has no strides), so ``x[0].add_(1)`` does not change ``x``; ``x[0] = v``
does.
"""

from __future__ import annotations

import numpy as np

from ganc._backend import core

__all__: list[str] = []

Tensor = core.Tensor


def _is_array(item) -> bool:
    return isinstance(item, (list, np.ndarray, Tensor))


def _expand_ellipsis(x: Tensor, key) -> list:
    items = list(key) if isinstance(key, tuple) else [key]
    used = sum(item is not None and item is not Ellipsis for item in items)
    if used > x.ndim:
        raise IndexError(f"too many indices: {used} for a tensor of {x.ndim} dimensions")
    dots = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can have one '...' only")
    at = dots[0] if dots else len(items)
    rest = items[at + 1 :] if dots else []
    return items[:at] + [slice(None)] * (x.ndim - used) + rest


def _as_mask(x: Tensor, key):
    """The positions that a mask of x's shape selects, or None when key is not a mask."""
    if isinstance(key, (list, np.ndarray)) and np.asarray(key).dtype == bool:
        mask = np.asarray(key)
    elif isinstance(key, Tensor) and key.shape == x.shape and x.ndim:
        mask = np.asarray(key)
        if not np.isin(mask, (0, 1)).all():
            return None
        if x.ndim == 1:
            raise IndexError(
                "a 0/1 Tensor as long as the 1-D tensor may be a mask or a list of positions; "
                "write x[mask.numpy() != 0] or x[index.tolist()]"
            )
    else:
        return None
    if mask.shape != x.shape[: mask.ndim]:
        raise IndexError(f"a mask of shape {mask.shape} does not fit a tensor of shape {x.shape}")
    return mask.astype(bool)


def _positions(index, size: int) -> np.ndarray:
    wanted = np.asarray(index)
    if wanted.size == 0:
        wanted = wanted.astype(np.int64)
    if not np.array_equal(wanted, np.trunc(wanted)):
        raise IndexError("an index array must hold integers")
    wanted = wanted.astype(np.int64)
    if wanted.size and (wanted.min() < -size or wanted.max() >= size):
        raise IndexError(f"an index is out of range: expected {-size} to {size - 1}")
    return np.where(wanted < 0, wanted + size, wanted)


def _take_slice(x: Tensor, dim: int, item: slice) -> Tensor:
    start, stop, step = item.indices(x.shape[dim])
    if step < 0:
        raise ValueError("the step of a slice must be > 0; use ganc.flip")
    if step == 1:
        length = max(stop - start, 0)
        return x if length == x.shape[dim] else core.narrow(x, dim, start, length)
    return core.index_select(x, dim, np.arange(start, stop, step))


def _take_array(x: Tensor, dim: int, item) -> Tensor:
    index = _positions(item, x.shape[dim])
    shape = (*x.shape[:dim], *index.shape, *x.shape[dim + 1 :])
    return core.reshape(core.index_select(x, dim, index.ravel()), shape)


def _getitem(x: Tensor, key) -> Tensor:
    mask = _as_mask(x, key)
    if mask is not None:
        flat = core.reshape(x, (mask.size, *x.shape[mask.ndim :]))
        return core.index_select(flat, 0, np.flatnonzero(mask))
    items = _expand_ellipsis(x, key)
    if sum(map(_is_array, items)) > 1:
        raise IndexError("an index can hold one array only; index in two steps")
    dim = 0
    for item in items:
        if item is None:
            x = core.reshape(x, (*x.shape[:dim], 1, *x.shape[dim:]))
            dim += 1
        elif isinstance(item, slice):
            x = _take_slice(x, dim, item)
            dim += 1
        elif _is_array(item):
            before = x.ndim
            x = _take_array(x, dim, item)
            dim += 1 + x.ndim - before
        else:
            at = int(_positions(_integer(item), x.shape[dim]))
            x = core.narrow(x, dim, at, 1)
            x = core.reshape(x, (*x.shape[:dim], *x.shape[dim + 1 :]))
    return core.identity(x)


def _integer(item) -> int:
    try:
        return item.__index__()
    except AttributeError:
        raise TypeError(
            f"an index is an integer, slice, None, '...', or an array of integers, got "
            f"{type(item).__name__}"
        ) from None


def _setitem(x: Tensor, key, value) -> None:
    """``x[key] = value``, differentiable in ``value`` and in what remains of ``x``."""
    positions = np.arange(x.numel()).reshape(x.shape)
    if isinstance(key, Tensor):
        mask = _as_mask(x, key)
        key = _positions(key, x.shape[0]) if mask is None else mask
    elif isinstance(key, tuple):
        key = tuple(np.asarray(k).astype(np.int64) if isinstance(k, Tensor) else k for k in key)
    chosen = positions[key]
    value = value if isinstance(value, Tensor) else Tensor(value)
    value = core.reshape(core.expand(value, chosen.shape), (chosen.size,))
    hit = np.zeros(x.numel())
    hit[chosen.ravel()] = 1
    placed = core.index_add(value, 0, chosen.ravel(), x.numel())
    with_value = core.where(hit.reshape(x.shape), core.reshape(placed, x.shape), x)
    x._assign(with_value)


Tensor.__getitem__ = _getitem
Tensor.__setitem__ = _setitem
