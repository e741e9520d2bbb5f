"""Activations, element by element."""

from __future__ import annotations

import math

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = [
    "elu",
    "gelu",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "prelu",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "tanh",
]

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Rectifier: max(x, 0), element by element.

    Parameters
    ----------
    input : Tensor
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.relu(ganc.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return core.relu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Leaky rectifier: x where x > 0, else ``negative_slope * x``.

    Parameters
    ----------
    input : Tensor
    negative_slope : float, default 0.01
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    Returns
    -------
    Tensor

    References
    ----------
    Maas, Hannun and Ng 2013, Rectifier nonlinearities improve neural network acoustic models.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.leaky_relu(ganc.tensor([-1.0, 2.0]), 0.25).tolist()
    [-0.25, 2.0]
    """
    return core.leaky_relu(input, negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Leaky rectifier with a learned slope: x where x > 0, else ``weight * x``.

    Parameters
    ----------
    input : Tensor, of shape (N, C, ...) for several weights
    weight : Tensor of shape (1,) or (C,)
        One for all, or one for each channel.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the number of weights does not fit.

    References
    ----------
    He et al. 2015, Delving deep into rectifiers.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.prelu(ganc.tensor([[-1.0, -1.0]]), ganc.tensor([0.25, 0.5])).tolist()
    [[-0.25, -0.5]]
    """
    n = weight.numel()
    if n == 1:
        return core.prelu_scaled(input, core.reshape(weight, ()))
    channels = input.shape[1] if input.ndim > 1 else 1
    if n != channels:
        raise ValueError(
            f"prelu: got {n} weights for {channels} channels, expected 1 or {channels}"
        )
    return core.prelu_scaled(input, core.reshape(weight, (1, n, *(1,) * (input.ndim - 2))))


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


def sigmoid(input: Tensor) -> Tensor:
    """Logistic function: 1 / (1 + exp(-x)).

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
    >>> F.sigmoid(ganc.tensor(0.0)).item()
    0.5
    """
    return core.sigmoid(input)


def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent.

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
    >>> F.tanh(ganc.tensor(0.0)).item()
    0.0
    """
    return core.tanh(input)


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


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """Limit x to [min_val, max_val]; the gradient at the limits is 0.

    Parameters
    ----------
    input : Tensor
    min_val, max_val : float
    inplace : bool, default False
        Accepted because PyTorch scripts pass it; the result is a new tensor in any case.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If ``min_val > max_val``.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.hardtanh(ganc.tensor([-3.0, 0.5])).tolist()
    [-1.0, 0.5]
    """
    if not min_val <= max_val:
        raise ValueError(f"hardtanh: got min_val={min_val}, max_val={max_val}")
    y = core.clamp_scalar(input, min_val, max_val)
    if not input.requires_grad:
        return y
    strictly = core.mul(core.gt(input, min_val), core.lt(input, max_val))
    return core.where(strictly, input, y.detach())
