"""Which gradients exist, which are zeros and what they are: random graphs against PyTorch, of any
order, among them ops whose derivative is zero everywhere."""

import numpy as np
import pytest
from pytorch import torch

import ganc
from ganc import nn

UNARY = {
    "sin": lambda m, x: m.sin(x),
    "tanh": lambda m, x: m.tanh(x),
    "square": lambda m, x: m.square(x),
    "relu": lambda m, x: m.relu(x),
    "abs": lambda m, x: m.abs(x),
    "clamp": lambda m, x: m.clamp(x, -0.7, 0.9),
    "sign": lambda m, x: m.sign(x),
    "floor": lambda m, x: m.floor(x),
    "round": lambda m, x: m.round(x),
    "scaled": lambda m, x: 0.5 * x + 1.0,
    "zeroed": lambda m, x: x * 0.0,
    "detached": lambda m, x: x.detach() * x,
    "first row": lambda m, x: x[0].expand(3, 2),
    "turned": lambda m, x: x.t().reshape(3, 2),
    "largest": lambda m, x: m.amax(x, 0, keepdim=True).expand(3, 2),
    "softmax": lambda m, x: m.softmax(x, 1),
    "sum": lambda m, x: x.sum(1, keepdim=True).expand(3, 2),
    "above": lambda m, x: m.where(x > 0, x, x * x),
}
BINARY = {
    "add": lambda m, a, b: a + b,
    "sub": lambda m, a, b: a - b,
    "mul": lambda m, a, b: a * b,
    "div": lambda m, a, b: a / (b.square() + 2.0),
    "maximum": lambda m, a, b: m.maximum(a, b),
    "where": lambda m, a, b: m.where(a > 0, a, b),
    "matmul": lambda m, a, b: a @ b.t() @ a,
    "signs": lambda m, a, b: m.sign(a) * b,
}
LEAVES = 4


def program(rng):
    """Steps (name, operands): an operand is the number of an earlier value."""
    steps = []
    for n in range(LEAVES, LEAVES + int(rng.integers(2, 9))):
        if rng.random() < 0.5:
            steps.append((UNARY, str(rng.choice(list(UNARY))), [int(rng.integers(n))]))
        else:
            pair = [int(i) for i in rng.integers(0, n, 2)]
            steps.append((BINARY, str(rng.choice(list(BINARY))), pair))
    return steps


def run(m, steps, xs):
    values = list(xs)
    for table, name, at in steps:
        values.append(table[name](m, *(values[i] for i in at)))
    return values[-1]


def leaves(m, arrays):
    return [m.tensor(a, requires_grad=True) for a in arrays]


def numbers(g):
    if isinstance(g, torch.Tensor):
        return g.detach().numpy(force=True)  # zeros without storage, too
    return None if g is None else g.detach().numpy()


def agree(ours, theirs, what):
    for k, (a, b) in enumerate(zip(map(numbers, ours), map(numbers, theirs), strict=True)):
        assert (a is None) == (b is None), (what, k, a, b)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4, err_msg=f"{what} {k}")


def grads(m, y, xs, create):
    f = ganc.grad if m is ganc else torch.autograd.grad
    return f(y.sum(), xs, create_graph=create, allow_unused=True)


def total(gs):
    terms = [g.square().sum() for g in gs if g is not None and g.requires_grad]
    return sum(terms[1:], terms[0]) if terms else None


@pytest.mark.parametrize("seed", range(300))
def test_random_graphs(seed):
    rng = np.random.default_rng(seed)
    steps = program(rng)
    arrays = rng.standard_normal((LEAVES, 3, 2)).astype(np.float32)
    results = {}
    for m in (ganc, torch):
        xs = leaves(m, arrays)
        y = run(m, steps, xs)
        if not y.requires_grad:
            results[m] = None
            continue
        y.sum().backward()
        found = [[x.grad for x in xs]]
        y = run(m, steps, xs)
        found.append(grads(m, y, xs, True))
        found.append([None if g is None else m.tensor(float(g.requires_grad)) for g in found[1]])
        second = total(found[1])
        if second is not None:
            for x in xs:
                x.grad = None
            second.backward()
            found.append([x.grad for x in xs])
        results[m] = found
    assert (results[ganc] is None) == (results[torch] is None), steps
    for order, pair in enumerate(zip(results[ganc] or [], results[torch] or [], strict=True)):
        agree(*pair, (order, steps))


