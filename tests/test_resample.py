"""Pooling, resizing and padding as functions and layers, against torch, and their refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rival import numbers, same, torch

import ganc
import ganc.nn.functional as F
from ganc import nn

TF = torch.nn.functional
X = numbers((2, 4, 6, 5), 1)

LAYERS = {
    "MaxPool2d": [((2,), {}), ((3, 2, 1), {}), (((3, 2), (1, 2)), {"ceil_mode": True})],
    "AvgPool2d": [((2,), {}), ((3, 2, 1, True, False), {}), ((2,), {"divisor_override": 3})],
    "AdaptiveAvgPool2d": [((1,), {}), (((3, None),), {}), (((2, 7),), {})],
    "Upsample": [
        ((), {"scale_factor": 2}), (((3, 9),), {}), ((None, (1.5, 0.8), "bilinear", True), {}),
        ((None, 1.7, "bicubic"), {"recompute_scale_factor": True}), ((None, 2.5, "area"), {}),
    ],
    "PixelShuffle": [((2,), {})],
    "PixelUnshuffle": [((1,), {})],
    "ReflectionPad2d": [((2,), {}), (((1, 0, 3, 2),), {}), (((-1, 2, 0, 1),), {})],
    "ReplicationPad2d": [((2,), {}), (((1, 0, 3, 7),), {})],
    "ZeroPad2d": [((2,), {}), (((1, 0, -1, 2),), {})],
    "ConstantPad2d": [((2, 1.5), {}), (((1, 0, -1, 2), -2), {})],
    "Unfold": [((2,), {}), (((3, 2), 1, (1, 0), 2), {})],
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name):
    for arguments, options in LAYERS[name]:
        made = {T: getattr(T.nn, name)(*arguments, **options) for T in (ganc, torch)}
        same(lambda T, x, made=made: made[T](x), X)
        described = json.loads(json.dumps(nn.module_to_config(made[ganc])))
        again = nn.module_from_config(described)
        assert repr(again) == repr(made[ganc])
        assert again(ganc.tensor(X)).tolist() == made[ganc](ganc.tensor(X)).tolist()


def test_fold():
    x = numbers((2, 12, 20), 2)
    same(lambda T, x: T.nn.Fold((5, 6), 2)(x), x)
    same(lambda T, x: T.nn.Fold((5, 6), 2)(x), x[0])


def test_layers_take_single_images():
    for f in (
        lambda T, x: T.nn.functional.max_pool2d(x, 2),
        lambda T, x: T.nn.functional.avg_pool2d(x, (3, 2), 1),
        lambda T, x: T.nn.functional.adaptive_avg_pool2d(x, (2, 3)),
        lambda T, x: T.nn.functional.unfold(x, 3),
        lambda T, x: T.nn.functional.pixel_shuffle(x, 2),
        lambda T, x: T.nn.functional.pad(x, (1, 2, 3, 4), "reflect"),
    ):
        same(f, X[0])


def test_grid_sample():
    grid = numbers((2, 3, 4, 2), 5)
    plain = {"align_corners": False}
    for options in (plain, {**plain, "padding_mode": "reflection"}, {"align_corners": True}):
        same(lambda T, x, g, o=options: T.nn.functional.grid_sample(x, g, **o), X, grid)
    outside = np.full((2, 1, 2, 2), [[[np.nan, 1e30]]])
    assert F.grid_sample(ganc.tensor(X), ganc.tensor(outside)).abs().sum().item() == 0


@pytest.mark.parametrize("pads", [(1, 2), (0, 0), (1, 1, 2, 0), (1, -1, 0, 2, 1, 1, -1, 0), ()])
def test_pad_takes_any_dimensions(pads):
    same(lambda T, x: T.nn.functional.pad(x, pads, value=0.5), X)
    same(lambda T, x: T.nn.functional.pad(x, list(pads)), X)


def test_interpolate_keywords():
    for options in (
        {"size": 7}, {"size": (9, 4), "mode": "bicubic", "antialias": True},
        {"scale_factor": 0.5, "mode": "bilinear", "antialias": True},
        {"scale_factor": (2, 1.3), "mode": "nearest-exact"},
        {"scale_factor": 1.3, "recompute_scale_factor": True, "mode": "bilinear"},
        {"scale_factor": 1.3, "recompute_scale_factor": False, "mode": "bilinear"},
        {"scale_factor": 0.6, "mode": "area"}, {"size": (3, 4), "mode": "area"},
        {"size": (11, 9), "mode": "bicubic", "align_corners": True},
    ):  # fmt: skip
        same(lambda T, x, o=options: T.nn.functional.interpolate(x, **o), X)


def test_gradient_of_ties_goes_to_the_first_and_nan_wins():
    x = np.array([[[[1, 1, 3, np.nan], [1, 1, 3, 2]]]], float)
    for window in (2, (2, 3)):
        same(lambda T, x, w=window: T.nn.functional.max_pool2d(x, w, 1), x)
    same(lambda T, x: T.nn.functional.max_pool2d(x, 2), np.full((1, 1, 4, 4), -np.inf))


def test_no_images():
    """Nothing in, nothing out: shapes are right."""
    empty = ganc.zeros(0, 4, 6, 5, requires_grad=True)
    for f, shape in (
        (lambda x: F.max_pool2d(x, 2), (0, 4, 3, 2)), (lambda x: F.avg_pool2d(x, 2), (0, 4, 3, 2)),
        (lambda x: F.interpolate(x, scale_factor=2), (0, 4, 12, 10)),
        (lambda x: F.pixel_shuffle(x, 2), (0, 1, 12, 10)), (lambda x: F.unfold(x, 3), (0, 36, 12)),
        (lambda x: F.pad(x, (1, 1)), (0, 4, 6, 7)),
        (lambda x: F.adaptive_avg_pool2d(x, (0, 3)), (0, 4, 0, 3)),
    ):  # fmt: skip
        y = f(empty)
        assert y.shape == shape
        assert ganc.grad(y.sum(), empty)[0].shape == empty.shape


IMAGE = np.zeros((1, 2, 4, 5))
HUGE = 2**62
WRONG = {
    "stride 0": (lambda: F.max_pool2d(IMAGE, 2, 0), "stride = 0"),
    "kernel 0": (lambda: F.avg_pool2d(IMAGE, 0), "kernel_size = 0"),
    "negative kernel": (lambda: F.avg_pool2d(IMAGE, (2, -1)), "kernel_size = -1"),
    "dilation 0": (lambda: F.max_pool2d(IMAGE, 2, dilation=0), "dilation = 0"),
    "kernel too large": (lambda: F.max_pool2d(IMAGE, 6), "does not fit"),
    "padding": (lambda: F.max_pool2d(IMAGE, 3, padding=2), "at most half"),
    "negative padding": (lambda: F.avg_pool2d(IMAGE, 3, padding=-1), "padding = -1"),
    "huge kernel": (lambda: F.max_pool2d(IMAGE, HUGE), "kernel_size"),
    "huge stride": (lambda: F.max_pool2d(IMAGE, 2, 2**63 - 1), "stride"),
    "three sizes": (lambda: F.avg_pool2d(IMAGE, (2, 2, 2)), "one or two"),
    "matrix": (lambda: F.avg_pool2d(np.zeros((3, 3)), 2), "N, C, H, W"),
    "no pixels": (lambda: F.max_pool2d(np.zeros((1, 1, 0, 3)), 1), "at least 1"),
    "divisor": (lambda: F.avg_pool2d(IMAGE, 2, divisor_override=0), "divisor_override"),
    "indices": (lambda: F.max_pool2d(IMAGE, 2, return_indices=True), "return_indices"),
    "adaptive": (lambda: F.adaptive_avg_pool2d(IMAGE, (-1, 2)), "output_size = -1"),
    "mode": (lambda: F.interpolate(ganc.tensor(IMAGE), 3, mode="trilinear"), "trilinear"),
    "no size": (lambda: F.interpolate(ganc.tensor(IMAGE)), "one of size"),
    "both": (lambda: F.interpolate(ganc.tensor(IMAGE), 3, 2.0), "one of size"),
    "corners": (lambda: F.interpolate(ganc.tensor(IMAGE), 3, align_corners=False), "align_corners"),
    "antialias": (lambda: F.interpolate(ganc.tensor(IMAGE), 3, antialias=True), "antialias"),
    "size 0": (lambda: F.interpolate(ganc.tensor(IMAGE), 0), "size"),
    "negative size": (lambda: F.interpolate(ganc.tensor(IMAGE), -3), "size"),
    "small scale": (lambda: F.interpolate(ganc.tensor(IMAGE), scale_factor=0.1), "size"),
    "scale 0": (lambda: F.interpolate(ganc.tensor(IMAGE), scale_factor=0), "positive"),
    "scale nan": (lambda: F.interpolate(ganc.tensor(IMAGE), scale_factor=float("nan")), "positive"),
    "recompute": (
        lambda: F.interpolate(ganc.tensor(IMAGE), 3, recompute_scale_factor=True), "recompute",
    ),
    "3-D": (lambda: F.interpolate(ganc.tensor(IMAGE[0, 0]), 3), "N, C, H, W"),
    "shuffle": (lambda: F.pixel_shuffle(IMAGE, 2), "multiple of 4"),
    "shuffle 0": (lambda: F.pixel_shuffle(IMAGE, 0), "at least 1"),
    "shuffle huge": (lambda: F.pixel_shuffle(IMAGE, HUGE), "factor"),
    "unshuffle": (lambda: F.pixel_unshuffle(IMAGE, 2), "downscale_factor"),
    "odd pads": (lambda: F.pad(ganc.tensor(IMAGE), (1, 2, 3)), "two a dimension"),
    "many pads": (lambda: F.pad(ganc.tensor(IMAGE), (1,) * 10), "two a dimension"),
    "pad mode": (lambda: F.pad(ganc.tensor(IMAGE), (1, 2), "round"), "circular"),
    "pad value": (lambda: F.pad(ganc.tensor(IMAGE), (1, 2), "reflect", 1.0), "value"),
    "reflection": (lambda: F.pad(ganc.tensor(IMAGE), (5, 0), "reflect"), "at most 4"),
    "all cut": (lambda: F.pad(ganc.tensor(IMAGE), (-3, -3)), "leave nothing"),
    "huge pad": (lambda: F.pad(ganc.tensor(IMAGE), (2**63 - 1, 1)), "too large"),
    "unfold": (lambda: F.unfold(IMAGE, 6), "does not fit"),
    "fold": (lambda: F.fold(np.zeros((1, 4, 3)), (3, 3), 2), "expected"),
    "fold channels": (lambda: F.fold(np.zeros((1, 5, 4)), (3, 3), 2), "expected"),
    "grid": (lambda: F.grid_sample(IMAGE, np.zeros((1, 2, 2, 3))), "N, P, Q, 2"),
    "grid batch": (lambda: F.grid_sample(IMAGE, np.zeros((2, 2, 2, 2))), "N, P, Q, 2"),
    "grid mode": (lambda: F.grid_sample(IMAGE, IMAGE, "nearest"), "nearest"),
    "grid padding": (
        lambda: F.grid_sample(IMAGE, np.zeros((1, 2, 2, 2)), padding_mode="x"), "padding_mode",
    ),
    "layer kernel": (lambda: nn.MaxPool2d(0), "kernel_size"),
    "layer sizes": (lambda: nn.AvgPool2d((1, 2, 3)), "kernel_size"),
    "layer pads": (lambda: nn.ZeroPad2d((1, 2)), "four"),
    "layer factor": (lambda: nn.PixelShuffle(0), "upscale_factor"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_refusal(what):
    f, words = WRONG[what]
    with pytest.raises(ValueError, match=words):
        f()


def test_wrong_types():
    x = ganc.tensor(IMAGE)
    for f in (
        lambda: F.max_pool2d(x, "2"), lambda: F.avg_pool2d(x, 2.5), lambda: F.pad(x, (1, 0.5)),
        lambda: F.interpolate(x, scale_factor="2"), lambda: nn.MaxPool2d(1.5),
        lambda: F.pixel_shuffle(x, 2.0), lambda: nn.ReflectionPad2d("x"), lambda: F.unfold(x, None),
    ):  # fmt: skip
        with pytest.raises((TypeError, ValueError)):
            f()


@pytest.mark.parametrize("width", [4, 6, 7, 8, 9, 14, 16, 17, 32, 35, 68])
@pytest.mark.parametrize("window", [(2,), (2, 2, 1), (3, 2, 1), (3, 2), (3, 1, 1), (2, 1), (3,)])
def test_max_pool_gradient_goes_to_the_first_of_equal_values_or_a_nan(width, window):
    rng = np.random.default_rng(width)
    x = rng.integers(0, 3, (2, 3, 8, width)).astype(np.float32)
    x[rng.random(x.shape) < 0.03] = np.nan
    ours, theirs = ganc.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, t = F.max_pool2d(ours, *window), TF.max_pool2d(theirs, *window)
    dy = rng.integers(-4, 5, t.shape).astype(np.float32)
    y.backward(ganc.tensor(dy))
    t.backward(torch.tensor(dy))
    assert np.array_equal(ours.grad.numpy(), theirs.grad.numpy())
