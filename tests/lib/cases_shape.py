"""Rows of the ops that move elements: reshape, permute, narrow, cat and the like."""

import itertools

from cases import Case, Config, Input
from pytorch import torch

B = (2, 3, 4)
FIVE = (2, 3, 1, 2, 2)


def rows(names, *table, big=()):
    """Each entry: shape, then the attributes in the order of names."""
    return [
        Config((Input(shape),), dict(zip(names, values, strict=True)), n >= len(table))
        for n, (shape, *values) in enumerate([*table, *big])
    ]


def embed(x, dim, start, size):
    dim %= x.ndim
    before, after = list(x.shape), list(x.shape)
    before[dim], after[dim] = start, size - start - x.shape[dim]
    return torch.cat([x.new_zeros(before), x, x.new_zeros(after)], dim)


RESHAPE = rows(
    ["shape"],
    (B, (24,)), (B, (4, 6)), (B, (-1, 4)), (B, (2, -1, 2)), (B, (1, 24, 1)), (B, -1), (B, (24, -1)),
    ((1,), ()), ((), (1,)), ((), (1, 1)), ((), -1), ((0, 3), (0,)), ((0, 3), (5, 0, 2)),
    ((0, 3), (-1, 3)), (FIVE, (2, 3, 4)), ((6,), (1, 2, 1, 3, 1)), ((7,), 7),
    big=[((300, 200), (200, 300))],
)  # fmt: skip
EXPAND = rows(
    ["shape"],
    ((3,), (2, 3)), ((3,), (3,)), ((1, 3), (4, 3)), ((3, 1), (3, 4)), ((), (2, 3)), ((), ()),
    ((1,), (5,)), ((1,), 5), ((2, 1, 3), (2, 4, -1)), ((2, 1, 3), (5, 2, 4, 3)), ((1, 1), (0, 2)),
    ((0, 1), (0, 3)), ((1, 2, 1, 2, 1), (3, 2, 3, 2, 3)), ((4, 1), (2, -1, 3)),
    ((1, 1, 1), (2, 2, 2)),
    ((3, 1, 1), (2, 3, 1, 2)),
    big=[((200,), (300, 200)), ((300, 1), (300, 200)), ((1,), (40000,))],
)  # fmt: skip
PERMUTE = rows(
    ["dims"],
    *[(B, p) for p in itertools.permutations(range(3))],
    *[(FIVE, p) for p in itertools.islice(itertools.permutations(range(5)), 3, 120, 17)],
    (B, (-1, 0, 1)), ((), ()), ((4,), (0,)), ((4,), 0), ((0, 3), (1, 0)), ((5, 7), (1, 0)),
    big=[((300, 200), (1, 0)), ((40, 30, 50), (2, 0, 1)), ((9, 40, 5, 3, 7), (0, 3, 2, 4, 1))],
)  # fmt: skip
TRANSPOSE = rows(
    ["dim0", "dim1"],
    *[(B, i, j) for i in range(3) for j in range(3)],
    (B, -1, -2), (B, 0, -1), (FIVE, 1, 4), (FIVE, 0, 3), (FIVE, -5, -1), ((), 0, 0), ((4,), 0, -1),
    ((0, 3), 0, 1),
    big=[((300, 200), 0, 1)],
)  # fmt: skip
NARROW = rows(
    ["dim", "start", "length"],
    ((5,), 0, 0, 5), ((5,), 0, 1, 3), ((5,), 0, 4, 1), ((5,), -1, 5, 0), ((5,), 0, 0, 0),
    (B, 0, 1, 1), (B, 1, 1, 2), (B, 2, 0, 3), (B, -1, 2, 2), (B, 1, 0, 3), (B, -3, 0, 1),
    (FIVE, 1, 1, 2), (FIVE, 3, 1, 1), (FIVE, 4, 0, 1), ((0, 3), 1, 1, 2), ((3, 0), 0, 1, 2),
    big=[((300, 200), 1, 50, 100), ((300, 200), 0, 50, 100)],
)  # fmt: skip
EMBED = rows(
    ["dim", "start", "size"],
    ((3,), 0, 0, 3), ((3,), 0, 0, 5), ((3,), 0, 2, 5), ((3,), -1, 1, 9), ((0,), 0, 2, 4),
    (B, 0, 1, 4), (B, 1, 0, 3), (B, 1, 2, 6), (B, 2, 1, 6), (B, -1, 0, 7), (B, -3, 0, 2),
    (FIVE, 1, 1, 5), (FIVE, 3, 0, 4), (FIVE, 4, 1, 3), ((0, 3), 1, 1, 5), ((3, 0), 1, 1, 2),
    big=[((300, 200), 1, 50, 300), ((300, 200), 0, 50, 400)],
)  # fmt: skip
FLIP = rows(
    ["dims"],
    ((5,), 0), ((5,), (-1,)), ((1,), 0), (B, ()), (B, 0), (B, 1), (B, 2), (B, (0, 1)), (B, (0, 2)),
    (B, (1, 2)), (B, (0, 1, 2)), (B, (-1, -3)), (FIVE, (1, 3)), (FIVE, (0, 1, 2, 3, 4)),
    ((0, 3), (0, 1)), ((), ()),
    big=[((300, 200), 0), ((300, 200), 1), ((300, 200), (0, 1))],
)  # fmt: skip
CAT = [
    (0, (3,)), (0, (3,), (2,)), (-1, (3,), (2,), (1,)), (0, (2, 3), (4, 3)), (1, (2, 3), (2, 1)),
    (-1, (2, 3), (2, 3), (2, 3)), (0, B, (1, 3, 4)), (1, B, (2, 2, 4)), (2, B, (2, 3, 1)),
    (-3, B, B), (3, FIVE, (2, 3, 1, 5, 2)), (4, FIVE, FIVE, FIVE), (0, (0, 3), (2, 3)),
    (1, (2, 0), (2, 0)), (0, *[(1,)] * 10), (0, *[(2, 2)] * 5), (0, *[(1,)] * 64),
]  # fmt: skip
BIG_CAT = [(0, (150, 200), (100, 200)), (1, (300, 70), (300, 50))]

CASES = [
    Case("identity", lambda x: x * 1,
         [Config((Input(s),)) for s in ((), (1,), (7,), (0,), B, FIVE)], exact=True),
    Case("reshape", lambda x, shape: x.reshape(shape), RESHAPE, exact=True),
    Case("expand", lambda x, shape: x.expand(shape).clone(), EXPAND, exact=True),
    Case("permute", lambda x, dims: x.permute(dims), PERMUTE, exact=True),
    Case("transpose", lambda x, dim0, dim1: x.transpose(dim0, dim1), TRANSPOSE, exact=True),
    Case("narrow", lambda x, dim, start, length: x.narrow(dim, start, length), NARROW, exact=True),
    Case("embed", embed, EMBED, exact=True),
    Case("flip", lambda x, dims: x.flip(dims), FLIP, exact=True),
    Case("cat", lambda *x, dim: torch.cat(x, dim),
         [Config(tuple(map(Input, s)), {"dim": d}) for d, *s in CAT]
         + [Config(tuple(map(Input, s)), {"dim": d}, True) for d, *s in BIG_CAT],
         exact=True, is_list=True),
]  # fmt: skip
