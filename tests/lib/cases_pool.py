"""Rows of pooling and of windows as columns."""

import torch.nn.functional as TF
from cases import Case, Config, Input
from pytorch import torch


def adjoint(f, shape):
    """The function dy -> gradient of <f(x), dy>, for an f that is linear in x."""

    def g(dy):
        x = torch.zeros(shape, dtype=dy.dtype, requires_grad=True)
        return torch.autograd.grad(f(x), x, dy, create_graph=True)[0]

    return g


def named(names, table):
    """Each entry: shape, then attributes in the order of names; shorter ones leave the rest."""
    return [(shape, dict(zip(names, values, strict=False))) for shape, *values in table]


A, ODD, FLAT = (2, 2, 6, 5), (1, 2, 7, 3), (3, 4, 6)  # two batches, and one (C, H, W)
AVG = named(
    ["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"],
    [
        (A, 2), (A, 3), (A, 1), (A, (2, 3)), (A, (3, 1)), (A, (1, 5)), (A, (6, 5)), (A, 2, 1),
        (A, 3, 1), (A, 2, (1, 2)), (A, 2, 3), (A, (2, 1), (3, 2)), (A, 3, 2, 1), (A, 3, 1, 1),
        (A, 2, 2, 1), (A, (4, 2), 2, (2, 1)), (A, 3, 2, 1, True), (A, 2, 2, 0, True),
        (A, 3, 3, 1, True, False), (A, 3, 2, 1, False, False), (A, 4, 3, 2, True, False),
        (A, 2, 2, 0, False, True, 3), (A, 3, 2, 1, False, False, -2), (A, 3, 2, 1, True, True, 1),
        (ODD, 2), (ODD, 3, 1, 1, False, False), (ODD, 2, 2, 1, True), (FLAT, 2), (FLAT, (3, 2), 1),
        ((1, 1, 1, 1), 1), ((1, 1, 1, 1), 3, 1, 1), ((1, 3, 1, 8), (1, 2)), ((0, 2, 4, 4), 2),
        ((1, 1, 2, 3), 5, 4, 1, True), ((1, 1, 16, 40), 2),
        ((1, 1, 5, 40), 3, 1, 1), ((1, 1, 4, 41), 3, 2, 1),
    ],
)  # fmt: skip
MAX = named(
    ["kernel_size", "stride", "padding", "dilation", "ceil_mode"],
    [
        (A, 2), (A, 3), (A, 1), (A, (2, 3)), (A, (3, 1)), (A, (1, 5)), (A, (6, 5)), (A, 2, 1),
        (A, 3, 1), (A, 2, (1, 2)), (A, 2, 3), (A, (2, 1), (3, 2)), (A, 3, 2, 1), (A, 3, 1, 1),
        (A, 2, 2, 1), (A, (4, 2), 2, (2, 1)), (A, 3, 2, 1, 1, True), (A, 2, 2, 0, 1, True),
        (A, 2, 1, 0, 2), (A, 2, 1, 1, 2), (A, (3, 2), 1, 0, (2, 3)), (A, 3, 2, 1, 2, True),
        (A, 2, 3, 0, 3, True), (ODD, 2), (ODD, 3, 1, 1), (ODD, 2, 2, 1, 1, True), (FLAT, 2),
        (FLAT, (3, 2), 1), ((1, 1, 1, 1), 1), ((1, 1, 1, 1), 3, 1, 1), ((1, 3, 1, 8), (1, 2)),
        ((0, 2, 4, 4), 2), ((1, 1, 2, 3), 5, 4, 2, 1, True),
        ((1, 1, 16, 40), 2), ((1, 1, 5, 40), 3, 1, 1), ((1, 1, 4, 41), 3, 2, 1),
        ((1, 1, 4, 34), 3, 3), ((1, 1, 2, 520), 2, 1),
    ],
)  # fmt: skip
ADAPTIVE = [
    (A, 1), (A, 2), (A, 3), (A, (6, 5)), (A, (4, 3)), (A, (7, 9)), (A, (1, 5)), (A, (6, 1)),
    (A, (5, 2)), (A, (12, 10)), (ODD, 1), (ODD, 2), (ODD, (3, 3)), (ODD, (7, 1)), (ODD, (8, 4)),
    (FLAT, 1), (FLAT, 2), (FLAT, (3, 5)), (FLAT, (4, 6)), ((1, 1, 1, 1), 1), ((1, 1, 1, 1), 3),
    ((1, 3, 1, 8), (1, 4)), ((1, 3, 8, 1), (3, 1)), ((0, 2, 4, 4), 2),
    ((1, 1, 5, 40), (5, 20)), ((2, 2, 5, 4), (3, 8)), ((2, 2, 4, 5), (4, 2)),
    ((1, 1, 5, 33), (5, 11)), ((1, 1, 5, 40), (2, 10)), ((2, 1, 3, 5), (2, 4)), ((2, 1, 9, 9), 4),
]  # fmt: skip
COLUMNS = named(
    ["kernel_size", "dilation", "padding", "stride"],
    [
        (A, 2), (A, 3), (A, 1), (A, (2, 3)), (A, (3, 1)), (A, (6, 5)), (A, 2, 2), (A, 2, (2, 3)),
        (A, 3, 1, 1), (A, 3, 1, 2), (A, 2, 1, (0, 2)), (A, 3, 2, (1, 0)), (A, 2, 1, 0, 2),
        (A, 3, 1, 1, 2), (A, 3, 1, 1, (2, 1)), (A, 2, 1, 0, 3), (A, 2, 1, 3, (3, 4)), (A, 4, 1, 2),
        (A, 2, 4, 0, 1), (A, 1, 1, 2, 3), (A, 7, 1, 1), (ODD, 3),
        (ODD, 3, 1, 1), (ODD, (5, 2), 1, (1, 3), 2), (FLAT, 2), (FLAT, 3, 1, 1, 2),
        ((1, 1, 1, 1), 1), ((1, 1, 1, 1), 3, 1, 1), ((1, 3, 1, 8), (1, 2)), ((0, 2, 4, 4), 2),
        ((2, 1, 4, 4), 4, 1, 1, 2),
    ],
)  # fmt: skip


