"""Random numbers as functions, methods and generators."""

from __future__ import annotations

import numpy as np
import pytest

import ganc


def test_seeds_and_states():
    assert ganc.manual_seed(7) is not None
    a, state, b = ganc.rand(5).tolist(), ganc.get_rng_state(), ganc.randn(5).tolist()
    ganc.set_rng_state(state)
    assert ganc.randn(5).tolist() == b
    ganc.manual_seed(7)
    assert ganc.rand(5).tolist() == a
    ganc.manual_seed(-1)
    for wrong in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="64 bits"):
            ganc.manual_seed(wrong)
    with pytest.raises(TypeError):
        ganc.manual_seed(1.5)
    for wrong in ([1.0, 2.0], [1], [[1, 2]]):
        with pytest.raises(ValueError, match="new_state"):
            ganc.set_rng_state(wrong)


def test_generators_are_independent():
    g = ganc.Generator(5)
    a = ganc.randn(4, generator=g).tolist()
    state = g.get_state()
    b = ganc.rand(4, generator=g).tolist()
    g.manual_seed(5)
    assert g.initial_seed() == 5
    assert ganc.randn(4, generator=g).tolist() == a
    g.set_state(state)
    assert ganc.rand(4, generator=g).tolist() == b


@pytest.mark.parametrize(("low", "high"), [(0, 2), (-3, 4), (0, 10), (100, 101)])
def test_randint(low, high):
    x = ganc.randint(low, high, (2000,), generator=ganc.Generator(1)).numpy()
    assert set(np.unique(x)) == set(range(low, high)) or high - low > 10
    assert ganc.randint(3, (2, 2)).shape == (2, 2)


def test_moments():
    x = ganc.randn(20000, generator=ganc.Generator(2)).numpy()
    assert abs(x.mean()) < 0.03 and abs(x.std() - 1) < 0.03
    u = ganc.rand(20000, generator=ganc.Generator(2)).numpy()
    assert u.min() >= 0 and u.max() < 1 and abs(u.mean() - 0.5) < 0.01
