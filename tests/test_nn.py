"""Module: registration, state, modes, hooks."""

from __future__ import annotations

import copy
import gc
import json

import pytest
from rival import close, torch

import ganc
from ganc import nn, optim
from ganc._backend import core


# ---- registration -------------------------------------------------------------------------------
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
    expected = repr(theirs).replace("bias=True, track", "track")
    assert repr(ours).replace("Net(", "TorchNet(", 1) == expected
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
        _ = net.nothing
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


# ---- state --------------------------------------------------------------------------------------
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


# ---- modes --------------------------------------------------------------------------------------
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


def test_batch_dependent():
    batch_dependent = nn.utils.is_batch_dependent
    assert batch_dependent(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(2))))
    assert not batch_dependent(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Dropout()))


# ---- hooks and fusing ---------------------------------------------------------------------------
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


# ---- memory -------------------------------------------------------------------------------------
def test_nothing_stays_alive_and_nothing_needs_the_collector():
    """A network, its plan, its optimizer and its hooks go when the last name goes."""
    x = ganc.randn(6, 4)

    def work():
        net = nn.Sequential(
            nn.utils.spectral_norm(nn.Linear(4, 8)),
            nn.LeakyReLU(0.2),
            nn.utils.weight_norm(nn.Linear(8, 8)),
            nn.BatchNorm1d(8),
            nn.Dropout(0.3),
            nn.Linear(8, 6),
            nn.Tanh(),
            nn.Maxout(6, 3, 2),
            nn.PReLU(3),
        )
        opt = optim.Adam([{"params": net[:6].parameters()}, {"params": net[6:].parameters()}])
        for _ in range(2):
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), [0, 1, 2, 0, 1, 2]).backward()
            opt.step()
            opt.minimize(net(x).square().mean())
        (g,) = ganc.grad(net(x).sum(), net[0].weight_orig, create_graph=True)
        g.square().sum().backward()
        copy.deepcopy(net).load_state_dict(net.state_dict())
        opt.load_state_dict(opt.state_dict())
        net.summary((4,))

    work()
    gc.collect()
    gc.disable()
    try:
        before = core.live_tensors()
        for _ in range(3):
            work()
        assert core.live_tensors() == before
    finally:
        gc.enable()
