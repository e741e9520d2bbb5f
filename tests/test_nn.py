"""Modules: state, hooks, modes, fusing, layers against torch, architecture as data."""

from __future__ import annotations

import copy
import json
import warnings

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


# ---- registration ------------------------------------------------------------------------------
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU())
        self.scale = nn.Parameter(ganc.ones(4))
        self.register_buffer("seen", ganc.tensor(0.0))
        self.register_buffer("scratch", ganc.zeros(2), persistent=False)
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        return self.head(self.body(x) * self.scale)


class TorchNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        t = torch.nn
        self.body = t.Sequential(t.Linear(3, 4), t.BatchNorm1d(4), t.ReLU())
        self.scale = t.Parameter(torch.ones(4))
        self.register_buffer("seen", torch.tensor(0.0))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)
        self.head = t.Linear(4, 1)


def test_walks_are_torchs():
    ours, theirs = Net(), TorchNet()
    for walk in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [n for n, _ in getattr(ours, walk)()] == [n for n, _ in getattr(theirs, walk)()]
    names = [n for n, _ in theirs.named_parameters("p", recurse=False)]
    assert [n for n, _ in ours.named_parameters("p", recurse=False)] == names
    assert list(ours.state_dict(prefix="x.")) == list(theirs.state_dict(prefix="x."))
    assert len(list(ours.modules())) == len(list(theirs.modules()))
    assert sum(1 for _ in ours.buffers()) == sum(1 for _ in theirs.buffers())
    assert repr(ours).replace("Net(", "TorchNet(", 1) == repr(theirs)
    assert ours.get_submodule("body.0") is ours.body[0]
    assert ours.get_parameter("body.0.weight") is ours.body[0].weight
    assert ours.get_buffer("body.1.running_mean") is ours.body[1].running_mean
    for wrong in ("body.7", "nothing"):
        with pytest.raises(AttributeError):
            ours.get_submodule(wrong)
    with pytest.raises(AttributeError):
        ours.get_parameter("body.0.weigth")


def test_attributes():
    net = Net()
    with pytest.raises(TypeError, match="parameter 'scale'"):
        net.scale = ganc.zeros(4)
    with pytest.raises(TypeError, match="module 'head'"):
        net.head = 3
    with pytest.raises(TypeError, match="buffer 'seen'"):
        net.seen = 3
    net.seen = ganc.tensor(5.0)
    assert net.state_dict()["seen"].item() == 5
    net.scale = None
    assert net.scale is None and "scale" not in net.state_dict()
    net.scale = nn.Parameter(ganc.zeros(4))
    assert "scale" in dict(net.named_parameters())
    del net.head
    assert not hasattr(net, "head") and "head" not in dict(net.named_modules())
    net.head = 3
    net.head = nn.Linear(4, 2)  # replaces an ordinary attribute
    assert net.head.out_features == 2 and "head.weight" in net.state_dict()
    net.extra = nn.Buffer(ganc.zeros(1), persistent=False)
    assert "extra" in dict(net.named_buffers()) and "extra" not in net.state_dict()
    with pytest.raises(AttributeError):
        net.nothing
    for name, error in (("a.b", KeyError), ("", KeyError), ("forward", KeyError), (3, TypeError)):
        with pytest.raises(error):
            net.register_parameter(name, nn.Parameter(ganc.zeros(1)))
    for call in (net.register_parameter, net.register_buffer, net.add_module):
        with pytest.raises(TypeError):
            call("x", "text")

    class Early(nn.Module):
        def __init__(self):
            self.p = nn.Parameter(ganc.zeros(1))

    with pytest.raises(AttributeError, match="super"):
        Early()
    with pytest.raises(NotImplementedError):
        nn.Module()(1)


