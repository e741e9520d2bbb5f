"""Smooth activations."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module

__all__ = ["ELU", "GELU", "SELU", "SiLU", "Softplus"]


@register
class ELU(Module):
    """Exponential linear unit: x where x > 0, else ``alpha * (exp(x) - 1)``.

    Parameters
    ----------
    alpha : float, default 1.0
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    References
    ----------
    Clevert, Unterthiner and Hochreiter 2016, Fast and accurate deep network learning by ELUs.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.ELU()(ganc.tensor([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
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
        return core.elu(input, self.alpha)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


@register
class SELU(Module):
    """ELU scaled so that activations keep mean 0 and variance 1.

    Parameters
    ----------
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    References
    ----------
    Klambauer et al. 2017, Self-normalizing neural networks.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> round(nn.SELU()(ganc.tensor(1.0)).item(), 4)
    1.0507
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
        return F.selu(input)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return "inplace=True" if self.inplace else ""


@register
class GELU(Module):
    """Gaussian error linear unit: x times the normal distribution function of x.

    Parameters
    ----------
    approximate : {"none", "tanh"}, default "none"

    References
    ----------
    Hendrycks and Gimpel 2016, Gaussian error linear units.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> round(nn.GELU()(ganc.tensor(1.0)).item(), 4)
    0.8413
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"approximate={self.approximate!r}"


@register
class SiLU(Module):
    """Sigmoid linear unit, also called swish: x times sigmoid(x).

    Parameters
    ----------
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    References
    ----------
    Hendrycks and Gimpel 2016, Gaussian error linear units.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.SiLU()(ganc.tensor([0.0])).tolist()
    [0.0]
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
        return core.silu(input)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return "inplace=True" if self.inplace else ""


@register
class Softplus(Module):
    """Smooth rectifier: ``log(1 + exp(beta * x)) / beta``.

    Parameters
    ----------
    beta : float, default 1.0
    threshold : float, default 20.0
        Where ``beta * x`` is larger the result is x; from 20 on that is so anyway.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> round(nn.Softplus()(ganc.tensor(0.0)).item(), 4)
    0.6931
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor

        Returns
        -------
        Tensor
        """
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"beta={self.beta}, threshold={self.threshold}"
