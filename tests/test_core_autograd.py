"""The tape: create_graph, freed graphs, changes in place, anomalies, accumulation."""

import numpy as np
import pytest
from harness import _core, _core64, array, torch

pytestmark = pytest.mark.usefixtures("no_live_tensors")

BOTH = pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])


def leaf(core, *values):
    return core.tensor(list(values), requires_grad=True)


def grad(core, y, xs, create=False, retain=None, unused=False, dy=None):
    return core.grad([y], xs, dy, retain, create, unused)


@BOTH
def test_a_graph_is_swept_once(core):
    x = leaf(core, 1.0, 2.0)
    y = core.sum(core.exp(x))
    grad(core, y, [x])
    with pytest.raises(RuntimeError, match="retain_graph"):
        grad(core, y, [x])
    y = core.sum(core.exp(x))
    first = grad(core, y, [x], retain=True)[0]
    assert array(grad(core, y, [x])[0]).tolist() == array(first).tolist()
    y = core.sum(core.exp(x))
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()


@BOTH
def test_create_graph_gives_every_order(core):
    x = leaf(core, 0.5, -1.0)
    y = core.sin(x)
    for order in range(1, 6):
        (y,) = grad(core, core.sum(y), [x], create=True)
        want = np.sin(np.array([0.5, -1.0]) + order * np.pi / 2)
        assert np.allclose(array(y), want, atol=1e-6)
    assert y.requires_grad


@BOTH
def test_without_create_graph_gradients_are_constants(core):
    x = leaf(core, 2.0)
    (g,) = grad(core, core.sum(x * x), [x])
    assert not g.requires_grad and g.is_leaf


@BOTH
def test_unused_inputs(core):
    x, z = leaf(core, 1.0), leaf(core, 1.0)
    with pytest.raises(RuntimeError, match="input 1 is not used"):
        grad(core, core.sum(x * x), [x, z])
    g, none = grad(core, core.sum(x * x), [x, z], unused=True)
    assert array(g).tolist() == [2.0] and none is None
    with pytest.raises(RuntimeError, match="does not require grad"):
        grad(core, core.sum(x), [core.tensor(1.0)])
    with pytest.raises(RuntimeError, match="does not require grad"):
        grad(core, core.tensor(1.0), [x])


@BOTH
def test_gradients_of_inner_tensors(core):
    x = leaf(core, 3.0)
    h = x * x
    y = core.sum(h * x)
    gh, gx = grad(core, y, [h, x])
    assert array(gh).tolist() == [3.0] and array(gx).tolist() == [27.0]
    (same,) = grad(core, core.sum(x), [x])
    assert array(same).tolist() == [1.0]
    s = core.sum(x)
    assert array(grad(core, s, [s])[0]).tolist() == 1.0


@BOTH
def test_backward_accumulates(core):
    x = leaf(core, 1.0, 2.0)
    for n in (1, 2, 3):
        core.sum(x * x).backward()
        assert array(x.grad).tolist() == [2.0 * n, 4.0 * n]
    x.grad = None
    (x * 3.0).backward(core.tensor([1.0, 10.0]))
    assert array(x.grad).tolist() == [3.0, 30.0]
    assert not x.grad.requires_grad
    x.grad = None
    core.sum(x * x * x).backward(create_graph=True)
    assert x.grad.requires_grad
    (gg,) = grad(core, core.sum(x.grad), [x])
    assert array(gg).tolist() == [6.0, 12.0]
    x.grad = None


@BOTH
def test_cotangents(core):
    x = leaf(core, 1.0, 2.0)
    with pytest.raises(RuntimeError, match="scalar outputs"):
        (x * x).backward()
    with pytest.raises(ValueError, match="must be equal"):
        (x * x).backward(core.tensor([1.0]))
    with pytest.raises(ValueError, match="one entry"):
        core.grad([core.sum(x)], [x], [], None, False, False)
    with pytest.raises(TypeError):
        core.grad([core.sum(x)], [x], [1.0], None, False, False)
    a, b = core.sum(x), core.sum(x * x)
    (g,) = core.grad([a, b], [x], [None, core.tensor(2.0)], None, False, False)
    assert array(g).tolist() == [5.0, 9.0]


@BOTH
def test_a_change_in_place_is_found(core):
    x, w = leaf(core, 1.0, 2.0), leaf(core, 3.0, 4.0)
    y = core.sum(core.mul(x, w))
    w.detach().copy_([5.0, 6.0])
    with pytest.raises(RuntimeError, match="mul: input 1, shape \\(2,\\), was changed in place"):
        grad(core, y, [x])
    y = core.exp(x)
    loss = core.sum(y)
    y.detach().zero_()
    with pytest.raises(RuntimeError, match="exp: its output, shape \\(2,\\), was changed in place"):
        grad(core, loss, [x])
    y = core.sum(core.add(x, w))  # reads no values
    w.detach().copy_([7.0, 8.0])
    assert array(grad(core, y, [x])[0]).tolist() == [1.0, 1.0]
    y = core.sum(core.mul(x, w))
    w.data = [9.0, 9.0]  # outside the tape
    assert array(grad(core, y, [x])[0]).tolist() == [9.0, 9.0]
    y = core.sum(core.mul(x, w))
    core.Optimizer("sgd", [w], lr=0.1).minimize(core.sum(w))
    with pytest.raises(RuntimeError, match="mul"):
        y.backward()


