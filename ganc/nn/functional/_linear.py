"""Linear maps, the maximum of several, and tables."""

from __future__ import annotations

from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor
from ganc.nn.functional._index import as_index

__all__ = ["bilinear", "embedding", "linear", "maxout", "one_hot"]

_linear = core.linear


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply by the transposed weight and add the bias.

    Parameters
    ----------
    input : Tensor of shape (..., I)
    weight : Tensor of shape (O, I)
    bias : Tensor of shape (O,), optional

    Returns
    -------
    Tensor of shape (..., O)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.linear(ganc.ones(1, 3), ganc.ones(2, 3), ganc.tensor([0.0, 1.0])).tolist()
    [[3.0, 4.0]]
    """
    return _linear(input, weight, bias)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """One bilinear form of two vectors for each output.

    Parameters
    ----------
    input1 : Tensor of shape (..., I)
    input2 : Tensor of shape (..., J)
    weight : Tensor of shape (O, I, J)
    bias : Tensor of shape (O,), optional

    Returns
    -------
    Tensor of shape (..., O)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.bilinear(ganc.ones(1, 2), ganc.ones(1, 3), ganc.ones(4, 2, 3)).tolist()
    [[6.0, 6.0, 6.0, 6.0]]
    """
    a, b, w = input1.shape, input2.shape, weight.shape
    if len(w) != 3 or not a or not b or a[:-1] != b[:-1] or (a[-1], b[-1]) != w[1:]:
        raise ValueError(
            f"bilinear: got shapes {a}, {b} and weight {w}, expected (..., I), (..., J), (O, I, J)"
        )
    o, i, j = w
    x = core.reshape(input1, (-1, i)) if input1.numel() else core.reshape(input1, (0, i))
    y = core.reshape(input2, (x.shape[0], 1, j))
    rows = core.reshape(core.permute(weight, (0, 2, 1)), (o * j, i))
    halves = core.reshape(core.matmul_t(x, rows, False, True), (x.shape[0], o, j))
    out = core.sum(core.mul(halves, y), 2)
    if bias is not None:
        out = core.add(out, bias)
    return core.reshape(out, (*a[:-1], o))


def embedding(input: Any, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """Look up rows of a table.

    Parameters
    ----------
    input : Tensor or array_like of whole numbers, any shape
        Row numbers.
    weight : Tensor of shape (V, D)
    padding_idx : int, optional
        A row that gets no gradient.

    Returns
    -------
    Tensor of shape (..., D)

    Raises
    ------
    IndexError, ValueError
        If a number is out of range or not whole.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.embedding([2, 0], ganc.eye(3)).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    rows, width = weight.shape
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise ValueError(f"padding_idx: got {padding_idx}, expected {-rows} to {rows - 1}")
        padding_idx %= rows
    index, padding = as_index("embedding", input, rows, padding_idx)
    out = core.index_select(weight, 0, core.reshape(index, (index.numel(),)))
    if padding is not None and out.requires_grad:
        mask = core.reshape(tensor(padding), (index.numel(), 1))
        out = core.where(mask, out.detach(), out)
    return core.reshape(out, (*index.shape, width))


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """Write class numbers as rows with a single 1.

    Parameters
    ----------
    tensor : Tensor or array_like of whole numbers, any shape
    num_classes : int, default -1
        -1: one more than the largest number.

    Returns
    -------
    Tensor of integers of shape (..., num_classes)

    Raises
    ------
    IndexError, ValueError
        If a number is out of range or not whole.

    Examples
    --------
    >>> import ganc.nn.functional as F
    >>> F.one_hot([0, 2], 3).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    labels = tensor if isinstance(tensor, core.Tensor) else core.tensor(tensor)
    if num_classes == -1:
        if not labels.numel():
            raise ValueError("one_hot: got no numbers; give num_classes")
        num_classes = int(core.amax(labels).item()) + 1
    if num_classes < 1:
        raise ValueError(f"one_hot: got num_classes={num_classes}, expected at least 1")
    index, _ = as_index("one_hot", tensor, num_classes)
    classes = core.tensor(list(range(num_classes)))
    return core.cast(core.eq(core.reshape(index, (*index.shape, 1)), classes), "int64")


def maxout(input: Tensor, pieces: int) -> Tensor:
    """The largest of each group of `pieces` neighbours in the last dimension.

    Parameters
    ----------
    input : Tensor of shape (..., F * pieces)
    pieces : int

    Returns
    -------
    Tensor of shape (..., F)

    Raises
    ------
    ValueError
        If the last dimension is not a multiple of `pieces`.

    References
    ----------
    Goodfellow et al. 2013, Maxout networks.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.maxout(ganc.tensor([[1.0, 5.0, 2.0, 0.0]]), 2).tolist()
    [[5.0, 2.0]]
    """
    width = input.shape[-1] if input.ndim else 0
    if pieces < 1 or not input.ndim or width % pieces:
        raise ValueError(
            f"maxout: got shape {input.shape} for pieces={pieces}, expected a last dimension that "
            "is a multiple of it"
        )
    return core.amax(core.reshape(input, (*input.shape[:-1], width // pieces, pieces)), -1)
