"""Values scaled to the tensor's shape."""

from __future__ import annotations

import math

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._random import Generator, draw
from ganc.nn.init._plain import fill, normal_, uniform_

__all__ = [
    "calculate_gain",
    "kaiming_normal_",
    "kaiming_uniform_",
    "orthogonal_",
    "sparse_",
    "xavier_normal_",
    "xavier_uniform_",
]


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the recommended gain of a nonlinearity.

    Parameters
    ----------
    nonlinearity : str
        "linear", "conv1d" ... "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu".
    param : float, optional
        The slope of "leaky_relu", by default 0.01.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> from ganc import nn
    >>> nn.init.calculate_gain("leaky_relu", 0.2) == (2 / 1.04) ** 0.5
    True
    """
    linear = ["linear"] + [f"conv{t}{d}d" for t in ("", "_transpose") for d in (1, 2, 3)]
    if nonlinearity in linear or nonlinearity == "sigmoid":
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {slope!r} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(
        f"nonlinearity: got {nonlinearity!r}, expected one of {', '.join(linear)}, sigmoid, tanh, "
        "relu, leaky_relu, selu"
    )


def _fans(tensor: Tensor) -> tuple[int, int]:
    shape = tensor.shape
    if len(shape) < 2:
        raise ValueError(f"fan in and fan out: got shape {shape}, expected at least 2 dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with U(-a, a), a = gain * sqrt(6 / (fan_in + fan_out)).

    Parameters
    ----------
    tensor : Tensor of at least 2 dimensions
    gain : float, default 1.0
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    References
    ----------
    Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward networks.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> bool(nn.init.xavier_uniform_(ganc.empty(3, 3)).abs().amax() <= 1)
    True
    """
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with N(0, s^2), s = gain * sqrt(2 / (fan_in + fan_out)).

    Parameters
    ----------
    tensor : Tensor of at least 2 dimensions
    gain : float, default 1.0
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    References
    ----------
    Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward networks.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.init.xavier_normal_(ganc.empty(3, 3)).shape
    (3, 3)
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode: got {mode!r}, expected 'fan_in' or 'fan_out'")
    fan = _fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan) if fan else 0.0


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with U(-b, b), b = gain * sqrt(3 / fan).

    Parameters
    ----------
    tensor : Tensor of at least 2 dimensions
    a : float, default 0
        The slope of "leaky_relu".
    mode : {"fan_in", "fan_out"}, default "fan_in"
        Keep the variance going forward, or going backward.
    nonlinearity : str, default "leaky_relu"
        See `calculate_gain`.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    References
    ----------
    He et al. 2015, Delving deep into rectifiers.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> bool(nn.init.kaiming_uniform_(ganc.empty(4, 6)).abs().amax() <= 1)
    True
    """
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with N(0, s^2), s = gain / sqrt(fan).

    Parameters
    ----------
    tensor : Tensor of at least 2 dimensions
    a : float, default 0
        The slope of "leaky_relu".
    mode : {"fan_in", "fan_out"}, default "fan_in"
        Keep the variance going forward, or going backward.
    nonlinearity : str, default "leaky_relu"
        See `calculate_gain`.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    References
    ----------
    He et al. 2015, Delving deep into rectifiers.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.init.kaiming_normal_(ganc.empty(4, 6), nonlinearity="relu").shape
    (4, 6)
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with a random (semi-)orthogonal matrix, further dimensions merged into columns.

    Parameters
    ----------
    tensor : Tensor of at least 2 dimensions
    gain : float, default 1
        A factor.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For fewer dimensions.

    References
    ----------
    Saxe, McClelland and Ganguli 2014, Exact solutions to the nonlinear dynamics of learning.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> w = nn.init.orthogonal_(ganc.empty(3, 5))
    >>> bool((w @ w.T - ganc.eye(3)).abs().amax() < 1e-5)
    True
    """
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: got shape {tensor.shape}, expected at least 2 dimensions")
    if not tensor.numel():
        return tensor
    rows = tensor.shape[0]
    columns = tensor.numel() // rows
    random = core.rand_normal((rows, columns), *draw(generator)).numpy().astype(np.float64)
    q, r = np.linalg.qr(random.T if rows < columns else random)
    q = q * np.sign(np.diag(r))  # else the distribution is not uniform
    q = q.T if rows < columns else q
    return fill(tensor, core.tensor(np.ascontiguousarray(gain * q).reshape(tensor.shape)))


def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Tensor:
    """Fill a matrix with N(0, std^2) and zero a share of each column.

    Parameters
    ----------
    tensor : Tensor of shape (M, N)
    sparsity : float in [0, 1]
        The share.
    std : float, default 0.01
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For another number of dimensions, or a share out of range.

    References
    ----------
    Martens 2010, Deep learning via Hessian-free optimization.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> w = nn.init.sparse_(ganc.empty(10, 2), 0.25)
    >>> (w == 0).sum(0).tolist()
    [3, 3]
    """
    if tensor.ndim != 2 or not 0 <= sparsity <= 1:
        raise ValueError(
            f"sparse_: got shape {tensor.shape}, sparsity={sparsity}, expected 2 dimensions and "
            "0 <= sparsity <= 1"
        )
    rows, columns = tensor.shape
    values = np.array(core.rand_normal(tensor.shape, *draw(generator), 0.0, std).numpy())
    for j in range(columns):
        order = core.rand_perm(rows, *draw(generator))
        values[order[: math.ceil(sparsity * rows)], j] = 0
    return fill(tensor, core.tensor(values))
