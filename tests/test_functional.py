"""nn.functional against torch.nn.functional: values, gradients, second derivatives, refusals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from rival import DOUBLE, close, numbers, same, torch

import ganc
import ganc.nn.functional as F

X = numbers((5, 6), 1)
IMAGES = numbers((3, 4, 5, 2), 2)
NONE: dict = {}

ACTIVATIONS = {
    "relu": NONE,
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 1.3},
    "selu": NONE,
    "gelu": NONE,
    "silu": NONE,
    "softplus": NONE,
    "sigmoid": NONE,
    "tanh": NONE,
    "logsigmoid": NONE,
    "softmax": {"dim": 1},
    "log_softmax": {"dim": 0},
    "hardtanh": {"min_val": -0.4, "max_val": 1.1},
}


def functional(T):
    return torch.nn.functional if T is torch else F


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    options = ACTIVATIONS[name]
    same(lambda T, x: getattr(functional(T), name)(x, **options), X, second=True)
    same(lambda T, x: getattr(functional(T), name)(x, **options), IMAGES)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f.gelu(x, approximate="tanh"),
        lambda f, x: f.softplus(x, beta=2.5),
        lambda f, x: f.softplus(x, beta=0.7, threshold=0.5),
        lambda f, x: f.softplus(x * 30),
        lambda f, x: f.relu(x, inplace=False),
        lambda f, x: f.normalize(x),
        lambda f, x: f.normalize(x, p=1.0, dim=0),
        lambda f, x: f.layer_norm(x, (6,)),
        lambda f, x: f.layer_norm(x, [5, 6], eps=1e-3),
        lambda f, x: f.group_norm(x, 3),
        lambda f, x: f.batch_norm(x, None, None, training=True),
        lambda f, x: f.linear(x, x),
    ],
)
def test_variants(call):
    same(lambda T, x: call(functional(T), x), X, second=True, tol=1e-9 if DOUBLE else 5e-5)


@pytest.mark.parametrize("at", [0.0, -1.0, 1.0, 20.0, -20.0, 1e4, -1e4, 1e-30])
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "hardtanh", "softplus", "sigmoid"])
def test_corners(name, at):
    same(lambda T, x: getattr(functional(T), name)(x), np.full((3,), at, X.dtype))


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "hardtanh", "gelu", "softmax"])
def test_nan_stays_nan(name):
    options = ACTIVATIONS[name] if name == "softmax" else {}
    x = ganc.tensor([[float("nan"), 1.0]])
    assert np.isnan(getattr(F, name)(x, **options).numpy()[0, 0])


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (2, 3, 2, 2), (1,)])
@pytest.mark.parametrize("n", [1, 3])
def test_prelu(shape, n):
    if shape == (1,) and n == 3:
        with pytest.raises(ValueError, match="3 weights for 1"):
            F.prelu(ganc.zeros(shape), ganc.zeros(n))
        return
    same(
        lambda T, x, w: functional(T).prelu(x, w),
        numbers(shape, 3),
        numbers((n,), 4),
        second=True,
    )


def test_maxout():
    x = numbers((4, 6), 5)

    def reference(T, x):
        return x.view(4, 2, 3).amax(-1)

    close(F.maxout(ganc.tensor(x), 3), reference(torch, torch.tensor(x)))
    assert F.maxout(ganc.zeros(2, 5, 8), 4).shape == (2, 5, 2)
    for wrong in (ganc.zeros(2, 5), ganc.zeros(())):
        with pytest.raises(ValueError, match="multiple"):
            F.maxout(wrong, 2)


@pytest.mark.parametrize("lead", [(), (7,), (2, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_and_bilinear(lead, bias):
    w, b = numbers((4, 6), 6), numbers((4,), 7)
    x = numbers((*lead, 6), 8)
    y = numbers((*lead, 3), 9)
    w3 = numbers((4, 6, 3), 10)
    extra = (b,) if bias else ()
    same(lambda T, *a: functional(T).linear(*a), x, w, *extra, second=True)
    same(lambda T, *a: functional(T).bilinear(*a), x, y, w3, *extra, second=True)


@pytest.mark.parametrize("index", [[2, 0, 2], [[1, 1], [0, 3]], []])
@pytest.mark.parametrize("padding", [None, 0, -1])
def test_embedding(index, padding):
    table = numbers((4, 3), 11)

    def call(T, w):
        rows = index if T is ganc else torch.tensor(index, dtype=torch.long)
        return functional(T).embedding(rows, w, padding_idx=padding)

    same(call, table)


def test_one_hot():
    labels = [0, 3, 1]
    close(F.one_hot(labels, 5), torch.nn.functional.one_hot(torch.tensor(labels), 5))
    assert F.one_hot(ganc.tensor([[1, 2]])).shape == (1, 2, 3)


# ---- normalisation -----------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(6, 4), (6, 4, 3), (3, 4, 2, 5)])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("momentum", [0.1, 0.8])
def test_batch_norm(shape, affine, training, momentum):
    mean, var = numbers((4,), 12), numbers((4,), 13, 0.5, 2)
    state = {T: (T.tensor(mean), T.tensor(var)) for T in (ganc, torch)}
    parameters = [numbers((4,), 14), numbers((4,), 15)] if affine else []

    def call(T, x, *wb):
        m, v = state[T]
        return functional(T).batch_norm(x, m, v, *wb, training=training, momentum=momentum)

    same(call, numbers(shape, 16), *parameters, second=True, tol=1e-9 if DOUBLE else 1e-4)
    for a, b in zip(state[ganc], state[torch], strict=True):
        close(a, b)


@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 5), (2, 4, 3, 5)])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_norm(shape, groups):
    if len(shape) == 2 and groups == 4:
        pytest.skip("torch refuses groups of a single value")
    same(
        lambda T, x, w, b: functional(T).group_norm(x, groups, w, b),
        numbers(shape, 17),
        numbers((4,), 18),
        numbers((4,), 19),
        second=True,
        tol=1e-9 if DOUBLE else 1e-4,
    )


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_layer_norm(dims):
    shape = (3, 4, 5)
    inner = shape[-dims:]
    same(
        lambda T, x, w, b: functional(T).layer_norm(x, inner, w, b),
        numbers(shape, 20),
        numbers(inner, 21),
        numbers(inner, 22),
        second=True,
        tol=1e-9 if DOUBLE else 1e-4,
    )


@pytest.mark.parametrize("own", [True, False])
def test_instance_norm(own):
    mean, var = numbers((4,), 23), numbers((4,), 24, 0.5, 2)
    state = {T: (T.tensor(mean), T.tensor(var)) for T in (ganc, torch)}

    def call(T, x, w, b):
        return functional(T).instance_norm(x, *state[T], w, b, use_input_stats=own)

    same(call, IMAGES, numbers((4,), 25), numbers((4,), 26), tol=1e-9 if DOUBLE else 1e-4)
    for a, b in zip(state[ganc], state[torch], strict=True):
        close(a, b)


# ---- random -------------------------------------------------------------------------------------
@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_dropout(p):
    x = ganc.ones(400, 50, requires_grad=True)
    y = F.dropout(x, p, generator=ganc.Generator(1))
    kept = (y.detach().numpy() != 0).mean()
    assert abs(kept - (1 - p)) < 0.02
    if 0 < p < 1:
        np.testing.assert_allclose(np.unique(y.detach().numpy()), [0, 1 / (1 - p)], rtol=1e-6)
    (g,) = ganc.grad(y.sum(), x, allow_unused=True)
    close(g, y.detach())
    assert F.dropout(x, p, training=False) is x


def test_dropout2d_and_noise():
    y = F.dropout2d(ganc.ones(20, 30, 3, 2), 0.5, generator=ganc.Generator(2)).numpy()
    assert (y == y[:, :, :1, :1]).all() and abs((y[:, :, 0, 0] == 0).mean() - 0.5) < 0.1
    x = ganc.zeros(4000)
    assert abs(F.gaussian_noise(x, 0.3, generator=ganc.Generator(3)).std().item() - 0.3) < 0.02
    assert F.gaussian_noise(x, training=False) is x and F.gaussian_noise(x, 0.0) is x
    a = F.dropout(ganc.ones(50), generator=ganc.Generator(4)).tolist()
    assert a == F.dropout(ganc.ones(50), generator=ganc.Generator(4)).tolist()


# ---- refusals and warnings ---------------------------------------------------------------------
Z = ganc.zeros(4, 3)
BAD = {
    "linear": (ValueError, lambda: F.linear(Z, ganc.zeros(2, 4))),
    "linear bias": (ValueError, lambda: F.linear(Z, ganc.zeros(2, 3), ganc.zeros(3))),
    "bilinear": (ValueError, lambda: F.bilinear(Z, Z, ganc.zeros(2, 3, 4))),
    "embedding": (IndexError, lambda: F.embedding([4], ganc.zeros(4, 2))),
    "embedding half": (ValueError, lambda: F.embedding([0.5], ganc.zeros(4, 2))),
    "embedding text": (TypeError, lambda: F.embedding(["a"], ganc.zeros(4, 2))),
    "gelu": (ValueError, lambda: F.gelu(Z, "fast")),
    "hardtanh": (ValueError, lambda: F.hardtanh(Z, 1.0, -1.0)),
    "dropout": (ValueError, lambda: F.dropout(Z, 1.5)),
    "dropout nan": (ValueError, lambda: F.dropout(Z, float("nan"))),
    "dropout2d": (ValueError, lambda: F.dropout2d(Z)),
    "noise": (ValueError, lambda: F.gaussian_noise(Z, -1.0)),
    "prelu": (ValueError, lambda: F.prelu(Z, ganc.zeros(2))),
    "batch_norm single": (
        ValueError,
        lambda: F.batch_norm(ganc.zeros(1, 3), None, None, training=True),
    ),
    "batch_norm stats": (ValueError, lambda: F.batch_norm(Z, None, None)),
    "batch_norm shape": (ValueError, lambda: F.batch_norm(Z, ganc.zeros(4), ganc.ones(4))),
    "layer_norm": (ValueError, lambda: F.layer_norm(Z, (4,))),
    "group_norm": (ValueError, lambda: F.group_norm(Z, 2)),
    "instance_norm": (ValueError, lambda: F.instance_norm(ganc.zeros(2, 3, 1, 1))),
    "bce shapes": (ValueError, lambda: F.binary_cross_entropy(ganc.zeros(2, 1), ganc.zeros(2))),
    "bce range": (ValueError, lambda: F.binary_cross_entropy(Z - 1, Z)),
    "bce nan": (ValueError, lambda: F.binary_cross_entropy(Z + float("nan"), Z)),
    "logits shapes": (
        ValueError,
        lambda: F.binary_cross_entropy_with_logits(ganc.zeros(2, 1), ganc.zeros(2)),
    ),
    "class too large": (IndexError, lambda: F.cross_entropy(Z, [0, 1, 2, 3])),
    "class negative": (IndexError, lambda: F.cross_entropy(Z, [0, 1, 2, -1])),
    "class half": (ValueError, lambda: F.cross_entropy(Z, [0, 1, 2, 0.5])),
    "class nan": (ValueError, lambda: F.nll_loss(Z, [0, 1, 2, float("nan")])),
    "class count": (ValueError, lambda: F.nll_loss(Z, [0, 1])),
    "class weight": (ValueError, lambda: F.nll_loss(Z, [0] * 4, weight=ganc.ones(2))),
    "smoothing": (ValueError, lambda: F.cross_entropy(Z, [0] * 4, label_smoothing=2)),
    "reduction": (ValueError, lambda: F.mse_loss(Z, Z, reduction="average")),
    "beta": (ValueError, lambda: F.smooth_l1_loss(Z, Z, beta=-1)),
    "one_hot": (IndexError, lambda: F.one_hot([3], 3)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    error, call = BAD[name]
    with pytest.raises(error):
        call()


def test_warnings():
    with pytest.warns(UserWarning, match="broadcast"):
        F.mse_loss(ganc.zeros(3, 1), ganc.zeros(3))
    with pytest.warns(UserWarning, match="name the dimension"):
        assert F.softmax(ganc.zeros(2, 4)).numpy().sum() == pytest.approx(2)
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(ganc.zeros(2, 2), ganc.ones(2, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.softmax(Z, dim=0)
        F.mse_loss(Z, Z)
