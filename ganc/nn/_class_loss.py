"""Losses of class numbers as modules."""

from __future__ import annotations

from typing import Any

from ganc._tensor._creation import Tensor
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._loss import Loss

__all__ = ["CrossEntropyLoss", "NLLLoss"]


@register
class NLLLoss(Loss):
    """Negative log-likelihood of the target classes.

    Parameters
    ----------
    weight : Tensor of shape (C,), optional
        What each class weighs.
    ignore_index : int, default -100
        A target that does not count.
    reduction : {"mean", "sum", "none"}, default "mean"

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.NLLLoss()(ganc.tensor([[-1.0, -2.0], [-3.0, -4.0]]), [0, 1]).item()
    2.5
    """

    def __init__(
        self, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self._weight("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Any) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        input : Tensor of shape (C,), (N, C) or (N, C, ...)
            Log-probabilities.
        target : Tensor or array_like of whole numbers in [0, C)

        Returns
        -------
        Tensor
        """
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


@register
class CrossEntropyLoss(Loss):
    """Cross-entropy of logits and classes.

    Parameters
    ----------
    weight : Tensor of shape (C,), optional
        What each class weighs.
    ignore_index : int, default -100
        A target that does not count.
    reduction : {"mean", "sum", "none"}, default "mean"
    label_smoothing : float in [0, 1], default 0.0
        The share of the target that is spread evenly over the classes.

    References
    ----------
    Szegedy et al. 2016, Rethinking the Inception architecture (label smoothing).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> round(nn.CrossEntropyLoss()(ganc.zeros(3, 10), [1, 2, 3]).item(), 4)
    2.3026
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self._weight("weight", weight)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Tensor, target: Any) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        input : Tensor of shape (C,), (N, C) or (N, C, ...)
            Logits.
        target : Tensor or array_like
            Class numbers in [0, C), or probabilities in the shape of `input`.

        Returns
        -------
        Tensor
        """
        return F.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )
