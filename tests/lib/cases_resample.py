"""Rows of resizing, padding and pixel shuffling."""

import itertools
from dataclasses import dataclass

import numpy as np
import torch.nn.functional as TF
from cases import Case, Config, Input
from cases_pool import adjoint, named


@dataclass(frozen=True)
class Spots(Input):
    """Points (x, y) of a grid at least 0.01 pixels away from pixel centres and edges."""

    sizes: tuple[int, int] = (1, 1)

    def make(self, rng):
        grid = super().make(rng)
        for corners in (0, 1):
            for d, n in enumerate(self.sizes):
                pixel = (grid[..., d] + 1) * (n - corners) / 2 * 2  # twice: halves are edges
                away = pixel - np.round(pixel)
                move = np.where(np.abs(away) < 0.05, 0.1 - away, 0)
                grid[..., d] += move / max(n - corners, 1)
        return grid.astype(np.float32).astype(np.float64)


A, ODD, FLAT, WIDE = (2, 2, 4, 5), (1, 2, 7, 3), (2, 4, 3), (1, 1, 3, 20)
NAMES = ["size", "mode", "align_corners", "antialias", "scale_h", "scale_w"]
SIZES = [(A, (8, 10)), (A, (2, 3)), (A, (4, 5)), (A, (5, 4)), (ODD, (3, 7))]
SMOOTH = list(itertools.product(["bilinear", "bicubic"], [False, True], [False, True]))
# torch's antialiased output of width 1 depends on the memory format; ours is that of channels_last
RESIZE = named(
    NAMES,
    [
        *[(s, size, mode) for s, size in SIZES for mode in ("nearest", "nearest-exact")],
        *[(s, size, *how) for s, size in SIZES[::2] for how in SMOOTH],
        (A, (9, 9), "bilinear"), (A, 1, "bilinear"), (A, 1, "bicubic"), (A, 1, "nearest"),
        (A, (12, 15), "bilinear"), (A, (6, 7), "nearest", False, False, 0.63, 0.7),
        (A, (6, 7), "bilinear", False, False, 0.63, 0.7),
        (A, (3, 3), "bicubic", False, True, 1.3, 1.4), (FLAT, (8, 6)), (FLAT, (8, 6), "bilinear"),
        ((1, 1, 1, 1), 3, "bilinear"), ((1, 1, 1, 1), 3, "bicubic"), ((1, 1, 1, 1), 1),
        ((1, 3, 1, 8), (1, 16), "bicubic"), ((0, 2, 4, 4), 8),
        (WIDE, (6, 40)), (WIDE, (6, 40), "bilinear"), (WIDE, (6, 40), "bicubic"),
        (WIDE, (2, 10), "bilinear", False, True), (WIDE, (2, 10), "bicubic", False, True),
        (WIDE, (3, 80)), (WIDE, (2, 10), "bilinear"), (WIDE, (3, 80), "bilinear"),
    ],
)  # fmt: skip
BIG = named(
    NAMES,
    [((2, 3, 50, 40), (100, 80)), ((2, 3, 50, 40), (100, 80), "bilinear"),
     ((2, 3, 50, 40), (80, 90), "bicubic"), ((1, 1, 3, 5000), (4, 6000), "bilinear")],
)  # fmt: skip
PADS = [  # shape, before, after, mode, value
    ((5,), (2,), (3,)), ((5,), (-1,), (-2,)), ((5,), 2, 0), ((2, 3), (0, 1), (2, 0)),
    ((2, 3), (1,), (2,)), (A, (1, 2), (3, 4)), (A, (1, 1), (1, 1), "constant", 1.5),
    (A, (-1, 2), (1, -2)), (A, (-1, -1), (-1, -2)), (A, (0, 0), (0, 0)), (A, (), ()),
    (A, (1, 0, 2), (0, 1, 1)), (A, (1, 1, 1, 1), (0, 2, 0, 2), "constant", -2.0),
    (A, (-1, 1, 0, -1), (1, -1, 1, 0)), ((2, 1, 3, 2, 3), (1, 0, 1, 0, 1), (0, 1, 0, 1, 0)),
    ((0, 3), (1, 1), (2, 1), "constant", 0.5), ((2, 3), (-1, 0), (-1, 0)),
    ((1, 1, 1, 1), (2, 3), (1, 2)), (A, (1, 2), (3, 4), "reflect"), (A, (3, 4), (3, 4), "reflect"),
    (A, (1, 0), (0, 1), "reflect"), (FLAT, (2,), (1,), "reflect"), (A, (-1, 2), (2, -2), "reflect"),
    (ODD, (6, 2), (6, 2), "reflect"), (FLAT, (1, 2), (3, 1), "reflect"),
    ((2, 3, 2, 3, 3), (1, 1, 2), (0, 1, 1), "reflect"), (A, (1, 2), (3, 4), "replicate"),
    (A, (6, 7), (5, 9), "replicate"), (A, (1, 0), (0, 1), "replicate"),
    (FLAT, (2,), (8,), "replicate"), (A, (-1, 2), (2, -2), "replicate"),
    ((1, 1, 1, 1), (2, 3), (1, 2), "replicate"), (FLAT, (1, 2), (3, 1), "replicate"),
    ((2, 3, 2, 3, 3), (1, 1, 2), (0, 1, 1), "replicate"), (WIDE, (1, 1), (1, 1), "reflect"),
]  # fmt: skip
PAD = named(["before", "after", "mode", "value"], PADS)
SHUFFLE = [
    ((1, 4, 2, 3), 2), ((2, 8, 3, 2), 2), ((4, 2, 3), 2), ((9, 2, 3), 3), ((2, 3, 2, 3), 1),
    ((1, 9, 1, 1), 3), ((1, 16, 2, 1), 4), ((2, 1, 4, 3, 2), 2), ((1, 8, 1, 2), 2),
    ((1, 4, 5, 1), 2), ((1, 27, 2, 3), 3), ((1, 4, 1, 9), 2), ((1, 12, 3, 3), 2), ((18, 1, 2), 3),
    ((25, 1, 1), 5), ((3, 4, 1, 1), 2), ((1, 36, 2, 2), 3),
]  # fmt: skip


