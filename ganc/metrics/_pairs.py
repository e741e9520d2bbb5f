"""Images against the images they should be: PSNR, SSIM, MS-SSIM."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ganc._options import at_least, choose, finite
from ganc.data._some import every
from ganc.metrics._result import Result

__all__ = ["ms_ssim", "psnr", "ssim"]

_LUMA = (65.481, 128.553, 24.966)  # ITU-R BT.601, of R, G, B in 0..1; offset 16, in 0..255
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al. 2003

Range = float | tuple[float, float] | None


class _Pair(NamedTuple):
    true: np.ndarray  # float64 (N, C, H, W)
    test: np.ndarray
    span: float  # data range
    how: str


def psnr(
    image_true: ArrayLike,
    image_test: ArrayLike,
    *,
    data_range: Range = None,
    channels: str = "all",
    crop: int = 0,
) -> Result:
    """Peak signal-to-noise ratio in decibels, the mean over images; higher is better.

    Parameters
    ----------
    image_true, image_test : array_like
        Images of one shape: uint8 (N, H, W) or (N, H, W, C), or floats (N, C, H, W).
    data_range : float or (float, float)
        What the values may span: 1.0 for floats in [0, 1]. A pair (low, high) says where they
        begin, too: (-1, 1) for ganc's images. Only for uint8 it may be left out (255).
    channels : {"all", "y"}, default "all"
        All channels together, or the luma Y of RGB (ITU-R BT.601, 16 to 235 of 255) as
        super-resolution papers do. The two differ by about 1.8 dB on the same images.
    crop : int, default 0
        Pixels left out at each border; papers take the scale factor.

    Returns
    -------
    Result
        ``.details["values"]`` has one number an image; equal images give infinity.

    Raises
    ------
    TypeError, ValueError
        For images or options that are not as described.

    Notes
    -----
    10 log10(data_range^2 / mean squared error). Agrees with scikit-image's
    ``peak_signal_noise_ratio``, and with BasicSR's ``calculate_psnr`` for uint8 and its
    ``crop_border`` and ``test_y_channel``.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> a = np.zeros((2, 3, 8, 8))
    >>> metrics.psnr(a, a + 0.1, data_range=1.0)
    20 PSNR (all channels, crop 0, data range 1, n=2)
    """
    pair = _pair(image_true, image_test, data_range, channels, crop)
    errors = ((pair.true - pair.test) ** 2).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        values = 10 * np.log10(pair.span**2 / errors)
    return _result("PSNR", values, pair, "10 log10(data range^2 / mean squared error) in dB")


def ssim(
    image_true: ArrayLike,
    image_test: ArrayLike,
    *,
    data_range: Range = None,
    channels: str = "all",
    crop: int = 0,
    win_size: int | None = None,
    gaussian_weights: bool = False,
    sigma: float = 1.5,
    use_sample_covariance: bool = True,
    K1: float = 0.01,
    K2: float = 0.03,
) -> Result:
    """Structural similarity, the mean over windows, channels and images; 1 is best.

    The defaults are scikit-image's: windows of 7x7, equally weighted. The paper's, which
    super-resolution reports, are ``gaussian_weights=True, use_sample_covariance=False``
    (11x11, sigma 1.5), there with ``channels="y"`` and ``crop=`` the scale factor.

    Parameters
    ----------
    image_true, image_test : array_like
        As for `psnr`.
    data_range : float or (float, float)
        As for `psnr`. Unlike PSNR, SSIM changes if the values are shifted: with a pair the low
        end is taken away first, with a number the values are taken as they are.
    channels, crop : str, int
        As for `psnr`.
    win_size : int, optional
        Odd side of the windows; by default 7, with Gaussian weights 2 round(3.5 sigma) + 1 (where
        scikit-image ignores what is given).
    gaussian_weights : bool, default False
        Weigh windows by a Gaussian, cut off at 3.5 sigma.
    sigma : float, default 1.5
        Of the Gaussian.
    use_sample_covariance : bool, default True
        Divide (co)variances by N - 1, N = win_size**2, instead of N.
    K1, K2 : float, default 0.01, 0.03
        The constants of the formula, relative to the data range.

    Returns
    -------
    Result
        ``.details["values"]`` has one number an image.

    Raises
    ------
    TypeError, ValueError
        For images or options that are not as described, or images smaller than a window.

    Notes
    -----
    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural
    similarity". Only windows that lie inside the image count.

    Examples
    --------
    >>> import ganc
    >>> x, _ = ganc.datasets.load_embedded(4)
    >>> f"{ganc.metrics.ssim(x, 255 - x):.3f}", f"{ganc.metrics.ssim(x, x):.3f}"
    ('-0.531', '1.000')
    """
    pair = _pair(image_true, image_test, data_range, channels, crop)
    weights = _window(win_size, gaussian_weights, sigma)
    size = len(weights)
    correction = size**2 / (size**2 - 1) if use_sample_covariance and size > 1 else 1.0
    luminance, contrast = _maps(pair, weights, correction, (K1, K2))
    shape = f"Gaussian of {sigma:g}" if gaussian_weights else "uniform"
    divisor = "N - 1" if use_sample_covariance else "N"
    return _result(
        "SSIM",
        (luminance * contrast).mean(axis=(1, 2, 3)),
        pair,
        f"Wang et al. 2004, windows {size}x{size} ({shape}) inside the image, covariances "
        f"divided by {divisor}, K1={K1:g}, K2={K2:g}",
    )


def ms_ssim(
    image_true: ArrayLike,
    image_test: ArrayLike,
    *,
    data_range: Range = None,
    channels: str = "all",
    crop: int = 0,
    weights: Sequence[float] = _SCALES,
) -> Result:
    """Multi-scale structural similarity, the mean over channels and images; 1 is best.

    Between pairs of generated images of one class it measures sameness: the higher, the less
    variety (Odena et al. 2017).

    Parameters
    ----------
    image_true, image_test : array_like
        As for `psnr`; the sides, halved once for each further weight, must stay at least 11.
        Five weights need 176 pixels.
    data_range : float or (float, float)
        As for `ssim`.
    channels, crop : str, int
        As for `psnr`.
    weights : sequence of float, default Wang's five
        Exponents of the scales from fine to coarse. Smaller images need fewer: (0.5, 0.5) does
        for 28x28.

    Returns
    -------
    Result
        ``.details["values"]`` has one number an image.

    Raises
    ------
    TypeError, ValueError
        For images or options that are not as described, or images too small.

    Notes
    -----
    Source: Wang et al. 2003, "Multi-scale structural similarity for image quality assessment".
    Windows 11x11, Gaussian of 1.5; between scales 2x2 means, an odd last row or column left out;
    negative factors count as 0.

    Examples
    --------
    >>> import ganc
    >>> x, _ = ganc.datasets.load_embedded(4)
    >>> ganc.metrics.ms_ssim(x, x, weights=(0.5, 0.5))
    1 MS-SSIM (all channels, crop 0, data range 255, n=4)
    """
    pair = _pair(image_true, image_test, data_range, channels, crop)
    powers = [finite("weights", w, 0) for w in weights]
    if not powers:
        raise ValueError("weights: got none, expected one for each scale")
    window = _window(None, True, 1.5)
    smallest = min(pair.true.shape[2:])
    if smallest >> (len(powers) - 1) < len(window):
        raise ValueError(
            f"got images with a side of {smallest}, expected at least "
            f"{len(window) << (len(powers) - 1)} for {len(powers)} scales; pass fewer weights"
        )
    product = np.ones(pair.true.shape[:2])
    for scale, power in enumerate(powers):
        luminance, factor = _maps(pair, window, 1.0, (0.01, 0.03))
        if scale == len(powers) - 1:
            factor = luminance * factor
        else:
            pair = pair._replace(true=_halved(pair.true), test=_halved(pair.test))
        product *= np.maximum(factor.mean(axis=(2, 3)), 0) ** power
    listed = ", ".join(f"{w:g}" for w in powers)
    return _result(
        "MS-SSIM", product.mean(axis=1), pair,
        f"Wang et al. 2003, weights {listed}, windows 11x11 (Gaussian of 1.5) inside the image",
    )  # fmt: skip


# ---- images ----


def _pair(true: Any, test: Any, data_range: Range, channels: str, crop: int) -> _Pair:
    a, b = _images("image_true", true), _images("image_test", test)
    if a.shape != b.shape or a.dtype != b.dtype:
        raise ValueError(
            f"got {a.dtype} images {a.shape} and {b.dtype} {b.shape}, expected the same"
        )
    low, span = _span(data_range, a.dtype)
    crop = at_least("crop", crop, 0)
    if min(a.shape[2:]) <= 2 * crop:
        raise ValueError(f"crop: got {crop} for images {a.shape[2:]}, nothing would be left")
    rows, columns = (slice(crop, size - crop) for size in a.shape[2:])
    a, b = ((x[:, :, rows, columns].astype(np.float64) - low) for x in (a, b))
    how = "all channels"
    if choose("channels", channels, ("all", "y")) == "y":
        if a.shape[1] != 3:
            raise ValueError(f"channels: got 'y' for {a.shape[1]} channels, expected 3: R, G, B")
        a, b = _luma(a / span), _luma(b / span)
        span, how = 255.0, "Y channel"
    return _Pair(a, b, span, f"{how}, crop {crop}, data range {span:g}")


def _images(name: str, x: Any) -> np.ndarray:
    """Return (N, C, H, W) of uint8 or float64."""
    array = every(x, name)
    if array.dtype == np.uint8 and array.ndim in (3, 4):
        array = array[:, None] if array.ndim == 3 else array.transpose(0, 3, 1, 2)
    elif array.dtype.kind == "f" and array.ndim == 4:
        array = array.astype(np.float64)
    else:
        raise ValueError(
            f"{name}: got {array.dtype} {array.shape}, expected uint8 (N, H, W) or (N, H, W, C), "
            "or floats (N, C, H, W); for one image pass image[None]"
        )
    if array.size == 0:
        raise ValueError(f"{name}: got shape {array.shape}, expected at least one pixel")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name}: holds NaN or infinity, expected finite numbers")
    return array


def _span(data_range: Range, dtype: np.dtype) -> tuple[float, float]:
    """Return where values begin and how far they reach."""
    if data_range is None:
        if dtype != np.uint8:
            raise ValueError(
                "data_range: floats need it: (-1, 1) for ganc's images, 1.0 for values in [0, 1]"
            )
        return 0.0, 255.0
    low, high = data_range if isinstance(data_range, tuple | list) else (0.0, data_range)
    low, high = finite("data_range", low), finite("data_range", high)
    if not low < high:
        raise ValueError(f"data_range: got {data_range!r}, expected low < high")
    return low, high - low


def _luma(rgb: np.ndarray) -> np.ndarray:
    return 16 + np.einsum("nchw,c->nhw", rgb, _LUMA)[:, None]


def _result(name: str, values: np.ndarray, pair: _Pair, definition: str) -> Result:
    return Result(
        values.mean(), name, extractor=pair.how, n=len(values), definition=definition,
        details={"values": values},
    )  # fmt: skip


# ---- windows ----


def _window(size: int | None, gaussian: bool, sigma: float) -> np.ndarray:
    """Return the weights of a window along one axis; they sum to 1."""
    sigma = finite("sigma", sigma, 0)
    if gaussian and sigma == 0:
        raise ValueError("sigma: got 0, expected above 0")
    if size is None:
        size = 2 * math.floor(3.5 * sigma + 0.5) + 1 if gaussian else 7
    size = at_least("win_size", size, 1)
    if size % 2 == 0:
        raise ValueError(f"win_size: got {size}, expected an odd number")
    if not gaussian:
        return np.full(size, 1 / size)
    x = np.arange(size) - size // 2
    weights = np.exp(-0.5 * (x / sigma) ** 2)
    return weights / weights.sum()


def _maps(
    pair: _Pair, weights: np.ndarray, correction: float, constants: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the luminance and the contrast-structure factor of every window."""
    if min(pair.true.shape[2:]) < len(weights):
        raise ValueError(
            f"got images {pair.true.shape[2:]} (after the crop), expected at least "
            f"{len(weights)} pixels a side for windows of {len(weights)}; pass a smaller win_size"
        )
    x, y = pair.true, pair.test
    c1, c2 = ((finite("K1, K2", k, 0) * pair.span) ** 2 for k in constants)
    mx, my = _smooth(x, weights), _smooth(y, weights)
    vx = correction * (_smooth(x * x, weights) - mx * mx)
    vy = correction * (_smooth(y * y, weights) - my * my)
    vxy = correction * (_smooth(x * y, weights) - mx * my)
    luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    return luminance, (2 * vxy + c2) / (vx + vy + c2)


def _smooth(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted means of the windows that lie inside."""
    rows, columns = (size - len(weights) + 1 for size in x.shape[2:])
    x = sum(w * x[:, :, i : i + rows] for i, w in enumerate(weights))
    return sum(w * x[..., i : i + columns] for i, w in enumerate(weights))


def _halved(x: np.ndarray) -> np.ndarray:
    h, w = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    x = x[:, :, :h, :w]
    return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4
