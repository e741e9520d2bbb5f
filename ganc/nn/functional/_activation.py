"""Activations with a corner, and the two that saturate."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["hardtanh", "leaky_relu", "prelu", "relu", "sigmoid", "tanh"]


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
