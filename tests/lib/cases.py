"""One row per op of the core: what it should equal and the configurations that try it.

A row drives every check of the test_ops_* files.  ``reference`` is written in torch and
works on float64 and float32 tensors; ``configs`` name shapes, attributes and ranges.  Inputs
stay 0.01 away from kinks, 10,000 times the step of the finite differences.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

GAP = 0.01


@dataclass(frozen=True)
class Input:
    """Random values for one argument; equal in float32 and float64."""

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    kinks: tuple[float, ...] = ()
    # or "distinct" (no ties), "mask", "int", "index" (integers in [0, high)), "places" (each once)
    kind: str = "real"
    grad: bool = True
    phase: float = 0.0  # of distinct values: those of two phases differ from each other

    def make(self, rng: np.random.Generator) -> np.ndarray:
        n = int(np.prod(self.shape, dtype=np.int64))
        if self.kind == "index":
            x = rng.integers(0, max(int(self.high), 1), n).astype(np.float64)
        elif self.kind == "places":
            x = rng.permutation(int(self.high))[:n].astype(np.float64)
        elif self.kind == "int":  # handed over as int64
            x = rng.integers(int(self.low), int(self.high) + 1, n).astype(np.float64)
        elif self.kind == "mask":
            x = (rng.random(n) < 0.5).astype(np.float64)
        elif self.kind == "distinct":
            x = (rng.permutation(n) - n // 2) * (2 * GAP) + self.phase * GAP
        else:
            x = rng.uniform(self.low, self.high, n)
            for kink in self.kinks:
                near = np.abs(x - kink) < GAP
                x = np.where(near, kink + np.where(x < kink, -GAP, GAP), x)
        return x.astype(np.float32).astype(np.float64).reshape(self.shape)


@dataclass(frozen=True)
class Config:
    inputs: tuple[Input | None, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    big: bool = False  # crosses a chunk of 16384: too large for finite differences

    def arrays(self, name: str) -> list[np.ndarray | None]:
        rng = np.random.default_rng(zlib.crc32(f"{name} {self.label()}".encode()))
        return [None if i is None else i.make(rng) for i in self.inputs]

    def label(self) -> str:
        shapes = ["-" if i is None else "x".join(map(str, i.shape)) or "0d" for i in self.inputs]
        attrs = [f"{k}={v}" for k, v in self.attrs.items()]
        return ",".join(shapes + attrs).replace(" ", "")


@dataclass(frozen=True)
class Case:
    op: str
    reference: Callable
    configs: list[Config]
    constant: bool = False  # the output never requires grad
    flat: bool = False  # piecewise constant: the gradient is zeros
    exact: bool = False  # every result is a copy, a comparison or an integer
    sums: bool = False  # linear in |x|: float errors are measured against the sum of |x|
    is_list: bool = False  # takes one list of tensors
    by_name: bool = False  # the inputs cannot all go by position

    def ids(self) -> list[str]:
        return [f"{self.op}-{c.label()}" for c in self.configs]


def all_cases() -> dict[str, Case]:
    import cases_conv
    import cases_index
    import cases_matrix
    import cases_norm
    import cases_point
    import cases_pool
    import cases_reduce
    import cases_resample
    import cases_shape
    import cases_view

    table: dict[str, Case] = {}
    modules = (cases_point, cases_reduce, cases_shape, cases_index, cases_conv, cases_matrix)
    for module in (*modules, cases_norm, cases_pool, cases_resample, cases_view):
        for case in module.CASES:
            assert case.op not in table, f"{case.op} has two rows"
            table[case.op] = case
    return table
