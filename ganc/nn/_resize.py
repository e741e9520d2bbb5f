"""Layers that resize or rearrange pixels."""

from __future__ import annotations

from collections.abc import Sequence

from ganc._tensor._creation import Tensor
from ganc.nn import functional as F
from ganc.nn._config import register
from ganc.nn._module import Module
from ganc.nn._sizes import Sizes, count, sizes

__all__ = ["PixelShuffle", "PixelUnshuffle", "Upsample"]


@register
class Upsample(Module):
    """Resizes images.

    Parameters
    ----------
    size : int or (int, int), optional
        Height and width of the output.
    scale_factor : float or (float, float), optional
        Instead of `size`: output size by input size.
    mode : {'nearest', 'bilinear', 'bicubic', 'area', 'nearest-exact'}, default 'nearest'
        See `functional.interpolate`.
    align_corners : bool, optional
        With 'bilinear' and 'bicubic': put the corner pixels' centres on each other.
    recompute_scale_factor : bool, optional
        True: the pixels are placed by the ratio of the sizes, not by `scale_factor`.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.Upsample(scale_factor=2)(ganc.randn(8, 16, 7, 9)).shape
    (8, 16, 14, 18)
    """

    def __init__(
        self,
        size: Sizes | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = None if size is None else sizes("Upsample", "size", size)
        scale = scale_factor
        self.scale_factor = (
            tuple(float(s) for s in scale)
            if isinstance(scale, (tuple, list))
            else None
            if scale is None
            else float(scale)  # type: ignore[arg-type]
        )
        self.mode, self.align_corners = mode, align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W)

        Returns
        -------
        Tensor
        """
        return F.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        by = f"size={self.size}" if self.scale_factor is None else ""
        return f"{by or f'scale_factor={self.scale_factor}'}, mode={self.mode!r}"


@register
class PixelShuffle(Module):
    """Turns channels into pixels.

    Parameters
    ----------
    upscale_factor : int
        At least 1; the channels become fewer by its square.

    References
    ----------
    Shi et al. 2016, Real-time single image and video super-resolution (sub-pixel convolution).

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.PixelShuffle(2)(ganc.randn(8, 16, 7, 9)).shape
    (8, 4, 14, 18)
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = count("PixelShuffle", "upscale_factor", upscale_factor)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (..., C r r, H, W)

        Returns
        -------
        Tensor of shape (..., C, H r, W r)
        """
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"upscale_factor={self.upscale_factor}"


@register
class PixelUnshuffle(Module):
    """Turns pixels into channels: the inverse of `PixelShuffle`.

    Parameters
    ----------
    downscale_factor : int
        At least 1; the channels become more by its square.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.PixelUnshuffle(2)(ganc.randn(8, 3, 14, 18)).shape
    (8, 12, 7, 9)
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = count("PixelUnshuffle", "downscale_factor", downscale_factor)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (..., C, H r, W r)

        Returns
        -------
        Tensor of shape (..., C r r, H, W)
        """
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"downscale_factor={self.downscale_factor}"
