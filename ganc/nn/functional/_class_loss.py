"""Losses of class numbers."""

from __future__ import annotations

from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor
from ganc.nn.functional._index import as_index
from ganc.nn.functional._loss import reduced

__all__ = ["cross_entropy", "nll_loss"]


def _check(what: str, input: Tensor, weight: Tensor | None) -> tuple[int, int]:
    """Return the class dimension and the number of classes."""
    if not input.ndim:
        raise ValueError(f"{what}: got input of shape (), expected (C,) or (N, C, ...)")
    dim = 0 if input.ndim == 1 else 1
    classes = input.shape[dim]
    if not classes:
        raise ValueError(f"{what}: got input of shape {input.shape}, expected at least one class")
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"{what}: got weight of shape {weight.shape}, expected ({classes},)")
    return dim, classes


def _picked(
    what: str, logp: Tensor, target: Any, weight: Tensor | None, ignore_index: int
) -> tuple[Tensor, Tensor | None]:
    """Return -log p of the target class, and what each sample weighs (None: 1)."""
    dim, classes = _check(what, logp, weight)
    shape = logp.shape[:dim] + logp.shape[dim + 1 :]
    index, skip = as_index(f"{what} target", target, classes, ignore_index, shape)
    one = (*shape[:dim], 1, *shape[dim:])
    loss = core.neg(core.reshape(core.gather(logp, dim, core.reshape(index, one)), shape))
    weights = None
    if weight is not None:
        flat = core.reshape(index, (index.numel(),))
        weights = core.reshape(core.index_select(weight, 0, flat), shape)
    if skip is not None:
        keep = tensor(~skip)
        weights = keep if weights is None else core.mul(weights, keep)
        loss = core.where(keep, loss, 0.0)
    return loss if weights is None else core.mul(loss, weights), weights


def nll_loss(
    input: Tensor,
    target: Any,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of the target classes.

    Parameters
    ----------
    input : Tensor of shape (C,), (N, C) or (N, C, ...)
        Log-probabilities.
    target : Tensor or array_like of whole numbers in [0, C), shape (), (N,) or (N, ...)
    weight : Tensor of shape (C,), optional
        What each class weighs.
    ignore_index : int, default -100
        A target that does not count.
    reduction : {"mean", "sum", "none"}, default "mean"
        "mean" divides by the sum of the weights.

    Returns
    -------
    Tensor

    Raises
    ------
    IndexError, ValueError
        If a class is out of range or not whole, or shapes do not fit.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.nll_loss(ganc.tensor([[-1.0, -2.0], [-3.0, -4.0]]), [0, 1]).item()
    2.5
    """
    loss, weights = _picked("nll_loss", input, target, weight, ignore_index)
    if reduction == "mean" and weights is not None:
        return core.div(core.sum(loss), core.sum(weights))
    return reduced(loss, reduction)


def cross_entropy(
    input: Tensor,
    target: Any,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of logits and classes.

    Parameters
    ----------
    input : Tensor of shape (C,), (N, C) or (N, C, ...)
        Logits.
    target : Tensor or array_like
        Class numbers in [0, C), shape (), (N,) or (N, ...); or probabilities in the shape of
        `input`.
    weight : Tensor of shape (C,), optional
        What each class weighs.
    ignore_index : int, default -100
        A target that does not count; for class numbers.
    reduction : {"mean", "sum", "none"}, default "mean"
        "mean" divides by the sum of the weights of the targets.
    label_smoothing : float in [0, 1], default 0.0
        The share of the target that is spread evenly over the classes.

    Returns
    -------
    Tensor

    Raises
    ------
    IndexError, ValueError
        If a class is out of range or not whole, or shapes do not fit.

    References
    ----------
    Szegedy et al. 2016, Rethinking the Inception architecture (label smoothing).

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> round(F.cross_entropy(ganc.zeros(3, 10), [1, 2, 3]).item(), 4)
    2.3026
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing: got {label_smoothing}, expected 0 to 1")
    dim, classes = _check("cross_entropy", input, weight)
    logp = core.log_softmax(input, dim)
    shape = getattr(target, "shape", None)
    if shape is not None and tuple(shape) == input.shape:
        target = target if isinstance(target, Tensor) else tensor(target)
        return _soft(logp, target, weight, reduction, label_smoothing, dim, classes)
    loss, weights = _picked("cross_entropy", logp, target, weight, ignore_index)
    if label_smoothing:
        spread = logp if weight is None else core.mul(logp, _along(weight, logp, dim))
        smooth = core.neg(core.sum(spread, dim))
        if weights is not None:
            smooth = core.mul(smooth, _counted(target, ignore_index))
        loss = core.add(
            core.affine(loss, 1 - label_smoothing, 0.0),
            core.affine(smooth, label_smoothing / classes, 0.0),
        )
    if reduction == "mean" and weights is not None:
        return core.div(core.sum(loss), core.sum(weights))
    return reduced(loss, reduction)


def _counted(target: Any, ignore_index: int) -> Tensor:
    labels = target.detach() if isinstance(target, Tensor) else tensor(target)
    return core.ne(labels, float(ignore_index))


def _along(weight: Tensor, x: Tensor, dim: int) -> Tensor:
    shape = [1] * x.ndim
    shape[dim] = weight.shape[0]
    return core.reshape(weight, tuple(shape))


def _soft(
    logp: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    label_smoothing: float,
    dim: int,
    classes: int,
) -> Tensor:
    """Cross-entropy with target probabilities."""
    if label_smoothing:
        target = core.affine(target, 1 - label_smoothing, label_smoothing / classes)
    terms = core.mul(logp, target)
    if weight is not None:
        terms = core.mul(terms, _along(weight, logp, dim))
    if reduction == "mean":
        samples = logp.numel() // classes
        return core.affine(core.sum(terms), -1 / samples if samples else float("nan"), 0.0)
    return reduced(core.neg(core.sum(terms, dim)), reduction)
