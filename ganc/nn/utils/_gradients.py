"""Clipping of gradients; parameters as one vector; what couples a batch."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor
from ganc._tensor._math import norm
from ganc.nn._module import Module

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "is_batch_dependent",
    "parameters_to_vector",
    "vector_to_parameters",
]


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    return [p.grad.detach() for p in parameters if p.grad is not None]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients down together if their common norm is larger than `max_norm`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
    max_norm : float
    norm_type : float, default 2.0
        The order of the norm; inf is allowed.
    error_if_nonfinite : bool, default False
        Raise if the norm is NaN or infinite.

    Returns
    -------
    Tensor of shape ()
        The norm before.

    Raises
    ------
    RuntimeError
        With `error_if_nonfinite`; nothing has changed then.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> p = nn.Parameter([3.0, 4.0])
    >>> (p**2).sum().backward()
    >>> round(nn.utils.clip_grad_norm_(p, 1.0).item(), 4)
    10.0
    >>> [round(g, 4) for g in p.grad.tolist()]
    [0.6, 0.8]
    """
    gradients = _gradients(parameters)
    if not gradients:
        return tensor(0.0)
    previous = core.set_grad_enabled(False)
    try:
        lengths = [core.reshape(norm(g, norm_type), (1,)) for g in gradients]
        total = norm(core.cat(lengths, 0), norm_type)
        size = total.item()
        if error_if_nonfinite and not math.isfinite(size):
            raise RuntimeError(f"clip_grad_norm_: the norm of the gradients is {size}")
        factor = float(max_norm) / (size + 1e-6)
        if not factor >= 1:  # NaN spreads, as in PyTorch
            for g in gradients:
                g.copy_(core.affine(g, factor, 0.0))
    finally:
        core.set_grad_enabled(previous)
    return total


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit each element of the gradients to [-clip_value, clip_value].

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
    clip_value : float

    Examples
    --------
    >>> from ganc import nn
    >>> p = nn.Parameter([1.0, -5.0])
    >>> (p**2).sum().backward()
    >>> nn.utils.clip_grad_value_(p, 3.0)
    >>> p.grad.tolist()
    [2.0, -3.0]
    """
    limit = float(clip_value)
    for g in _gradients(parameters):
        g.copy_(core.clamp_scalar(g, -limit, limit))


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all parameters as one vector.

    Parameters
    ----------
    parameters : iterable of Tensor

    Returns
    -------
    Tensor of 1 dimension

    Raises
    ------
    ValueError
        Without parameters.

    Examples
    --------
    >>> from ganc import nn
    >>> nn.utils.parameters_to_vector(nn.Linear(2, 3).parameters()).shape
    (9,)
    """
    return core.cat([core.reshape(p, (p.numel(),)) for p in parameters], 0)


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Copy one vector into all parameters.

    Parameters
    ----------
    vec : Tensor of 1 dimension
    parameters : iterable of Tensor

    Raises
    ------
    TypeError, ValueError
        If it is not a tensor, or not as long as the parameters together.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> layer = nn.Linear(2, 1)
    >>> nn.utils.vector_to_parameters(ganc.arange(3), layer.parameters())
    >>> layer.weight.tolist(), layer.bias.tolist()
    ([[0.0, 1.0]], [2.0])
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vec: got {type(vec).__name__}, expected Tensor")
    parameters = list(parameters)
    total = sum(p.numel() for p in parameters)
    if vec.shape != (total,):
        raise ValueError(f"vec: got shape {vec.shape}, expected ({total},)")
    vec, start = vec.detach(), 0
    for p in parameters:
        p.data.copy_(core.reshape(core.narrow(vec, 0, start, p.numel()), p.shape))
        start += p.numel()


def is_batch_dependent(module: Module) -> bool:
    """Return whether one sample's output depends on the others of the batch, in training.

    Parameters
    ----------
    module : Module

    Returns
    -------
    bool
        True if it contains batch normalisation or another layer with ``batch_dependent = True``.

    Examples
    --------
    >>> from ganc import nn
    >>> nn.utils.is_batch_dependent(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))
    True
    """
    return any(getattr(m, "batch_dependent", False) for m in module.modules())
