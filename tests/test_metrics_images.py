"""ganc.metrics: PSNR, SSIM and MS-SSIM against their formulas, and against scikit-image."""

import numpy as np
import pytest

import ganc
from ganc import metrics

TIGHT = 1e-6
RANDOM = np.random.default_rng(0)


def noisy(shape, seed=0):
    random = np.random.default_rng(seed)
    a = random.integers(0, 256, shape).astype(np.uint8)
    b = np.clip(a + 30.0 * random.normal(size=shape), 0, 255).astype(np.uint8)
    return a, b


GREY, COLOUR = noisy((3, 32, 40)), noisy((2, 48, 33, 3))
FLOAT = tuple(ganc.data.from_uint8(x).astype(np.float64) for x in COLOUR)
CASES = {"grey": (GREY, None), "colour": (COLOUR, None), "float": (FLOAT, 2.0)}
SSIM = {
    "plain": {},
    "paper": {"gaussian_weights": True, "use_sample_covariance": False},
    "narrow": {"win_size": 3, "K1": 0.02, "K2": 0.05},
    "wide Gaussian": {"gaussian_weights": True, "sigma": 2.5},
    "biased": {"use_sample_covariance": False},
}


def planes(x):
    """uint8 (N, H, W[, C]) or floats (N, C, H, W) as (N, C, H, W) of doubles."""
    if x.dtype == np.uint8:
        x = x[:, None] if x.ndim == 3 else x.transpose(0, 3, 1, 2)
    return x.astype(np.float64)


@pytest.mark.parametrize("name", CASES)
def test_psnr_is_scikit_image(name):
    theirs = pytest.importorskip("skimage.metrics", reason="scikit-image is the rival here")
    (a, b), span = CASES[name]
    want = [
        theirs.peak_signal_noise_ratio(p, q, data_range=span or 255)
        for p, q in zip(a, b, strict=True)
    ]
    found = metrics.psnr(a, b, data_range=span)
    assert found.details["values"] == pytest.approx(want, rel=TIGHT)
    assert found == pytest.approx(np.mean(want), rel=TIGHT)


@pytest.mark.parametrize("options", SSIM)
@pytest.mark.parametrize("name", CASES)
def test_ssim_is_scikit_image(name, options):
    theirs = pytest.importorskip("skimage.metrics", reason="scikit-image is the rival here")
    (a, b), span = CASES[name]
    axis = None if a.ndim == 3 else -1 if a.dtype == np.uint8 else 0
    want = [
        theirs.structural_similarity(
            p, q, data_range=span or 255, channel_axis=axis, **SSIM[options]
        )
        for p, q in zip(a, b, strict=True)
    ]
    found = metrics.ssim(a, b, data_range=span, **SSIM[options])
    assert found.details["values"] == pytest.approx(want, rel=TIGHT)


