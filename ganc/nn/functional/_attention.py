"""Attention between the pixels of an image."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["self_attention2d"]


def self_attention2d(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Give each pixel a mean of values, weighted by how its query fits their keys.

    The weights of a pixel are the softmax of the products of its query with all keys.

    Parameters
    ----------
    query : Tensor of shape (N, K, H, W)
    key : Tensor of shape (N, K, P, Q)
    value : Tensor of shape (N, V, P, Q)

    Returns
    -------
    Tensor of shape (N, V, H, W)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    Zhang et al. 2019, Self-attention generative adversarial networks.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> keys, values = ganc.ones(2, 8, 4, 4), ganc.ones(2, 32, 4, 4)
    >>> F.self_attention2d(ganc.ones(2, 8, 8, 8), keys, values).shape
    (2, 32, 8, 8)
    """
    q, k, v = query.shape, key.shape, value.shape
    if not (len(q) == len(k) == len(v) == 4 and q[:2] == k[:2]) or (v[0], *v[2:]) != (k[0], *k[2:]):
        raise ValueError(
            f"self_attention2d: got shapes {q}, {k}, {v}, expected query (N, K, H, W), "
            "key (N, K, P, Q) and value (N, V, P, Q)"
        )
    if not k[2] * k[3]:
        raise ValueError(f"self_attention2d: got key of shape {k}, expected at least 1 pixel")
    pixels, places = q[2] * q[3], k[2] * k[3]
    left = core.reshape(query, (q[0], q[1], pixels))
    right = core.reshape(key, (q[0], q[1], places))
    weights = core.softmax(core.matmul_t(left, right, True, False), 2)
    values = core.reshape(value, (q[0], v[1], places))
    return core.reshape(core.matmul_t(values, weights, False, True), (q[0], v[1], q[2], q[3]))
