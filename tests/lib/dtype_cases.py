"""Operands of every dtype, and what a call gives with them, beside PyTorch."""

from __future__ import annotations

import re

import numpy as np
from rival import torch

import ganc

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
LACKING = (
    "not implemented for|does not support bool|have (the )?same dtype|same dtype, but|"
    "dtype to be equal|Index put requires"
)


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


def words(module, value):
    """A dtype by its word, any other argument as it is."""
    if value == "float":
        return getattr(module, str(REAL))
    if value == "int":
        return module.int64
    return module.bool if value == "bool" else value
