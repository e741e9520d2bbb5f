"""Rows of the ops that read and write part of a tensor."""

import math

from cases import Case, Config, Input

NAMES = ("size", "stride", "storage_offset")
STRIDED = [  # shape of x, size, stride, offset
    ((6,), (3,), (2,), 0), ((6,), (2,), (3,), 1), ((6,), (6,), (1,), 0), ((6,), (), (), 4),
    ((), (), (), 0), ((), (1, 1), (1, 1), 0), ((2, 3), (3, 2), (1, 3), 0), ((2, 3), (2,), (3,), 2),
    ((2, 3), (2, 2), (3, 2), 0), ((2, 3), (0, 2), (3, 1), 0), ((0, 3), (0,), (1,), 0),
    ((2, 3, 4), (4, 2, 3), (1, 12, 4), 0), ((2, 3, 4), (2, 4), (12, 1), 4),
    ((2, 3, 4), (2, 1, 2), (12, 4, 2), 1), ((2, 3, 1, 2, 2), (2, 2, 2), (12, 1, 2), 4),
    ((2, 3, 4), (3, 2), (4, 2), 13), ((24,), (2, 3, 2, 1, 2), (12, 4, 2, 1, 1), 0),
]  # fmt: skip
BIG = [((300, 200), (200, 300), (1, 200), 0), ((300, 200), (150, 100), (400, 2), 201)]


def attributes(size, stride, offset):
    return dict(zip(NAMES, (size, stride, offset), strict=True))


def read(x, size, stride, storage_offset):
    return x.as_strided(size, stride, storage_offset)


def write(x, src, size, stride, storage_offset):
    """PyTorch's own as_strided_scatter gives the input gradients where it was overwritten."""
    index = x.new_tensor(range(x.numel()), dtype=int).as_strided(size, stride, storage_offset)
    return put(x, index.reshape(-1), src.reshape(-1))


def put(x, index, values):
    return x.reshape(-1).index_put((index.long(),), values).reshape(x.shape)


PUT = [
    ((5,), 3), ((5,), 5), ((5,), 0), ((1,), 1), ((), 1), ((0,), 0), ((2, 3), 4), ((2, 3), 1),
    ((2, 3), 6), ((2, 3, 4), 7), ((2, 3, 4), 24), ((2, 3, 1, 2, 2), 9), ((3, 0), 0), ((33, 2), 50),
    ((4, 4), 2), ((7, 3), 11),
]  # fmt: skip
CASES = [
    Case("as_strided", read,
         [Config((Input(s),), attributes(*a), n >= len(STRIDED))
          for n, (s, *a) in enumerate(STRIDED + BIG)], exact=True),
    Case("as_strided_scatter", write,
         [Config((Input(s), Input(a[0])), attributes(*a), n >= len(STRIDED))
          for n, (s, *a) in enumerate(STRIDED + BIG)], exact=True),
    Case("index_put", put,
         [Config((Input(s), Input((n,), kind="places", high=math.prod(s), grad=False),
                  Input((n,))), {}, math.prod(s) > 10000)
          for s, n in [*PUT, ((300, 200), 40000)]], exact=True),
]  # fmt: skip
