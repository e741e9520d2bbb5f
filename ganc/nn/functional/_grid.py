"""Sampling at the points of a grid."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["grid_sample"]


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Sample images at given points.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W)
    grid : Tensor of shape (N, P, Q, 2)
        For each element of the output the point (x, y) it is taken from: (-1, -1) is the upper
        left corner of the image, (1, 1) the lower right one.
    mode : {'bilinear'}, default 'bilinear'
        Other modes are not offered.
    padding_mode : {'zeros', 'border', 'reflection'}, default 'zeros'
        What lies outside.
    align_corners : bool, optional
        True: -1 and 1 are the centres of the corner pixels; otherwise their outer corners.

    Returns
    -------
    Tensor of shape (N, C, P, Q)

    Raises
    ------
    ValueError
        For another mode, or shapes that do not fit.

    References
    ----------
    Jaderberg et al. 2015, Spatial transformer networks.

    Examples
    --------
    >>> import ganc
    >>> import ganc.nn.functional as F
    >>> image = ganc.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    >>> F.grid_sample(image, ganc.tensor([[[[0.0, 0.0], [0.5, -0.5]]]])).tolist()
    [[[[1.5, 1.0]]]]
    """
    if mode != "bilinear":
        raise ValueError(f"grid_sample: got mode={mode!r}, expected 'bilinear'")
    return core.grid_sample(input, grid, padding_mode, bool(align_corners))
