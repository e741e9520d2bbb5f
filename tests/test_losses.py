"""ganc.losses: values and gradients against torch in float64 formulas, names, refusals."""

import numpy as np
import pytest
from pytorch import torch

import ganc
from ganc import losses

F = torch.nn.functional


def reference(name, s, r, f):
    """D's and G's loss in torch, from the published formulas."""
    if name in ("non_saturating", "minimax"):
        real = (1 - s) * F.softplus(-r) + s * F.softplus(r)
        d = real.mean() + F.softplus(f).mean()
        g = F.softplus(-f).mean() if name == "non_saturating" else -F.softplus(f).mean()
    elif name == "lsgan":
        d = ((r - (1 - s)) ** 2).mean() / 2 + (f**2).mean() / 2
        g = ((f - 1) ** 2).mean() / 2
    elif name == "wgan":
        d, g = f.mean() - r.mean(), -f.mean()
    else:
        d, g = F.relu(1 - r).mean() + F.relu(1 + f).mean(), -f.mean()
    return d, g


@pytest.fixture
def logits():
    rng = np.random.default_rng(3)
    return [3 * rng.standard_normal((7, 1)).astype(np.float32) for _ in range(2)]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("name", losses.list())
def test_values_and_gradients(name, smoothing, logits):
    if smoothing and not losses.get(name).has_targets:
        pytest.skip("no targets to smooth")
    loss = losses.get(name, label_smoothing=smoothing)
    ours = [ganc.tensor(x, requires_grad=True) for x in logits]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in logits]
    d, g = reference(name, smoothing, *theirs)
    for own, want, inputs in (
        (loss.d_loss(*ours), d, (0, 1)),
        (loss.g_loss(ours[1], ours[0]), g, (1,)),
    ):
        assert own.shape == ()
        assert own.item() == pytest.approx(want.item(), rel=2e-6, abs=1e-6)
        grads = ganc.grad(own, [ours[i] for i in inputs])
        for a, b in zip(grads, torch.autograd.grad(want, [theirs[i] for i in inputs]), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-7)


def test_signs():
    """A D that is right has a small loss, a G that fools it too."""
    sure, fooled = ganc.tensor([[4.0]]), ganc.tensor([[-4.0]])
    for name in losses.list():
        loss = losses.get(name)
        if name != "lsgan":
            assert loss.d_loss(sure, fooled).item() < loss.d_loss(fooled, sure).item()
            assert loss.g_loss(sure).item() < loss.g_loss(fooled).item()
    lsgan = losses.get("lsgan")
    assert lsgan.d_loss(ganc.tensor([[1.0]]), ganc.tensor([[0.0]])).item() == 0


def test_extreme_logits_stay_finite():
    big = ganc.tensor([[1e4], [-1e4]])
    for name in losses.list():
        assert np.isfinite(losses.get(name).d_loss(big, big).item())


def test_equilibrium_of_non_saturating():
    zero = ganc.zeros(4, 1)
    loss = losses.get("gan")
    assert loss.d_loss(zero, zero).item() == pytest.approx(2 * np.log(2))
    assert loss.g_loss(zero).item() == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: losses.get("hinges"), ValueError, "did you mean 'hinge'"),
        (lambda: losses.get(3), TypeError, "d_loss"),
        (lambda: losses.get("wgan", label_smoothing=0.1), ValueError, "no targets"),
        (lambda: losses.get("gan", label_smoothing=1.0), ValueError, "label_smoothing"),
        (lambda: losses.get("gan", label_smoothing=float("nan")), ValueError, "label_smoothing"),
        (lambda: losses.get(losses.Hinge(), label_smoothing=0.1), ValueError, "object"),
        (lambda: losses.register("wgan"), ValueError, "exists"),
        (lambda: losses.GANLoss().d_loss(None, None), NotImplementedError, "d_loss"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_documented():
    for name in losses.list():
        cls = type(losses.get(name))
        assert cls.__doc__ and cls.source and cls.name == name
