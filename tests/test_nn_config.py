"""Modules described: as a table, as HTML, as data."""

from __future__ import annotations

import json
import warnings

import pytest

import ganc
from ganc import nn


# ---- printing -----------------------------------------------------------------------------------
def test_summary_and_html():
    net = nn.Sequential(nn.Linear(784, 10), nn.BatchNorm1d(10), nn.Unflatten(1, (1, 10)))
    table = net.summary((784,))
    assert table.parameters == 7870 and table.trainable == 7870
    assert "0 (Linear)" in str(table) and "(N, 1, 10)" in str(table) and "7,850" in str(table)
    assert [row[3] for row in table.rows] == [7850, 20, 0]
    assert "<table>" in table._repr_html_() and "7,870" in net._repr_html_()
    assert net.training and net[1].num_batches_tracked.item() == 0
    two = nn.Bilinear(3, 4, 2).summary([(3,), (4,)])
    assert two.rows[0][2] == (2, 2)
    with pytest.raises(ValueError):
        net.summary((5,))
    assert net.training and not net[0]._post_hooks


@pytest.mark.parametrize("eps", [0.8, 0.1])
def test_eps_that_looks_like_a_momentum(eps):
    nn._norm._warned.clear()
    with pytest.warns(UserWarning, match="Keras"):
        nn.BatchNorm2d(3, eps)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.BatchNorm2d(3, eps)  # once
        nn.BatchNorm1d(3, 0.01, 0.8)


# ---- architecture -------------------------------------------------------------------------------
def test_unknown_classes():
    class Mine(nn.Module):
        def __init__(self, width, depth=2):
            super().__init__()
            self.width, self.depth = width, depth

    class MyLinear(nn.Linear):
        pass

    for module in (Mine(3), nn.Sequential(MyLinear(2, 2))):
        with pytest.raises(TypeError, match=r"nn\.register[\s\S]*state_dict"):
            nn.module_to_config(module)
    try:
        nn.register(Mine)
        again = nn.module_from_config(nn.module_to_config(nn.Sequential(Mine(3, depth=5))))
        assert (again[0].width, again[0].depth) == (3, 5)
    finally:
        nn._config._classes.pop("Mine")

    class Hidden(nn.Module):
        def __init__(self, width):
            super().__init__()

    nn.register(Hidden)
    try:
        with pytest.raises(TypeError, match="'width'"):
            nn.module_to_config(Hidden(3))
    finally:
        nn._config._classes.pop("Hidden")
    with pytest.raises(TypeError):
        nn.register(int)
    Linear = type("Linear", (nn.Module,), {})
    with pytest.raises(ValueError, match="belongs to ganc"):
        nn.register(Linear)


@pytest.mark.parametrize(
    "config",
    [
        None,
        {},
        {"class": "Linear"},
        {"class": "os.system", "config": {}},
        {"class": "Linear", "config": {"in_features": 2}},
        {"class": "Linear", "config": {"in_features": 2, "out_features": "x"}},
        {"class": "Linear", "config": {"in_features": -2, "out_features": 1}},
        {"class": "Sequential", "config": {}},
        {"class": "Sequential", "config": {"modules": [["0", {"class": "No", "config": {}}]]}},
        *(
            {
                "class": "Linear",
                "config": {"in_features": 1, "out_features": 1},
                "wrappers": [wrapper],
            }
            for wrapper in (
                {"kind": "eval"},
                {"kind": "spectral_norm", "path": "part"},
                {"kind": "spectral_norm", "path": 3},
                {"kind": "spectral_norm", "speed": 3},
            )
        ),
    ],
)
def test_bad_architecture(config):
    with pytest.raises(ValueError):
        nn.module_from_config(config)


@pytest.mark.parametrize("make", [nn.utils.spectral_norm, nn.utils.weight_norm])
def test_architecture_of_normalised_weights(make):
    net = nn.Sequential(make(nn.Linear(3, 4)), nn.ReLU())
    again = nn.module_from_config(json.loads(json.dumps(nn.module_to_config(net))))
    again.load_state_dict(net.state_dict())
    x = ganc.randn(2, 3)
    assert again.eval()(x).tolist() == net.eval()(x).tolist()


def test_architecture_of_normalised_weights_inside_a_layer():
    net = nn.ModuleList([nn.AdaIN(3, 4)])
    nn.utils.spectral_norm(net[0].fc, n_power_iterations=2)
    nn.utils.weight_norm(net[0].fc, "bias", dim=None)
    config = json.loads(json.dumps(nn.module_to_config(net)))
    again = nn.module_from_config(config)
    assert nn.module_to_config(again) == config
    again.load_state_dict(net.state_dict())
    x, style = ganc.randn(2, 3, 4, 4), ganc.randn(2, 4)
    assert again.eval()[0](x, style).tolist() == net.eval()[0](x, style).tolist()
