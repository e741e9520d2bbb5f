"""copy.copy, copy.deepcopy and pickle: of tensors, modules, optimizers, generators and models."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import ganc
from ganc import nn, optim


def pickled(x):
    return pickle.loads(pickle.dumps(x))


BOTH = pytest.mark.parametrize("again", [copy.deepcopy, pickled], ids=["deepcopy", "pickle"])
VALUES = {
    "float": lambda: ganc.tensor([[1.5, -2.0]]),
    "integers": lambda: ganc.tensor([3, -4]),
    "bools": lambda: ganc.tensor([1, 0]) > 0,
    "one number": lambda: ganc.tensor(7),
    "empty": lambda: ganc.zeros(0, 3),
    "view": lambda: ganc.arange(6).reshape(2, 3)[:, 1],
    "learns": lambda: ganc.tensor([1.0], requires_grad=True),
    "Parameter": lambda: nn.Parameter([1.0, 2.0]),
    "frozen": lambda: nn.Parameter([1.0], requires_grad=False),
    "Buffer": lambda: nn.Buffer([1.0], persistent=False),
}


@BOTH
@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_tensors(again, make):
    x = make()
    y = again(x)
    assert type(y) is type(x) and (y.dtype, y.shape) == (x.dtype, x.shape)
    assert y.requires_grad == x.requires_grad and y.is_leaf and y._base is None
    np.testing.assert_array_equal(y.detach().numpy(), x.detach().numpy())
    assert vars(y) == vars(x) if hasattr(x, "__dict__") else not hasattr(y, "__dict__")
    before = x.tolist()
    y.data.zero_()
    assert x.tolist() == before


@BOTH
def test_one_tensor_twice_stays_one(again):
    x = ganc.ones(2)
    a, b = again([x, x])
    assert a is b and a is not x


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_a_shallow_copy_shares_the_values(make):
    x = make()
    y = copy.copy(x)
    assert y is not x and type(y) is type(x) and y.requires_grad == x.requires_grad
    y.data.zero_()
    assert not np.any(x.detach().numpy())


def test_tensors_of_a_graph():
    x = ganc.tensor([2.0], requires_grad=True)
    y = x * 3
    with pytest.raises(RuntimeError, match="detach"):
        copy.deepcopy(y)
    again = pickled(y)
    assert again.is_leaf and again.requires_grad and again.tolist() == [6.0]


def test_gradients_are_copied_and_not_pickled():
    p = nn.Parameter([2.0])
    (p * p).sum().backward()
    assert copy.deepcopy(p).grad.tolist() == [4.0] and pickled(p).grad is None


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.utils.spectral_norm(nn.Linear(3, 4))
        self.rest = nn.Sequential(nn.BatchNorm1d(4), nn.LeakyReLU(0.2), nn.Dropout(0.5))
        self.last = nn.utils.weight_norm(nn.Linear(4, 3))
        self.scale = nn.Parameter([1.0])
        self.tied = self.scale

    def forward(self, x):
        return self.last(self.rest(self.first(x))) * self.scale * self.tied


@BOTH
def test_modules(again):
    net = Own()
    x = ganc.randn(8, 3)
    net(x)  # now there are plans, and weights that hooks have made
    other = again(net)
    assert other.tied is other.scale and other.training
    assert list(other.state_dict()) == list(net.state_dict())
    ganc.manual_seed(1)
    wanted = net(x).tolist()
    ganc.manual_seed(1)
    assert other(x).tolist() == wanted
    net.eval(), other.eval()
    other.scale.data.zero_()
    assert not np.any(other(x).detach().numpy()) and np.any(net(x).detach().numpy())


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
    "groups": lambda p: optim.RMSprop([{"params": p[:1]}, {"params": p[1:], "lr": 0.2}], lr=0.1),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1),
}


@BOTH
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizers_go_with_their_network(again, make):
    net = nn.Linear(3, 2)
    opt = make(list(net.parameters()))
    x = ganc.randn(4, 3)

    def step(net, opt):
        opt.minimize(net(x).square().sum())

    step(net, opt)
    other, other_opt = again((net, opt))
    assert other_opt.param_groups[0]["params"][0] is other.weight
    step(other, other_opt)
    assert other.weight.tolist() != net.weight.tolist()
    step(net, opt)
    assert other.weight.tolist() == net.weight.tolist()
    other_opt.param_groups[0]["lr"] = 0.0
    step(other, other_opt)
    step(net, opt)
    assert other.weight.tolist() != net.weight.tolist()


@BOTH
def test_a_scheduler_goes_along(again):
    net = nn.Linear(1, 1)
    opt = optim.SGD(net.parameters(), lr=1.0)
    made = optim.lr_scheduler.StepLR(opt, 1, 0.5)
    _, opt, made = again((net, opt, made))
    opt.step()
    made.step()
    assert made.optimizer is opt and opt.param_groups[0]["lr"] == 0.5


@BOTH
def test_generators(again):
    g = ganc.Generator(3)
    ganc.randn(2, generator=g)
    other = again(g)
    assert ganc.randn(4, generator=other).tolist() == ganc.randn(4, generator=g).tolist()


@BOTH
def test_models_go_on_with_the_same_bits(again):
    x = ganc.datasets.toy.ring(64, seed=0)
    gan = ganc.models.ToyGAN(g_hidden=(8,), d_hidden=(8,), seed=0)
    gan.ema = 0.9
    gan.fit(x, epochs=2, batch_size=16, verbose=0)
    other = again(gan)
    wanted = gan.fit(x, epochs=2, batch_size=16, verbose=0).history
    assert other.fit(x, epochs=2, batch_size=16, verbose=0).history == wanted
    np.testing.assert_array_equal(other.sample(9, seed=1), gan.sample(9, seed=1))
