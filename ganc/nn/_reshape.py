"""Layers that only rearrange."""

from __future__ import annotations

import operator
from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc.nn._config import register
from ganc.nn._module import Module

__all__ = ["Flatten", "Identity", "Unflatten"]


@register
class Identity(Module):
    """Returns its input.

    Parameters
    ----------
    *args, **kwargs
        Ignored.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Identity()(ganc.tensor(2.0)).item()
    2.0
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """Return the input.

        Parameters
        ----------
        input : object

        Returns
        -------
        object
        """
        return input


@register
class Flatten(Module):
    """Merges a range of dimensions into one.

    Parameters
    ----------
    start_dim : int, default 1
    end_dim : int, default -1

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Flatten()(ganc.zeros(8, 1, 28, 28)).shape
    (8, 784)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


@register
class Unflatten(Module):
    """Splits one dimension into several.

    Parameters
    ----------
    dim : int
    unflattened_size : tuple of int
        One size may be -1.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Unflatten(1, (1, 28, 28))(ganc.zeros(8, 784)).shape
    (8, 1, 28, 28)
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        self.dim = operator.index(dim)
        self.unflattened_size = tuple(operator.index(s) for s in unflattened_size)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor

        Raises
        ------
        ValueError
            If the sizes do not fit.
        """
        shape, n = input.shape, input.ndim
        if not -n <= self.dim < n:
            raise IndexError(f"Unflatten: got dim={self.dim} for shape {shape}")
        d = self.dim % n
        wanted, known = self.unflattened_size, 1
        for s in wanted:
            known *= s
        if known > 0 and known != shape[d]:
            raise ValueError(
                f"Unflatten: got size {shape[d]} for {wanted}, expected a size of {known}"
            )
        if known < 0:  # a -1
            wanted = tuple(shape[d] // -known if s == -1 else s for s in wanted)
        return core.reshape(input, (*shape[:d], *wanted, *shape[d + 1 :]))

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
