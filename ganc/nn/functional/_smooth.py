"""Smooth activations."""

from __future__ import annotations

import math

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["elu", "gelu", "logsigmoid", "selu", "silu", "softplus"]

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Exponential linear unit: x where x > 0, else ``alpha * (exp(x) - 1)``.

    Parameters
    ----------
    input : Tensor
    alpha : float, default 1.0
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    Returns
    -------
    Tensor

    References
    ----------
    Clevert, Unterthiner and Hochreiter 2016, Fast and accurate deep network learning by ELUs.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.elu(ganc.tensor([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return core.elu(input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """ELU scaled so that activations keep mean 0 and variance 1.

    Parameters
    ----------
    input : Tensor
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    Returns
    -------
    Tensor

    References
    ----------
    Klambauer et al. 2017, Self-normalizing neural networks.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> round(F.selu(ganc.tensor(1.0)).item(), 4)
    1.0507
    """
    return core.affine(core.elu(input, _SELU_ALPHA), _SELU_SCALE, 0.0)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Gaussian error linear unit: x times the normal distribution function of x.

    Parameters
    ----------
    input : Tensor
    approximate : {"none", "tanh"}, default "none"
        "tanh": the approximation of the original code.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For another `approximate`.

    References
    ----------
    Hendrycks and Gimpel 2016, Gaussian error linear units.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> round(F.gelu(ganc.tensor(1.0)).item(), 4)
    0.8413
    """
    if approximate == "none":
        inner = core.erf(core.affine(input, math.sqrt(0.5), 0.0))
    elif approximate == "tanh":
        cubic = core.mul(input, core.affine(core.square(input), 0.044715, 1.0))
        inner = core.tanh(core.affine(cubic, math.sqrt(2 / math.pi), 0.0))
    else:
        raise ValueError(f"approximate: got {approximate!r}, expected 'none' or 'tanh'")
    return core.mul(input, core.affine(inner, 0.5, 0.5))


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Sigmoid linear unit, also called swish: x times sigmoid(x).

    Parameters
    ----------
    input : Tensor
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    Returns
    -------
    Tensor

    References
    ----------
    Hendrycks and Gimpel 2016, Gaussian error linear units.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.silu(ganc.tensor([0.0])).tolist()
    [0.0]
    """
    return core.silu(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Smooth rectifier: ``log(1 + exp(beta * x)) / beta``.

    Parameters
    ----------
    input : Tensor
    beta : float, default 1.0
    threshold : float, default 20.0
        Where ``beta * x`` is larger the result is x; from 20 on that is so anyway.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> round(F.softplus(ganc.tensor(0.0)).item(), 4)
    0.6931
    """
    if beta == 1:
        scaled, y = input, core.softplus1(input)
    else:
        scaled = core.affine(input, beta, 0.0)
        y = core.affine(core.softplus1(scaled), 1 / beta, 0.0)
    return y if threshold >= 20 else core.where(core.gt(scaled, threshold), input, y)


def logsigmoid(input: Tensor) -> Tensor:
    """Logarithm of the sigmoid, finite for any finite x.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.logsigmoid(ganc.tensor(-1000.0)).item()
    -1000.0
    """
    return core.neg(core.softplus1(core.neg(input)))
