"""Normalisation layers with a second input: a label or a style."""

from __future__ import annotations

from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor, ones, zeros
from ganc.nn._config import register
from ganc.nn._linear import Linear
from ganc.nn._module import Module
from ganc.nn._norm import BatchNorm2d, InstanceNorm2d
from ganc.nn._parameter import Parameter
from ganc.nn._sizes import count
from ganc.nn.functional._conditional import by_label, modulate

__all__ = ["AdaIN", "ConditionalBatchNorm2d"]


@register
class ConditionalBatchNorm2d(Module):
    """Batch normalisation of images with a scale and a shift for each class.

    Parameters
    ----------
    num_features : int
        C, at least 1.
    num_classes : int
        K, at least 1.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float in [0, 1] or None, default 0.1
        The weight of the newest batch in the running statistics; None: the average of all.

    Attributes
    ----------
    weight, bias : Parameter of shape (K, C)
        Start as ones and zeros.
    norm : BatchNorm2d
        Holds the running statistics, which the classes share.

    References
    ----------
    Dumoulin, Shlens and Kudlur 2017, A learned representation for artistic style;
    Miyato and Koyama 2018, cGANs with projection discriminator (in a generator).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.ConditionalBatchNorm2d(3, 10)(ganc.randn(2, 3, 4, 4), [7, 0]).shape
    (2, 3, 4, 4)
    """

    batch_dependent = True

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
    ) -> None:
        super().__init__()
        self.num_features = count("ConditionalBatchNorm2d", "num_features", num_features)
        self.num_classes = count("ConditionalBatchNorm2d", "num_classes", num_classes)
        self.norm = BatchNorm2d(num_features, eps, momentum, affine=False)
        self.eps, self.momentum = self.norm.eps, self.norm.momentum
        self.weight = Parameter(ones(self.num_classes, self.num_features))
        self.bias = Parameter(zeros(self.num_classes, self.num_features))

    def forward(self, input: Tensor, labels: Any) -> Tensor:
        """Normalise; in training also move the running statistics.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W)
        labels : Tensor or array_like of shape (N,) or (N, K)
            Class numbers; or rows of weights of the classes, such as one-hot rows or mixtures.

        Returns
        -------
        Tensor of shape (N, C, H, W)
        """
        rows = by_label(labels, self.weight, self.bias)
        return modulate("ConditionalBatchNorm2d", self.norm(input), *rows)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"{self.num_features}, {self.num_classes}, eps={self.eps}, momentum={self.momentum}"


@register
class AdaIN(Module):
    """Adaptive instance normalisation: scale and shift are linear in a style vector.

    Parameters
    ----------
    num_features : int
        C, at least 1.
    style_dim : int
        S, at least 1.
    eps : float, default 1e-5
        Added to the variance.

    Attributes
    ----------
    fc : Linear
        Gives 2 C numbers: what is added to a scale of 1, and the shift.
    norm : InstanceNorm2d

    References
    ----------
    Huang and Belongie 2017, Arbitrary style transfer in real-time with adaptive instance
    normalization. Scale and shift from a vector are as in Karras et al. 2019, StyleGAN; names
    and initial values as in the code of Choi et al. 2020, StarGAN v2.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.AdaIN(8, 64)(ganc.randn(2, 8, 4, 4), ganc.randn(2, 64)).shape
    (2, 8, 4, 4)
    """

    def __init__(self, num_features: int, style_dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.num_features = count("AdaIN", "num_features", num_features)
        self.style_dim = count("AdaIN", "style_dim", style_dim)
        self.norm = InstanceNorm2d(self.num_features, eps)
        self.eps = self.norm.eps
        self.fc = Linear(self.style_dim, 2 * self.num_features)

    def forward(self, input: Tensor, style: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W)
        style : Tensor of shape (N, S)

        Returns
        -------
        Tensor of shape (N, C, H, W)
        """
        rows, c = self.fc(style), self.num_features
        scale = core.affine(core.narrow(rows, 1, 0, c), 1.0, 1.0)
        return modulate("AdaIN", self.norm(input), scale, core.narrow(rows, 1, c, c))

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"{self.num_features}, {self.style_dim}, eps={self.eps}"
