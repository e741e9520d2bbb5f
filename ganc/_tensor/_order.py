"""Orders of elements, and the positions and elements that a question chooses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor
from ganc._tensor._shape import dim_index

__all__ = ["argsort", "masked_select", "nonzero", "sort"]


class _Sorted(NamedTuple):
    values: Tensor
    indices: Tensor


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """Return the positions of the elements that are not 0.

    Parameters
    ----------
    input : Tensor
    as_tuple : bool, default False
        One tensor of positions for each dimension, instead of one row for each element.

    Returns
    -------
    Tensor of shape (K, ndim), or tuple of Tensor of shape (K,)

    Examples
    --------
    >>> import ganc
    >>> ganc.nonzero(ganc.eye(2)).tolist()
    [[0, 0], [1, 1]]
    """
    found = np.argwhere(np.asarray(input.detach()))
    if not as_tuple:
        return tensor(found)
    return tuple([tensor(column.copy()) for column in (found if input.ndim else found).T])


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where a mask is not 0.

    Parameters
    ----------
    input, mask : Tensor
        They broadcast.

    Returns
    -------
    Tensor of shape (K,)

    Examples
    --------
    >>> import ganc
    >>> x = ganc.arange(5.0)
    >>> ganc.masked_select(x, x > 2).tolist()
    [3.0, 4.0]
    """
    shape = np.broadcast_shapes(input.shape, mask.shape)
    chosen = np.broadcast_to(np.asarray(mask.detach()), shape)
    flat = core.reshape(core.expand(input, shape), (-1,) if input.numel() else (0,))
    return core.index_select(flat, 0, np.flatnonzero(chosen))


def argsort(
    input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False
) -> Tensor:
    """Return the positions that put a dimension in order.

    Parameters
    ----------
    input : Tensor
    dim : int, default -1
    descending : bool, default False
    stable : bool, default False
        Equal elements keep their order in any case. NaN counts as the largest.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.argsort(ganc.tensor([3.0, 1.0, 2.0])).tolist()
    [1, 2, 0]
    """
    d = dim_index(dim, input.ndim, "argsort")
    x = np.asarray(input.detach())
    if not input.ndim:
        return tensor(np.zeros((), np.int64))
    if not descending:
        return tensor(np.argsort(x, d, kind="stable"))
    order = np.argsort(np.flip(x, d), d, kind="stable")  # the last of equals comes first
    return tensor(x.shape[d] - 1 - np.flip(order, d))


def sort(
    input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False
) -> _Sorted:
    """Put the elements of a dimension in order.

    Parameters
    ----------
    input : Tensor
    dim : int, default -1
    descending : bool, default False
    stable : bool, default False
        Equal elements keep their order in any case. NaN counts as the largest.

    Returns
    -------
    namedtuple (values, indices)

    Examples
    --------
    >>> import ganc
    >>> ganc.sort(ganc.tensor([3.0, 1.0, 2.0])).values.tolist()
    [1.0, 2.0, 3.0]
    """
    d = dim_index(dim, input.ndim, "sort")
    index = argsort(input, d, descending)
    return _Sorted(core.gather(input, d, index), index)
