"""Derivatives of every op: finite differences in float64, first and second, and torch.

The output is contracted with a random cotangent (a plain sum is constant after batch norm)
and the derivative taken along a random direction: |finite difference - <g, v>| must stay below
1e-7 |g| |v|.  Sixty-four single elements are tried as well: a direction can hide one.
"""

import itertools

import numpy as np
import pytest
from harness import (
    _core,
    _core64,
    array,
    call,
    contract,
    cotangent,
    gradients,
    leaves,
    norm_error,
    note,
    rows,
    run,
    tensors,
    torch,
    torch_run,
    total,
    where,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("no_live_tensors")

EPS, BOUND, FLOOR = 1e-6, 1e-7, 1e-2
SMOOTH = rows(small=True, smooth=True)


class Probe:
    """The scalar <f(x), c> of one configuration, as a function of its arrays."""

    def __init__(self, case, config):
        self.case, self.config = case, config
        self.arrays = config.arrays(case.op)
        self.which = [
            i for i, (a, spec) in enumerate(zip(self.arrays, config.inputs, strict=True))
            if a is not None and spec.grad
        ]  # fmt: skip
        shape = call(_core64, case, tensors(_core64, config, self.arrays, False), config).shape
        self.c = cotangent(config, case.op, shape)
        self.rng = np.random.default_rng(self.c.size)

    def directions(self):
        return {i: self.rng.uniform(-1, 1, self.arrays[i].shape) for i in self.which}

    def moved(self, steps, eps):
        arrays = list(self.arrays)
        for i, v in steps.items():
            arrays[i] = arrays[i] + eps * v
        return arrays

    def value(self, arrays):
        xs = tensors(_core64, self.config, arrays, grad=False)
        return float(array(contract(_core64, call(_core64, self.case, xs, self.config), self.c)))

    def gradient(self, arrays):
        grads = run(_core64, self.case, self.config, arrays, c=self.c).grads
        return [
            np.zeros(arrays[i].shape) if g is None else array(g)
            for i, g in zip(self.which, grads, strict=True)
        ]

    def slope(self, f, steps):
        """Central difference of f along the steps."""
        return (f(self.moved(steps, EPS)) - f(self.moved(steps, -EPS))) / (2 * EPS)


def dot(grads, directions):
    return sum(float(np.sum(g * v)) for g, v in zip(grads, directions.values(), strict=True))


def size(arrays):
    return np.sqrt(sum(float(np.sum(a * a)) for a in arrays))


@pytest.mark.parametrize("case, config", SMOOTH)
def test_gradcheck(case, config):
    probe = Probe(case, config)
    grads, v = probe.gradient(probe.arrays), probe.directions()
    floor = FLOOR * (size([probe.c]) + abs(probe.value(probe.arrays)))
    error = abs(probe.slope(probe.value, v) - dot(grads, v))
    error /= size(grads) * size(v.values()) + floor + 1e-300
    assert note("gradcheck", error, where(case, config)) <= BOUND


@pytest.mark.parametrize("case, config", SMOOTH)
def test_gradcheck_by_element(case, config):
    probe = Probe(case, config)
    grads = dict(zip(probe.which, probe.gradient(probe.arrays), strict=True))
    every = [(i, at) for i in probe.which for at in np.ndindex(probe.arrays[i].shape)]
    chosen = probe.rng.permutation(len(every))[:64]
    scale = size([probe.c]) + abs(probe.value(probe.arrays))
    for i, at in (every[k] for k in chosen):
        one = np.zeros(probe.arrays[i].shape)
        one[at] = 1
        error = abs(probe.slope(probe.value, {i: one}) - grads[i][at])
        error /= abs(grads[i][at]) + scale + 1e-300
        assert note("gradcheck, one element", error, where(case, config)) <= BOUND, at


def second(probe, w):
    """<gradient, w> differentiated: the analytic derivative of h(x) = <grad L(x), w>."""
    r = run(_core64, probe.case, probe.config, probe.arrays, True, probe.c)
    terms = [
        contract(_core64, g, w[i]) for i, g in zip(probe.which, r.grads, strict=True)
        if g is not None and g.requires_grad
    ]  # fmt: skip
    some = gradients(_core64, total(_core64, terms), leaves(r.xs)) if terms else []
    some = some or [None] * len(probe.which)
    return [
        np.zeros(probe.arrays[i].shape) if g is None else array(g)
        for i, g in zip(probe.which, some, strict=True)
    ]


@pytest.mark.parametrize("case, config", SMOOTH)
def test_gradgradcheck(case, config):
    probe = Probe(case, config)
    v, w = probe.directions(), probe.directions()
    grads = second(probe, w)
    floor = FLOOR * (size(probe.gradient(probe.arrays)) + size([probe.c])) * size(w.values())
    error = abs(probe.slope(lambda a: dot(probe.gradient(a), w), v) - dot(grads, v))
    error /= size(grads) * size(v.values()) + floor + 1e-300
    assert note("gradgradcheck", error, where(case, config)) <= BOUND


@pytest.mark.parametrize("case, config", rows(smooth=True))
def test_gradients_equal_torch(case, config):
    arrays = config.arrays(case.op)
    want = torch_run(case, config, arrays, torch.float64).grads
    rivals = torch_run(case, config, arrays, torch.float32).grads
    for core, bound in ((_core64, 1e-12), (_core, 1e-6)):
        r = run(core, case, config, arrays)
        # a sum that cancels is measured against what went into it
        floor = np.linalg.norm(cotangent(config, case.op, r.y.shape)) if core is _core else 1e-2
        for g, t, rival in zip(r.grads, want, rivals, strict=True):
            g, t = np.zeros(tuple(t.shape)) if g is None else array(g), t.numpy()
            limit = bound if core is _core64 else 2 * norm_error(rival.double().numpy(), t) + bound
            error = np.linalg.norm(g - t) / (np.linalg.norm(t) + floor + 1e-300)
            assert note(f"gradient {core.real}", error, where(case, config)) <= limit


@pytest.mark.parametrize("case, config", [r for r in SMOOTH if len(r.values[1].inputs) > 1])
def test_any_subset_of_inputs_may_require_grad(case, config):
    arrays = config.arrays(case.op)
    full = run(_core64, case, config, arrays)
    c = cotangent(config, case.op, full.y.shape)
    smooth = [i for i, x in enumerate(full.xs) if x is not None and x.requires_grad]
    if len(smooth) > 5:
        return
    want = dict(zip(smooth, full.grads, strict=True))
    for n in range(1, len(smooth)):
        for some in itertools.combinations(smooth, n):
            xs = [
                None if a is None else _core64.tensor(a, requires_grad=i in some)
                for i, a in enumerate(arrays)
            ]
            y = call(_core64, case, xs, config)
            grads = gradients(_core64, contract(_core64, y, c), leaves(xs))
            for i, g in zip(some, grads, strict=True):
                assert (g is None) == (want[i] is None)
                assert g is None or np.array_equal(array(g), array(want[i]))


@pytest.mark.parametrize("case, config", [r for r in rows() if r.values[0].constant][::5])
def test_piecewise_constant_ops_stop_gradients(case, config):
    xs = tensors(_core64, config, config.arrays(case.op))
    assert not call(_core64, case, xs, config).requires_grad


@pytest.mark.parametrize("case, config", [r for r in rows() if r.values[0].flat][::3])
def test_gradients_of_flat_ops_are_zeros(case, config):
    x = _core64.tensor(config.arrays(case.op)[0], requires_grad=True)
    y = call(_core64, case, [x], config)
    (g,) = gradients(_core64, _core64.sum(y), [x])
    assert array(g).shape == x.shape and not array(g).any()
