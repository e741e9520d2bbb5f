"""Normalisation with statistics of the batch, or of each image."""

from __future__ import annotations

from math import prod

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["batch_norm", "instance_norm"]


def check_channels(what: str, name: str, x: Tensor | None, channels: int) -> None:
    """Refuse a weight, bias or statistic that is not one number per channel."""
    if x is not None and x.shape != (channels,):
        raise ValueError(f"{what}: got {name} of shape {x.shape}, expected ({channels},)")


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel over the batch.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (N, C, ...)
    running_mean, running_var : Tensor of shape (C,), optional
        Moved towards the batch's statistics in training, used instead of them otherwise.
    weight, bias : Tensor of shape (C,), optional
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
    ValueError
        If shapes do not fit, or a channel has a single value in training.

    References
    ----------
    Ioffe and Szegedy 2015, Batch normalization.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> y = F.batch_norm(ganc.randn(64, 3), None, None, training=True)
    >>> bool(y.mean(0).abs().amax() < 1e-5)
    True
    """
    shape = input.shape
    if len(shape) < 2:
        raise ValueError(f"batch_norm: got shape {shape}, expected at least 2 dimensions")
    c = shape[1]
    for name, x in (
        ("running_mean", running_mean),
        ("running_var", running_var),
        ("weight", weight),
        ("bias", bias),
    ):
        check_channels("batch_norm", name, x, c)
    if training:
        if input.numel() <= c:
            raise ValueError(
                f"batch_norm: got shape {shape}, expected more than 1 value per channel when "
                "training"
            )
        return core.batch_norm(
            input, weight, bias, running_mean, running_var, momentum=momentum, eps=eps
        )
    if running_mean is None or running_var is None:
        raise ValueError(
            "batch_norm: got no running_mean or running_var, expected both when training=False"
        )
    return core.batch_norm_eval(input, running_mean, running_var, weight, bias, eps=eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel of each sample over its pixels.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)
    running_mean, running_var : Tensor of shape (C,), optional
        Moved towards the batch's mean statistics, or used if `use_input_stats` is False.
    weight, bias : Tensor of shape (C,), optional
    use_input_stats : bool, default True
    momentum : float, default 0.1
        The weight of the new statistics.
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
    Ulyanov, Vedaldi and Lempitsky 2016, Instance normalization.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> y = F.instance_norm(ganc.randn(2, 3, 8, 8))
    >>> bool(y.mean((2, 3)).abs().amax() < 1e-5)
    True
    """
    shape = input.shape
    if len(shape) < 3:
        raise ValueError(f"instance_norm: got shape {shape}, expected at least 3 dimensions")
    n, c, size = shape[0], shape[1], prod(shape[2:])
    for name, x in (("weight", weight), ("bias", bias)):
        check_channels("instance_norm", name, x, c)
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if size <= 1:
        raise ValueError(
            f"instance_norm: got shape {shape}, expected more than 1 pixel per channel"
        )
    if running_mean is not None and running_var is not None:
        previous = core.set_grad_enabled(False)
        try:
            x = core.reshape(input, (n, c, size))
            mean = core.mean(core.mean(x, 2, False), 0, False)
            var = core.mean(core.var(x, 2, 1, False), 0, False)
            for running, new in ((running_mean, mean), (running_var, var)):
                running.copy_(running * (1 - momentum) + new * momentum)
        finally:
            core.set_grad_enabled(previous)
    return core.group_norm(input, weight, bias, groups=c, eps=eps)