def test_shared_parts_are_counted_once():
    shared = nn.Linear(3, 3)
    net = nn.Sequential(shared, nn.ReLU(), shared)
    assert len(list(net.parameters())) == 2 and len(net.state_dict()) == 4
    assert len(list(net.named_parameters(remove_duplicate=False))) == 4
    with pytest.raises(ValueError, match="twice"):
        nn.module_to_config(net)
    act = nn.ReLU()
    nn.module_to_config(nn.Sequential(nn.Linear(1, 1), act, nn.Linear(1, 1), act))


def test_containers():
    net = nn.Sequential({"a": nn.Linear(2, 3), "b": nn.Tanh()})
    assert [n for n, _ in net.named_children()] == ["a", "b"] and net.a is net[0] is net[-2]
    net.append(nn.Linear(3, 1)).extend([nn.Sigmoid()])
    assert len(net) == 4 and isinstance(net[1:3], nn.Sequential) and len(net[1:3]) == 2
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    net.insert(1, nn.ReLU())
    assert [type(m).__name__ for m in net] == ["Linear", "ReLU", "Linear"]
    net[1] = nn.Tanh()
    del net[1]
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    both = net + nn.Sequential(nn.Tanh())
    assert len(both) == 3
    for wrong in (5, -5):
        with pytest.raises(IndexError):
            net[wrong]
    with pytest.raises(TypeError):
        nn.Sequential(nn.Linear(2, 2), "relu")
    with pytest.raises(TypeError):
        net.append(3)
    blocks = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    assert len(list(blocks.parameters())) == 6 and blocks[-1] is blocks[2]
    named = nn.ModuleDict({"x": nn.Linear(2, 2)})
    named["y"] = nn.Tanh()
    assert list(named) == ["x", "y"] and "y" in named and len(named) == 2
    assert type(named.pop("y")) is nn.Tanh and list(named.keys()) == ["x"]
    named.update([("z", nn.ReLU())])
    assert [type(v) for v in named.values()] == [nn.Linear, nn.ReLU] and dict(named.items())
    named.clear()
    assert not len(named)
    for made in (both, blocks, nn.ModuleDict({"x": nn.Sequential(nn.Linear(1, 2))})):
        again = nn.module_from_config(json.loads(json.dumps(nn.module_to_config(made))))
        assert repr(again) == repr(made)


# ---- state ----------------------------------------------------------------------------------------
def test_state_round_trip():
    a, b = Net(), Net()
    a(ganc.randn(8, 3))
    result = b.load_state_dict(a.state_dict())
    assert str(result) == "<All keys matched successfully>" and tuple(result) == ([], [])
    a.eval(), b.eval()
    x = ganc.randn(4, 3)
    assert a(x).tolist() == b(x).tolist()
    for value in a.state_dict().values():
        assert not value.requires_grad
    assert a.state_dict(keep_vars=True)["scale"] is a.scale
    b.load_state_dict({k: v.numpy() for k, v in a.state_dict().items()})
    b.load_state_dict({k: torch.tensor(v.numpy()) for k, v in a.state_dict().items()})
    # the state shares memory, as in torch
    with ganc.no_grad():
        a.scale.add_(1)
    assert a.state_dict()["scale"].tolist() == a.scale.tolist()


def test_loading_what_does_not_fit_changes_nothing():
    net = Net()
    before = {k: v.tolist() for k, v in net.state_dict().items()}
    state = {k: v.clone() + 1 for k, v in net.state_dict().items()}
    state["head.weight"] = ganc.zeros(2, 4)
    state["surplus"] = state.pop("scale")
    with pytest.raises(RuntimeError) as error:
        net.load_state_dict(state)
    text = str(error.value)
    assert "missing: scale" in text and "unexpected: surplus" in text
    assert "head.weight: got shape (2, 4), expected (1, 4)" in text
    with pytest.raises(RuntimeError, match="head.weight"):
        net.load_state_dict(state, strict=False)
    assert {k: v.tolist() for k, v in net.state_dict().items()} == before
    for wrong in ("text", None, [None]):
        state["head.weight"] = wrong
        with pytest.raises(RuntimeError, match="head.weight"):
            net.load_state_dict(state, strict=False)
    del state["head.weight"]
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["scale", "head.weight"]
    assert result.unexpected_keys == ["surplus"]
    assert net.seen.item() == 1
    with pytest.raises(TypeError):
        net.load_state_dict([1, 2])


