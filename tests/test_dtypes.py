"""Integers and bools: the dtype and the values of every function, against PyTorch."""

from __future__ import annotations

import operator
import re

import numpy as np
import pytest

import ganc

torch = pytest.importorskip("torch")

REAL = ganc.ones(1).dtype
TORCH = {"f": torch.float64 if np.float64 == REAL else torch.float32, "i": torch.int64}
TORCH["b"] = torch.bool

ARRAYS = {
    "float": np.array([[-2.5, 0.0, 3.0], [1.5, 2.0, 7.25]]),
    "floats with inf": np.array([np.inf, -1.5, -np.inf]),
    "int": np.array([[-7, 0, 3], [2, 5, -1]]),
    "int of one sign": np.array([3, 1, 2]),
    "bool": np.array([[True, False, True], [False, False, True]]),
    "bools": np.array([True, True, False]),
    "0-d float": np.array(-2.5),
    "0-d int": np.array(3),
    "0-d bool": np.array(True),
    "empty float": np.zeros((0, 3)),
    "empty int": np.zeros((0, 3), np.int64),
    "empty bool": np.zeros((0, 3), bool),
}
BOOLS = {"bool", "bools", "0-d bool", "empty bool", "True"}  # PyTorch: half of their powers
NUMBERS = {"True": True, "2": 2, "-3": -3, "0": 0, "2.0": 2.0, "-0.5": -0.5, "0.0": 0.0}


# what PyTorch has no kernel for, or no one yet: not compared
LACKING = "not implemented for|does not support bool|have (the )?same dtype|same dtype, but"


def pair_of(x):
    """An operand for ganc and the same one for PyTorch."""
    if not isinstance(x, np.ndarray):
        return x, x
    return ganc.tensor(x), torch.tensor(x, dtype=TORCH[x.dtype.kind])


def outcome(function, *args):
    """What a call gives: dtypes and values, or that it is refused."""
    try:
        y = function(*args)
    except (TypeError, ValueError, RuntimeError, IndexError, OverflowError, ZeroDivisionError) as e:
        return e
    if isinstance(y, (tuple, list)):
        return [outcome(lambda y=y: y) for y in y]
    if isinstance(y, (bool, int, float)):
        return type(y).__name__, np.asarray(y)
    y = y.numpy() if isinstance(y, ganc.Tensor) else y.detach().numpy()
    return y.dtype.kind, y


def same(got, expected):
    if isinstance(expected, Exception) and re.search(LACKING, str(expected)):
        return True
    if isinstance(got, Exception) or isinstance(expected, Exception):
        return isinstance(got, Exception) and isinstance(expected, Exception)
    if isinstance(got, list):
        return len(got) == len(expected) and all(map(same, got, expected))
    if got[0] != expected[0] or got[1].shape != expected[1].shape:
        return False
    rtol = 1e-5 if got[0] == "f" else 0
    return np.allclose(got[1], expected[1], rtol=rtol, atol=rtol, equal_nan=True)


def differences(call_ganc, call_torch, cases):
    """The cases whose outcome is another one than PyTorch's."""
    bad = []
    for name, values in cases:
        pairs = [pair_of(v) for v in values]
        got = outcome(call_ganc, *(p[0] for p in pairs))
        expected = outcome(call_torch, *(p[1] for p in pairs))
        if not same(got, expected):
            bad.append(f"{name}: {got!r}, expected {expected!r}")
    return bad


def unary_cases(leave=()):
    return [(name, (x,)) for name, x in ARRAYS.items() if name not in leave]


def binary_cases(power=False):
    names = ["float", "int", "bool", "int of one sign", "bools", "0-d float", "0-d int", "0-d bool"]
    names += ["empty float", "empty int", "empty bool"]
    everything = {name: ARRAYS[name] for name in names} | NUMBERS
    return [
        (f"{a}, {b}", (x, y))
        for a, x in everything.items()
        for b, y in everything.items()
        if not (power and {a, b} <= BOOLS)
        and (a in ARRAYS or b in ARRAYS)
        and not ("empty" in a + b and {a, b} & {"float", "int"})
    ]


