"""Maxout units, for the presets of their time."""

from ganc import nn
from ganc._backend import core

__all__ = ["Maxout"]


class Maxout(nn.Module):
    """The largest of several linear functions (Goodfellow et al. 2013).

    Parameters
    ----------
    in_features, out_features : int
    pieces : int
        Linear functions for each output.
    """

    def __init__(self, in_features: int, out_features: int, pieces: int) -> None:
        super().__init__()
        self.out_features, self.pieces = out_features, pieces
        self.linear = nn.Linear(in_features, out_features * pieces)

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Return the maxima, shape (N, out_features)."""
        y = core.reshape(self.linear(x), (len(x), self.out_features, self.pieces))
        return core.amax(y, 2)
