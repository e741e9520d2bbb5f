"""Softmax and its logarithm."""

from __future__ import annotations

from ganc._tensor._creation import Tensor
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module

__all__ = ["LogSoftmax", "Softmax"]


@register
class Softmax(Module):
    """Softmax: exp(x) / sum(exp(x)) along a dimension.

    Parameters
    ----------
    dim : int
        Name it: without, the old rule of PyTorch applies, with a warning.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Softmax(dim=0)(ganc.zeros(4)).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"dim={self.dim}"


@register
class LogSoftmax(Module):
    """Logarithm of the softmax along a dimension.

    Parameters
    ----------
    dim : int
        Name it: without, the old rule of PyTorch applies, with a warning.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.LogSoftmax(dim=0)(ganc.tensor([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"dim={self.dim}"