def test_deepcopy_is_independent():
    net = Net()
    net.body._set_generator(ganc.Generator(1))
    net(ganc.randn(4, 3))
    other = copy.deepcopy(net)
    assert other.head.weight is not net.head.weight and other.head is not net.head
    assert [n for n, _ in other.named_parameters()] == [n for n, _ in net.named_parameters()]
    assert all(p.is_leaf and p.requires_grad for p in other.parameters())
    with ganc.no_grad():
        other.scale.zero_()
    assert net.scale.tolist() == [1, 1, 1, 1]
    normed = copy.deepcopy(nn.utils.spectral_norm(nn.Linear(2, 2)))
    normed(ganc.ones(1, 2))
    copy.deepcopy(normed)(ganc.ones(1, 2))


# ---- modes ----------------------------------------------------------------------------------------
def test_modes_and_gradients():
    net = Net()
    assert net.eval() is net and not net.body[1].training
    assert net.train().body.training
    with pytest.raises(ValueError):
        net.train("yes")
    net(ganc.randn(4, 3)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(p.grad.abs().sum().item() == 0 for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    assert not net(ganc.randn(4, 3)).requires_grad
    net.requires_grad_()
    assert net(ganc.randn(4, 3)).requires_grad
    seen = []
    net.apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "BatchNorm1d", "ReLU", "Sequential", "Linear", "Net"]
    assert net.to("cpu") is net and net.cpu() is net and net.float() is net
    with pytest.raises(ValueError, match="CPU"):
        net.to("cuda")


def test_generators_of_layers():
    net = nn.Sequential(nn.Linear(4, 50), nn.Dropout(0.5), nn.Sequential(nn.GaussianNoise(0.1)))
    x = ganc.ones(3, 4)
    net._set_generator(ganc.Generator(9))
    a = net(x).tolist()
    ganc.rand(1)  # the global one is not involved
    net._set_generator(ganc.Generator(9))
    assert net(x).tolist() == a
    net._set_generator(None)
    ganc.manual_seed(1)
    b = net(x).tolist()
    ganc.manual_seed(1)
    assert net(x).tolist() == b != a


def test_batch_coupled():
    coupled = nn.utils.is_batch_coupled
    assert coupled(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(2))))
    assert not coupled(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Dropout()))


# ---- hooks and fusing -------------------------------------------------------------------------------
def test_hooks():
    net, calls = nn.Linear(2, 2), []
    x = ganc.ones(1, 2)
    plain = net(x)
    with net.register_forward_pre_hook(lambda m, args: (args[0] * 2,)):
        doubled = net(x)
        close(doubled - net.bias, 2 * (plain - net.bias))
    with net.register_forward_hook(lambda m, args, out: out * 0):
        assert net(x).abs().sum().item() == 0
    first = net.register_forward_hook(lambda m, args, out: calls.append("first"))
    second = net.register_forward_hook(lambda m, a, out: calls.append("second"), prepend=True)
    kw = net.register_forward_hook(
        lambda m, args, kwargs, out: calls.append(sorted(kwargs)), with_kwargs=True
    )
    assert net(input=x).tolist() == plain.tolist()
    assert calls == ["second", "first", ["input"]]
    for handle in (first, second, kw, kw):
        handle.remove()
    pre = net.register_forward_pre_hook(
        lambda m, args, kwargs: ((), {"input": kwargs["input"] * 0}), with_kwargs=True
    )
    close(net(input=x)[0], net.bias)
    pre.remove()
    with (
        net.register_forward_pre_hook(lambda m, a, k: 3, with_kwargs=True),
        pytest.raises(RuntimeError, match="pre-hook"),
    ):
        net(x)
    assert len(calls) == 3 and net(x).tolist() == plain.tolist()