def resize(
    x, size, mode="nearest", align_corners=False, antialias=False, scale_h=None, scale_w=None
):
    size = (size, size) if isinstance(size, int) else size
    kw = {"mode": mode, "size": size}
    if mode.startswith("bi"):
        kw |= {"align_corners": align_corners, "antialias": antialias}
    if scale_h:
        kw.pop("size")
        kw["scale_factor"] = (1 / scale_h, 1 / scale_w)
    y = TF.interpolate(x[None] if x.ndim == 3 else x, **kw)
    assert tuple(y.shape[-2:]) == size
    return y[0] if x.ndim == 3 else y


def resize_dx(dy, size, **attrs):
    inner = {**attrs, "size": tuple(dy.shape[-2:])}
    return adjoint(lambda x: resize(x, **inner), (*dy.shape[:-2], *size))(dy)


def pad(x, before, after, mode="constant", value=0.0):
    before, after = (v if isinstance(v, tuple) else (v,) for v in (before, after))
    flat = [n for pair in zip(before[::-1], after[::-1], strict=True) for n in pair]
    return TF.pad(x, flat, mode, value if mode == "constant" else None) if flat else x * 1


def pad_dx(dy, before, after, mode="constant"):
    pairs = [v if isinstance(v, tuple) else (v,) for v in (before, after)]
    n, shape = len(pairs[0]), list(dy.shape)
    for k in range(n):
        shape[len(shape) - n + k] -= pairs[0][k] + pairs[1][k]
    return adjoint(lambda x: pad(x, before, after, mode), shape)(dy)


SPOTS = [  # x, grid without the last dimension, greatest |coordinate|
    (A, (2, 3, 4), 1.0), (A, (2, 3, 4), 3.0), (ODD, (1, 5, 2), 1.2), ((2, 3, 1, 6), (2, 2, 2), 1.5),
    ((1, 1, 1, 1), (1, 2, 3), 2.0), ((1, 2, 6, 1), (1, 1, 4), 1.1), ((1, 1, 2, 2), (1, 4, 4), 9.0),
]  # fmt: skip


def grid_sample(x, grid, padding_mode="zeros", align_corners=False):
    return TF.grid_sample(x, grid, "bilinear", padding_mode, align_corners)


GRID = [
    Config((Input(s), Spots((*g, 2), -most, most, sizes=s[-1:-3:-1])),
           {"padding_mode": mode, "align_corners": corners})
    for s, g, most in SPOTS
    for mode in ("zeros", "border", "reflection")
    for corners in (False, True)
]  # fmt: skip


def tuple_size(size):
    return (size, size) if isinstance(size, int) else size


def resize_dx_config(shape, attrs):
    before = {**attrs, "size": shape[-2:]}
    return Config((Input((*shape[:-2], *tuple_size(attrs["size"]))),), before)


def pad_dx_config(shape, attrs):
    import torch

    after = tuple(pad(torch.zeros(shape), **attrs).shape)
    return Config((Input(after),), {k: v for k, v in attrs.items() if k != "value"})


def unshuffled(shape, r):
    *lead, c, h, w = shape
    return (*lead, c // r**2, h * r, w * r)


CASES = [
    Case("resize", resize,
         [Config((Input(s),), a) for s, a in RESIZE]
         + [Config((Input(s),), a, True) for s, a in BIG]),
    Case("resize_dx", resize_dx, [resize_dx_config(s, a) for s, a in RESIZE[::2] if 0 not in s]),
    Case("pad", pad,
         [Config((Input(s),), a) for s, a in PAD]
         + [Config((Input((2, 3, 50, 70)),), {"before": (1, 1), "after": (1, 1), "mode": m}, True)
            for m in ("constant", "reflect", "replicate")], exact=True),
    Case("pad_dx", pad_dx, [pad_dx_config(s, a) for s, a in PAD[::2] if 0 not in s]),
    Case("grid_sample", grid_sample,
         [*GRID, Config((Input((2, 3, 40, 50)), Input((2, 80, 60, 2))), {}, True)]),
    Case("pixel_shuffle", lambda x, upscale_factor: TF.pixel_shuffle(x, upscale_factor),
         [Config((Input(s),), {"upscale_factor": r}) for s, r in SHUFFLE]
         + [Config((Input((2, 12, 40, 30)),), {"upscale_factor": 2}, True)], exact=True),
    Case("pixel_unshuffle", lambda x, downscale_factor: TF.pixel_unshuffle(x, downscale_factor),
         [Config((Input(unshuffled(s, r)),), {"downscale_factor": r}) for s, r in SHUFFLE]
         + [Config((Input((2, 3, 80, 60)),), {"downscale_factor": 2}, True)], exact=True),
]  # fmt: skip
