"""Rows of the norms."""

import itertools

from cases import Case, Config, Input
from cases_matrix import ACTS
from pytorch import torch

F = torch.nn.functional

SHAPES = [
    (2, 1), (4, 3), (7, 5), (16, 70), (2, 2, 3), (3, 1, 4), (1, 3, 5), (2, 3, 2, 2), (3, 2, 1, 1),
    (1, 2, 3, 3), (5, 4, 3, 2), (2, 2, 2, 1, 2), (3, 2, 2, 2, 2), (1, 2, 2, 1, 2), (3, 8, 4, 4),
    (2, 3, 7, 7), (1, 2, 1, 40), (9, 2, 5),
]  # fmt: skip
BIG = [(300, 200), (20, 6, 30, 30), (3, 5, 45, 70), (9, 40, 7, 7), (40, 70, 4, 4), (5, 3, 1100)]
BEFORE = "relu", "leaky_relu"
ACT = itertools.cycle(["none", "relu", "leaky_relu", "tanh", "sigmoid"])


def affine_inputs(shape, affine):
    return (Input(shape), Input(shape)) if affine else (None, None)


def batch_config(shape, affine, running, big=False, **attrs):
    c = shape[1:2]
    stats = (Input(c, grad=False), Input(c, 0.5, 2, grad=False)) if running else (None, None)
    return Config((Input(shape), *affine_inputs(c, affine), *stats), attrs, big)


BATCH = [
    *(batch_config(s, affine, n % 2 == 0, act=next(ACT)) for n, s in enumerate(SHAPES)
      for affine in (True, False)),
    *(batch_config((4, 3), True, True, momentum=m) for m in (0.0, 0.5, 1.0)),
    *(batch_config((4, 3, 2), True, False, eps=e) for e in (1e-3, 1e-8)),
    *(batch_config((4, 3, 5), True, False, act="leaky_relu", slope=p) for p in (0.0, 0.01, 1.5)),
    *(batch_config(s, affine, True, True, act=next(ACT)) for s in BIG for affine in (True, False)),
    *(batch_config(s, n % 2 == 0, True, s in BIG, before=BEFORE[n % 3 == 0], slope=0.3)
      for n, s in enumerate([*SHAPES, *BIG])),
]  # fmt: skip


def batch_norm(x, w, b, mean, var, momentum=0.1, eps=1e-5, act="none", slope=0.2, before="none"):
    x = ACTS[before](x, slope)
    return ACTS[act](F.batch_norm(x, mean, var, w, b, True, momentum, eps), slope)


def eval_config(shape, affine, big=False, **attrs):
    c = shape[1:2]
    return Config((Input(shape), Input(c), Input(c, 0.5, 2), *affine_inputs(c, affine)), attrs, big)


EVAL = [
    *(eval_config(s, affine, act=next(ACT)) for s in [*SHAPES, (1, 3), (0, 2), (2, 3, 0)]
      for affine in (True, False)),
    *(eval_config((4, 3, 2), True, eps=e) for e in (1e-3, 1e-8)),
    *(eval_config(s, True, True, act=next(ACT)) for s in BIG),
]  # fmt: skip


def per_channel(v, x):
    return v if v is None else v.reshape(1, -1, *[1] * (x.ndim - 2))


def scale_shift(y, w, b, act, slope):
    y = y if w is None else y * w
    return ACTS[act](y if b is None else y + b, slope)


def batch_norm_eval(x, mean, var, w, b, eps=1e-5, act="none", slope=0.2):
    y = (x - per_channel(mean, x)) / (per_channel(var, x) + eps).sqrt()
    return scale_shift(y, per_channel(w, x), per_channel(b, x), act, slope)


def group_config(shape, groups, affine, big=False, **attrs):
    w, b = affine_inputs(shape[1:2], affine)
    return Config((Input(shape), w, b), {"groups": groups, **attrs}, big)


GROUPED = [
    ((2, 2), 1), ((4, 6), 2), ((4, 6), 1), ((7, 70), 7), ((2, 2, 3), 1), ((2, 2, 3), 2),
    ((3, 1, 4), 1), ((1, 4, 5), 2), ((2, 4, 2, 2), 4), ((2, 4, 2, 2), 2), ((3, 4, 1, 5), 4),
    ((1, 2, 3, 3), 2), ((5, 4, 3, 2), 1), ((2, 6, 2, 1, 2), 3), ((3, 8, 4, 4), 8),
    ((3, 8, 4, 4), 2), ((2, 3, 7, 7), 3), ((0, 4, 2, 2), 2),
]  # fmt: skip
BIG_GROUPED = [((300, 200), 8), ((20, 6, 30, 30), 6), ((20, 6, 30, 30), 2), ((3, 5, 45, 70), 5),
               ((9, 40, 7, 7), 40), ((9, 40, 7, 7), 4), ((40, 70, 4, 4), 70)]  # fmt: skip