def avg(x, **attrs):
    return TF.avg_pool2d(x, **attrs)


def avg_dx(dy, size, **attrs):
    return adjoint(lambda x: avg(x, **attrs), (*dy.shape[:-2], *size))(dy)


def adaptive_dx(dy, size):
    return adjoint(lambda x: TF.adaptive_avg_pool2d(x, dy.shape[-2:]), (*dy.shape[:-2], *size))(dy)


def max_dx(dy, x, **attrs):
    x = x if x.requires_grad else x.clone().requires_grad_()
    return torch.autograd.grad(TF.max_pool2d(x, **attrs), x, dy, create_graph=True)[0]


def max_at(values, x, **attrs):
    _, index = TF.max_pool2d(x.detach(), return_indices=True, **attrs)
    found = values.flatten(-2).gather(-1, index.flatten(-2)).reshape(index.shape)
    return found + 0 * x.sum() if x.numel() else found


def fold(x, output_size, **attrs):
    return TF.fold(x, output_size, **attrs)


def shape_of(f, shape, **attrs):
    return tuple(f(torch.zeros(shape), **attrs).shape)


def distinct(shape):
    return Input(shape, kind="distinct")


def dy_configs(f, table):
    return [
        Config((Input(shape_of(f, s, **a)),), {"size": s[-2:], **a})
        for s, a in table
        if 0 not in shape_of(f, s, **a)[-2:]
    ]


ADAPTIVE = named(["output_size"], ADAPTIVE)
FEW = [m for k, m in enumerate(MAX) if k % 2 == 0]
BIG = (3, 4, 60, 70)

CASES = [
    Case("avg_pool2d", avg,
         [Config((Input(s),), a) for s, a in AVG]
         + [Config((Input(BIG),), {"kernel_size": 2}, True),
            Config((Input(BIG),), {"kernel_size": 3, "stride": 2, "padding": 1}, True),
            Config((Input((1, 1, 4, 5000)),), {"kernel_size": 2}, True)]),
    Case("avg_pool2d_dx", avg_dx, dy_configs(avg, AVG[::2])),
    Case("adaptive_avg_pool2d", TF.adaptive_avg_pool2d,
         [Config((Input(s),), a) for s, a in ADAPTIVE]),
    Case("adaptive_avg_pool2d_dx", adaptive_dx,
         [Config((Input(shape_of(TF.adaptive_avg_pool2d, s, **a)),), {"size": s[-2:]})
          for s, a in ADAPTIVE[::2]]),
    Case("max_pool2d", TF.max_pool2d,
         [Config((distinct(s),), a) for s, a in MAX]
         + [Config((Input(BIG),), {"kernel_size": 2}, True),
            Config((Input(BIG),), {"kernel_size": 3, "stride": 2, "padding": 1}, True),
            Config((Input((2, 1, 200, 200)),), {"kernel_size": 3, "stride": 1}, True)],
         exact=True),
    Case("max_pool2d_dx", max_dx,
         [Config((Input(shape_of(TF.max_pool2d, s, **a)), distinct(s)), a) for s, a in FEW]),
    Case("max_pool2d_at", max_at,
         [Config((Input(s), distinct(s)), a) for s, a in FEW], exact=True),
    Case("im2col", TF.unfold,
         [Config((Input(s),), a) for s, a in COLUMNS]
         + [Config((Input((2, 3, 40, 30)),), {"kernel_size": 3, "padding": 1}, True)], exact=True),
    Case("col2im", fold,
         [Config((Input(shape_of(TF.unfold, s, **a)),), {"output_size": s[-2:], **a})
          for s, a in COLUMNS if s[1] > 0]
         + [Config((Input((2, 27, 1200)),),
                   {"output_size": (40, 30), "kernel_size": 3, "padding": 1}, True)]),
]  # fmt: skip
