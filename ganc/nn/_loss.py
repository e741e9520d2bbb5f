"""Losses as modules."""

from __future__ import annotations

from typing import Any

from ganc._tensor._creation import Tensor, tensor
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module

__all__ = ["BCELoss", "BCEWithLogitsLoss", "KLDivLoss", "L1Loss", "MSELoss", "SmoothL1Loss"]

_REDUCTIONS = ("mean", "sum", "none")


class Loss(Module):
    """What all losses share: how the terms are put together, and weights as buffers."""

    def __init__(self, reduction: str, allowed: tuple[str, ...] = _REDUCTIONS) -> None:
        super().__init__()
        if reduction not in allowed:
            raise ValueError(
                f"{type(self).__name__}: got reduction={reduction!r}, expected one of "
                f"{', '.join(allowed)}"
            )
        self.reduction = reduction

    def _weight(self, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, Tensor):
            value = tensor(value)
        self.register_buffer(name, value)


@register
class MSELoss(Loss):
    """Squared differences.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.MSELoss()(ganc.tensor([1.0, 3.0]), ganc.zeros(2)).item()
    5.0
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        input, target : Tensor
            Of equal shape.

        Returns
        -------
        Tensor
        """
        return F.mse_loss(input, target, self.reduction)


@register
class L1Loss(Loss):
    """Absolute differences.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.L1Loss()(ganc.tensor([1.0, -3.0]), ganc.zeros(2)).item()
    2.0
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        input, target : Tensor
            Of equal shape.

        Returns
        -------
        Tensor
        """
        return F.l1_loss(input, target, self.reduction)


@register
class SmoothL1Loss(Loss):
    """Squared where the difference is below `beta`, absolute beyond.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"
    beta : float, default 1.0
        At least 0.

    References
    ----------
    Girshick 2015, Fast R-CNN.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.SmoothL1Loss(reduction="none")(ganc.tensor([0.5, 3.0]), ganc.zeros(2)).tolist()
    [0.125, 2.5]
    """

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        if not beta >= 0:
            raise ValueError(f"SmoothL1Loss: got beta={beta}, expected at least 0")
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        input, target : Tensor
            Of equal shape.

        Returns
        -------
        Tensor
        """
        return F.smooth_l1_loss(input, target, self.reduction, self.beta)


@register
class KLDivLoss(Loss):
    """Kullback-Leibler divergence of a target from log-probabilities.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}, default "mean"
        "batchmean", the sum divided by the batch size, is what the mathematics means.
    log_target : bool, default False
        The target holds logarithms too.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> p = ganc.tensor([[0.5, 0.5]])
    >>> nn.KLDivLoss(reduction="batchmean")(p.log(), p).item()
    0.0
    """

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction, (*_REDUCTIONS, "batchmean"))
        self.log_target = bool(log_target)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        input : Tensor
            Log-probabilities.
        target : Tensor
            Probabilities, or their logarithms.

        Returns
        -------
        Tensor
        """
        return F.kl_div(input, target, self.reduction, self.log_target)


@register
class BCELoss(Loss):
    """Binary cross-entropy of probabilities.

    Parameters
    ----------
    weight : Tensor, optional
        Multiplies the elements; broadcast.
    reduction : {"mean", "sum", "none"}, default "mean"

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> round(nn.BCELoss()(ganc.tensor([0.5]), ganc.tensor([1.0])).item(), 4)
    0.6931
    """

    def __init__(self, weight: Tensor | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self._weight("weight", weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        input : Tensor
            Probabilities in [0, 1].
        target : Tensor of the shape of `input`

        Returns
        -------
        Tensor
        """
        return F.binary_cross_entropy(input, target, self.weight, self.reduction)


@register
class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of logits, finite for any finite logit.

    Parameters
    ----------
    weight : Tensor, optional
        Multiplies the elements; broadcast.
    reduction : {"mean", "sum", "none"}, default "mean"
    pos_weight : Tensor, optional
        Multiplies the part of target 1; broadcast.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.BCEWithLogitsLoss()(ganc.tensor([1e4]), ganc.tensor([0.0])).item()
    10000.0
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(reduction)
        self._weight("weight", weight)
        self._weight("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        input : Tensor
            Logits.
        target : Tensor of the shape of `input`

        Returns
        -------
        Tensor
        """
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, self.reduction, self.pos_weight
        )
