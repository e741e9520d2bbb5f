"""What one sample of a batch tells about the others, as features for a discriminator."""

from __future__ import annotations

from math import prod

from ganc._backend import core
from ganc._tensor._creation import Tensor, eye

__all__ = ["minibatch_discrimination", "minibatch_stddev"]


def minibatch_stddev(
    input: Tensor, group_size: int | None = 4, num_channels: int = 1, eps: float = 1e-8
) -> Tensor:
    """Append channels that say how much the samples of a group differ.

    The batch is cut into groups; of N samples, n belongs to group ``n % (N / group_size)``. The
    standard deviation over a group is averaged over the channels and pixels, and its value fills
    one more channel.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (N, C, ...)
    group_size : int or None, default 4
        Samples in a group, which divides N. A smaller batch is one group; None: every batch is.
    num_channels : int, default 1
        F, which divides C: each of F parts of the channels has a deviation of its own.
    eps : float, default 1e-8
        Added to the variance.

    Returns
    -------
    Tensor of shape (N, C + F) or (N, C + F, ...)

    Raises
    ------
    ValueError
        If N is no multiple of the group size, or C none of `num_channels`.

    References
    ----------
    Karras et al. 2018, Progressive growing of GANs; `num_channels` is StyleGAN2's.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.minibatch_stddev(ganc.tensor([[1.0], [3.0]]), eps=0.0).tolist()
    [[1.0, 1.0], [3.0, 1.0]]
    """
    shape = input.shape
    if len(shape) < 2 or not input.numel():
        raise ValueError(f"minibatch_stddev: got shape {shape}, expected (N, C, ...), not empty")
    n, c = shape[:2]
    group = n if group_size is None else min(group_size, n)
    if group < 1 or n % group:
        raise ValueError(
            f"minibatch_stddev: got {n} samples for group_size={group_size}, expected a multiple "
            "of it; choose another batch size, or group_size=None to make the batch one group"
        )
    if num_channels < 1 or c % num_channels:
        raise ValueError(
            f"minibatch_stddev: got {c} channels for num_channels={num_channels}, expected a "
            "multiple of it"
        )
    f, pixels = num_channels, prod(shape[2:])
    x = core.reshape(input, (group, n // group, f, c // f * pixels))
    d = core.sub(x, core.mean(x, 0, True))
    deviation = core.sqrt(core.affine(core.mean(core.square(d), 0, True), 1.0, eps))
    level = core.expand(core.mean(deviation, 3, True), (group, n // group, f, pixels))
    return core.cat([input, core.reshape(level, (n, f, *shape[2:]))], 1)


def minibatch_discrimination(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, kernel_dim: int = 5
) -> Tensor:
    """Append how close each sample is to the others of the batch.

    A matrix maps sample i to B rows ``M[i, b]`` of `kernel_dim` numbers. Feature b is the sum
    over the other samples j of ``exp(-|M[i, b] - M[j, b]|)``, with the sum of absolute values.

    Parameters
    ----------
    input : Tensor of shape (N, I)
    weight : Tensor of shape (B * kernel_dim, I)
        Rows b K to b K + K - 1, with K = `kernel_dim`, belong to feature b.
    bias : Tensor of shape (B,), optional
        Added to the features.
    kernel_dim : int, default 5

    Returns
    -------
    Tensor of shape (N, I + B)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    Salimans et al. 2016, Improved techniques for training GANs. As in the authors' code, and
    not in the paper, a sample does not count itself.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> F.minibatch_discrimination(ganc.ones(3, 2), ganc.ones(1, 2), kernel_dim=1).tolist()
    [[1.0, 1.0, 2.0], [1.0, 1.0, 2.0], [1.0, 1.0, 2.0]]
    """
    rows = weight.shape[0] if weight.ndim == 2 else 0
    if kernel_dim < 1 or not rows or rows % kernel_dim:
        raise ValueError(
            f"minibatch_discrimination: got weight of shape {weight.shape} for kernel_dim="
            f"{kernel_dim}, expected (B * kernel_dim, I)"
        )
    if input.ndim != 2 or input.shape[1] != weight.shape[1]:
        raise ValueError(
            f"minibatch_discrimination: got shape {input.shape}, expected "
            f"(N, {weight.shape[1]}); flatten the features first"
        )
    features = closeness(row_distances(input, weight, kernel_dim))
    if bias is not None:
        if bias.shape != features.shape[1:]:
            raise ValueError(
                f"minibatch_discrimination: got bias of shape {bias.shape}, expected "
                f"{features.shape[1:]}"
            )
        features = core.add(features, bias)
    return core.cat([input, features], 1)


def row_distances(x: Tensor, weight: Tensor, kernel_dim: int) -> Tensor:
    """Return the distances (N, N, B) of the rows M of every two samples."""
    n, b = x.shape[0], weight.shape[0] // kernel_dim
    m = core.linear(x, weight)
    left, right = (core.reshape(m, (*s, b, kernel_dim)) for s in ((n, 1), (1, n)))
    return core.sum(core.abs(core.sub(left, right)), 3)


def closeness(distances: Tensor) -> Tensor:
    """Return the sums (N, B) of exp(-distance) over the other samples."""
    n = distances.shape[0]
    others = core.reshape(core.affine(eye(n), -1.0, 1.0), (n, n, 1))
    return core.sum(core.mul(core.exp(core.neg(distances)), others), 1)
