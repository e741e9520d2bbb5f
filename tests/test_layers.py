"""Layers and losses as modules, against torch, and their refusals."""

from __future__ import annotations

import inspect
import json
import re

import numpy as np
import pytest
from rival import DOUBLE, close, numbers, torch

import ganc
from ganc import nn

LAYERS = {
    "Linear": ((4, 3), {}, [(5, 4)]),
    "Linear no bias": ((4, 3, False), {}, [(2, 5, 4)]),
    "Bilinear": ((4, 3, 2), {}, [(5, 4), (5, 3)]),
    "BatchNorm1d": ((4,), {}, [(6, 4)]),
    "BatchNorm1d 3-D": ((4,), {"affine": False}, [(6, 4, 3)]),
    "BatchNorm1d average": ((4,), {"momentum": None}, [(6, 4)]),
    "BatchNorm1d no stats": ((4,), {"track_running_stats": False}, [(6, 4)]),
    "BatchNorm2d": ((4, 1e-3, 0.3), {}, [(3, 4, 2, 5)]),
    "InstanceNorm2d": ((4,), {}, [(3, 4, 2, 5)]),
    "InstanceNorm2d full": ((4,), {"affine": True, "track_running_stats": True}, [(3, 4, 2, 5)]),
    "LayerNorm": ((4,), {}, [(3, 4)]),
    "LayerNorm two": (([3, 4],), {"bias": False}, [(2, 3, 4)]),
    "LayerNorm plain": ((4,), {"elementwise_affine": False}, [(3, 4)]),
    "GroupNorm": ((2, 4), {}, [(3, 4, 5)]),
    "GroupNorm plain": ((4, 4), {"affine": False}, [(3, 4, 5)]),
    "Identity": ((1, 2), {}, [(3, 4)]),
    "Flatten": ((), {}, [(3, 4, 2)]),
    "Flatten dims": ((0, 1), {}, [(3, 4, 2)]),
    "Unflatten": ((1, (2, 2)), {}, [(3, 4)]),
    "Unflatten -1": ((-1, (2, -1)), {}, [(3, 4)]),
    "ReLU": ((), {}, [(3, 4)]),
    "LeakyReLU": ((0.2,), {}, [(3, 4)]),
    "PReLU": ((4,), {"init": 0.1}, [(3, 4)]),
    "ELU": ((1.5,), {}, [(3, 4)]),
    "SELU": ((), {}, [(3, 4)]),
    "GELU": ((), {"approximate": "tanh"}, [(3, 4)]),
    "SiLU": ((), {}, [(3, 4)]),
    "Softplus": ((2.0,), {}, [(3, 4)]),
    "Sigmoid": ((), {}, [(3, 4)]),
    "Tanh": ((), {}, [(3, 4)]),
    "Softmax": ((1,), {}, [(3, 4)]),
    "LogSoftmax": ((0,), {}, [(3, 4)]),
    "Hardtanh": ((-0.5, 0.5), {}, [(3, 4)]),
    "GRUCell": ((4, 3), {}, [(5, 4), (5, 3)]),
    "GRUCell zero state": ((4, 3, False), {}, [(5, 4)]),
    "GRUCell single": ((4, 3), {}, [(4,), (3,)]),
    "LSTMCell": ((4, 3), {}, [(5, 4)]),
    "LSTMCell single": ((4, 3, False), {}, [(4,)]),
}


