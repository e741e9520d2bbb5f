"""The functions and methods of tensors, against torch."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from rival import close, numbers, same, torch

import ganc

A = numbers((3, 4), 1)
B = numbers((3, 4), 2)
P = numbers((3, 4), 3, 0.1, 2.0)  # positive
C = numbers((2, 3, 4), 4)
ROW = numbers((4,), 5)

FUNCTIONS = {
    "add": lambda T, a, b: T.add(a, b),
    "sub": lambda T, a, b: T.sub(a, b),
    "mul": lambda T, a, b: T.mul(a, b),
    "div": lambda T, a, b: T.div(a, b),
    "maximum": lambda T, a, b: T.maximum(a, b),
    "minimum": lambda T, a, b: T.minimum(a, b),
    "operators": lambda T, a, b: (a + 1) * b - a / (b * b + 1) + 2 / (a * a + 1) - (3 - b),
    "pow of tensors": lambda T, a, b: T.pow(abs(a) + 0.5, b),
    "pow operator": lambda T, a, b: (abs(a) + 0.5) ** b,
    "number to a tensor": lambda T, a, b: 2.0**a + T.pow(3.0, b),
    "clamp by tensors": lambda T, a, b: T.clamp(a, b - 1, b + 0.5),
    "clamp from below by a tensor": lambda T, a, b: T.clamp(a, min=b),
    "where": lambda T, a, b: T.where(a > b, a, b * 2),
    "where with numbers": lambda T, a, b: T.where(a > 0, a, 0.0) + T.where(b > 0, 1.0, b),
    "max of two": lambda T, a, b: T.max(a, b),
    "min of two": lambda T, a, b: T.min(a, b),
    "matmul": lambda T, a, b: T.matmul(a, b.T),
    "matmul operator": lambda T, a, b: a @ b.t(),
    "cat": lambda T, a, b: T.cat([a, b, a], dim=1),
    "stack": lambda T, a, b: T.stack([a, b], dim=-1),
    "stack 0": lambda T, a, b: T.stack((a, b)),
    "einsum outer": lambda T, a, b: T.einsum("ij,kl->ikjl", a, b),
    "einsum matmul": lambda T, a, b: T.einsum("ij,kj->ik", a, b),
    "einsum implicit": lambda T, a, b: T.einsum("ij,kj", a, b),
    "einsum scalar": lambda T, a, b: T.einsum("ij,ij->", a, b),
    "einsum diagonal batch": lambda T, a, b: T.einsum("ij,ij->i", a, b),
    "einsum unused": lambda T, a, b: T.einsum("ij,kl->il", a, b),
    "einsum transpose": lambda T, a, b: T.einsum("ij,ij->ji", a, b),
    "expand_as": lambda T, a, b: a[:, :1].expand_as(b) * b,
    "lerp by hand": lambda T, a, b: a.mul(0.3).add(b.mul(0.7)),
}

ONE = {
    "exp": lambda T, x: T.exp(x),
    "expm1": lambda T, x: T.expm1(x),
    "abs": lambda T, x: T.abs(x),
    "neg": lambda T, x: -x,
    "sign": lambda T, x: T.sign(x) * x,
    "square": lambda T, x: T.square(x),
    "sin": lambda T, x: T.sin(x),
    "cos": lambda T, x: T.cos(x),
    "tanh": lambda T, x: T.tanh(x),
    "sigmoid": lambda T, x: T.sigmoid(x),
    "erf": lambda T, x: T.erf(x),
    "relu": lambda T, x: T.relu(x),
    "reciprocal": lambda T, x: T.reciprocal(x + 5),
    "softmax": lambda T, x: T.softmax(x, 1),
    "log_softmax": lambda T, x: T.log_softmax(x, 0),
    "pow 2": lambda T, x: T.pow(x, 2),
    "pow 3": lambda T, x: x.pow(3),
    "pow operator": lambda T, x: x**2 + x**3,
    "clamp": lambda T, x: T.clamp(x, -0.5, 0.7),
    "clamp min": lambda T, x: x.clamp(min=0.1),
    "clamp max": lambda T, x: x.clamp(max=0.1),
    "clamp crossed": lambda T, x: T.clamp(x, 1.0, -1.0) + 0 * x,
    "sum": lambda T, x: x.sum(),
    "sum 0": lambda T, x: x.sum(0),
    "sum keepdim": lambda T, x: x.sum(1, keepdim=True),
    "sum positional keepdim": lambda T, x: x.sum(1, True),
    "sum all dims": lambda T, x: T.sum(x, dim=(0, 1)),
    "mean": lambda T, x: T.mean(x),
    "mean -1": lambda T, x: x.mean(-1),
    "var": lambda T, x: T.var(x),
    "var 0": lambda T, x: x.var(0),
    "var biased": lambda T, x: x.var(0, unbiased=False),
    "var correction": lambda T, x: x.var(dim=1, correction=2, keepdim=True),
    "var flag": lambda T, x: T.var(x, False),
    "std": lambda T, x: T.std(x),
    "std 0": lambda T, x: x.std(0, keepdim=True),
    "std biased": lambda T, x: x.std(1, unbiased=False),
    "amax": lambda T, x: T.amax(x, dim=0),
    "amin": lambda T, x: x.amin((0, 1)),
    "max": lambda T, x: T.max(x),
    "min": lambda T, x: x.min(),
    "max 1": lambda T, x: T.max(x, 1),
    "max keepdim": lambda T, x: x.max(dim=0, keepdim=True),
    "min -1": lambda T, x: x.min(-1),
    "max values": lambda T, x: x.max(1).values * x.min(0)[0].sum(),
    "argmax": lambda T, x: x * T.argmax(x, 1, keepdim=True),
    "argmin": lambda T, x: T.argmin(x) + x,
    "logsumexp": lambda T, x: T.logsumexp(x, 1),
    "norm": lambda T, x: T.norm(x),
    "norm dim": lambda T, x: x.norm(2, dim=1),
    "norm keepdim": lambda T, x: x.norm(dim=0, keepdim=True),
    "norm 1": lambda T, x: x.norm(p=1),
    "norm 3": lambda T, x: x.norm(3, dim=1),
    "norm half": lambda T, x: x.norm(0.5, dim=1),
    "norm inf": lambda T, x: x.norm(math.inf, dim=0),
    "norm -inf": lambda T, x: x.norm(-math.inf),
    "cumsum": lambda T, x: T.cumsum(x, 1),
    "topk": lambda T, x: T.topk(x, 2),
    "topk dim": lambda T, x: x.topk(2, dim=0, largest=False),
    "transpose": lambda T, x: T.transpose(x, 0, 1),
    "permute": lambda T, x: T.permute(x, (1, 0)),
    "permute method": lambda T, x: x.permute(1, 0),
    "reshape": lambda T, x: T.reshape(x, (2, -1)),
    "reshape method": lambda T, x: x.reshape(4, 3),
    "view": lambda T, x: x.view(-1),
    "view 2": lambda T, x: x.view((2, 6)),
    "view_as": lambda T, x: x.view(-1).view_as(x),
    "flatten": lambda T, x: T.flatten(x),
    "squeeze": lambda T, x: x.view(1, 3, 1, 4).squeeze(),
    "squeeze dim": lambda T, x: x.view(1, 3, 1, 4).squeeze(2),
    "squeeze dims": lambda T, x: x.view(1, 3, 1, 4).squeeze((0, 1)),
    "unsqueeze": lambda T, x: T.unsqueeze(x, 1),
    "unsqueeze -1": lambda T, x: x.unsqueeze(-1),
    "expand": lambda T, x: x.unsqueeze(0).expand(2, -1, 4),
    "broadcast_to": lambda T, x: T.broadcast_to(x, (2, 3, 4)),
    "repeat": lambda T, x: x.repeat(2, 1, 3),
    "repeat same": lambda T, x: x.repeat(2, 2),
    "flip": lambda T, x: T.flip(x, (0, 1)),
    "flip method": lambda T, x: x.flip(1),
    "roll": lambda T, x: T.roll(x, 1, 0),
    "roll two": lambda T, x: T.roll(x, (1, -2), (0, 1)),
    "roll flat": lambda T, x: T.roll(x, 5),
    "tril": lambda T, x: T.tril(x),
    "triu": lambda T, x: x.triu(1),
    "triu below": lambda T, x: x.triu(-1),
    "masked_fill": lambda T, x: x.masked_fill(x > 0, 3.0),
    "split": lambda T, x: T.split(x, 3, dim=1),
    "split sizes": lambda T, x: x.split([1, 2], 0),
    "chunk": lambda T, x: T.chunk(x, 3, 1),
    "unbind by iteration": lambda T, x: list(x),
    "index int": lambda T, x: x[1],
    "index negative": lambda T, x: x[-1, 2],
    "index slice": lambda T, x: x[1:, ::2],
    "index none": lambda T, x: x[:, None, 1],
    "index ellipsis": lambda T, x: x[..., 0],
    "index list": lambda T, x: x[[2, 0, 2]],
    "index mask": lambda T, x: x[x > 0],
    "clone": lambda T, x: x.clone(),
    "in place chain": lambda T, x: x.clone().mul_(2).add_(1).sub_(x, alpha=0.5).div_(3),
    "in place operator": lambda T, x: _in_place(x),
    "in place clamp": lambda T, x: (x * 1).clamp_(-1, 1),
    "item assignment": lambda T, x: _assigned(x),
    "detach": lambda T, x: x * x.detach(),
    "einsum sum": lambda T, x: T.einsum("ij->j", x),
    "einsum t": lambda T, x: T.einsum("ij->ji", x),
}

POSITIVE = {
    "log": lambda T, x: T.log(x),
    "log1p": lambda T, x: T.log1p(x),
    "sqrt": lambda T, x: T.sqrt(x),
    "rsqrt": lambda T, x: T.rsqrt(x),
    "pow half": lambda T, x: x**0.5,
    "pow negative": lambda T, x: T.pow(x, -1.5),
    "norm -2": lambda T, x: T.norm(x, -2.0),
}

THREE = {
    "flatten 1": lambda T, x: x.flatten(1),
    "flatten 0 1": lambda T, x: T.flatten(x, 0, 1),
    "permute": lambda T, x: x.permute(2, 0, 1),
    "T reversed": lambda T, x: x.permute(2, 1, 0) * 2,
    "bmm": lambda T, x: T.bmm(x, x.transpose(1, 2)),
    "matmul broadcast": lambda T, x: x @ x[0].T,
    "mean dims": lambda T, x: x.mean((0, 2)),
    "std dims": lambda T, x: x.std((1, 2)),
    "norm dims": lambda T, x: x.norm(2, (1, 2), True),
    "tril": lambda T, x: x.tril(),
    "roll": lambda T, x: x.roll(2, -1),
    "max": lambda T, x: x.max(1),
    "topk": lambda T, x: x.topk(1, 1),
    "chunk uneven": lambda T, x: x.chunk(3, 2),
    "einsum": lambda T, x: T.einsum("bij,bkj->bik", x, x),
    "einsum reduce": lambda T, x: T.einsum("bij,j->bi", x, x[0, 0]),
    "squeeze nothing": lambda T, x: x.squeeze(0),
}


def _in_place(x):
    y = x * 1
    y += x
    y *= 2
    y -= 1
    y /= 4
    return y


def _assigned(x):
    y = x * 2
    y[0] = x[1] * 3
    y[1, 1:3] = 0.5
    return y


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_two(name):
    same(FUNCTIONS[name], A, B, second=name not in ("max of two", "min of two"))


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one(name):
    same(ONE[name], A, second=True)


@pytest.mark.parametrize("name", POSITIVE)
def test_functions_of_positive_numbers(name):
    same(POSITIVE[name], P, second=True)


@pytest.mark.parametrize("name", THREE)
def test_functions_of_three_dimensions(name):
    same(THREE[name], C)


@pytest.mark.parametrize("fn", [FUNCTIONS["add"], FUNCTIONS["mul"], FUNCTIONS["maximum"]])
def test_broadcasting(fn):
    same(fn, C, ROW)
    same(fn, ROW, C)


CREATION = {
    "zeros": lambda T: T.zeros(2, 3),
    "zeros tuple": lambda T: T.zeros((2, 3)),
    "zeros scalar": lambda T: T.zeros(()),
    "zeros empty": lambda T: T.zeros(0, 3),
    "ones": lambda T: T.ones([2]),
    "full": lambda T: T.full((2, 2), 0.5),
    "arange": lambda T: T.arange(5) * 1.0,
    "arange 2": lambda T: T.arange(1, 4) * 1.0,
    "arange step": lambda T: T.arange(1.0, 2.0, 0.3),
    "arange down": lambda T: T.arange(3.0, 0.0, -1.0),
    "linspace": lambda T: T.linspace(-1, 1, 7),
    "linspace 1": lambda T: T.linspace(2, 5, 1),
    "eye": lambda T: T.eye(3),
    "eye rectangle": lambda T: T.eye(2, 3),
    "zeros_like": lambda T: T.zeros_like(T.ones(2)),
    "ones_like": lambda T: T.ones_like(T.zeros(2, 1)),
    "tensor": lambda T: T.tensor([[1.0, 2.0], [3.0, 4.5]]),
    "tensor number": lambda T: T.tensor(2.5),
    "empty shape": lambda T: T.empty(2, 0),
}


@pytest.mark.parametrize("name", CREATION)
def test_creation(name):
    close(CREATION[name](ganc), CREATION[name](torch))


def test_creation_flags_and_like():
    assert ganc.zeros(2, requires_grad=True).requires_grad
    assert ganc.tensor([1.0], requires_grad=True).is_leaf
    assert not ganc.ones_like(ganc.zeros(2, requires_grad=True)).requires_grad
    assert ganc.randn_like(ganc.zeros(3, 2)).shape == (3, 2)


def test_results_with_names():
    values, indices = ganc.max(ganc.tensor(A), 1)
    result = ganc.topk(ganc.tensor(A), 2)
    assert result._fields == ("values", "indices")
    close(values, torch.tensor(A).max(1).values)
    close(indices, torch.tensor(A).max(1).indices)


@pytest.mark.parametrize("p", [0, 1, 1.5, 2, 3, math.inf])
def test_norm_at_zero_has_gradient_zero(p):
    x = ganc.zeros(3, requires_grad=True)
    ganc.norm(x, p).backward() if p else None
    if p:
        assert np.isfinite(x.grad.numpy()).all()
    assert ganc.norm(ganc.tensor([0.0, 2.0, 3.0]), p).item() == pytest.approx(
        torch.norm(torch.tensor([0.0, 2.0, 3.0]), p).item(), abs=1e-5
    )


def test_std_of_equal_numbers_has_gradient_zero():
    x = ganc.ones(4, requires_grad=True)
    ganc.std(x).backward()
    assert x.grad.tolist() == [0.0] * 4


def test_numpy_on_the_left():
    x = ganc.tensor([1.0, 2.0])
    assert isinstance(np.ones(2) * x, ganc.Tensor)
    assert isinstance(np.float32(2) * x, ganc.Tensor)
    assert (np.ones(2) + x).tolist() == [2.0, 3.0]


def test_sizes():
    x = ganc.zeros(2, 3)
    assert x.size() == (2, 3) and x.size(1) == 3 and x.size(-1) == 3
    assert len(x) == 2 and x.numel() == 6 and x.dim() == 2
    assert x.T.shape == (3, 2) and x.float() is x and x.cpu() is x
    assert f"{ganc.tensor(1.25):.1f}" == "1.2"


# ---- in place --------------------------------------------------------------------------------
def test_in_place_on_a_leaf_is_refused_with_gradients_only():
    x = ganc.ones(2, requires_grad=True)
    for change in (
        lambda: x.add_(1),
        lambda: x.mul_(2),
        lambda: x.zero_(),
        lambda: x.fill_(3.0),
        lambda: x.copy_(ganc.zeros(2)),
        lambda: x.normal_(),
        lambda: x.uniform_(),
        lambda: x.clamp_(0, 1),
    ):
        with pytest.raises(RuntimeError):
            change()
    assert x.tolist() == [1.0, 1.0]
    with ganc.no_grad():
        x.add_(1).mul_(3)
    assert x.tolist() == [6.0, 6.0] and x.requires_grad and x.is_leaf
    x.data.sub_(1)
    assert x.tolist() == [5.0, 5.0]
    x.data = ganc.zeros(2)
    assert x.tolist() == [0.0, 0.0]


def test_in_place_on_what_the_tape_needs_is_an_error():
    x = ganc.ones(2, requires_grad=True)
    y = x * 1
    z = (y * y).sum()
    y.add_(1)
    with pytest.raises(RuntimeError):
        z.backward()


def test_in_place_random():
    ganc.manual_seed(3)
    x = ganc.zeros(4000).normal_(1.0, 2.0)
    assert abs(x.mean().item() - 1) < 0.15 and abs(x.std().item() - 2) < 0.15
    y = ganc.zeros(1000).uniform_(-1, 3)
    assert -1 <= y.min().item() < -0.9 and 2.9 < y.max().item() <= 3
    z = ganc.zeros(10).uniform_(to=5)
    assert z.max().item() <= 5
    with pytest.raises(ValueError, match="std"):
        x.normal_(0, -1)
    with pytest.raises(ValueError):
        x.uniform_(2, 1)
    with pytest.raises(TypeError):
        x.uniform_(bound=2)


def test_deepcopy():
    x = ganc.ones(2, requires_grad=True)
    y = copy.deepcopy([x, x])
    assert y[0] is y[1] and y[0].requires_grad and y[0] is not x
    with ganc.no_grad():
        y[0].add_(1)
    assert x.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="leaf"):
        copy.deepcopy(x * 2)
