"""Four hundred random configurations of each op on planes, value and gradient, against torch.

Float64: relative error at most 1e-12. Float32: at most twice torch's own and 5e-7; a sum that
cancels is measured against what went into it. What torch refuses (windows that do not fit) ganc
refuses, too.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
from harness import _core, _core64, array, gradients, norm_error, note, torch

pytestmark = pytest.mark.usefixtures("no_live_tensors")
TF = torch.nn.functional
COUNT = 400


def image(r, low=1, high=9):
    return (r.randint(1, 2), r.randint(1, 3), r.randint(low, high), r.randint(low, high))


def pair(r, low, high):
    return (r.randint(low, high), r.randint(low, high))


def window(r):
    kernel = pair(r, 1, 5)
    stride = r.choice([None, r.randint(1, 4), pair(r, 1, 4)])
    padding = tuple(r.randint(0, k // 2) for k in kernel)
    return kernel, stride, padding


def max_pool(r):
    args = (*window(r), r.choice([1, 1, pair(r, 1, 3)]), r.random() < 0.5)
    return [image(r)], lambda x: TF.max_pool2d(x, *args), lambda c, x: c.max_pool2d(x, *args)


def avg_pool(r):
    args = (*window(r), r.random() < 0.5, r.random() < 0.5, r.choice([None, None, 3, -2]))
    return [image(r)], lambda x: TF.avg_pool2d(x, *args), lambda c, x: c.avg_pool2d(x, *args)


def adaptive(r):
    n = pair(r, 1, 12)
    return (
        [image(r)],
        lambda x: TF.adaptive_avg_pool2d(x, n),
        lambda c, x: c.adaptive_avg_pool2d(x, n),
    )


def resize(r):
    shape, mode = image(r), r.choice(["nearest", "nearest-exact", "bilinear", "bicubic"])
    smooth = mode.startswith("bi")
    how = {"align_corners": r.random() < 0.4, "antialias": r.random() < 0.4} if smooth else {}
    scales, size = {}, pair(r, 2, 20)  # torch: an antialiased width of 1 depends on the layout
    theirs = {"size": size}
    if r.random() < 0.5:
        factor = [r.choice([0.5, 2, 3, 0.7, 1.3, 4, r.uniform(0.4, 3)]) for _ in range(2)]
        asked = tuple(int(n * f) for n, f in zip(shape[2:], factor, strict=True))
        # torch's gradient is not that of its value where the size stays and the scale is not 1
        if min(asked) > 1 and not any(a == n for a, n in zip(asked, shape[2:], strict=True)):
            size, theirs = asked, {"scale_factor": factor}
            scales = {"scale_h": 1 / factor[0], "scale_w": 1 / factor[1]}
    return (
        [shape],
        lambda x: TF.interpolate(x, mode=mode, **theirs, **how),
        lambda c, x: c.resize(x, size, mode, **how, **scales),
    )


def pad(r):
    mode, (n, c, h, w) = r.choice(["constant", "reflect", "replicate"]), image(r, 2)
    most = (h - 1, w - 1) if mode == "reflect" else (6, 6)
    low, high = (tuple(r.randint(-1, m) for m in most) for _ in range(2))
    if min(h + low[0] + high[0], w + low[1] + high[1]) < 1:
        low = high = (0, 1)
    flat = (low[1], high[1], low[0], high[0])
    value = 0.7 if mode == "constant" else None
    return (
        [(n, c, h, w)],
        lambda x: TF.pad(x, flat, mode, value),
        lambda core, x: core.pad(x, low, high, mode, value or 0.0),
    )


def windows(r):
    return pair(r, 1, 4), pair(r, 1, 2), pair(r, 0, 3), r.choice([1, pair(r, 1, 3)])


def unfold(r):
    args = windows(r)
    return [image(r)], lambda x: TF.unfold(x, *args), lambda c, x: c.im2col(x, *args)


def fold(r):
    args, shape = windows(r), image(r, 4)
    try:
        columns = tuple(TF.unfold(torch.zeros(shape), *args).shape)
    except RuntimeError:
        return fold(r)
    size = shape[2:]
    return [columns], lambda x: TF.fold(x, size, *args), lambda c, x: c.col2im(x, size, *args)


def grid_sample(r):
    shape, mode = image(r), r.choice(["zeros", "border", "reflection"])
    corners = r.random() < 0.5
    return (
        [shape, (shape[0], *pair(r, 1, 6), 2)],
        lambda x, g: TF.grid_sample(x, 1.5 * g, "bilinear", mode, corners),
        lambda c, x, g: c.grid_sample(x, c.mul(g, 1.5), mode, corners),
    )


def shuffle(r):
    f, (n, c, h, w) = r.randint(1, 4), image(r)
    return (
        [(n, c * f * f, h, w)],
        lambda x: TF.pixel_shuffle(x, f),
        lambda core, x: core.pixel_shuffle(x, f),
    )


def in_torch(f, arrays, c, dtype):
    xs = [torch.tensor(a, dtype=dtype, requires_grad=True) for a in arrays]
    y = f(*xs)
    c = np.resize(c, tuple(y.shape))
    if torch.isinf(y).any():  # a window of padding only: torch's gradient writes out of bounds
        return [y.detach().double().numpy()]
    grads = torch.autograd.grad((y * torch.tensor(c, dtype=dtype)).sum(), xs)
    return [t.detach().double().numpy() for t in (y, *grads)]


def in_ganc(f, core, arrays, c):
    xs = [core.tensor(a, requires_grad=True) for a in arrays]
    y = f(core, *xs)
    grads = gradients(core, core.sum(core.mul(y, core.tensor(np.resize(c, y.shape)))), xs)
    return [array(t) for t in (y, *grads)]


FAMILIES = [max_pool, avg_pool, adaptive, resize, pad, unfold, fold, grid_sample, shuffle]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
def test_against_torch(family):
    r, done = random.Random(family.__name__), 0
    while done < COUNT:
        shapes, theirs, ours = family(r)
        rng = np.random.default_rng(r.randrange(2**30))
        arrays = [rng.uniform(-1, 1, s).astype(np.float32).astype(np.float64) for s in shapes]
        c = rng.uniform(-1, 1, 997).astype(np.float32).astype(np.float64)
        try:
            want = in_torch(theirs, arrays, c, torch.float64)
        except RuntimeError:
            with pytest.raises(ValueError, match=r"\w"):
                in_ganc(ours, _core64, arrays, c)
            continue
        done += 1
        rival = in_torch(theirs, arrays, c, torch.float32)
        got, short = in_ganc(ours, _core64, arrays, c), in_ganc(ours, _core, arrays, c)
        for g, s, t, w in zip(got, short, rival, want, strict=False):
            g, s, t, w = (np.maximum(a, -1e30) for a in (g, s, t, w))
            where = f"{family.__name__} {done} {shapes}"
            assert note("random float64", norm_error(g, w), where) <= 1e-12, where
            most = 2 * np.linalg.norm(t - w) + 5e-7 * (np.linalg.norm(w) + 1)
            assert np.linalg.norm(s - w) <= most, where