def formula(torch, a, b, span, window, correction=1.0, k=(0.01, 0.03)):
    """SSIM and its contrast-structure part by image and channel, with torch's convolution."""
    conv2d = torch.nn.functional.conv2d
    x, y = (torch.from_numpy(planes(v)) for v in (a, b))
    shape = x.shape
    x, y = (v.reshape(-1, 1, *shape[2:]) for v in (x, y))
    kernel = torch.from_numpy(window)[None, None]
    mx, my = conv2d(x, kernel), conv2d(y, kernel)
    vx = correction * (conv2d(x * x, kernel) - mx**2)
    vy = correction * (conv2d(y * y, kernel) - my**2)
    vxy = correction * (conv2d(x * y, kernel) - mx * my)
    c1, c2 = (k[0] * span) ** 2, (k[1] * span) ** 2
    contrast = (2 * vxy + c2) / (vx + vy + c2)
    whole = contrast * (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    return [v.mean((1, 2, 3)).reshape(shape[:2]).numpy() for v in (whole, contrast)]


def gaussian():
    line = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
    square = np.outer(line, line)
    return square / square.sum()


@pytest.mark.parametrize("name", CASES)
def test_psnr_and_ssim_are_their_formulas(torch, name):
    (a, b), span = CASES[name]
    span = span or 255
    errors = ((planes(a) - planes(b)) ** 2).reshape(len(a), -1).mean(1)
    assert metrics.psnr(a, b, data_range=span) == pytest.approx(
        np.mean(20 * np.log10(span) - 10 * np.log10(errors)), rel=TIGHT
    )
    plain = formula(torch, a, b, span, np.full((7, 7), 1 / 49), 49 / 48)[0].mean()
    assert metrics.ssim(a, b, data_range=span) == pytest.approx(plain, rel=TIGHT)
    paper = formula(torch, a, b, span, gaussian())[0].mean()
    found = metrics.ssim(a, b, data_range=span, **SSIM["paper"])
    assert found == pytest.approx(paper, rel=TIGHT)


def test_luma_and_crop_are_those_of_super_resolution(torch):
    """BasicSR: Y of BT.601 in 16..235, border cropped, range 255."""
    a, b = COLOUR
    weights = np.array([65.481, 128.553, 24.966]) / 255
    luma = [16 + (x[:, 4:-4, 4:-4].astype(np.float64) @ weights)[:, None] for x in (a, b)]
    errors = ((luma[0] - luma[1]) ** 2).mean((1, 2, 3))
    found = metrics.psnr(a, b, channels="y", crop=4)
    assert found == pytest.approx(np.mean(10 * np.log10(255**2 / errors)), rel=TIGHT)
    assert found.label == "PSNR (Y channel, crop 4, data range 255, n=2)"
    want = formula(torch, *luma, 255, gaussian())[0].mean()
    found = metrics.ssim(a, b, channels="y", crop=4, **SSIM["paper"])
    assert found == pytest.approx(want, rel=TIGHT)


def test_a_pair_as_range_makes_floats_and_bytes_agree():
    for channels in ("all", "y"):
        for metric in (metrics.psnr, metrics.ssim):
            whole = metric(*COLOUR, channels=channels)
            floats = metric(*FLOAT, data_range=(-1, 1), channels=channels)
            assert floats == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("weights", [(0.0448, 0.2856, 0.3001, 0.2363, 0.1333), (0.5, 0.5), (1.0,)])
def test_ms_ssim_is_its_formula(torch, weights):
    a, b = noisy((2, 190, 177))
    x, y = (torch.from_numpy(planes(v)) for v in (a, b))
    want = np.ones((2, 1))
    for scale, power in enumerate(weights):
        whole, contrast = formula(torch, x.numpy(), y.numpy(), 255, gaussian())
        want *= np.maximum(whole if scale == len(weights) - 1 else contrast, 0) ** power
        x, y = (torch.nn.functional.avg_pool2d(v, 2) for v in (x, y))
    found = metrics.ms_ssim(a, b, weights=weights)
    assert found == pytest.approx(want.mean(), rel=TIGHT)


def test_equal_images():
    a, _ = GREY
    assert metrics.psnr(a, a) == np.inf
    assert metrics.ssim(a, a) == pytest.approx(1, abs=1e-12)
    assert metrics.ms_ssim(a, a, weights=(0.5, 0.5)) == pytest.approx(1, abs=1e-12)
    flat = np.zeros((1, 20, 20), np.uint8)
    assert metrics.ssim(flat, flat) == 1


A, B = GREY
NAN = np.full((1, 1, 20, 20), np.nan)
BAD = {
    "shapes": (lambda: metrics.psnr(A, B[:2]), r"\(3, 1, 32, 40\) and uint8 \(2, "),
    "dtypes": (lambda: metrics.psnr(A, ganc.data.from_uint8(B)), "expected the same"),
    "one image": (lambda: metrics.psnr(A[0], B[0]), r"image\[None\]"),
    "ints": (lambda: metrics.psnr(A.astype(int), B.astype(int)), "expected uint8"),
    "no range": (lambda: metrics.psnr(*FLOAT), "floats need it"),
    "empty range": (lambda: metrics.psnr(*FLOAT, data_range=0), "low < high"),
    "NaN": (lambda: metrics.ssim(NAN, NAN, data_range=1), "image_true: holds NaN"),
    "empty": (lambda: metrics.ssim(A[:0], B[:0]), "at least one pixel"),
    "crop": (lambda: metrics.ssim(A, B, crop=16), "nothing would be left"),
    "crop type": (lambda: metrics.ssim(A, B, crop=-1), "crop: got -1"),
    "luma of grey": (lambda: metrics.ssim(A, B, channels="y"), "expected 3"),
    "channels": (lambda: metrics.ssim(A, B, channels="rgb"), "all, y"),
    "window": (lambda: metrics.ssim(A, B, win_size=8), "odd"),
    "small": (lambda: metrics.ssim(A, B, win_size=33), "33 pixels a side"),
    "sigma": (lambda: metrics.ssim(A, B, gaussian_weights=True, sigma=0), "sigma"),
    "scales": (lambda: metrics.ms_ssim(A, B), "at least 176 for 5 scales"),
    "no scales": (lambda: metrics.ms_ssim(A, B, weights=()), "weights: got none"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_calls(name):
    call, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        call()
