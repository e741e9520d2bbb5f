"""Layers with a weight matrix or a table."""

from __future__ import annotations

import math
from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor, empty
from ganc.nn import functional as F
from ganc.nn import init
from ganc.nn._config import register
from ganc.nn._module import Module
from ganc.nn._parameter import Parameter
from ganc.nn._sizes import count

__all__ = ["Bilinear", "Embedding", "Linear", "Maxout"]

_linear = core.linear


def uniform_parameter(shape: tuple[int, ...], bound: float) -> Parameter:
    """Return a parameter drawn from U(-bound, bound)."""
    return init.uniform_(Parameter(empty(shape)), -bound, bound)


@register
class Linear(Module):
    """A dense layer: ``x @ weight.T + bias``.

    Parameters
    ----------
    in_features : int
        I, at least 1.
    out_features : int
        O, at least 1.
    bias : bool, default True

    Attributes
    ----------
    weight : Parameter of shape (O, I)
    bias : Parameter of shape (O,) or None
        Both start as U(-1/sqrt(I), 1/sqrt(I)).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Linear(100, 784)(ganc.randn(64, 100)).shape
    (64, 784)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features = count("Linear", "in_features", in_features)
        self.out_features = count("Linear", "out_features", out_features)
        bound = 1 / math.sqrt(in_features)
        self.weight = uniform_parameter((self.out_features, self.in_features), bound)
        self.register_parameter("bias", uniform_parameter((out_features,), bound) if bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (..., I)

        Returns
        -------
        Tensor of shape (..., O)
        """
        return _linear(input, self.weight, self.bias)

    def _forward_act(self, input: Tensor, act: str, slope: float) -> Tensor:
        return _linear(input, self.weight, self.bias, act=act, slope=slope)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features)
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


@register
class Bilinear(Module):
    """One bilinear form of two inputs for each output.

    Parameters
    ----------
    in1_features, in2_features : int
        I and J, at least 1.
    out_features : int
        O, at least 1.
    bias : bool, default True

    Attributes
    ----------
    weight : Parameter of shape (O, I, J)
    bias : Parameter of shape (O,) or None

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Bilinear(3, 4, 2)(ganc.ones(8, 3), ganc.ones(8, 4)).shape
    (8, 2)
    """

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True
    ) -> None:
        super().__init__()
        self.in1_features = count("Bilinear", "in1_features", in1_features)
        self.in2_features = count("Bilinear", "in2_features", in2_features)
        self.out_features = count("Bilinear", "out_features", out_features)
        bound = 1 / math.sqrt(in1_features)
        self.weight = uniform_parameter((out_features, in1_features, in2_features), bound)
        self.register_parameter("bias", uniform_parameter((out_features,), bound) if bias else None)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input1 : Tensor of shape (..., I)
        input2 : Tensor of shape (..., J)

        Returns
        -------
        Tensor of shape (..., O)
        """
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


@register
class Embedding(Module):
    """A learned table of vectors, one for each class number.

    Parameters
    ----------
    num_embeddings : int
        V, the number of rows.
    embedding_dim : int
        D, the size of a row.
    padding_idx : int, optional
        A row that starts as zeros and is not trained.

    Attributes
    ----------
    weight : Parameter of shape (V, D)
        Starts as N(0, 1).

    Examples
    --------
    >>> from ganc import nn
    >>> nn.Embedding(10, 50)([3, 3, 7]).shape
    (3, 50)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None
    ) -> None:
        super().__init__()
        self.num_embeddings = count("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = count("Embedding", "embedding_dim", embedding_dim)
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(
                    f"Embedding: got padding_idx={padding_idx}, expected {-num_embeddings} to "
                    f"{num_embeddings - 1}"
                )
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        self.weight = Parameter(empty(num_embeddings, embedding_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0.0

    def forward(self, input: Any) -> Tensor:
        """Look up rows.

        Parameters
        ----------
        input : Tensor or array_like of whole numbers

        Returns
        -------
        Tensor of shape (..., D)
        """
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


@register
class Maxout(Module):
    """A dense layer whose units are the maximum of several linear pieces.

    Parameters
    ----------
    in_features : int
        I, at least 1.
    out_features : int
        O, at least 1.
    pieces : int
        K, at least 1.
    bias : bool, default True

    Attributes
    ----------
    weight : Parameter of shape (O * K, I)
        Unit o has rows o K to o K + K - 1. Starts as `Linear`'s.
    bias : Parameter of shape (O * K,) or None

    References
    ----------
    Goodfellow et al. 2013, Maxout networks.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Maxout(784, 240, 5)(ganc.zeros(8, 784)).shape
    (8, 240)
    """

    def __init__(self, in_features: int, out_features: int, pieces: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features = count("Maxout", "in_features", in_features)
        self.out_features = count("Maxout", "out_features", out_features)
        self.pieces = count("Maxout", "pieces", pieces)
        bound, rows = 1 / math.sqrt(in_features), out_features * pieces
        self.weight = uniform_parameter((rows, in_features), bound)
        self.register_parameter("bias", uniform_parameter((rows,), bound) if bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (..., I)

        Returns
        -------
        Tensor of shape (..., O)
        """
        return F.maxout(_linear(input, self.weight, self.bias), self.pieces)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"pieces={self.pieces}, bias={self.bias is not None}"
        )
