"""nn.init: bounds, moments, patterns, and the layers' defaults."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rival import close, torch

import ganc
from ganc import nn

init = nn.init


@pytest.mark.parametrize(
    "name",
    ["linear", "conv2d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"],
)
@pytest.mark.parametrize("param", [None, 0.2])
def test_gain(name, param):
    ours, theirs = init.calculate_gain(name, param), torch.nn.init.calculate_gain(name, param)
    assert ours == pytest.approx(theirs, rel=1e-12)


SHAPES = [(60, 80), (40, 30, 3), (20, 16, 3, 3)]
SCALED = {
    "xavier_uniform_": [{}, {"gain": 2.0}],
    "xavier_normal_": [{}, {"gain": 0.5}],
    "kaiming_uniform_": [{}, {"a": 0.2, "mode": "fan_out"}, {"nonlinearity": "tanh"}],
    "kaiming_normal_": [{}, {"mode": "fan_out", "nonlinearity": "relu"}],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "options"), [(n, o) for n in SCALED for o in SCALED[n]])
def test_scaled(name, options, shape):
    """The same distribution as torch's: standard deviation and, where there is one, bound."""
    ours = getattr(init, name)(ganc.zeros(shape), **options, generator=ganc.Generator(1)).numpy()
    torch.manual_seed(1)
    theirs = getattr(torch.nn.init, name)(torch.zeros(shape), **options).numpy()
    assert ours.std() == pytest.approx(theirs.std(), rel=0.06)
    assert abs(ours.mean()) < 0.1 * ours.std()
    if "uniform" in name:
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.01)


def test_plain():
    x = ganc.zeros(100, 50)
    assert init.uniform_(x, -3, -1, generator=ganc.Generator(2)) is x
    assert -3 <= x.min().item() < -2.99 and -1.01 < x.max().item() <= -1
    init.normal_(x, 2.0, 0.5, generator=ganc.Generator(3))
    assert x.mean().item() == pytest.approx(2, abs=0.03)
    assert x.std().item() == pytest.approx(0.5, abs=0.02)
    assert set(init.constant_(x, 0.25).numpy().ravel()) == {0.25}
    assert init.ones_(x).sum().item() == 5000 and init.zeros_(x).sum().item() == 0
    close(init.eye_(ganc.ones(2, 3)), torch.eye(2, 3))
    for shape, groups in (((4, 2, 3), 2), ((2, 5, 3, 3), 1), ((3, 3, 1, 2, 3), 3)):
        theirs = torch.nn.init.dirac_(torch.empty(shape), groups)
        close(init.dirac_(ganc.ones(shape), groups), theirs)


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"), [(0, 1, -2, 2), (1, 0.5, 0.9, 3), (0, 1, 2, 9), (0, 0.02, -1, 1)]
)
def test_truncated(mean, std, a, b):
    x = init.trunc_normal_(ganc.zeros(20000), mean, std, a, b, generator=ganc.Generator(4)).numpy()
    assert a <= x.min() and x.max() <= b
    torch.manual_seed(0)
    t = torch.nn.init.trunc_normal_(torch.zeros(20000), mean, std, a, b).numpy()
    assert x.mean() == pytest.approx(t.mean(), abs=0.03 * std)
    assert x.std() == pytest.approx(t.std(), rel=0.05)


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (6, 6), (4, 3, 2)])
def test_orthogonal(shape):
    w = init.orthogonal_(ganc.zeros(shape), gain=2.0, generator=ganc.Generator(5)).numpy()
    w = w.reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_sparse():
    w = init.sparse_(ganc.zeros(20, 30), 0.35, std=0.5, generator=ganc.Generator(6)).numpy()
    assert ((w == 0).sum(0) == 7).all()
    assert w[w != 0].std() == pytest.approx(0.5, rel=0.15)


def test_parameters_stay_leaves_and_seeds_count():
    p = nn.Parameter(ganc.zeros(30, 30))
    a = init.kaiming_normal_(p, generator=ganc.Generator(7)).tolist()
    assert p.is_leaf and p.requires_grad
    assert init.kaiming_normal_(p, generator=ganc.Generator(7)).tolist() == a
    assert init.kaiming_normal_(p, generator=ganc.Generator(8)).tolist() != a
    ganc.manual_seed(1)
    first = nn.Linear(4, 4).weight.tolist()
    ganc.manual_seed(1)
    assert nn.Linear(4, 4).weight.tolist() == first


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda N: N.Linear(200, 100), ["weight", "bias"]),
        (lambda N: N.Bilinear(50, 20, 30), ["weight", "bias"]),
        (lambda N: N.GRUCell(40, 60), ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]),
        (lambda N: N.LSTMCell(40, 60), ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]),
        (lambda N: N.Embedding(100, 50), ["weight"]),
        (lambda N: N.PReLU(3), ["weight"]),
        (lambda N: N.BatchNorm1d(5), ["weight", "bias", "running_mean", "running_var"]),
        (lambda N: N.LayerNorm(5), ["weight", "bias"]),
        (lambda N: N.GroupNorm(1, 5), ["weight", "bias"]),
    ],
)
def test_defaults_of_layers(make, names):
    ganc.manual_seed(3)
    torch.manual_seed(3)
    ours, theirs = make(nn).state_dict(), make(torch.nn).state_dict()
    for name in names:
        x, t = ours[name].numpy(), theirs[name].numpy()
        assert x.shape == t.shape
        assert x.std() == pytest.approx(t.std(), rel=max(0.15, 3 / math.sqrt(x.size))), name
        if not name.startswith("weight") or x.size < 20 or "Embedding" not in str(make):
            assert np.abs(x).max() == pytest.approx(np.abs(t).max(), rel=0.2), name


def test_reset_parameters():
    layer = nn.Linear(300, 50)
    before = layer.weight.tolist()
    layer.reset_parameters()
    assert layer.weight.tolist() != before
    assert layer.weight.abs().max().item() <= 1 / math.sqrt(300)


BAD = {
    "uniform": lambda: init.uniform_(ganc.zeros(2), 1, 0),
    "normal": lambda: init.normal_(ganc.zeros(2), 0, -1),
    "normal nan": lambda: init.normal_(ganc.zeros(2), 0, float("nan")),
    "truncated": lambda: init.trunc_normal_(ganc.zeros(2), a=1, b=0),
    "truncated far": lambda: init.trunc_normal_(ganc.zeros(2), a=9, b=10),
    "eye": lambda: init.eye_(ganc.zeros(2)),
    "dirac": lambda: init.dirac_(ganc.zeros(2, 2)),
    "dirac groups": lambda: init.dirac_(ganc.zeros(3, 2, 2), 2),
    "xavier": lambda: init.xavier_normal_(ganc.zeros(2)),
    "kaiming": lambda: init.kaiming_normal_(ganc.zeros(2, 2), mode="in"),
    "gain": lambda: init.calculate_gain("swish"),
    "slope": lambda: init.calculate_gain("leaky_relu", "0.2"),
    "orthogonal": lambda: init.orthogonal_(ganc.zeros(2)),
    "sparse": lambda: init.sparse_(ganc.zeros(2), 0.1),
    "sparse share": lambda: init.sparse_(ganc.zeros(2, 2), 1.1),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    with pytest.raises(ValueError):
        BAD[name]()