UNARY = """abs sign floor ceil round isnan isfinite isinf square sqrt rsqrt reciprocal exp expm1 log
log1p sin cos erf tanh sigmoid relu neg logical_not bitwise_not sum mean prod amax amin argmax
argmin max min std var norm zeros_like ones_like clone detach flatten t trace tril triu diag nonzero
is_floating_point tolist numel""".split()
OPERATORS = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
    "abs()": abs,
    "bool()": lambda x: bool(x[0, 0]) if x.ndim == 2 else bool(x),
    "int()": lambda x: int(x),
    "float()": lambda x: float(x),
    "item": lambda x: x.item(),
    "index": operator.index,
}
OPTIONS = {  # name: arguments after the tensor
    "sum": [((0,), {}), ((-1, True), {}), ((), {"dtype": "float"}), ((), {"dtype": "int"})],
    "mean": [((0,), {}), ((-1, True), {}), ((), {"dtype": "float"})],
    "prod": [((0,), {}), ((), {"dtype": "float"})],
    "cumsum": [((0,), {}), ((0,), {"dtype": "float"})],
    "cumprod": [((0,), {})],
    "amax": [((0,), {})],
    "amin": [((0,), {})],
    "argmax": [((0,), {}), ((0, True), {})],
    "argmin": [((0,), {})],
    "max": [((0,), {})],
    "min": [((0,), {})],
    "logsumexp": [((0,), {})],
    "softmax": [((0,), {}), ((0,), {"dtype": "float"})],
    "log_softmax": [((0,), {})],
    "topk": [((1,), {})],
    "sort": [((), {})],
    "argsort": [((), {})],
    "clamp": [((0, 2), {}), ((0.5, 2), {}), ((-1,), {}), ((), {"max": 1.5}), ((True,), {})],
    "norm": [((1,), {}), ((0,), {})],
    "pow": [((2,), {}), ((0.5,), {}), ((3,), {}), ((-1,), {}), ((True,), {})],
    "masked_fill": [((True, 2.5), {})],
    "flip": [(((0,),), {})],
    "roll": [((1,), {}), ((1, 0), {})],
    "repeat": [((2, 2), {})],
    "unsqueeze": [((0,), {})],
    "expand": [((2, 2, 3), {})],
    "type": [(("float",), {}), (("int",), {}), (("bool",), {})],
    "to": [(("float",), {}), (("int",), {}), (("bool",), {})],
    "zeros_like": [((), {"dtype": "int"}), ((), {"dtype": "bool"})],
    "ones_like": [((), {"dtype": "float"})],
    "float": [((), {})],
    "long": [((), {})],
    "bool": [((), {})],
}
UNLIKE = {  # PyTorch gives no floats for an empty softmax of integers
    ("softmax", 0): ["empty int", "empty bool"],
    ("log_softmax", 0): ["empty int", "empty bool"],
    ("pow", True): ["bool", "bools", "0-d bool", "empty bool"],  # refused, as other powers of bools
}
BINARY = """add sub mul div floor_divide remainder pow eq ne lt le gt ge bitwise_and bitwise_or
bitwise_xor logical_and logical_or logical_xor maximum minimum matmul""".split()
SYMBOLS = "add sub mul truediv floordiv mod pow and_ or_ xor eq ne lt le gt ge".split()
IN_PLACE = "iadd isub imul itruediv ifloordiv imod ipow iand ior ixor".split()
METHODS_IN_PLACE = "add_ sub_ mul_ div_ clamp_ fill_ copy_ pow_".split()


def of(module, name):
    function = getattr(module, name, None)
    return function or (lambda x, *a, **k: getattr(x, name)(*a, **k))


def words(module, value):
    """A dtype by its word, any other argument as it is."""
    if value == "float":
        return getattr(module, str(REAL))
    if value == "int":
        return module.int64
    return module.bool if value == "bool" else value


def with_options(module, name, args, options):
    args = [words(module, a) for a in args]
    options = {k: words(module, v) for k, v in options.items()}
    if name == "masked_fill":
        return lambda x: x.masked_fill(x > 0, args[1])
    return lambda x: of(module, name)(x, *args, **options)


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_tensor(name):
    assert not differences(of(ganc, name), of(torch, name), unary_cases())


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_of_one_tensor(name):
    assert not differences(OPERATORS[name], OPERATORS[name], unary_cases())


@pytest.mark.parametrize("name", OPTIONS)
def test_functions_with_options(name):
    for args, options in OPTIONS[name]:
        one, other = (with_options(m, name, args, options) for m in (ganc, torch))
        bad = differences(
            one, other, unary_cases(leave=["floats with inf", *UNLIKE.get((name, *args), ())])
        )
        assert not bad, (args, options, bad)


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two(name):
    cases = [c for c in binary_cases() if all(isinstance(v, np.ndarray) for v in c[1])]
    if name == "matmul":  # of bools PyTorch has the empty product alone
        cases = [c for c in cases if "empty bool" not in c[0]]
    assert not differences(of(ganc, name), of(torch, name), cases)


