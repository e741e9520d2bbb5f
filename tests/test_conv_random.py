"""Convolutions of random shapes, strides, dilations, groups and borders, against torch."""

import numpy as np
import pytest
from cases_conv import conv, transposed
from harness import CASES, _core, _core64
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
