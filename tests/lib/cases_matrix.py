"""Rows of the matrix products and dropout."""

import itertools

from cases import Case, Config, Input
from philox import unit
from pytorch import torch

F = torch.nn.functional
ACTS = {
    "none": lambda x, slope: x,
    "relu": lambda x, slope: torch.relu(x),
    "leaky_relu": F.leaky_relu,
    "tanh": lambda x, slope: torch.tanh(x),
    "sigmoid": lambda x, slope: torch.sigmoid(x),
}

MATMUL = [
    ((3,), (3,)), ((1,), (1,)), ((3,), (3, 4)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((1, 1), (1, 1)),
    ((1, 5), (5, 1)), ((5, 1), (1, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)), ((2, 1, 3, 4), (3, 4, 2)), ((2, 1, 3, 4), (1, 3, 4, 2)), ((4,), (2, 4, 3)),
    ((2, 3, 4), (4,)), ((2, 1, 2, 3, 2), (2, 2, 2, 3)), ((2, 2, 1, 2, 3), (3, 2)),
    ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((0,), (0,)), ((0, 2, 3), (3, 4)),
    ((2, 2, 0), (0, 3)), ((2, 0, 3), (2, 3, 2)), ((17, 9), (9, 33)), ((4,), (2, 2, 3, 4, 2)),
]  # fmt: skip
BIG_MATMUL = [((150, 300), (300, 170)), ((600, 40), (40, 30)), ((5, 70, 90), (5, 90, 60)),
              ((1, 900), (900, 200))]  # fmt: skip


def swapped(shape, flag):
    return (*shape[:-2], shape[-1], shape[-2]) if flag else shape


PRODUCTS = [
    ((), 2, 3, 4), ((), 1, 1, 1), ((), 5, 1, 7), ((2,), 3, 2, 4), ((2, 3), 2, 2, 2),
    ((2, 1, 2), 2, 3, 1), ((), 17, 33, 9), ((), 0, 2, 3), ((), 2, 0, 3), ((0,), 2, 3, 2),
]  # fmt: skip
BIG_PRODUCTS = [((), 150, 300, 170), ((3,), 70, 90, 60)]
MATMUL_T = [
    Config((Input(swapped((*lead, m, k), ta)), Input(swapped((*lead, k, n), tb))),
           {"ta": ta, "tb": tb}, (lead, m, k, n) in BIG_PRODUCTS)
    for lead, m, k, n in PRODUCTS + BIG_PRODUCTS
    for ta, tb in itertools.product((False, True), repeat=2)
]  # fmt: skip


def matmul_t(a, b, ta, tb):
    return (a.mT if ta else a) @ (b.mT if tb else b)


LEADS = [((), 3, 4), ((5,), 4, 3), ((1,), 1, 1), ((2, 3), 4, 5), ((2, 1, 3), 2, 3), ((18,), 7, 35)]
EMPTY = [((0,), 3, 2), ((3,), 0, 2), ((2, 3), 0, 2), ((2, 3), 2, 0), ((3,), 2, 0)]
BIG_LINEAR = [((64,), 100, 784), ((300, 2), 50, 70)]


def linear_config(lead, i, o, bias, act, big=False, **attrs):
    inputs = (Input((*lead, i)), Input((o, i)), Input((o,)) if bias else None)
    return Config(inputs, {"act": act, **attrs}, big)


LINEAR = [
    *(linear_config(*s, bias, act) for s in LEADS for bias in (True, False) for act in ACTS),
    *(linear_config(*s, True, "leaky_relu", slope=p) for s in LEADS[:4] for p in (0.01, 0.0)),
    *(linear_config(*s, bias, act) for s in EMPTY for bias in (True, False)
      for act in ("none", "tanh")),
    *(linear_config(*s, bias, act, True) for s in BIG_LINEAR for bias in (True, False)
      for act in ACTS),
]  # fmt: skip


def linear(x, w, b=None, act="none", slope=0.2):
    return ACTS[act](F.linear(x, w, b), slope)


DROPOUT = [
    Config((Input(s),), {"p": p, "seed": seed, "stream": stream})
    for s in ((), (7,), (2, 3, 4), (300,), (0,))
    for p, seed, stream in ((0.5, 1, 0), (0.1, 2, 5), (0.0, 3, 1), (1.0, 4, 2), (0.9, 2**40, 2**33))
] + [Config((Input((5, 9000)),), {"p": 0.3, "seed": 1, "stream": 1}, True)]


def dropout(x, p, seed, stream):
    keep = torch.tensor(1 - p, dtype=x.dtype)
    u = torch.from_numpy(unit(x.numel(), seed, stream)).reshape(x.shape)
    return torch.where(u < keep, x / max(1 - p, 0.01), 0 * x)


CASES = [
    Case("matmul", torch.matmul,
         [Config((Input(a), Input(b))) for a, b in MATMUL]
         + [Config((Input(a), Input(b)), big=True) for a, b in BIG_MATMUL], sums=True),
    Case("matmul_t", matmul_t, MATMUL_T, sums=True),
    Case("linear", linear, LINEAR),
    Case("dropout", dropout, DROPOUT),
]  # fmt: skip