@pytest.mark.parametrize("name", SYMBOLS)
def test_operators_of_two(name):
    function = getattr(operator, name)
    assert not differences(function, function, binary_cases(power=name == "pow"))


@pytest.mark.parametrize("name", IN_PLACE)
def test_operators_in_place(name):
    function = getattr(operator, name)
    cases = [c for c in binary_cases("pow" in name) if isinstance(c[1][0], np.ndarray)]
    assert not differences(function, function, cases)


@pytest.mark.parametrize("name", METHODS_IN_PLACE)
def test_methods_in_place(name):
    def call(x, y):
        getattr(x, name)(y)
        return x

    cases = [c for c in binary_cases("pow" in name) if isinstance(c[1][0], np.ndarray)]
    if name in ("fill_", "clamp_"):
        cases = [c for c in cases if not isinstance(c[1][1], np.ndarray)]
    if name == "copy_":
        cases = [c for c in cases if isinstance(c[1][1], np.ndarray)]
    assert not differences(call, call, cases)


# ---- programs that mix dtypes, views and writes ------------------------------------------
def program(rng):
    """Steps of a random program; both sides run the same ones."""
    steps = []
    for _ in range(rng.integers(3, 9)):
        symbol = str(rng.choice(SYMBOLS + IN_PLACE + ["view", "write", "masked", "cast"]))
        steps.append((symbol, *(int(i) for i in rng.integers(0, 2**16, 3))))
    return steps


def operands(module, rng):
    make = lambda x: module.tensor(x, dtype=words(module, KINDS[x.dtype.kind]))  # noqa: E731
    floats = rng.integers(-6, 7, (3, 4)) / 2
    return [make(x) for x in (floats, rng.integers(-4, 5, (3, 4)), rng.random((3, 4)) < 0.5)]


KINDS = {"f": "float", "i": "int", "b": "bool"}
VIEWS = [
    lambda x: x[1],
    lambda x: x[:, 1:3],
    lambda x: x[::2],
    lambda x: x.t() if x.ndim == 2 else x,
    lambda x: x[None],
]
VALUES = [True, 2, -1, 0.5, 0]


def step(module, pool, symbol, i, j, k):
    """One step: a new tensor, or None where one that exists is written."""
    x, y = pool[i % len(pool)], pool[j % len(pool)]
    if k % 3 == 0:
        y = VALUES[j % len(VALUES)]
    if symbol == "view":
        return VIEWS[k % len(VIEWS)](x)
    if symbol == "cast":
        return x.to(words(module, list(KINDS.values())[k % 3]))
    if symbol == "write":
        x[j % 2] = VALUES[k % len(VALUES)]
    elif symbol == "masked":
        x[x > 0] = VALUES[k % len(VALUES)]
    else:
        y = getattr(operator, symbol)(x, y)
        return None if symbol in IN_PLACE else y
    return None


def attempt(module, pool, a_step):
    try:
        new = step(module, pool, *a_step)
    except (TypeError, ValueError, RuntimeError, IndexError, OverflowError, ZeroDivisionError) as e:
        return e
    if new is not None:
        pool.append(new)
    return None


def tame(pool):
    """Whether all numbers are small: what rounds or overflows is compared elsewhere."""
    return all(bool((x == x).all()) and float(abs(x.double()).max()) < 1e4 for x in pool)


def test_random_programs():
    compared = 0
    for seed in range(600):
        rng = np.random.default_rng(seed)
        steps = program(rng)
        ours, theirs = (operands(m, np.random.default_rng(seed)) for m in (ganc, torch))
        for a_step in steps:
            expected = attempt(torch, theirs, a_step)
            if expected is not None and re.search(LACKING, str(expected)):
                break
            if not tame(theirs):
                break
            got = attempt(ganc, ours, a_step)
            assert (got is None) == (expected is None), (seed, a_step, got, expected)
            for a, b in zip(ours, theirs, strict=True):
                assert same(outcome(lambda a=a: a), outcome(lambda b=b: b)), (seed, a_step, a, b)
            compared += 1
    assert compared > 1500