def critics():
    def layers(m):
        return m.Sequential(
            m.Conv2d(2, 4, 3, 1, 1), m.LeakyReLU(0.2), m.Flatten(), m.Linear(64, 5), m.Tanh(),
            m.Linear(5, 6), m.ReLU(), m.Linear(6, 1),
        )  # fmt: skip

    ours, theirs = layers(nn), layers(torch.nn)
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in ours.state_dict().items()})
    return ours, theirs


@pytest.mark.parametrize("lazy", ["r1", "path length"])
def test_lazy_penalties_reach_every_parameter(lazy):
    """Biases before a piecewise linear activation get zeros, so their momentum moves; the last
    one is in no way to the penalty and keeps no gradient."""
    x = np.random.default_rng(3).standard_normal((6, 2, 4, 4)).astype(np.float32)
    ours, theirs = critics()
    pairs = (
        (ganc, ours, ganc.optim.Adam(ours.parameters(), 0.01, (0.5, 0.9))),
        (torch, theirs, torch.optim.Adam(theirs.parameters(), 0.01, (0.5, 0.9))),
    )
    for step in range(4):
        for m, net, opt in pairs:
            z = m.tensor(x, requires_grad=True)
            opt.zero_grad()
            if step % 2:
                f = ganc.grad if m is ganc else torch.autograd.grad
                (g,) = f(net(z).sum(), z, create_graph=True)
                size = g.square().sum((1, 2, 3))
                loss = size.mean() if lazy == "r1" else (size.sqrt() - 1.0).square().mean()
            else:
                loss = net(z).square().mean()
            loss.backward()
            opt.step()
        agree([p.grad for p in ours.parameters()], [p.grad for p in theirs.parameters()], step)
    agree(list(ours.parameters()), list(theirs.parameters()), "weights")
    assert [p.grad is None for p in ours.parameters()] == [False] * 7 + [True]


def test_an_error_of_a_cotangent_leaves_the_tape_usable():
    x = ganc.tensor([1.0, 2.0], requires_grad=True)
    y = ganc.sin(x) * x
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        y.backward(ganc.ones(3))
    with pytest.raises(RuntimeError, match="scalar outputs"):
        y.backward()
    with pytest.raises(ValueError, match=r"must be equal"):
        ganc.grad([y.sum(), y], [x], [None, ganc.ones(1)])
    with pytest.raises((TypeError, ValueError)):
        y.backward("ones")
    assert x.grad is None
    y.backward(ganc.ones(2))
    want = np.cos([1.0, 2.0]) * [1.0, 2.0] + np.sin([1.0, 2.0])
    np.testing.assert_allclose(x.grad.numpy(), want, rtol=1e-6)


def test_an_error_inside_the_sweep_leaves_the_tape_usable():
    x = ganc.tensor([1.0, 2.0], requires_grad=True)
    w = ganc.tensor([3.0, 4.0])
    y = (x * w).sum()
    w.add_(1.0)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()
    assert x.grad is None
    (x * w).sum().backward()
    assert x.grad.tolist() == [4.0, 5.0]


def test_a_graph_swept_already_says_what_to_do():
    x = ganc.tensor([1.0, 2.0], requires_grad=True)
    y = ganc.exp(x)
    y.sum().backward()
    with pytest.raises(RuntimeError, match=r"(?s)\.detach\(\).*retain_graph=True"):
        (y * 2.0).sum().backward()
    assert x.grad.tolist() == pytest.approx(np.exp([1.0, 2.0]).tolist(), rel=1e-6)