@pytest.mark.parametrize("act", [nn.ReLU(), nn.LeakyReLU(0.2), nn.Tanh(), nn.Sigmoid()])
def test_fused_layers_give_what_single_ones_give(act):
    net = nn.Sequential(nn.Linear(5, 7), act, nn.Linear(7, 3), act)
    x = ganc.tensor(numbers((6, 5), 70), requires_grad=True)
    results = []
    for call in (net, lambda x: net[3](net[2](net[1](net[0](x))))):
        y = call(x)
        gradients = ganc.grad(y.square().sum(), [x, *net.parameters()], create_graph=True)
        second = ganc.grad(gradients[0].square().sum(), list(net.parameters()), allow_unused=True)
        results.append([y, *gradients, *[g for g in second if g is not None]])
    for a, b in zip(*results, strict=True):
        close(a, b, 1e-9 if DOUBLE else 1e-4)
    assert len(net._plan[1]) == 2


def test_plan_follows_every_change():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = ganc.tensor(numbers((2, 3), 71))

    def slow():
        y = x
        for m in net:
            y = m(y)
        return y.tolist()

    def check():
        assert net(x).tolist() == slow()

    check()
    seen = []
    handle = net[1].register_forward_hook(lambda m, a, y: seen.append(y))
    check()
    assert len(seen) == 2
    handle.remove()
    check()
    net[1] = nn.LeakyReLU(0.3)
    check()
    net[1].negative_slope = 0.5
    check()
    net[0].weight = nn.Parameter(ganc.ones(4, 3))
    check()
    net[0].bias = None
    check()
    net[0] = nn.Linear(3, 4)
    check()
    net.append(nn.Tanh())
    check()
    net[0].forward = lambda x: ganc.zeros(2, 4)
    check()
    del net[0].forward
    check()
    nn.utils.spectral_norm(net[0])
    net.eval()
    check()
    with ganc.no_grad():
        net[2].weight.zero_()
    check()
    inner = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    outer = nn.Sequential(inner, nn.Linear(3, 1))
    outer(x)
    inner[1] = nn.Tanh()
    assert outer(x).tolist() == outer[1](inner[1](inner[0](x))).tolist()


# ---- printing ---------------------------------------------------------------------------------------
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
    assert Net().summary((3,)).parameters == sum(p.numel() for p in Net().parameters())


@pytest.mark.parametrize("eps", [0.8, 0.1])
def test_eps_that_looks_like_a_momentum(eps):
    nn._norm._warned.clear()
    with pytest.warns(UserWarning, match="Keras"):
        nn.BatchNorm2d(3, eps)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.BatchNorm2d(3, eps)  # once
        nn.BatchNorm1d(3, 0.01, 0.8)


# ---- architecture ---------------------------------------------------------------------------------
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
        {
            "class": "Linear",
            "config": {"in_features": 1, "out_features": 1},
            "wrappers": [{"kind": "eval"}],
        },
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


