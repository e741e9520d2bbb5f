"""Recurrent cells."""

from __future__ import annotations

import math

from ganc._tensor._creation import Tensor, zeros
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._linear import uniform_parameter
from ganc.nn._module import Module
from ganc.nn._sizes import count

__all__ = ["GRUCell", "LSTMCell"]


class _Cell(Module):
    _gates = 0

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__()
        what = type(self).__name__
        self.input_size = count(what, "input_size", input_size)
        self.hidden_size = count(what, "hidden_size", hidden_size)
        self.bias = bool(bias)
        rows, bound = self._gates * hidden_size, 1 / math.sqrt(hidden_size)
        self.weight_ih = uniform_parameter((rows, input_size), bound)
        self.weight_hh = uniform_parameter((rows, hidden_size), bound)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, uniform_parameter((rows,), bound) if bias else None)

    def _check(self, input: Tensor, h: Tensor | None) -> Tensor:
        what = type(self).__name__
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size:
            raise ValueError(
                f"{what}: got input of shape {input.shape}, expected (N, {self.input_size}) or "
                f"({self.input_size},)"
            )
        shape = (*input.shape[:-1], self.hidden_size)
        if h is None:
            return zeros(shape)
        if h.shape != shape:
            raise ValueError(f"{what}: got a state of shape {h.shape}, expected {shape}")
        return h

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


@register
class GRUCell(_Cell):
    """One step of a gated recurrent unit.

    Parameters
    ----------
    input_size : int
        I, at least 1.
    hidden_size : int
        H, at least 1.
    bias : bool, default True

    Attributes
    ----------
    weight_ih : Parameter of shape (3 H, I)
        Reset, update and new gate, one below the other.
    weight_hh : Parameter of shape (3 H, H)
    bias_ih, bias_hh : Parameter of shape (3 H,) or None

    References
    ----------
    Cho et al. 2014, Learning phrase representations using RNN encoder-decoder.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.GRUCell(3, 5)(ganc.zeros(2, 3)).shape
    (2, 5)
    """

    _gates = 3

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Make one step.

        Parameters
        ----------
        input : Tensor of shape (N, I) or (I,)
        hx : Tensor of shape (N, H) or (H,), optional
            The state before; by default zeros.

        Returns
        -------
        Tensor
            The state after.
        """
        h = self._check(input, hx)
        return F.gru_cell(input, h, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)


@register
class LSTMCell(_Cell):
    """One step of a long short-term memory.

    Parameters
    ----------
    input_size : int
        I, at least 1.
    hidden_size : int
        H, at least 1.
    bias : bool, default True

    Attributes
    ----------
    weight_ih : Parameter of shape (4 H, I)
        Input, forget, cell and output gate, one below the other.
    weight_hh : Parameter of shape (4 H, H)
    bias_ih, bias_hh : Parameter of shape (4 H,) or None

    References
    ----------
    Hochreiter and Schmidhuber 1997, Long short-term memory.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> h, c = nn.LSTMCell(3, 5)(ganc.zeros(2, 3))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    _gates = 4

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Make one step.

        Parameters
        ----------
        input : Tensor of shape (N, I) or (I,)
        hx : tuple of two Tensor of shape (N, H) or (H,), optional
            Output and cell state before; by default zeros.

        Returns
        -------
        tuple of Tensor
            Output and cell state after.
        """
        h, c = hx if hx is not None else (None, None)
        state = self._check(input, h), self._check(input, c)
        return F.lstm_cell(input, state, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
