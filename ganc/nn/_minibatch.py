"""Layers that let a discriminator compare the samples of a batch."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor, eye, zeros
from ganc._tensor._random import randn
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module
from ganc.nn._parameter import Parameter
from ganc.nn._sizes import count
from ganc.nn.functional._minibatch import closeness, row_distances

__all__ = ["MinibatchDiscrimination", "MinibatchStdDev"]


@register
class MinibatchStdDev(Module):
    """Appends channels that say how much the samples of a group differ.

    It goes before the last convolution of a discriminator: a generator that gives the same
    image again and again is found out. See `functional.minibatch_stddev`.

    Parameters
    ----------
    group_size : int or None, default 4
        Samples in a group, which divides N. A smaller batch is one group; None: every batch is.
    num_channels : int, default 1
        Channels to append, a divisor of C.
    eps : float, default 1e-8
        Added to the variance.

    References
    ----------
    Karras et al. 2018, Progressive growing of GANs; `num_channels` is StyleGAN2's.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.MinibatchStdDev()(ganc.randn(8, 16, 4, 4)).shape
    (8, 17, 4, 4)
    """

    batch_dependent = True

    def __init__(
        self, group_size: int | None = 4, num_channels: int = 1, eps: float = 1e-8
    ) -> None:
        super().__init__()
        what = "MinibatchStdDev"
        self.group_size = None if group_size is None else count(what, "group_size", group_size)
        self.num_channels = count(what, "num_channels", num_channels)
        if not eps >= 0:
            raise ValueError(f"{what}: got eps={eps}, expected at least 0")
        self.eps = float(eps)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C) or (N, C, ...)

        Returns
        -------
        Tensor of shape (N, C + num_channels) or (N, C + num_channels, ...)
        """
        return F.minibatch_stddev(input, self.group_size, self.num_channels, self.eps)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"group_size={self.group_size}, num_channels={self.num_channels}, eps={self.eps}"


@register
class MinibatchDiscrimination(Module):
    """Appends how close each sample is to the others of the batch.

    Real and generated samples must pass in separate batches, as they do in ganc's training: the
    features are statistics of the batch. See `functional.minibatch_discrimination`.

    Parameters
    ----------
    in_features : int
        I, at least 1.
    out_features : int, default 100
        B, the features to append.
    kernel_dim : int, default 5
        K, the numbers that are compared for one feature.
    bias : bool, default True

    Attributes
    ----------
    weight : Parameter of shape (B * K, I)
        Rows b K to b K + K - 1 belong to feature b. Rows start in random directions, with
        length 1. The authors' code normalises them: ``nn.utils.weight_norm(layer)``.
    bias : Parameter of shape (B,) or None
        Starts as zeros.

    References
    ----------
    Salimans et al. 2016, Improved techniques for training GANs.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.MinibatchDiscrimination(250, 100)(ganc.randn(64, 250)).shape
    (64, 350)
    """

    batch_dependent = True

    def __init__(
        self, in_features: int, out_features: int = 100, kernel_dim: int = 5, bias: bool = True
    ) -> None:
        super().__init__()
        what = "MinibatchDiscrimination"
        self.in_features = count(what, "in_features", in_features)
        self.out_features = count(what, "out_features", out_features)
        self.kernel_dim = count(what, "kernel_dim", kernel_dim)
        rows = randn(self.out_features * self.kernel_dim, self.in_features)
        self.weight = Parameter(core.div(rows, core.norm(rows, 1, True)))
        self.register_parameter("bias", Parameter(zeros(self.out_features)) if bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, I)

        Returns
        -------
        Tensor of shape (N, I + B)
        """
        return F.minibatch_discrimination(input, self.weight, self.bias, self.kernel_dim)

    def initialize(self, input: Tensor) -> None:
        """Fit weight and bias to a batch, as the authors' code does before training.

        Rows are scaled so that the nearest other sample is 2 away on average; then the bias
        becomes minus the mean of each feature. Without this, features of large inputs are 0 and
        have no gradient. Call it before `weight_norm`.

        Parameters
        ----------
        input : Tensor of shape (N, I)
            N at least 2; what reaches this layer for a batch of real samples.

        Raises
        ------
        ValueError
            For a single sample, a shape that does not fit, or samples that are all equal.
        """
        n, k = input.shape[0] if input.ndim == 2 else 0, self.kernel_dim
        if n < 2 or input.shape[1] != self.in_features:
            raise ValueError(
                f"MinibatchDiscrimination.initialize: got shape {input.shape}, expected "
                f"(N, {self.in_features}) with N at least 2"
            )
        previous = core.set_grad_enabled(False)
        try:
            distances = row_distances(input, self.weight, k)
            far = core.reshape(core.affine(eye(n), 1e30, 0.0), (n, n, 1))
            nearest = core.mean(core.amin(core.add(distances, far), 1), 0)
            if not core.amin(nearest).item() > 0:
                raise ValueError("MinibatchDiscrimination.initialize: the samples are all equal")
            scale = core.affine(core.reciprocal(nearest), 2.0, 0.0)
            rows = core.reshape(self.weight, (self.out_features, k, self.in_features))
            rows = core.mul(rows, core.reshape(scale, (self.out_features, 1, 1)))
            self.weight.data.copy_(core.reshape(rows, self.weight.shape))
            if self.bias is not None:
                features = closeness(core.mul(distances, scale))
                self.bias.data.copy_(core.neg(core.mean(features, 0)))
        finally:
            core.set_grad_enabled(previous)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"kernel_dim={self.kernel_dim}, bias={self.bias is not None}"
        )
