"""Convolutions of random shapes, strides, dilations, groups and borders, against torch."""

import numpy as np
import pytest
from cases_conv import conv, conv2d_dw, transposed, weights
from cases_conv import conv2d as conv2d_of_torch
from cases_conv import conv_transpose2d as conv_transpose2d_of_torch
from children import available_isas
from harness import CASES, _core, _core64, array
from pytorch import torch
from test_norm_random import compare

pytestmark = pytest.mark.usefixtures("no_live_tensors")

COUNT = 1000
ACTS = ["none", "relu", "leaky_relu"]  # where tanh saturates, its derivative is a rounding
MOST = 400_000  # products


def pair(rng, low, high):
    return int(rng.integers(low, high + 1)), int(rng.integers(low, high + 1))


def a_shape(rng):
    """Sizes and attributes, as cases_conv has them."""
    while True:
        groups = int(rng.choice([1, 1, 1, 2, 3, 5]))
        c, o = (groups * int(rng.choice([1, 2, 3, 8, 17, 33])) for _ in range(2))
        n, h, w = int(rng.integers(1, 5)), int(rng.integers(1, 17)), int(rng.integers(1, 40))
        r, s = pair(rng, 1, 5)
        padding = tuple(int(p) for p in rng.integers(0, 4, rng.choice([2, 4])))
        attrs = {"stride": pair(rng, 1, 4), "dilation": pair(rng, 1, 3), "groups": groups,
                 "padding": padding}  # fmt: skip
        high = padding[2] + padding[3] if len(padding) == 4 else 2 * padding[0]
        wide = padding[0] + padding[1] if len(padding) == 4 else 2 * padding[1]
        fits = (r - 1) * attrs["dilation"][0] < h + high and (
            (s - 1) * attrs["dilation"][1] < w + wide
        )
        if fits and n * c * o // groups * h * w * r * s <= MOST:
            return (n, c, o, h, w, r, s), attrs


def conv2d(rng):
    sizes, attrs = a_shape(rng)
    return conv(sizes, attrs, bool(rng.random() < 0.5), act=str(rng.choice(ACTS)))


def conv_transpose2d(rng):
    """Back to the size that y came from, and as many rows and columns more as are allowed."""
    while True:
        sizes, attrs = a_shape(rng)
        if all(n >= max(attrs["stride"]) for n in sizes[3:5]):
            break
    most = [max(a, b) for a, b in zip(attrs["stride"], attrs["dilation"], strict=True)]
    more = tuple(int(rng.integers(0, n)) for n in most)
    act = str(rng.choice(ACTS))
    return transposed(sizes, attrs, bool(rng.random() < 0.5), act=act, output_padding=more)


@pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])
@pytest.mark.parametrize("maker", [conv2d, conv_transpose2d], ids=lambda m: m.__name__)
def test_random_configurations_equal_torch(maker, core):
    rng = np.random.default_rng(11)
    case = CASES[maker.__name__]
    for _ in range(COUNT // 2):
        config = maker(rng)
        if core is _core64:
            compare(case, config, core, lambda rival: 1e-12)
        else:
            compare(case, config, core, lambda rival: max(2 * rival, 2e-6))


def a_shape_for_winograd(rng):
    """Two to six taps, enough channels and outputs for Winograd minimal filtering."""
    c, o = (int(v) for v in rng.integers(32, 97, 2))
    stride = pair(rng, 1, 2)
    r, s = (int(rng.integers(step + 1, 7)) for step in stride)
    padding = tuple(int(v) for v in rng.integers(0, 4, 4))
    h, w = (int(v) for v in rng.integers(7, 26, 2))
    if rng.random() < 0.5:  # what is square has loops of its own
        stride, s, w = stride[:1] * 2, r, h
    outputs = (h + sum(padding[2:]) - r + 1) * (w + sum(padding[:2]) - s + 1)
    n = 1 + 1024 * stride[0] * stride[1] // outputs + int(rng.integers(0, 3))
    return (n, c, o, h, w, r, s), {"stride": stride, "padding": padding}


def error(y, exact):
    return float(np.linalg.norm(np.asarray(y, np.float64) - exact) / np.linalg.norm(exact))


@pytest.mark.parametrize(
    ("core", "count"), [(_core, 60), (_core64, 15)], ids=["float32", "float64"]
)
@pytest.mark.parametrize("maker", [conv, transposed, weights], ids=["y", "x", "w"])
def test_winograd_costs_at_most_one_binary_digit(maker, core, count):
    """The differences of its transforms amplify errors: to at most twice those of torch."""
    rng = np.random.default_rng(5)
    function = {conv: conv2d_of_torch, transposed: conv_transpose2d_of_torch, weights: conv2d_dw}
    name = {conv: "conv2d", transposed: "conv_transpose2d", weights: "conv2d_dw"}[maker]
    for _ in range(count):
        config = maker(*a_shape_for_winograd(rng))
        arrays = [None if i is None else rng.standard_normal(i.shape) for i in config.inputs]
        arrays = [None if a is None else a.astype(np.float32) for a in arrays]

        def rival(dtype, arrays=arrays, attrs=config.attrs):
            tensors = [None if a is None else torch.tensor(a, dtype=dtype) for a in arrays]
            return function[maker](*tensors, **attrs).detach().numpy()

        exact = rival(torch.float64)
        tensors = [None if a is None else core.tensor(a) for a in arrays]
        got = error(getattr(core, name)(*tensors, **config.attrs).numpy(), exact)
        limit = 1e-12 if core is _core64 else 2 * error(rival(torch.float32), exact)
        assert got <= limit, (config, got, limit)


def test_weight_gradients_of_many_channels_have_the_same_bits_on_every_isa():
    """The parts of a sum must not depend on how wide the panels of an ISA are."""
    rng = np.random.default_rng(0)
    x, dy = (_core.tensor(rng.standard_normal((4, c, 32, 32), np.float32)) for c in (512, 257))
    was, seen = _core.get_isa(), set()
    for isa in available_isas():
        _core.set_isa(isa)
        seen.add(array(_core.conv2d_dw(x, dy, kernel=1)).tobytes())
    _core.set_isa(was)
    assert len(seen) == 1
