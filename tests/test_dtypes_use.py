"""Integers are integers and bools are bools to whoever uses them; the dtypes of what is made."""

from __future__ import annotations

import numpy as np
import pytest
from dtype_cases import REAL, outcome, same, words
from rival import torch

import ganc


def test_integers_serve_as_integers():
    t = ganc.tensor([0.1, 0.7, 0.2])
    assert ["a", "b", "c"][t.argmax().item()] == "b" and "abc"[t.argmax()] == "b"
    assert len(range(ganc.randint(1, 4, (1,)).item())) in (1, 2, 3)
    labels = ganc.tensor([2, 0, 1])
    onehot = np.zeros((3, 3))
    onehot[range(3), labels.numpy()] = 1
    assert onehot.argmax(1).tolist() == [2, 0, 1]
    assert [f"{y.item()}.png" for y in labels] == [f"{y}.png" for y in labels]
    assert f"{labels[0]}.png" == "2.png" and f"{labels[0]:03d}" == "002"


WHOLE = 2**53 if np.float64 == REAL else 2**24


def test_an_integer_is_exact_or_refused():
    assert ganc.tensor(WHOLE).item() == WHOLE and ganc.tensor([-WHOLE]).tolist() == [-WHOLE]
    for wide in (
        lambda: ganc.tensor(WHOLE + 1),
        lambda: ganc.tensor(np.array([1, WHOLE + 1])),
        lambda: ganc.tensor([WHOLE]) + 1,
        lambda: ganc.tensor([WHOLE]) * 3,
        lambda: ganc.tensor([WHOLE - 1, 5]).sum(),
        lambda: ganc.full((2,), WHOLE + 1),
        lambda: ganc.arange(WHOLE, WHOLE + 3),
        lambda: ganc.tensor(float(WHOLE * 4)).long(),
        lambda: ganc.tensor(float("nan")).long(),
        lambda: ganc.zeros(2, dtype=int).fill_(WHOLE + 1),
    ):
        with pytest.raises(OverflowError, match="exact"):
            wide()
    assert ganc.tensor(WHOLE + 1, dtype=float).item() == WHOLE  # asked for: a float is rounded


def test_gradients_are_for_floats():
    for x in (ganc.tensor([1, 2]), ganc.tensor([True])):
        with pytest.raises(RuntimeError, match=r"use \.float\(\) first"):
            x.requires_grad_()
    for make in (
        lambda: ganc.tensor([1], requires_grad=True),
        lambda: ganc.zeros(2, dtype=ganc.int64, requires_grad=True),
        lambda: ganc.arange(3, requires_grad=True),
        lambda: ganc.randint(3, (2,), requires_grad=True),
    ):
        with pytest.raises(RuntimeError):
            make()
    x = ganc.tensor([1.0, -2.0], requires_grad=True)
    (x * (x > 0) * ganc.tensor([3, 5])).sum().backward()
    assert x.grad.tolist() == [3.0, 0.0]


@pytest.mark.parametrize("dtype", ["float", "int", "bool"])
def test_makers_take_a_dtype(dtype):
    def made(m):
        d = words(m, dtype)
        makers = [m.zeros(2, 3, dtype=d), m.ones(2, dtype=d), m.full((2,), 1, dtype=d)]
        makers += [m.arange(2, dtype=d), m.eye(2, dtype=d), m.tensor([0.0, 2.5], dtype=d)]
        makers += [m.zeros_like(m.ones(2), dtype=d), m.ones_like(m.ones(2), dtype=d)]
        makers += [m.empty(2, 0, dtype=d), m.tensor([0, 1]).type(d), m.tensor([0, 1]).to(d)]
        return [*makers, m.ones(2).type_as(m.zeros(1, dtype=d))]

    assert same(outcome(made, ganc), outcome(made, torch))


def test_defaults_of_makers():
    def made(m):
        ints = [m.arange(3), m.full((2,), 3), m.tensor([1, 2]), m.tensor([True, 2]), m.tensor(7)]
        floats = [m.arange(3.0), m.zeros(2), m.linspace(0, 1, 3), m.tensor([1, 2.5]), m.eye(2)]
        return [*ints, *floats, m.full((2,), True), m.tensor([True]), m.zeros_like(m.arange(2))]

    assert same(outcome(made, ganc), outcome(made, torch))
    assert ganc.randint(5, (3,)).dtype == ganc.int64
    assert ganc.randint(5, (3,), dtype=float).dtype == REAL
    order = ganc.randperm(50)
    assert order.dtype == ganc.int64 and sorted(order.tolist()) == list(range(50))
    assert order.tolist() != sorted(order.tolist()) and ganc.randperm(0).shape == (0,)
    for draw in (ganc.rand, ganc.randn):
        assert draw(2, dtype=REAL).dtype == REAL
        with pytest.raises(RuntimeError, match="expected a float one"):
            draw(2, dtype=ganc.int64)


def test_floats_that_stand_for_labels_go_on_working():
    logits = ganc.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    table = ganc.nn.Embedding(3, 2)
    for labels in (ganc.tensor([0, 2]), np.array([0, 2]), ganc.tensor([0.0, 2.0])):
        assert ganc.nn.functional.cross_entropy(logits, ganc.tensor(labels)).item() < 0.5
        assert table(ganc.tensor(labels)).shape == (2, 2)
    assert ganc.nn.functional.one_hot(ganc.tensor([0, 2])).dtype == ganc.int64
    hits = logits.argmax(1) == ganc.tensor([0, 2])
    assert hits.sum().item() == 2 and hits.float().mean().item() == 1.0
    assert ganc.where(hits, 1.0, 0.0).tolist() == [1.0, 1.0]
