"""Rows of the reductions, running sums, soft maxima, argmax and topk."""

import itertools

from cases import Case, Config, Input
from pytorch import torch

SHAPE = (2, 3, 4)
SETS = [None, *(s for n in (1, 2, 3) for s in itertools.combinations(range(3), n))]
MORE = [
    ((), {}), ((), {"dim": 0}), ((5,), {"dim": -1}), ((1, 1), {"dim": (0, 1)}),
    ((2, 2, 3, 2, 2), {"dim": (1, 3)}), ((2, 2, 3, 2, 2), {"dim": (0, 2, 4)}),
    ((2, 2, 3, 2, 2), {"dim": (-1, -3), "keepdim": True}), ((3, 1, 4), {"dim": 1}),
    ((70,), {}), ((5, 33), {"dim": 1}), ((33, 5), {"dim": 0}), ((2, 3, 4), {"dim": ()}),
]  # fmt: skip
EMPTY = [((0,), {}), ((2, 0, 3), {"dim": 1}), ((2, 0, 3), {"dim": 0}), ((2, 0), {"dim": (0, 1)})]
BIG = [
    ((40000,), {}), ((16384,), {}), ((16385,), {"dim": 0}), ((3, 20000), {"dim": 1}),
    ((20000, 3), {"dim": 0}), ((70000, 2), {"dim": 0}), ((40, 1500), {"dim": 0}),
    ((9, 40, 50, 3), {"dim": (0, 2)}), ((9, 40, 50, 3), {"dim": (1, 3)}), ((2, 40000), {}),
    ((1100, 3, 40), {"dim": (0, 2)}), ((5000, 7), {"dim": 1}),
]  # fmt: skip


def all_dims(x, dim):
    return tuple(range(x.ndim)) if dim is None or dim == () else dim


def configs(empty=True, extra=({},), **kind):
    made = [({"dim": s, "keepdim": k}, SHAPE) for s in SETS for k in (False, True)]
    rows = [(shape, attrs, False) for attrs, shape in made]
    rows += [(shape, attrs, False) for shape, attrs in MORE + (EMPTY if empty else [])]
    rows += [(shape, attrs, True) for shape, attrs in BIG]
    return [
        Config((Input(shape, **kind),), {**attrs, **more}, big)
        for n, more in enumerate(extra)
        for shape, attrs, big in (rows if n == 0 else rows[2:8])
    ]


def reduction(f):
    return lambda x, dim=None, keepdim=False: f(x, dim=all_dims(x, dim), keepdim=keepdim)


def variance(x, dim=None, correction=1.0, keepdim=False):
    return torch.var(x, dim=all_dims(x, dim), correction=correction, keepdim=keepdim)


def arg(f):
    return lambda x, dim=None, keepdim=False: f(x, dim, keepdim).to(x.dtype)


def norm(x, dim=None, keepdim=False):
    return torch.linalg.vector_norm(x, 2, all_dims(x, dim), keepdim)


ONE_DIM = [
    ((4,), 0), ((4,), -1), ((1,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3, 4), 0), ((2, 3, 4), 1),
    ((2, 3, 4), -1), ((3, 1, 2), 1), ((2, 2, 2, 3), 2), ((2, 2, 2, 3), -4), ((2, 1, 2, 3, 2), 3),
    ((2, 3, 2, 1, 2), 1), ((), 0), ((5, 33), 1), ((33, 5), 0), ((0, 3), 1),
]  # fmt: skip


def along(*big, **kind):
    rows = [(s, d, False) for s, d in ONE_DIM] + [(s, d, True) for s, d in big]
    return [Config((Input(s, **kind),), {"dim": d}, b) for s, d, b in rows]


ARG = [
    Config((Input(s, kind=k, high=3, grad=False),), {"dim": d, "keepdim": keep})
    for s, d in [((7,), None), ((2, 3, 4), None), *ONE_DIM[1:-1]]
    for k, keep in (("distinct", False), ("index", True))
]
TOPK = [
    Config((Input(s, kind="distinct", grad=False),), {"k": k, "dim": d, "largest": largest})
    for s, k, d in [((7,), 3, -1), ((7,), 0, 0), ((7,), 7, 0), ((3, 5), 2, 0), ((3, 5), 2, 1),
                    ((2, 3, 4), 2, 1), ((2, 2, 3, 2, 2), 1, 2), ((1,), 1, 0), ((4, 300), 20, 1)]
    for largest in (True, False)
]  # fmt: skip
SUM_TO = [
    ((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 3), (1, 3)), ((2, 3), (2, 1)), ((2, 3), ()),
    ((2, 3), (1, 1)), ((2, 3, 4), (3, 1)), ((2, 3, 4), (1, 3, 4)), ((2, 3, 4), (2, 1, 4)),
    ((2, 3, 4), (4,)), ((2, 3, 2, 3, 2), (3, 1, 3, 1)), ((2, 3, 2, 3, 2), (1, 3, 1, 3, 1)),
    ((), ()), ((1,), ()), ((1, 4), (4,)), ((0, 3), (3,)), ((0, 3), (1, 3)),
]  # fmt: skip
BIG_SUM_TO = [((300, 200), (200,)), ((300, 200), (300, 1)), ((9, 40, 50, 3), (40, 1, 3))]

CASES = [
    Case("sum", reduction(torch.sum), configs(), sums=True),
    Case("mean", reduction(torch.mean), configs(empty=False), sums=True),
    Case("var", variance, configs(False, [{"correction": 0.0}, {}, {"correction": 1.5}])),
    Case("amax", reduction(torch.amax), configs(False, kind="distinct"), exact=True),
    Case("amin", reduction(torch.amin), configs(False, kind="distinct"), exact=True),
    Case("norm", norm, configs(low=0.2)),
    Case("logsumexp", lambda x, dim, keepdim=False: torch.logsumexp(x, all_dims(x, dim), keepdim),
         [c for c in configs(False) if c.attrs.get("dim") is not None]),
    Case("argmax", arg(torch.argmax), ARG, constant=True, exact=True),
    Case("argmin", arg(torch.argmin), ARG, constant=True, exact=True),
    Case("topk_index", lambda x, k, dim, largest: x.topk(k, dim, largest).indices.to(x.dtype), TOPK,
         constant=True, exact=True),
    Case("cumsum", lambda x, dim: x.cumsum(dim), along(((300, 200), 0), ((3, 20000), 1))),
    Case("softmax", lambda x, dim: x.softmax(dim), along(((300, 200), 1), ((3, 20000), 1))),
    Case("log_softmax", lambda x, dim: x.log_softmax(dim), along(((300, 200), 1), ((200, 300), 0))),
    Case("sum_to", lambda x, shape: x.sum_to_size(shape) if shape or x.ndim else x * 1,
         [Config((Input(s),), {"shape": t}) for s, t in SUM_TO]
         + [Config((Input(s),), {"shape": t}, True) for s, t in BIG_SUM_TO], sums=True),
]  # fmt: skip
