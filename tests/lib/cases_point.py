"""Rows of the pointwise ops (csrc/kern/point.def) and of where."""

import math

from cases import Case, Config, Input
from pytorch import torch

F = torch.nn.functional
inf = math.inf

SHAPES = [(), (1,), (7,), (33,), (3, 5), (2, 3, 4), (2, 1, 3, 2), (2, 3, 1, 2, 2), (0,), (2, 0, 3)]
BIG = [(16385,), (3, 16389)]
PAIRS = [
    ((), ()), ((3,), ()), ((), (2, 3)), ((4,), (4,)), ((17,), (17,)), ((2, 3), (3,)),
    ((3,), (2, 3)), ((2, 1), (1, 3)), ((2, 3, 4), (3, 1)), ((2, 3, 4), (1, 1, 4)),
    ((2, 1, 4), (3, 1)), ((2, 3, 4, 5), (3, 1, 5)), ((1, 2, 1, 2, 1), (2, 1, 2, 1, 3)),
    ((2, 1, 2, 1, 2), (2, 1, 2, 1, 2)), ((0,), (1,)), ((2, 0, 3), (1, 3)), ((1,), (1, 1, 1)),
    ((5, 1), (5, 16)), ((2, 3, 2, 3, 2), (1,)), ((4, 1, 1), (1, 5, 1)),
]  # fmt: skip
BIG_PAIRS = [
    ((16385,), ()), ((3, 20000), (20000,)), ((300, 70), (300, 1)), ((70, 300), (300,)),
    ((40000, 1), (1, 2)),
]  # fmt: skip
TRIPLES = [
    ((), (), ()), ((3,), (), (3,)), ((2, 3), (3,), ()), ((2, 1), (1, 3), (2, 3)),
    ((3, 1), (2, 1, 4), (4,)), ((1, 2, 1, 2, 1), (2, 1, 2, 1, 3), ()), ((0,), (1,), ()),
    ((2, 2, 2), (2, 2, 2), (2, 2, 2)), ((5,), (5,), (1,)), ((1,), (4, 5), (4, 5)),
    ((2, 1, 3), (1, 4, 1), (1, 1, 3)), ((4, 4), (4, 1), (1, 4)), ((), (2, 3), (3,)),
    ((2, 0), (1, 1), ()), ((33,), (), ()), ((6, 1), (6, 7), (7,)),
]  # fmt: skip


def unary(op, reference, low=-2.0, high=2.0, kinks=(), attrs=({},), **more):
    configs = [
        Config((Input(s, low, high, kinks),), a, big=s in BIG)
        for a in attrs
        for s in (SHAPES + BIG if a is attrs[0] else SHAPES[3:6])
    ]
    return Case(op, reference, configs, **more)


def binary(op, reference, a=None, b=None, attrs=({},), **more):
    """a, b: keywords of the Inputs."""
    configs = [
        Config((Input(s, **(a or {})), Input(t, **(b or {}))), w, big=(s, t) in BIG_PAIRS)
        for w in attrs
        for s, t in (PAIRS + BIG_PAIRS if w is attrs[0] else PAIRS[4:7])
    ]
    return Case(op, reference, configs, **more)


def number(name, *values):
    return [{name: v} for v in values]


def ranges(*pairs):
    return [{"min": low, "max": high} for low, high in pairs]


POSITIVE = {"low": 0.25, "high": 3.0}
KINK = {"kinks": (0.0,)}
APART = ({"kind": "distinct"}, {"kind": "distinct", "phase": 1.0})
TIES = ({"kind": "index", "high": 3, "grad": False}, {"kind": "index", "high": 3, "grad": False})


def elu(x, alpha=1.0):
    return torch.where(x > 0, x, alpha * torch.expm1(x))


def inside(x, min, max):
    return ((x >= min) & (x <= max)).to(x.dtype)


def as_number(f):
    return lambda *x: f(*x).to(x[0].dtype)