GROUP = [
    *(group_config(s, g, affine, act=next(ACT)) for s, g in GROUPED for affine in (True, False)),
    *(group_config((2, 4, 3), 2, True, eps=e) for e in (1e-3, 1e-8)),
    *(group_config(s, g, affine, True, act=next(ACT)) for s, g in BIG_GROUPED
      for affine in (True, False)),
]  # fmt: skip


def group_norm(x, w, b, groups, eps=1e-5, act="none", slope=0.2):
    rows = x.reshape(x.shape[0], groups, x.numel() // max(x.shape[0] * groups, 1))
    d = rows - rows.mean(2, keepdim=True)
    y = (d / (d.square().mean(2, keepdim=True) + eps).sqrt()).reshape(x.shape)
    return scale_shift(y, per_channel(w, x), per_channel(b, x), act, slope)


def layer_config(shape, dims, affine, big=False, **attrs):
    w, b = affine_inputs(shape[len(shape) - dims :], affine)
    return Config((Input(shape), w, b), {"dims": dims, **attrs}, big)


LAYERED = [
    ((5,), 1), ((2, 3), 1), ((2, 3), 2), ((7, 70), 1), ((3, 4, 5), 1), ((3, 4, 5), 2),
    ((3, 4, 5), 3), ((2, 1, 4), 2), ((2, 3, 2, 4), 3), ((2, 3, 2, 4), 1), ((1, 2, 2, 1, 3), 2),
    ((2, 2, 2, 2, 2), 4), ((9, 17), 1), ((40, 3), 1), ((2, 49), 1), ((0, 3), 1), ((2, 0, 3), 1),
]  # fmt: skip
BIG_LAYERED = [((300, 200), 1), ((6, 40, 90), 2), ((50, 20, 30), 1), ((7, 3000), 1)]
LAYER = [
    *(layer_config(s, d, affine, act=next(ACT)) for s, d in LAYERED for affine in (True, False)),
    *(layer_config((4, 6), 1, True, eps=e) for e in (1e-3, 1e-8)),
    *(layer_config(s, d, affine, True, act=next(ACT)) for s, d in BIG_LAYERED
      for affine in (True, False)),
]  # fmt: skip


# Runs longer than the pieces that are summed, and of 16 to 20 elements.
BATCH += [batch_config((2, 3, 100, 91), True, True, True, act=a) for a in ("none", "relu")]
GROUP += [
    *(group_config((2, 4, 100, 91), 2, True, True, act=a) for a in ("leaky_relu", "tanh")),
    group_config((40, 70, 4, 4), 7, True, True, act="relu"),
    group_config((2, 300, 4, 5), 1, True, True),
]
LAYER += [layer_config((3, 100, 91), 2, True, True, act=a) for a in ("relu", "sigmoid")]


def layer_norm(x, w, b, dims, eps=1e-5, act="none", slope=0.2):
    y = F.layer_norm(x, x.shape[x.ndim - dims :], None, None, eps)
    return scale_shift(y, w, b, act, slope)


PIXEL = [
    *(Config((Input(s),)) for s in [*SHAPES, (1, 1), (5, 33), (2, 3, 0), (0, 3), (2, 1, 17)]),
    *(Config((Input(s),), {"eps": e}) for s in ((4, 6), (2, 3, 5), (2, 3, 2, 2), (3, 20))
      for e in (1e-3, 0.5, 1e-6)),
    *(Config((Input(s),), {}, True) for s in (*BIG, (2, 9, 1500))),
]  # fmt: skip


def pixel_norm(x, eps=1e-8):
    return x / (x.square().mean(1, keepdim=True) + eps).sqrt()


CASES = [
    Case("batch_norm", batch_norm, BATCH),
    Case("batch_norm_eval", batch_norm_eval, EVAL),
    Case("group_norm", group_norm, GROUP),
    Case("layer_norm", layer_norm, LAYER),
    Case("pixel_norm", pixel_norm, PIXEL),
]
