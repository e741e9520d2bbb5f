"""Activations with a corner, and the two that saturate."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor, full
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module
from ganc.nn._parameter import Parameter

__all__ = ["Hardtanh", "LeakyReLU", "PReLU", "ReLU", "Sigmoid", "Tanh"]

_relu, _leaky_relu = core.relu, core.leaky_relu
_sigmoid, _tanh = core.sigmoid, core.tanh


@register
class ReLU(Module):
    """Rectifier: max(x, 0), element by element.

    Parameters
    ----------
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.ReLU()(ganc.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return _relu(input)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return "inplace=True" if self.inplace else ""


@register
class LeakyReLU(Module):
    """Leaky rectifier: x where x > 0, else ``negative_slope * x``.

    Parameters
    ----------
    negative_slope : float, default 0.01
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    References
    ----------
    Maas, Hannun and Ng 2013, Rectifier nonlinearities improve neural network acoustic models.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.LeakyReLU(0.25)(ganc.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return _leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


@register
class PReLU(Module):
    """Leaky rectifier with a learned slope: x where x > 0, else ``weight * x``.

    Parameters
    ----------
    num_parameters : int, default 1
        1, or the number of channels.
    init : float, default 0.25
        The initial weight.

    Attributes
    ----------
    weight : Parameter of shape (num_parameters,)

    References
    ----------
    He et al. 2015, Delving deep into rectifiers.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.PReLU()(ganc.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__()
        if num_parameters < 1:
            raise ValueError(f"PReLU: got num_parameters={num_parameters}, expected at least 1")
        self.num_parameters, self.init = num_parameters, float(init)
        self.weight = Parameter(full((num_parameters,), init))

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, ...)

        Returns
        -------
        Tensor
        """
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"num_parameters={self.num_parameters}"


@register
class Sigmoid(Module):
    """Logistic function: 1 / (1 + exp(-x)).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Sigmoid()(ganc.tensor(0.0)).item()
    0.5
    """

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return _sigmoid(input)


@register
class Tanh(Module):
    """Hyperbolic tangent.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Tanh()(ganc.tensor(0.0)).item()
    0.0
    """

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return _tanh(input)


@register
class Hardtanh(Module):
    """Limits x to [min_val, max_val].

    Parameters
    ----------
    min_val, max_val : float
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Hardtanh()(ganc.tensor([-1.0, 2.0])).tolist()
    [-1.0, 1.0]
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return F.hardtanh(input, self.min_val, self.max_val)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"min_val={self.min_val}, max_val={self.max_val}"
