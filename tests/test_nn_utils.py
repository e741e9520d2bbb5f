"""nn.utils: normalised weights, clipping, vectors."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from rival import DOUBLE, close, numbers, torch

import ganc
from ganc import nn


# ---- utils --------------------------------------------------------------------------------------
@pytest.mark.parametrize("iterations", [1, 3])
def test_spectral_norm(iterations):
    torch.manual_seed(0)
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
    for _ in range(300):
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


CONVOLUTIONS = {
    "Conv1d": ((3, 4, 3), (2, 3, 6)),
    "Conv2d": ((3, 4, (3, 2), 2), (2, 3, 6, 5)),
    "ConvTranspose1d": ((3, 4, 3), (2, 3, 6)),
    "ConvTranspose2d": ((3, 4, (3, 2), 2), (2, 3, 3, 4)),
}


def wrapped(name, what, **options):
    """Return a convolution of each library with the same normalised weight, and its input."""
    arguments, shape = CONVOLUTIONS[name]
    modules = []
    for N in (nn, torch.nn):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            modules.append(getattr(N.utils, what)(getattr(N, name)(*arguments), **options))
    ours, theirs = modules
    assert {k: v.shape for k, v in ours.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs, numbers(shape, 74)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_spectral_norm_of_convolutions(name):
    """Over steps of training, with one in evaluation between them."""
    ours, theirs, x = wrapped(name, "spectral_norm")
    tol = 1e-9 if DOUBLE else 1e-4
    optimizers = [ganc.optim.SGD(ours.parameters(), 0.01)]
    optimizers.append(torch.optim.SGD(theirs.parameters(), 0.01))
    for step in range(6):
        results = []
        for T, m, optimizer in zip((ganc, torch), (ours, theirs), optimizers, strict=True):
            m.train(step != 3)
            m.zero_grad()
            y = m(T.tensor(x))
            (y * y).sum().backward()
            results.append([y, m.weight_orig.grad.clone(), m.weight_u, m.weight_v, m.weight])
            optimizer.step()
        for a, b in zip(*results, strict=True):
            close(a, b, tol)
    nn.utils.remove_spectral_norm(ours.eval())
    close(ours(ganc.tensor(x)), theirs.eval()(torch.tensor(x)), tol)


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_weight_norm_of_convolutions(name, dim):
    ours, theirs, x = wrapped(name, "weight_norm", dim=dim)
    results = []
    for T, m in ((ganc, ours), (torch, theirs)):
        y = m(T.tensor(x))
        (y * y).sum().backward()
        results.append([y, m.weight_g.grad, m.weight_v.grad])
    for a, b in zip(*results, strict=True):
        close(a, b, 1e-9 if DOUBLE else 1e-4)


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
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (sum(p.numel() for p in net.parameters()),)
    nn.utils.vector_to_parameters(vector.detach() * 2, net.parameters())
    close(nn.utils.parameters_to_vector(net.parameters()), 2 * vector)
    with pytest.raises(ValueError):
        nn.utils.vector_to_parameters(ganc.zeros(3), net.parameters())
    with pytest.raises(TypeError):
        nn.utils.vector_to_parameters([1.0], net.parameters())
