"""Normalisation of each sample by itself."""

from __future__ import annotations

from collections.abc import Sequence

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._math import norm
from ganc.nn.functional._norm import check_channels

__all__ = ["group_norm", "layer_norm", "normalize", "pixel_norm"]


def layer_norm(
    input: Tensor,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each sample over its last dimensions.

    Parameters
    ----------
    input : Tensor of shape (..., *normalized_shape)
    normalized_shape : tuple of int
    weight, bias : Tensor of shape `normalized_shape`, optional
    eps : float, default 1e-5
        Added to the variance.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    Ba, Kiros and Hinton 2016, Layer normalization.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.layer_norm(ganc.tensor([[1.0, 3.0]]), (2,), eps=0.0).tolist()
    [[-1.0, 1.0]]
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    k = len(shape)
    if not k or input.shape[-k:] != shape:
        raise ValueError(
            f"layer_norm: got shape {input.shape}, expected it to end in {shape}, the "
            "normalized_shape"
        )
    for name, x in (("weight", weight), ("bias", bias)):
        if x is not None and x.shape != shape:
            raise ValueError(f"layer_norm: got {name} of shape {x.shape}, expected {shape}")
    return core.layer_norm(input, weight, bias, dims=k, eps=eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each sample over groups of its channels.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)
    num_groups : int
        Divides C.
    weight, bias : Tensor of shape (C,), optional
    eps : float, default 1e-5
        Added to the variance.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    Wu and He 2018, Group normalization.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.group_norm(ganc.tensor([[1.0, 3.0, 5.0, 7.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    shape = input.shape
    if len(shape) < 2 or num_groups < 1 or shape[1] % num_groups:
        raise ValueError(
            f"group_norm: got shape {shape} for num_groups={num_groups}, expected (N, C, ...) "
            "with C a multiple of it"
        )
    c = shape[1]
    check_channels("group_norm", "weight", weight, c)
    check_channels("group_norm", "bias", bias, c)
    return core.group_norm(input, weight, bias, groups=num_groups, eps=eps)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divide by the norm along a dimension.

    Parameters
    ----------
    input : Tensor
    p : float, default 2.0
        The order of the norm.
    dim : int, default 1
    eps : float, default 1e-12
        The smallest divisor.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.normalize(ganc.tensor([[4.0, 0.0]])).tolist()
    [[1.0, 0.0]]
    """
    length = norm(input, p, dim, True)
    return core.div(input, core.clamp_scalar(length, eps, float("inf")))


def pixel_norm(input: Tensor, eps: float = 1e-8) -> Tensor:
    """Divide the channels of each pixel by the root of their mean square.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (N, C, ...)
    eps : float, default 1e-8
        Added to the mean square.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For less than 2 dimensions.

    References
    ----------
    Karras et al. 2018, Progressive growing of GANs.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.pixel_norm(ganc.tensor([[2.0, -2.0]]), eps=0.0).tolist()
    [[1.0, -1.0]]
    """
    return core.pixel_norm(input, eps=eps)