def pair(name):
    arguments, options, shapes = LAYERS[name]
    kind = name.split()[0]
    ours, theirs = (getattr(x, kind)(*arguments, **options) for x in (nn, torch.nn))
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for p in theirs.parameters():
            p.copy_(torch.tensor(rng.normal(0, 0.5, tuple(p.shape))))
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs, [numbers(s, 50 + i) for i, s in enumerate(shapes)]


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_layer_against_torch(name, train):
    """Names of the state, output, gradients of inputs and parameters, statistics afterwards."""
    ours, theirs, inputs = pair(name)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    tol = 1e-9 if DOUBLE else 5e-5
    if not train:  # statistics of one batch first
        for T, module in ((ganc, ours), (torch, theirs)):
            module(*[T.tensor(x) for x in inputs])
    results = []
    for T, module in ((ganc, ours), (torch, theirs)):
        module.train(train)
        xs = [T.tensor(x, requires_grad=True) for x in inputs]
        y = module(*xs)
        y = y if isinstance(y, tuple) else (y,)
        loss = sum((a * T.tensor(numbers(tuple(a.shape), 7))).sum() for a in y)
        loss.backward()
        results.append((y, [x.grad for x in xs], [p.grad for p in module.parameters()]))
    for a, b in zip(*results, strict=True):
        for x, t in zip(a, b, strict=True):
            close(x, t, tol)
    for key, value in theirs.state_dict().items():
        close(ours.state_dict()[key], value, tol, key)


@pytest.mark.parametrize("name", LAYERS)
def test_architecture_as_data(name):
    ours, _, inputs = pair(name)
    config = json.loads(json.dumps(nn.module_to_config(ours)))
    again = nn.module_from_config(config)
    assert nn.module_to_config(again) == nn.module_to_config(ours) and repr(again) == repr(ours)
    again.load_state_dict(ours.state_dict())
    a, b = (m.eval()(*[ganc.tensor(x) for x in inputs]) for m in (ours, again))
    for x, y in zip(*[r if isinstance(r, tuple) else (r,) for r in (a, b)], strict=True):
        assert x.tolist() == y.tolist()


