"""One step of a recurrent network."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["gru_cell", "lstm_cell"]


def _gates(x: Tensor, w: Tensor, b: Tensor | None, n: int) -> list[Tensor]:
    y = core.linear(x, w, b)
    size = y.shape[-1] // n
    return [core.narrow(y, y.ndim - 1, k * size, size) for k in range(n)]


def gru_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """One step of a gated recurrent unit.

    Parameters
    ----------
    input : Tensor of shape (N, I) or (I,)
    hx : Tensor of shape (N, H) or (H,)
        The state before.
    w_ih : Tensor of shape (3 H, I)
        Reset, update and new gate, one below the other.
    w_hh : Tensor of shape (3 H, H)
    b_ih, b_hh : Tensor of shape (3 H,), optional

    Returns
    -------
    Tensor of the shape of `hx`
        The state after.

    References
    ----------
    Cho et al. 2014, Learning phrase representations using RNN encoder-decoder.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> h = F.gru_cell(ganc.ones(2, 3), ganc.zeros(2, 4), ganc.zeros(12, 3), ganc.zeros(12, 4))
    >>> h.shape
    (2, 4)
    """
    reset_x, update_x, new_x = _gates(input, w_ih, b_ih, 3)
    reset_h, update_h, new_h = _gates(hx, w_hh, b_hh, 3)
    reset = core.sigmoid(core.add(reset_x, reset_h))
    update = core.sigmoid(core.add(update_x, update_h))
    new = core.tanh(core.add(new_x, core.mul(reset, new_h)))
    return core.add(new, core.mul(update, core.sub(hx, new)))


def lstm_cell(
    input: Tensor,
    hx: tuple[Tensor, Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One step of a long short-term memory.

    Parameters
    ----------
    input : Tensor of shape (N, I) or (I,)
    hx : tuple of two Tensor of shape (N, H) or (H,)
        Output and cell state before.
    w_ih : Tensor of shape (4 H, I)
        Input, forget, cell and output gate, one below the other.
    w_hh : Tensor of shape (4 H, H)
    b_ih, b_hh : Tensor of shape (4 H,), optional

    Returns
    -------
    tuple of Tensor
        Output and cell state after.

    References
    ----------
    Hochreiter and Schmidhuber 1997, Long short-term memory.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> state = ganc.zeros(2, 4), ganc.zeros(2, 4)
    >>> h, c = F.lstm_cell(ganc.ones(2, 3), state, ganc.zeros(16, 3), ganc.zeros(16, 4))
    >>> c.shape
    (2, 4)
    """
    h, c = hx
    both = zip(_gates(input, w_ih, b_ih, 4), _gates(h, w_hh, b_hh, 4), strict=True)
    enter, forget, cell, leave = (core.add(x, y) for x, y in both)
    c = core.add(core.mul(core.sigmoid(forget), c), core.mul(core.sigmoid(enter), core.tanh(cell)))
    return core.mul(core.sigmoid(leave), core.tanh(c)), c
