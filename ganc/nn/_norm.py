"""Normalisation with statistics of the batch, or of each image."""

from __future__ import annotations

from typing import ClassVar

from ganc._backend import core
from ganc._tensor._creation import Tensor, ones, tensor, zeros
from ganc._warn import warn
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module
from ganc.nn._parameter import Parameter
from ganc.nn._sizes import count

__all__ = ["BatchNorm1d", "BatchNorm2d", "InstanceNorm2d"]

_warned: set[str] = set()


def check_eps(what: str, eps: float) -> None:
    """Refuse a negative eps; warn, once, of one that looks like a Keras momentum."""
    if not eps >= 0:
        raise ValueError(f"{what}: got eps={eps}, expected at least 0")
    if eps >= 0.1 and what not in _warned:
        _warned.add(what)
        warn(
            f"{what}: got eps={eps}, which looks like a Keras momentum. The second argument is "
            f"eps, added to the variance (1e-5 by default). Keras's momentum={eps} is "
            f"momentum={1 - eps:.3g} here"
        )


class _Norm(Module):
    """What batch and instance norm share: affine parameters and running statistics."""

    _dims: ClassVar[tuple[int, ...]] = ()

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        bias: bool,
    ) -> None:
        super().__init__()
        what = type(self).__name__
        self.num_features = count(what, "num_features", num_features)
        check_eps(what, eps)
        if momentum is not None and not 0 <= momentum <= 1:
            raise ValueError(f"{what}: got momentum={momentum}, expected 0 to 1 or None")
        self.eps, self.momentum = float(eps), momentum
        self.affine, self.track_running_stats = bool(affine), bool(track_running_stats)
        size = (self.num_features,)
        self.register_parameter("weight", Parameter(ones(size)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(size)) if affine and bias else None)
        track = self.track_running_stats
        self.register_buffer("running_mean", zeros(size) if track else None)
        self.register_buffer("running_var", ones(size) if track else None)
        self.register_buffer("num_batches_tracked", tensor(0.0) if track else None)

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1.0)
            self.num_batches_tracked.zero_()

    def _check(self, input: Tensor) -> None:
        if input.ndim not in self._dims:
            dims = " or ".join(f"{d}-D" for d in self._dims)
            raise ValueError(
                f"{type(self).__name__}: got shape {input.shape} ({input.ndim}-D), expected {dims}"
            )

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Norm):
    batch_dependent = True

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def forward(self, input: Tensor) -> Tensor:
        """Normalise; in training also move the running statistics.

        Parameters
        ----------
        input : Tensor of shape (N, C) or (N, C, ...)

        Returns
        -------
        Tensor

        Raises
        ------
        ValueError
            If the shape does not fit, or a channel has a single value in training.
        """
        return self._forward_act(input, "none", 0.0)

    def _of_batch(self) -> bool:
        """Return whether the statistics are those of the batch."""
        return self.training or self.running_mean is None

    def _forward_before(self, input: Tensor, act: str, slope: float) -> Tensor:
        return self._forward_act(input, "none", slope, act)

    def _forward_act(self, input: Tensor, act: str, slope: float, before: str = "none") -> Tensor:
        self._check(input)
        shape = input.shape
        if shape[1] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}: got {shape[1]} channels in shape {shape}, expected "
                f"{self.num_features}"
            )
        mean, var = self.running_mean, self.running_var
        if not self._of_batch():
            return core.batch_norm_eval(
                input, mean, var, self.weight, self.bias, eps=self.eps, act=act, slope=slope
            )
        if input.numel() <= shape[1]:
            raise ValueError(
                f"{type(self).__name__}: got shape {shape}, expected more than 1 value per "
                "channel when training"
            )
        momentum = self.momentum
        if self.training and mean is not None:
            seen = self.num_batches_tracked
            seen._assign(core.affine(seen, 1.0, 1.0))
            if momentum is None:  # the average of all batches so far
                momentum = 1 / seen.item()
        return core.batch_norm(
            input,
            self.weight,
            self.bias,
            mean,
            var,
            momentum=0.0 if momentum is None else momentum,
            eps=self.eps,
            act=act,
            slope=slope,
            before=before,
        )


@register
class BatchNorm1d(_BatchNorm):
    """Normalises each feature over the batch.

    Parameters
    ----------
    num_features : int
        C, at least 1.
    eps : float, default 1e-5
        Added to the variance. This is the second argument: 0.1 or more gives a warning, because
        a Keras momentum put here has spoilt many GANs.
    momentum : float in [0, 1] or None, default 0.1
        The weight of the newest batch in the running statistics; None: the average of all.
    affine : bool, default True
        Learn a scale and a shift for each feature.
    track_running_stats : bool, default True
        False: use the batch's statistics in evaluation too.
    bias : bool, default True
        False: learn the scale only.

    Attributes
    ----------
    weight, bias : Parameter of shape (C,) or None
    running_mean, running_var : Tensor of shape (C,) or None
    num_batches_tracked : Tensor of shape () or None

    References
    ----------
    Ioffe and Szegedy 2015, Batch normalization.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.BatchNorm1d(16)(ganc.randn(64, 16)).shape
    (64, 16)
    """

    _dims = (2, 3)


@register
class BatchNorm2d(_BatchNorm):
    """Normalises each channel of images over the batch.

    Parameters
    ----------
    num_features : int
        C, at least 1.
    eps : float, default 1e-5
        Added to the variance. This is the second argument: 0.1 or more gives a warning, because
        a Keras momentum put here has spoilt many GANs.
    momentum : float in [0, 1] or None, default 0.1
        The weight of the newest batch in the running statistics; None: the average of all.
    affine : bool, default True
        Learn a scale and a shift for each channel.
    track_running_stats : bool, default True
        False: use the batch's statistics in evaluation too.
    bias : bool, default True
        False: learn the scale only.

    Attributes
    ----------
    weight, bias : Parameter of shape (C,) or None
    running_mean, running_var : Tensor of shape (C,) or None
    num_batches_tracked : Tensor of shape () or None

    References
    ----------
    Ioffe and Szegedy 2015, Batch normalization.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.BatchNorm2d(3)(ganc.randn(8, 3, 4, 4)).shape
    (8, 3, 4, 4)
    """

    _dims = (4,)


@register
class InstanceNorm2d(_Norm):
    """Normalises each channel of each image over its pixels.

    Parameters
    ----------
    num_features : int
        C, at least 1.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float in [0, 1], default 0.1
        The weight of the newest batch in the running statistics.
    affine : bool, default False
        Learn a scale and a shift for each channel.
    track_running_stats : bool, default False
        Keep running statistics, and use them in evaluation.
    bias : bool, default True
        False: learn the scale only.

    Attributes
    ----------
    weight, bias : Parameter of shape (C,) or None
    running_mean, running_var : Tensor of shape (C,) or None

    References
    ----------
    Ulyanov, Vedaldi and Lempitsky 2016, Instance normalization.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.InstanceNorm2d(3)(ganc.randn(2, 3, 8, 8)).shape
    (2, 3, 8, 8)
    """

    _dims = (4,)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W)

        Returns
        -------
        Tensor
        """
        self._check(input)
        if input.shape[1] != self.num_features:
            raise ValueError(
                f"InstanceNorm2d: got {input.shape[1]} channels, expected {self.num_features}"
            )
        own = self.training or self.running_mean is None
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            own,
            self.momentum,
            self.eps,
        )
