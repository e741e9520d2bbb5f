"""NaN and infinities are PyTorch's, in values and in gradients: none is hidden by a maximum, a
rectifier or a softmax, and what limits a NaN passes no gradient."""

import itertools
import math

import numpy as np
import pytest
from harness import _core
from pytorch import torch

import ganc
import ganc.nn.functional as F

TF = torch.nn.functional
nan, inf = math.nan, math.inf


@pytest.fixture(autouse=True, params=["portable", "avx2", "avx512", "neon"])
def isa(request):
    was = _core.get_isa()
    try:
        _core.set_isa(request.param)
    except ValueError:
        pytest.skip("this CPU or build has no such kernels")
    yield
    _core.set_isa(was)


def some(n, width, share=0.3):
    rng = np.random.default_rng(n)
    x = rng.standard_normal((n, width)).astype(np.float32)
    odd = rng.choice(np.array([nan, inf, -inf, 0.0, -0.0, 1.0], np.float32), x.shape)
    return np.where(rng.random(x.shape) < share, odd, x)


TRIPLES = np.array(list(itertools.product([nan, inf, -inf, 0.0, 1.0], repeat=3)), np.float32)
ROWS = [TRIPLES, some(40, 37), some(7, 3), some(5, 130, 0.03)]
OVER_DIM = ("softmax", "log_softmax", "logsumexp", "amax", "amin", "cumsum")
POINTWISE = (
    "abs", "ceil", "cos", "erf", "exp", "expm1", "floor", "log", "log1p", "reciprocal", "round",
    "rsqrt", "sigmoid", "sign", "sin", "sqrt", "square", "tanh",
)  # fmt: skip
ACTIVATIONS = ("relu", "leaky_relu", "silu", "softplus", "hardtanh", "logsigmoid")
LIMITS = ((-1, 1), (0, None), (None, 0), (1, -1))


def same(got, want, what):
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6, err_msg=str(what))


def compare(what, f, g, *arrays):
    """f of PyTorch and g of ganc: values and the gradients for a cotangent of two sizes."""
    ours = [ganc.tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, z = g(*ours), f(*theirs)
    same(y.detach().numpy(), z.detach().numpy(), what)
    dz = torch.ones_like(z)
    dz.view(-1)[::2] = -0.5
    z.backward(dz)
    y.backward(ganc.tensor(dz.numpy()))
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        same(a.grad.numpy(), b.grad.numpy(), (what, "gradient", k))


@pytest.mark.parametrize("name", OVER_DIM)
def test_along_a_dimension(name):
    for x, dim in itertools.product(ROWS, (0, 1)):
        ours = getattr(ganc, name, None) or getattr(F, name)
        compare(
            dim, lambda t, d=dim: getattr(torch, name)(t, d), lambda t, d=dim, g=ours: g(t, d), x
        )


@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes_and_where_they_are(name):
    for x, dim in itertools.product(ROWS, (0, 1)):
        f, g = getattr(torch, name), getattr(ganc, name)
        compare(dim, lambda t, d=dim, f=f: f(t, d)[0], lambda t, d=dim, g=g: g(t, d)[0], x)
        want = getattr(torch, "arg" + name)(torch.tensor(x), dim)
        assert (getattr(ganc, "arg" + name)(ganc.tensor(x), dim).numpy() == want.numpy()).all()


@pytest.mark.parametrize("name", POINTWISE)
def test_pointwise(name):
    for x in ROWS:
        compare(name, getattr(torch, name), getattr(ganc, name), x)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    for x in ROWS:
        if name == "hardtanh":  # PyTorch's own differs between the body and the end of a vector
            x = np.where(np.isnan(x), inf, x)
        compare(name, getattr(TF, name), getattr(F, name), x)


@pytest.mark.parametrize("low, high", LIMITS)
def test_clamp(low, high):
    for x in ROWS:
        compare("clamp", lambda t: torch.clamp(t, low, high), lambda t: ganc.clamp(t, low, high), x)


def test_clamp_by_tensors():
    for x in ROWS:
        low = np.random.default_rng(1).permutation(x.ravel()).reshape(x.shape)
        want = torch.clamp(torch.tensor(x), torch.tensor(low), torch.tensor(low + 1))
        got = ganc.clamp(ganc.tensor(x), ganc.tensor(low), ganc.tensor(low + 1))
        same(got.numpy(), want.numpy(), "clamp")


@pytest.mark.parametrize("name", ["maximum", "minimum", "add", "mul", "div"])
def test_pairs(name):
    for x in ROWS:
        y = np.random.default_rng(2).permutation(x.ravel()).reshape(x.shape)
        compare(name, getattr(torch, name), getattr(ganc, name), x, y)


def test_an_infinite_cotangent_reaches_only_what_has_a_derivative():
    a, b = [-2.0, 0.5, 3.0, nan, 0.0], [1.0, 0.0, nan, 2.0, 5.0]
    for name in ("maximum", "minimum"):
        ours = [ganc.tensor(v, requires_grad=True) for v in (a, b)]
        theirs = [torch.tensor(v, requires_grad=True) for v in (a, b)]
        getattr(ganc, name)(*ours).backward(ganc.full((5,), inf))
        getattr(torch, name)(*theirs).backward(torch.full((5,), inf))
        for x, t in zip(ours, theirs, strict=True):
            same(x.grad.numpy(), t.grad.numpy(), name)
    x = ganc.tensor(a, requires_grad=True)
    x.clamp(-1, 1).backward(ganc.full((5,), inf))
    assert x.grad.tolist() == [0, inf, 0, 0, inf]


@pytest.mark.parametrize("kernel", [(2,), (3, 2, 1), (3, 1), (2, 1), ((2, 4),)])
@pytest.mark.parametrize("shape", [(2, 3, 6, 6), (2, 1, 7, 9), (1, 1, 16, 40)])
def test_pooling(shape, kernel):
    for fill in (some(math.prod(shape[:-1]), shape[-1], 0.1), -inf, nan):
        x = np.broadcast_to(np.float32(fill), (math.prod(shape[:-1]), shape[-1])).reshape(shape)
        for name in ("max_pool2d", "avg_pool2d"):
            f, g = getattr(TF, name), getattr(F, name)
            compare(name, lambda t, f=f: f(t, *kernel), lambda t, g=g: g(t, *kernel), x.copy())


@pytest.mark.parametrize("largest", [True, False])
def test_order(largest):
    for x in ROWS:
        t, u = torch.tensor(x), ganc.tensor(x)
        same(u.topk(3, 1, largest)[0].numpy(), t.topk(3, 1, largest)[0].numpy(), "topk")
        same(ganc.sort(u, 1, largest)[0].numpy(), t.sort(1, largest)[0].numpy(), "sort")


def test_losses():
    x, y = some(30, 10), some(31, 10)[:30]
    labels = np.arange(30) % 10
    compare(
        "cross entropy",
        lambda t: TF.cross_entropy(t, torch.tensor(labels), reduction="none"),
        lambda t: F.cross_entropy(t, ganc.tensor(labels), reduction="none"),
        x,
    )
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss"):
        f, g = getattr(TF, name), getattr(F, name)
        compare(
            name,
            lambda a, b, f=f: f(a, b, reduction="none"),
            lambda a, b, g=g: g(a, b, reduction="none"),
            x,
            y,
        )