LOSSES = {
    "MSELoss": {},
    "L1Loss": {"reduction": "sum"},
    "SmoothL1Loss": {"beta": 0.5},
    "KLDivLoss": {"reduction": "batchmean", "log_target": True},
    "BCEWithLogitsLoss": {"pos_weight": [1.0, 2.0, 3.0]},
    "BCELoss": {"reduction": "none"},
    "CrossEntropyLoss": {"weight": [1.0, 2.0, 3.0], "label_smoothing": 0.1},
    "NLLLoss": {"ignore_index": 1},
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss_modules(name):
    x, t = numbers((4, 3), 60, 0.1, 0.9), numbers((4, 3), 61, 0.1, 0.9)
    if name in ("CrossEntropyLoss", "NLLLoss"):
        t = np.array([0, 2, 1, 1])
    modules = []
    for T, N in ((ganc, nn), (torch, torch.nn)):
        options = {k: T.tensor(v) if isinstance(v, list) else v for k, v in LOSSES[name].items()}
        modules.append(getattr(N, name)(**options))
    close(modules[0](ganc.tensor(x), ganc.tensor(t)), modules[1](torch.tensor(x), torch.tensor(t)))
    again = nn.module_from_config(json.loads(json.dumps(nn.module_to_config(modules[0]))))
    close(again(ganc.tensor(x), ganc.tensor(t)), modules[0](ganc.tensor(x), ganc.tensor(t)))
    assert list(modules[0].state_dict()) == list(modules[1].state_dict())
    with pytest.raises(ValueError, match="reduction"):
        getattr(nn, name)(reduction="average")


def test_layers_of_our_own():
    layer = nn.Maxout(6, 4, 3)
    assert layer.weight.shape == (12, 6)
    z = layer.weight.detach() @ ganc.ones(6) + layer.bias.detach()
    close(layer(ganc.ones(2, 6))[0], z.reshape(4, 3).amax(1))
    noise = nn.GaussianNoise(0.5)
    assert noise(ganc.zeros(2000)).std().item() == pytest.approx(0.5, abs=0.05)
    assert noise.eval()(ganc.zeros(3)).tolist() == [0, 0, 0]
    table = nn.Embedding(5, 3, padding_idx=-1)
    assert table.padding_idx == 4 and table.weight[4].tolist() == [0, 0, 0]
    table(np.array([0, 4, 4])).sum().backward()
    assert table.weight.grad.numpy().sum(1).tolist() == [3, 0, 0, 0, 0]
    drop = nn.Dropout2d(0.5)
    assert drop.eval()(ganc.ones(1, 2, 3, 3)).numpy().min() == 1


# ---- refusals -----------------------------------------------------------------------------------
BAD = {
    "Linear zero": (ValueError, lambda: nn.Linear(0, 3)),
    "Linear negative": (ValueError, lambda: nn.Linear(3, -1)),
    "Linear float": (TypeError, lambda: nn.Linear(2.5, 3)),
    "Linear input": (ValueError, lambda: nn.Linear(4, 3)(ganc.zeros(2, 5))),
    "Linear array": (TypeError, lambda: nn.Linear(4, 3)("text")),
    "Embedding padding": (ValueError, lambda: nn.Embedding(3, 2, padding_idx=3)),
    "BatchNorm1d": (ValueError, lambda: nn.BatchNorm1d(3)(ganc.zeros(2, 3, 4, 4))),
    "BatchNorm2d": (ValueError, lambda: nn.BatchNorm2d(3)(ganc.zeros(2, 3))),
    "BatchNorm channels": (ValueError, lambda: nn.BatchNorm1d(3)(ganc.zeros(2, 4))),
    "BatchNorm single": (ValueError, lambda: nn.BatchNorm1d(3)(ganc.zeros(1, 3))),
    "BatchNorm eps": (ValueError, lambda: nn.BatchNorm1d(3, eps=-1)),
    "BatchNorm nan": (ValueError, lambda: nn.BatchNorm1d(3, eps=float("nan"))),
    "BatchNorm momentum": (ValueError, lambda: nn.BatchNorm1d(3, momentum=2)),
    "InstanceNorm2d": (ValueError, lambda: nn.InstanceNorm2d(3)(ganc.zeros(2, 4, 3, 3))),
    "GroupNorm": (ValueError, lambda: nn.GroupNorm(2, 3)),
    "LayerNorm": (ValueError, lambda: nn.LayerNorm(3)(ganc.zeros(2, 4))),
    "Dropout": (ValueError, lambda: nn.Dropout(1.1)),
    "Dropout nan": (ValueError, lambda: nn.Dropout(float("nan"))),
    "GaussianNoise": (ValueError, lambda: nn.GaussianNoise(-0.1)),
    "PReLU": (ValueError, lambda: nn.PReLU(0)),
    "Unflatten": (ValueError, lambda: nn.Unflatten(1, (2, 2))(ganc.zeros(1, 5))),
    "Unflatten -1": (ValueError, lambda: nn.Unflatten(1, (2, -1))(ganc.zeros(1, 5))),
    "GRUCell": (ValueError, lambda: nn.GRUCell(3, 2)(ganc.zeros(1, 4))),
    "GRUCell state": (ValueError, lambda: nn.GRUCell(3, 2)(ganc.zeros(1, 3), ganc.zeros(2, 2))),
    "Maxout": (ValueError, lambda: nn.Maxout(3, 2, 0)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    error, call = BAD[name]
    with pytest.raises(error):
        call()


def test_a_layer_is_in_the_file_of_its_function():
    def word(name):  # BatchNorm2d and batch_norm are one
        return re.sub(r"\dd$", "", name.replace("_", "").lower())

    functions = {word(n): getattr(nn.functional, n) for n in nn.functional.__all__}
    layers = {word(n): getattr(nn, n) for n in nn.__all__ if isinstance(getattr(nn, n), type)}
    pairs = {word: (layers[word], functions[word]) for word in layers.keys() & functions}
    assert len(pairs) > 40
    apart = [
        (layer.__module__, inspect.unwrap(function).__module__)
        for layer, function in pairs.values()
        if layer.__module__ != inspect.unwrap(function).__module__.replace(".functional.", ".")
    ]
    assert not apart
