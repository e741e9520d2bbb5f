"""Losses that compare two tensors of equal shape."""

from __future__ import annotations

from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor
from ganc._warn import warn

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "smooth_l1_loss",
]


def reduced(x: Tensor, reduction: str) -> Tensor:
    """Apply a loss's `reduction`."""
    if reduction == "mean":
        return core.mean(x)
    if reduction == "sum":
        return core.sum(x)
    if reduction == "none":
        return x
    raise ValueError(f"reduction: got {reduction!r}, expected 'mean', 'sum' or 'none'")


def _as_tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else tensor(x)


def _same_shape(what: str, input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        raise ValueError(
            f"{what}: got input of shape {input.shape} and target of shape {target.shape}, "
            "expected equal shapes"
        )


def _warn_shapes(what: str, input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        warn(
            f"{what}: got input of shape {input.shape} and target of shape {target.shape}; they "
            "are broadcast, which is rarely meant"
        )


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """Binary cross-entropy of probabilities.

    Logarithms are limited to -100 from below, so that the loss stays finite. With logits,
    `binary_cross_entropy_with_logits` is faster and more accurate.

    Parameters
    ----------
    input : Tensor
        Probabilities in [0, 1].
    target : Tensor of the shape of `input`
        Usually 0 or 1.
    weight : Tensor, optional
        Multiplies the elements; broadcast.
    reduction : {"mean", "sum", "none"}, default "mean"

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If shapes differ, or a probability is outside [0, 1].

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> round(F.binary_cross_entropy(ganc.tensor([0.5]), ganc.tensor([1.0])).item(), 4)
    0.6931
    """
    target = _as_tensor(target)
    _same_shape("binary_cross_entropy", input, target)
    values = input.detach()
    if values.numel() and not (core.amin(values).item() >= 0 and core.amax(values).item() <= 1):
        raise ValueError(
            "binary_cross_entropy: got an input outside [0, 1] (or NaN), expected probabilities; "
            "for logits use binary_cross_entropy_with_logits"
        )
    # at 0 and 1 the logarithm's derivative is infinite; PyTorch's is limited to 1e12 there
    spread = core.mul(values, core.affine(values, -1.0, 1.0))
    corner = core.lt(spread, 1e-12)
    if values.numel() and core.amax(corner).item():
        inner = core.where(corner, 0.5, input)
        loss = _log_loss(inner, target)
        edge = values - target
        slope = edge * 1e12
        limit = _log_loss(values, target.detach(), -100.0)
        loss = core.where(corner, core.add(core.mul(slope, core.sub(input, values)), limit), loss)
    else:
        loss = _log_loss(input, target)
    if weight is not None:
        loss = core.mul(loss, weight)
    return reduced(loss, reduction)


def _log_loss(p: Tensor, target: Tensor, floor: float | None = None) -> Tensor:
    yes, no = core.log(p), core.log1p(core.neg(p))
    if floor is not None:
        yes = core.clamp_scalar(yes, floor, float("inf"))
        no = core.clamp_scalar(no, floor, float("inf"))
    return core.sub(core.mul(core.sub(target, 1.0), no), core.mul(target, yes))


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross-entropy of logits, finite for any finite logit.

    Parameters
    ----------
    input : Tensor
        Logits.
    target : Tensor of the shape of `input`
        Usually 0 or 1.
    weight : Tensor, optional
        Multiplies the elements; broadcast.
    reduction : {"mean", "sum", "none"}, default "mean"
    pos_weight : Tensor, optional
        Multiplies the part of target 1; broadcast.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If shapes differ.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.binary_cross_entropy_with_logits(ganc.tensor([1e4]), ganc.tensor([0.0])).item()
    10000.0
    """
    target = _as_tensor(target)
    _same_shape("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        loss = core.bce_logits(input, target)
    else:
        factor = core.affine(core.mul(core.sub(pos_weight, 1.0), target), 1.0, 1.0)
        no = core.mul(core.affine(target, -1.0, 1.0), input)
        loss = core.add(no, core.mul(factor, core.softplus1(core.neg(input))))
    if weight is not None:
        loss = core.mul(loss, weight)
    return reduced(loss, reduction)


def mse_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", weight: Tensor | None = None
) -> Tensor:
    """Squared differences.

    Parameters
    ----------
    input, target : Tensor
        Of equal shape; others are broadcast with a warning.
    reduction : {"mean", "sum", "none"}, default "mean"
    weight : Tensor of the shape of `input`, optional
        Multiplies the elements; the mean is then weighted.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.mse_loss(ganc.tensor([1.0, 3.0]), ganc.tensor([0.0, 0.0])).item()
    5.0
    """
    target = _as_tensor(target)
    _warn_shapes("mse_loss", input, target)
    return _weighted(core.square(core.sub(input, target)), weight, reduction)


def _weighted(loss: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    if weight is None:
        return reduced(loss, reduction)
    weight = _as_tensor(weight)
    _same_shape("weight", loss, weight)
    loss = core.mul(loss, weight)
    if reduction == "mean":
        return core.div(core.sum(loss), core.sum(weight))
    return reduced(loss, reduction)


def l1_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", weight: Tensor | None = None
) -> Tensor:
    """Absolute differences.

    Parameters
    ----------
    input, target : Tensor
        Of equal shape; others are broadcast with a warning.
    reduction : {"mean", "sum", "none"}, default "mean"
    weight : Tensor of the shape of `input`, optional
        Multiplies the elements; the mean is then weighted.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.l1_loss(ganc.tensor([1.0, -3.0]), ganc.tensor([0.0, 0.0])).item()
    2.0
    """
    target = _as_tensor(target)
    _warn_shapes("l1_loss", input, target)
    return _weighted(core.abs(core.sub(input, target)), weight, reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """Squared where the difference is below `beta`, absolute beyond.

    Parameters
    ----------
    input, target : Tensor
        Of equal shape; others are broadcast with a warning.
    reduction : {"mean", "sum", "none"}, default "mean"
    beta : float, default 1.0
        At least 0.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `beta` is negative.

    References
    ----------
    Girshick 2015, Fast R-CNN.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.smooth_l1_loss(ganc.tensor([0.5, 3.0]), ganc.zeros(2), reduction="none").tolist()
    [0.125, 2.5]
    """
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: got beta={beta}, expected at least 0")
    target = _as_tensor(target)
    _warn_shapes("smooth_l1_loss", input, target)
    size = core.abs(core.sub(input, target))
    if beta == 0:
        return reduced(size, reduction)
    beyond = core.ge(size, beta)
    # The square of what lies beyond is never computed: of inf, its gradient would be inf * 0.
    near = core.affine(core.square(core.where(beyond, beta, size)), 0.5 / beta, 0.0)
    far = core.affine(size, 1.0, -0.5 * beta)
    return reduced(core.where(beyond, far, near), reduction)


def kl_div(
    input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """Kullback-Leibler divergence of a target from log-probabilities.

    Parameters
    ----------
    input : Tensor
        Log-probabilities.
    target : Tensor
        Probabilities, or their logarithms.
    reduction : {"mean", "batchmean", "sum", "none"}, default "mean"
        "batchmean", the sum divided by the batch size, is what the mathematics means.
    log_target : bool, default False

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For another `reduction`.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> p = ganc.tensor([[0.5, 0.5]])
    >>> F.kl_div(p.log(), p, reduction="batchmean").item()
    0.0
    """
    target = _as_tensor(target)
    if log_target:
        loss = core.mul(core.exp(target), core.sub(target, input))
    else:
        some = core.ne(target, 0.0)  # 0 log 0 = 0
        logs = core.log(core.where(some, target, 1.0))
        loss = core.sub(core.mul(target, logs), core.mul(target, input))
    if reduction == "batchmean":
        return core.affine(core.sum(loss), 1 / (input.shape[0] if input.ndim else 1), 0.0)
    if reduction == "mean":
        warn(
            "kl_div: reduction='mean' divides by the number of elements; 'batchmean' gives the "
            "divergence"
        )
    return reduced(loss, reduction)
