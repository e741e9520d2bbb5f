"""Normalisation whose scale and shift depend on a label or a style."""

from __future__ import annotations

from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor
from ganc.nn.functional._linear import embedding
from ganc.nn.functional._norm import batch_norm, instance_norm

__all__ = ["adain", "conditional_batch_norm"]


def modulate(what: str, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Return ``scale * x + shift``, with a scale and a shift for each sample and channel."""
    n, c = x.shape[:2]
    for name, t in (("scale", scale), ("shift", shift)):
        if t.shape != (n, c):
            raise ValueError(f"{what}: got {name} of shape {t.shape}, expected ({n}, {c})")
    shape = (n, c, *(1,) * (x.ndim - 2))
    return core.add(core.mul(x, core.reshape(scale, shape)), core.reshape(shift, shape))


def by_label(labels: Any, *tables: Tensor) -> list[Tensor]:
    """Return the rows of each table (K, C) that belong to class numbers, or to shares of classes.

    `labels` are N class numbers, or N rows of K numbers that weigh the classes.
    """
    x = labels if isinstance(labels, Tensor) else tensor(labels)
    classes = tables[0].shape[0]
    if x.ndim == 2 and x.shape[1] == classes:
        return [core.matmul(x, t) for t in tables]
    if x.ndim != 1:
        raise ValueError(
            f"labels: got shape {x.shape}, expected (N,) class numbers or (N, {classes}) weights"
        )
    return [embedding(labels, t) for t in tables]


def conditional_batch_norm(
    input: Tensor,
    labels: Any,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel over the batch, then scale and shift it as the class asks.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (N, C, ...)
    labels : Tensor or array_like of shape (N,) or (N, K)
        Class numbers; or rows of weights of the classes, such as one-hot rows or mixtures.
    weight, bias : Tensor of shape (K, C)
        Scale and shift of each class.
    running_mean, running_var : Tensor of shape (C,), optional
        Moved towards the batch's statistics in training, used instead of them otherwise.
    training : bool, default False
    momentum : float, default 0.1
        The weight of the new statistics.
    eps : float, default 1e-5
        Added to the variance.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError, IndexError
        If shapes do not fit, a label is out of range, or a channel has a single value in
        training.

    References
    ----------
    Dumoulin, Shlens and Kudlur 2017, A learned representation for artistic style;
    de Vries et al. 2017, Modulating early visual processing by language.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> x, tables = ganc.tensor([[-1.0], [1.0]]), ganc.tensor([[1.0], [10.0]])
    >>> y = F.conditional_batch_norm(x, [0, 1], tables, tables * 0, training=True, eps=0.0)
    >>> y.tolist()
    [[-1.0], [10.0]]
    """
    if weight.ndim != 2 or weight.shape != bias.shape:
        raise ValueError(
            f"conditional_batch_norm: got weight of shape {weight.shape} and bias of shape "
            f"{bias.shape}, expected (K, C) for both"
        )
    x = batch_norm(input, running_mean, running_var, None, None, training, momentum, eps)
    return modulate("conditional_batch_norm", x, *by_label(labels, weight, bias))


def adain(input: Tensor, scale: Tensor, shift: Tensor, eps: float = 1e-5) -> Tensor:
    """Normalise each channel of each sample over its pixels, then scale and shift it.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)
    scale, shift : Tensor of shape (N, C)
        The paper takes the standard deviation and the mean of the channels of a style image;
        generators compute them from a style vector (see `nn.AdaIN`).
    eps : float, default 1e-5
        Added to the variance.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If shapes do not fit, or a channel has a single pixel.

    References
    ----------
    Huang and Belongie 2017, Arbitrary style transfer in real-time with adaptive instance
    normalization.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> x, scale = ganc.tensor([[[-1.0, 1.0]]]), ganc.tensor([[2.0]])
    >>> F.adain(x, scale, scale * 5, eps=0.0).tolist()
    [[[8.0, 12.0]]]
    """
    return modulate("adain", instance_norm(input, eps=eps), scale, shift)
