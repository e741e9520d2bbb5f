"""Rows of the ops driven by an index tensor."""

from cases import Case, Config, Input


def index(shape, size):
    return Input(shape, kind="index", high=size, grad=False)


GATHER = [  # shape of x, dim, size of the index along dim
    ((5,), 0, 3), ((5,), -1, 9), ((5,), 0, 0), ((1,), 0, 4), ((), 0, None), ((2, 3), 0, 4),
    ((2, 3), 1, 2), ((2, 3), -1, 5), ((2, 3, 4), 0, 3), ((2, 3, 4), 1, 3), ((2, 3, 4), 2, 1),
    ((2, 3, 4), -2, 6), ((2, 3, 1, 2, 2), 1, 2), ((2, 3, 1, 2, 2), 4, 3), ((2, 3, 1, 2, 2), 0, 1),
    ((0, 3), 1, 2), ((3, 0), 1, 0), ((33, 2), 0, 40),
]  # fmt: skip


def along(shape, dim, n):
    out = list(shape)
    if n is not None:
        out[dim] = n
    return tuple(out)


GATHER_CONFIGS = [
    Config((Input(s), index(along(s, d, n), s[d] if s else 1)), {"dim": d}) for s, d, n in GATHER
] + [Config((Input((300, 200)), index((300, 250), 200)), {"dim": 1}, True)]
SCATTER_CONFIGS = [
    Config((Input(t := along(s, d, n)), index(t, s[d] if s else 1)),
           {"dim": d, "size": s[d] if s else 1})
    for s, d, n in GATHER
] + [Config((Input((300, 200)), index((300, 200), 50)), {"dim": 1, "size": 50}, True)]  # fmt: skip
ROWS = [(s, d, n) for s, d, n in GATHER if s]
SELECT_CONFIGS = [
    Config((Input(s), index((n,), s[d])), {"dim": d}) for s, d, n in ROWS
] + [Config((Input((300, 200)), index((500,), 300)), {"dim": 0}, True)]  # fmt: skip
ADD_CONFIGS = [
    Config((Input(along(s, d, n)), index((n,), s[d])), {"dim": d, "size": s[d]})
    for s, d, n in ROWS
] + [Config((Input((500, 200)), index((500,), 30)), {"dim": 0, "size": 30}, True)]  # fmt: skip


def gather(x, i, dim):
    return x.gather(dim, i.long())


def scatter_add(x, i, dim, size):
    zeros = x.new_zeros(along(x.shape, dim, size if x.ndim else None))
    return zeros.scatter_add(dim, i.long(), x)


def index_select(x, i, dim):
    return x.index_select(dim, i.long())


def index_add(x, i, dim, size):
    return x.new_zeros(along(x.shape, dim, size)).index_add(dim, i.long(), x)


CASES = [
    Case("gather", gather, GATHER_CONFIGS, exact=True, by_name=True),
    Case("scatter_add", scatter_add, SCATTER_CONFIGS, sums=True, by_name=True),
    Case("index_select", index_select, SELECT_CONFIGS, exact=True, by_name=True),
    Case("index_add", index_add, ADD_CONFIGS, sums=True, by_name=True),
]
