"""The n-th allocation fails, for n = 0, 1, 2 ... until the call succeeds.

Each time: MemoryError, no tensor left behind; afterwards the call gives the same bits.
"""

import gc

import numpy as np
import pytest
from harness import CASES, _core, array, call, contract, gradients, leaves, tensors, total

pytestmark = pytest.mark.usefixtures("no_live_tensors")


@pytest.fixture(scope="module", autouse=True)
def no_garbage():
    """Models of earlier tests do not vanish while live tensors are counted."""
    gc.collect()


def exhaust(work, most=2000, sticky=False):
    """Runs work with the n-th allocation failing until it succeeds; returns (n, result)."""
    want = work()
    for n in range(most):
        live = _core.live_tensors()
        _core.alloc_fail_at(n, sticky)
        try:
            got = work()
        except MemoryError:
            _core.alloc_fail_at(-1)
        else:
            _core.alloc_fail_at(-1)
            assert got == want, n
            return n, got
        if _core.live_tensors() != live:
            gc.collect()
        assert _core.live_tensors() == live, f"allocation {n} left tensors behind"
        assert work() == want, f"after allocation {n} failed"
    raise AssertionError(f"still failing after {most} allocations")


def twice(case, config, arrays):
    """Forward, gradient and gradient of the gradient, as one list of byte strings."""
    xs = tensors(_core, config, arrays)
    y = call(_core, case, xs, config)
    out = [array(y).tobytes()]
    if not y.requires_grad:
        return out
    c = np.ones(y.shape)
    grads = gradients(_core, contract(_core, _core.square(y), c), leaves(xs), True)
    some = [g for g in grads if g is not None]
    out += [array(g).tobytes() for g in some]
    second = [_core.sum(_core.square(g)) for g in some if g.requires_grad]
    if second:
        last = gradients(_core, total(_core, second), leaves(xs))
        out += [array(g).tobytes() for g in last if g is not None]
    return out


@pytest.mark.parametrize("op", sorted(CASES))
@pytest.mark.parametrize("sticky", [False, True], ids=["once", "sticky"])
def test_every_allocation_of_an_op(op, sticky):
    case = CASES[op]
    full = [c for c in case.configs if not c.big and all(i and 0 not in i.shape for i in c.inputs)]
    config = max((full or case.configs)[:8], key=lambda c: sum(len(i.shape) for i in c.inputs if i))
    arrays = config.arrays(op)
    n, _ = exhaust(lambda: twice(case, config, arrays), sticky=sticky)
    assert n >= 3


def test_every_allocation_of_a_sum_of_integers():
    x = _core.tensor([[1, 2], [3, 4]])
    assert exhaust(lambda: _core.sum(x, 0).tolist()) >= (1, [4, 6])


def train(kind, **hyper):
    """Everything a training step asks of the core."""
    rng = np.random.default_rng(0)
    w = [_core.tensor(rng.normal(size=s), requires_grad=True) for s in ((4, 3), (4,), (1, 4))]
    _core.flatten(w)
    opt = _core.Optimizer(kind, w, lr=0.1, **hyper)
    x = _core.tensor(rng.normal(size=(5, 3)))

    def loss():
        return _core.sum(_core.square(_core.linear(_core.linear(x, w[0], w[1], act="tanh"), w[2])))

    loss().backward()
    opt.step()
    opt.zero_grad()
    norm = opt.minimize(loss())
    g = _core.grad([loss()], [w[0]], [_core.tensor(1.0)], None, False, False)
    state = [array(t) for ts in opt.slots().values() for t in ts]
    return [norm, *(a.tobytes() for a in [*map(array, w), *map(array, g), *state])]


KINDS = [
    ("sgd", {"momentum": 0.9}), ("adam", {}), ("rmsprop", {"momentum": 0.5, "centered": 1}),
    ("adagrad", {}),
]  # fmt: skip


@pytest.mark.parametrize("kind, hyper", KINDS, ids=[k for k, _ in KINDS])
def test_every_allocation_of_a_step(kind, hyper):
    exhaust(lambda: train(kind, **hyper))


def alternate():
    """A step of two updates with all that may follow."""
    g = _core.tensor([[0.5, -0.3], [0.1, 0.2]], requires_grad=True)
    d = _core.tensor([[1.0, -1.0]], requires_grad=True)
    g_mean = _core.tensor([[0.0, 0.0], [0.0, 0.0]])
    x, z = _core.tensor([[1.0, 2.0], [0.5, 0.0]]), _core.tensor([[0.1, 0.7], [-0.2, 0.3]])

    def d_objective(batch):
        r = _core.mean(_core.linear(batch, d))
        f = _core.mean(_core.linear(_core.linear(z, g), d))
        return _core.sub(f, r), {"d_real": r, "d_fake": f, "one": 1}

    def g_objective(batch):
        return _core.neg(_core.mean(_core.linear(_core.linear(z, g), d)))

    found = _core.step(
        (
            ("d", d_objective, (_core.Optimizer("adam", [d], lr=0.1),), 1, 0.5, ()),
            ("g", g_objective, (_core.Optimizer("adam", [g], lr=0.1),), 1, 0.0,
             (_core.Average([g], [g_mean], [], [], 0.9),)),
        ),
        x,
        1,
    )  # fmt: skip
    return [repr(found), *(array(x).tobytes() for x in (g, d, g_mean))]


def test_every_allocation_of_the_alternating_step():
    exhaust(alternate)


def test_a_long_graph():
    """More than 128 nodes: the tables of the sweep grow."""

    def work():
        x = _core.tensor([1.0, 2.0], requires_grad=True)
        y = x
        for _ in range(150):
            y = _core.sin(y)
        return array(_core.grad([_core.sum(y)], [x], None, None, False, False)[0]).tobytes()

    assert exhaust(work, most=1500)[0] > 150


def test_from_arrays_and_draws():
    images = np.zeros((4, 2, 2), np.uint8)

    def work():
        x = _core.from_u8(images, np.array([1, 2]), "nhw", 1.0, 0.5)
        draws = [_core.rand_uniform((3,), 1, 2), _core.rand_normal((3,), 1, 2), _core.full((2,), 1)]
        return [array(t).tobytes() for t in (x, *draws, _core.tensor(x), x.detach(), x.data)]

    exhaust(work)


def test_every_allocation_of_a_write_outside_the_tape():
    x = _core.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)

    def write():
        x._select(1).data.fill_(2.0)
        return [array(x).tobytes(), array(x.data).tobytes()]

    exhaust(write)


def test_every_site_was_reached():
    """Runs last in this file; alone it runs what reaches the sites."""
    for op in ("linear", "cat", "topk_index", "batch_norm", "var"):
        test_every_allocation_of_an_op(op, False)
    for kind, hyper in KINDS:
        test_every_allocation_of_a_step(kind, hyper)
    test_every_allocation_of_the_alternating_step()
    missed = [name for name, (calls, failures) in _core.alloc_sites().items() if not failures]
    assert not missed
    assert len(_core.alloc_sites()) >= 12