# ---- utils -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("iterations", [1, 3])
def test_spectral_norm(iterations):
    ours, theirs = nn.Linear(6, 4), torch.nn.Linear(6, 4)
    ours = nn.utils.spectral_norm(ours, n_power_iterations=iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torch.nn.utils.spectral_norm(theirs, n_power_iterations=iterations)
    assert set(ours.state_dict()) == set(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = numbers((5, 6), 72)
    tol = 1e-9 if DOUBLE else 1e-4
    for step in range(3):
        results = []
        for T, m in ((ganc, ours), (torch, theirs)):
            m.train(step != 1)
            m.zero_grad()
            y = m(T.tensor(x))
            (y * y).sum().backward()
            results.append([y, m.weight_orig.grad, m.weight_u, m.weight_v, m.weight])
        for a, b in zip(*results, strict=True):
            close(a, b, tol)
    u = ours.weight_u.tolist()
    ours.eval()(ganc.tensor(x))
    assert ours.weight_u.tolist() == u
    ours.train()
    for _ in range(30):
        ours(ganc.tensor(x))
    assert np.linalg.norm(ours.weight.detach().numpy(), 2) == pytest.approx(1, abs=1e-3)
    twice = ours(ganc.tensor(x)).sum() + ours(ganc.tensor(x)).sum()
    twice.backward()  # two calls before one backward
    weight = ours.eval()(ganc.eye(6)).T.detach() - ours.bias.detach().reshape(4, 1)
    nn.utils.remove_spectral_norm(ours)
    close(ours.weight, weight, tol)
    assert isinstance(ours.weight, nn.Parameter) and not ours._pre_hooks
    assert list(ours.state_dict()) == ["bias", "weight"]


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(dim):
    ours, theirs = nn.Linear(6, 4), torch.nn.Linear(6, 4)
    ours.load_state_dict(theirs.state_dict())
    before = ours.weight.tolist()
    ours = nn.utils.weight_norm(ours, dim=dim)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torch.nn.utils.weight_norm(theirs, dim=dim)
    x = numbers((5, 6), 73)
    results = []
    for T, m in ((ganc, ours), (torch, theirs)):
        y = m(T.tensor(x))
        (y * y).sum().backward()
        results.append([y, m.weight_g.grad, m.weight_v.grad, m.weight_g])
    for a, b in zip(*results, strict=True):
        close(a, b, 1e-9 if DOUBLE else 1e-4)
    nn.utils.remove_weight_norm(ours)
    close(ours.weight, np.array(before))


def test_wrapping_what_cannot_be_wrapped():
    layer = nn.utils.spectral_norm(nn.Linear(2, 2))
    for call in (
        lambda: nn.utils.spectral_norm(layer),
        lambda: nn.utils.spectral_norm(nn.ReLU()),
        lambda: nn.utils.spectral_norm(nn.Linear(2, 2), n_power_iterations=0),
        lambda: nn.utils.weight_norm(nn.Linear(2, 2), dim=2),
        lambda: nn.utils.remove_weight_norm(layer),
        lambda: nn.utils.remove_spectral_norm(nn.Linear(2, 2)),
    ):
        with pytest.raises(ValueError):
            call()
    with pytest.raises(TypeError):
        nn.utils.spectral_norm(3)


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("limit", [0.1, 1e6])
def test_clip_grad_norm(norm_type, limit):
    shapes = [(3, 4), (5,), ()]
    results = []
    for T, N in ((ganc, nn), (torch, torch.nn)):
        ps = [N.Parameter(T.zeros(*s) if s else T.tensor(0.0)) for s in shapes]
        for i, p in enumerate(ps[:2]):
            p.grad = T.tensor(numbers(shapes[i], 80 + i))
        total = N.utils.clip_grad_norm_(ps, limit, norm_type)
        results.append([total, *[p.grad for p in ps[:2]]])
        N.utils.clip_grad_value_(ps, 0.01)
        results[-1] += [p.grad for p in ps[:2]]
    for a, b in zip(*results, strict=True):
        close(a, b)


def test_clip_grad_norm_of_nothing_and_of_nan():
    p = nn.Parameter([1.0])
    assert nn.utils.clip_grad_norm_(p, 1.0).item() == 0
    p.grad = ganc.tensor([float("nan")])
    with pytest.raises(RuntimeError):
        nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)


def test_parameters_as_a_vector():
    net = Net()
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (sum(p.numel() for p in net.parameters()),)
    nn.utils.vector_to_parameters(vector.detach() * 2, net.parameters())
    close(nn.utils.parameters_to_vector(net.parameters()), 2 * vector)
    with pytest.raises(ValueError):
        nn.utils.vector_to_parameters(ganc.zeros(3), net.parameters())
    with pytest.raises(TypeError):
        nn.utils.vector_to_parameters([1.0], net.parameters())


# ---- refusals -----------------------------------------------------------------------------------------
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