UNARY = [
    unary("neg", torch.neg, exact=True),
    unary("abs", torch.abs, kinks=(0.0,), exact=True),
    unary("sign", torch.sign, kinks=(0.0,), flat=True, exact=True),
    unary("ceil", torch.ceil, -4, 4, flat=True, exact=True),
    unary("floor", torch.floor, -4, 4, flat=True, exact=True),
    unary("round", torch.round, -4, 4, flat=True, exact=True),
    unary("isnan", as_number(torch.isnan), constant=True, exact=True),
    unary("isfinite", as_number(torch.isfinite), constant=True, exact=True),
    unary("square", torch.square),
    unary("sqrt", torch.sqrt, 0.25, 4),
    unary("rsqrt", torch.rsqrt, 0.25, 4),
    unary("reciprocal", torch.reciprocal, 0.25, 4),
    unary("exp", torch.exp, -3, 3),
    unary("expm1", torch.expm1),
    unary("log", torch.log, 0.1, 4),
    unary("log1p", torch.log1p, -0.8, 4),
    unary("sin", torch.sin, -8, 8),
    unary("cos", torch.cos, -8, 8),
    unary("erf", torch.erf, -3, 3),
    unary("tanh", torch.tanh, -3, 3),
    unary("sigmoid", torch.sigmoid, -5, 5),
    unary("softplus1", lambda x: torch.logaddexp(x, torch.zeros_like(x)), -5, 5),
    unary("silu", F.silu, -5, 5),
    unary("relu", torch.relu, kinks=(0.0,), exact=True),
    unary("leaky_relu", F.leaky_relu, kinks=(0.0,),
          attrs=[{}, *number("negative_slope", 0.2, 0.0)]),
    unary("elu", elu, kinks=(0.0,), attrs=[{}, *number("alpha", 0.5, 2.0)]),
    unary("pow_scalar", lambda x, exponent: x**exponent, 0.25, 3,
          attrs=number("exponent", 2.5, 2.0, 3.0, 1.0, 0.5, -1.0, -2.5)),
    unary("affine", lambda x, scale, shift: x * scale + shift,
          attrs=[{"scale": s, "shift": t} for s, t in ((2, 1), (-0.5, 0), (0, 3), (1, -1))]),
    unary("clamp_scalar", lambda x, min, max: x.clamp(min, max), kinks=(-1, 0, 0.5, 1.0),
          attrs=ranges((-1, 1), (0, 1), (-inf, 0.5), (0.5, inf)), exact=True),
    unary("inside", inside, kinks=(-1, 0, 0.5, 1.0), constant=True, exact=True,
          attrs=ranges((-1, 1), (0, 1), (-inf, 0.5), (0.5, inf))),
]  # fmt: skip


def share(a, b):
    return torch.where(a < b, 0.0, torch.where(a == b, 0.5, 1.0)).to(a.dtype)


def bce(a, b):
    a, b = torch.broadcast_tensors(a, b)
    return F.binary_cross_entropy_with_logits(a, b, reduction="none")


BINARY = [
    binary("add", torch.add),
    binary("sub", torch.sub),
    binary("mul", torch.mul),
    binary("div", torch.div, b=POSITIVE),
    binary("pow_tensor", torch.pow, a=POSITIVE),
    binary("maximum", torch.maximum, *APART, exact=True),
    binary("minimum", torch.minimum, *APART, exact=True),
    binary("share", share, *TIES, constant=True, exact=True),
    *(
        binary(op, as_number(getattr(torch, op)), *TIES, constant=True, exact=True)
        for op in ("eq", "ne", "lt", "le", "gt", "ge")
    ),
    binary("prelu_scaled", lambda a, b: torch.where(a > 0, a, b * a), a=KINK),
    binary("bce_logits", bce, {"low": -4, "high": 4, **KINK}, {"low": 0, "high": 1}),
    binary("tanh_dx", lambda a, b: a * (1 - b * b), b={"low": -1, "high": 1}),
    binary("sigmoid_dx", lambda a, b: a * b * (1 - b), b={"low": 0, "high": 1}),
    binary("relu_dx", lambda a, b: torch.where(b > 0, a, 0 * a), b=KINK, exact=True),
    binary("leaky_relu_dx", lambda a, b, negative_slope: torch.where(b > 0, a, negative_slope * a),
           b=KINK, attrs=number("negative_slope", 0.2, 0.01)),
    binary("elu_dx", lambda a, b, alpha: torch.where(b > 0, a, a * alpha * torch.exp(b)), b=KINK,
           attrs=number("alpha", 1.0, 0.5)),
]  # fmt: skip

WHOLE = {"low": -9, "high": 9, "kind": "int", "grad": False}


def of_integers(f):
    return lambda *x: f(*(i.long() for i in x)).to(x[0].dtype)


WHOLES = [
    binary("remainder", torch.remainder, {"low": 1.1, "high": 1.9}, {"low": 0.3, "high": 0.4}),
    binary("floor_divide", torch.floor_divide, b=POSITIVE, constant=True),
    *(
        binary(op, of_integers(getattr(torch, op)), WHOLE, WHOLE, constant=True, exact=True)
        for op in ("bitwise_and", "bitwise_or", "bitwise_xor")
    ),
    Case("bitwise_not", of_integers(torch.bitwise_not),
         [Config((Input(s, **WHOLE),)) for s in SHAPES], constant=True, exact=True),
    Case("cast", lambda x, dtype: x.clone(),
         [Config((Input(s),), {"dtype": "float"}) for s in (*SHAPES, (4,), (5, 2), (9,), (3, 1),
                                                            (1, 4), (6,))],
         exact=True),
]  # fmt: skip

WHERE = Case(
    "where",
    lambda c, a, b: torch.where(c != 0, a, b),
    [Config((Input(c, kind="mask", grad=False), Input(a), Input(b))) for c, a, b in TRIPLES]
    + [Config((Input((3, 20000), kind="mask", grad=False), Input((20000,)), Input(())), big=True)],
    exact=True,
)

CASES = [*UNARY, *BINARY, *WHOLES, WHERE]
