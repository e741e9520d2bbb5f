"""The plan of Sequential: which layers take the activation after them, and when not."""

from __future__ import annotations

import pytest
from rival import DOUBLE, close, numbers

import ganc
from ganc import nn


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


def test_a_subclass_with_its_own_forward_is_not_fused():
    class Twice(nn.Linear):
        def forward(self, input):
            return 2 * super().forward(input)

    class Named(nn.Linear):
        pass

    x = ganc.tensor(numbers((4, 3), 72))
    for layer, steps in ((Twice(3, 2), 2), (Named(3, 2), 1), (nn.Linear(3, 2), 1)):
        net = nn.Sequential(layer, nn.Tanh())
        close(net(x), net[1](net[0](x)))
        assert len(net._plan[1]) == steps


def test_a_negative_slope_is_not_lost_in_a_fused_layer():
    net = nn.Sequential(nn.Linear(3, 2), nn.LeakyReLU(-0.5))
    x = ganc.tensor(numbers((4, 3), 73))
    assert net(x).tolist() == net[1](net[0](x)).tolist()


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


@pytest.mark.parametrize("act", [nn.ReLU(), nn.LeakyReLU(0.2), nn.LeakyReLU(-0.1), nn.Tanh()])
@pytest.mark.parametrize("last", [(), (nn.Sigmoid(),)])
@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 5, 5), (2, 4, 12, 11)])
def test_batch_norm_takes_the_activation_before_it(act, last, shape):
    layer = nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d
    first = nn.Linear(4, 5) if len(shape) == 2 else nn.Conv2d(4, 5, 3, padding=1)
    norms = layer(5), layer(5)
    net = nn.Sequential(first, act, norms[0], *last)
    x = ganc.tensor(numbers(shape, 75), requires_grad=True)

    def plain(x):
        y = norms[1](act(first(x)))
        return last[0](y) if last else y

    for training in (True, False):
        for module in (net, norms[1]):
            module.train(training)
        results = []
        for norm, call in ((norms[0], net), (norms[1], plain)):
            y = call(x)
            slopes = ganc.grad(y.square().sum(), [x, *first.parameters(), *norm.parameters()])
            results.append([y, *slopes, norm.running_mean, norm.running_var])
        for a, b in zip(*results, strict=True):
            close(a, b, 1e-9 if DOUBLE else 1e-4)
    taken = type(act) is not nn.Tanh and not last
    assert len(net._plan[1]) == (1 if taken else 2)


@pytest.mark.parametrize("act", [nn.ReLU(), nn.LeakyReLU(0.2), nn.Tanh()])
@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 5, 5)])
def test_batch_norm_takes_the_activation(act, shape):
    layer = nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d
    nets = [nn.Sequential(layer(4), act) for _ in range(2)]
    x = ganc.tensor(numbers(shape, 74), requires_grad=True)
    for training in (True, False):
        results = []
        for net, call in ((nets[0], nets[0]), (nets[1], lambda x: act(nets[1][0](x)))):
            net.train(training)
            y = call(x)
            results.append([y, *ganc.grad(y.square().sum(), [x, *net.parameters()]),
                            net[0].running_mean, net[0].running_var])  # fmt: skip
        for a, b in zip(*results, strict=True):
            close(a, b, 1e-9 if DOUBLE else 1e-4)
        assert nets[0][0].num_batches_tracked.item() == 1
    assert len(nets[0]._plan[1]) == 1