@BOTH
def test_writing_over_history(core):
    a = leaf(core, 1.0, 2.0)
    for write in (lambda x: x.zero_(), lambda x: x.fill_(3.0), lambda x: x.copy_([1.0, 1.0])):
        x = a * 2.0
        write(x)
        y = core.sum(x * x) + core.sum(a)
        assert array(grad(core, y, [a])[0]).tolist() == [1.0, 1.0]
    x, b = core.tensor([0.0, 0.0]), leaf(core, 5.0, 6.0)
    x.copy_(b * b)
    assert x.requires_grad and array(grad(core, core.sum(x), [b])[0]).tolist() == [10.0, 12.0]
    x = core.tensor([0.0, 0.0])
    x.copy_(b)  # a copy of a leaf is no leaf
    assert not x.is_leaf and x.grad is None
    core.sum(x * x).backward()
    assert x.grad is None and array(b.grad).tolist() == [10.0, 12.0]
    with pytest.raises(RuntimeError, match="leaf"):
        a.zero_()
    with pytest.raises(ValueError):
        core.tensor([1.0, 2.0]).copy_([1.0, 2.0, 3.0])
    a.requires_grad = False
    a.zero_()


@BOTH
def test_anomalies_are_named(core):
    was = core.set_anomaly(True)
    try:
        with pytest.raises(RuntimeError, match="log returned NaN, output shape"):
            core.log(core.tensor([-1.0]))
        x = leaf(core, 0.0)
        y = core.sum(core.mul(core.sqrt(x), 0.0))
        with pytest.raises(RuntimeError, match="detect_anomaly: div"):
            grad(core, y, [x])
    finally:
        core.set_anomaly(was)
    assert np.isnan(core.log(core.tensor([-1.0])).numpy()).all()


@BOTH
def test_grad_mode(core):
    x = leaf(core, 1.0)
    was = core.set_grad_enabled(False)
    assert was and not (x * x).requires_grad
    core.set_grad_enabled(was)
    assert (x * x).requires_grad and not x.detach().requires_grad
    assert x.is_leaf and not (x * x).is_leaf
    y = x * x
    with pytest.raises(RuntimeError, match="leaves only"):
        y.requires_grad = False
    with pytest.raises(RuntimeError, match="requires grad|detach"):
        y.numpy()


@BOTH
def test_the_same_input_twice_and_a_diamond(core):
    x = leaf(core, 3.0)
    assert array(grad(core, core.sum(core.mul(x, x)), [x, x])[1]).tolist() == [6.0]
    y = core.exp(x)
    z = core.sum(core.mul(core.sin(y), core.cos(y)))
    t = torch.tensor([3.0], dtype=torch.float64, requires_grad=True)
    (t.exp().sin() * t.exp().cos()).sum().backward()
    assert np.allclose(array(grad(core, z, [x])[0]), t.grad.numpy(), rtol=1e-3)


def test_a_deep_graph_is_dropped_without_recursion():
    x = leaf(_core, 1.0)
    y = x
    for _ in range(100_000):
        y = _core.neg(y)
    (g,) = grad(_core, _core.sum(y), [x])
    assert array(g).tolist() == [1.0]
    del y


PENALTIES = ["gradient penalty", "R1", "path length", "unrolled step"]


def penalty(name, ops, w, v, x, z):
    """Losses with a gradient inside, in terms of a small table of functions."""
    if name == "path length":
        fake = ops.tanh(ops.matmul(z, v))
        (g,) = ops.grad(ops.sum(ops.mul(fake, x)), z)
        return ops.sum(ops.square(ops.norm(g)))
    if name == "unrolled step":
        (g,) = ops.grad(ops.sum(ops.square(ops.tanh(ops.matmul(x, w)))), w)
        stepped = ops.sub(w, ops.mul(g, 0.1))
        fake = ops.tanh(ops.matmul(z, v))
        return ops.sum(ops.tanh(ops.matmul(fake, stepped)))
    logits = ops.matmul(ops.tanh(ops.matmul(x, v)), w)
    (g,) = ops.grad(ops.sum(logits), x)
    if name == "R1":
        return ops.sum(ops.square(g))
    return ops.sum(ops.square(ops.sub(ops.norm(g), 1.0)))


class Core:
    def __init__(self, core):
        self.core = core

    def __getattr__(self, name):
        return getattr(self.core, name)

    def norm(self, g):
        return self.core.norm(g, 1)

    def grad(self, y, x):
        return grad(self.core, y, [x], create=True)


class Torch:
    def __getattr__(self, name):
        return getattr(torch, name)

    def mul(self, a, b):
        return a * b

    def norm(self, g):
        return g.norm(dim=1)

    def grad(self, y, x):
        return torch.autograd.grad(y, [x], create_graph=True)


@pytest.mark.parametrize("name", PENALTIES)
def test_penalties_equal_torch(name):
    rng = np.random.default_rng(3)
    w, v, x, z = (rng.normal(size=s) for s in ((4, 1), (4, 4), (3, 4), (3, 4)))
    mine = [_core64.tensor(a, requires_grad=True) for a in (w, v, x, z)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (w, v, x, z)]
    loss, want = penalty(name, Core(_core64), *mine), penalty(name, Torch(), *theirs)
    assert np.isclose(array(loss), want.item(), rtol=1e-12)
    grads = grad(_core64, loss, mine, unused=True)
    for g, t in zip(grads, torch.autograd.grad(want, theirs, allow_unused=True), strict=True):
        assert (g is None) == (t is None)
        assert g is None or np.allclose(array(g), t.numpy(), rtol=1e-11, atol=1e-13)
