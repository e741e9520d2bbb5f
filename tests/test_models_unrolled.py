"""UnrolledGAN: its networks and numbers, and the gradient through the steps of D.

What needs float64 is computed in a child process (`measure`).
"""

import traceback
from types import SimpleNamespace

import numpy as np
import pytest
from double import in_double
from harness import note
from pytorch import torch
from small import small_model

import ganc
from ganc import cli, models, nn
from ganc._backend import core
from ganc.cli._runs import build
from ganc.nn.utils._functional_call import swapped

BATCH = 5


def count(network):
    return sum(p.numel() for p in network.parameters())


def step_of(optimizer):
    group = optimizer.param_groups[0]
    return group["lr"], tuple(group["betas"]), group["eps"]


# ---- unrolled: networks and numbers ----


def test_unrolled():
    gan = models.UnrolledGAN(seed=0)
    assert count(gan.generator) == (256 * 128 + 128) + (128 * 128 + 128) + (128 * 2 + 2)
    assert count(gan.discriminator) == (2 * 128 + 128) + (128 * 128 + 128) + (128 + 1)
    assert step_of(gan.g_optimizer) == (1e-3, (0.5, 0.999), 1e-8)
    assert step_of(gan.d_optimizer) == (1e-4, (0.5, 0.999), 1e-8)
    assert gan.default_batch_size == 512 and gan.latent == "normal"
    assert [type(m).__name__ for m in gan.generator][1::2] == ["Tanh", "Tanh"]
    middle = gan.generator[2].weight.detach().numpy()
    np.testing.assert_allclose(middle @ middle.T, 1.4**2 * np.eye(128), atol=1e-4)
    assert not gan.generator[2].bias.detach().numpy().any()


def test_unrolled_mistakes():
    with pytest.raises(ValueError, match="unroll_steps: got -1"):
        models.UnrolledGAN(unroll_steps=-1)
    with pytest.raises(ValueError, match="unroll: got 'adm'.*did you mean 'adam'"):
        models.UnrolledGAN(unroll="adm")
    with pytest.raises(ValueError, match="unroll_lr"):
        models.UnrolledGAN(unroll_lr=0)


def test_unrolled_saddle_is_minus_the_loss_of_d_without_steps():
    """Both updates are of the same networks and samples."""
    logs = small_model("UnrolledGAN", unroll_steps=0).train_on_batch(np.ones((8, 2)))
    assert logs["g_loss"] == pytest.approx(-logs["d_loss"], rel=1e-6)


def test_unrolled_d_moves_as_without_unrolling():
    x = np.random.default_rng(0).normal(size=(3, 16, 2)).astype(np.float32)
    found = {}
    for k in (0, 3):
        gan = small_model("UnrolledGAN", unroll_steps=k, g_lr=0.0)
        for batch in x:
            gan.train_on_batch(batch)
        found[k] = [p.detach().numpy() for p in gan.discriminator.parameters()]
    assert all(np.array_equal(*pair) for pair in zip(found[0], found[3], strict=True))


@pytest.mark.parametrize("steps", [1, 3])
def test_unrolled_adam_is_the_step_that_d_then_makes(steps):
    """The first unrolled parameters are those after D's ordinary step on the batch."""
    gan = small_model("UnrolledGAN", unroll_steps=1, g_lr=0.0, d_lr=1e-2)
    x = np.random.default_rng(0).normal(size=(steps, 16, 2)).astype(np.float32)
    seen = []

    def keep(*arguments):
        seen.append({n: p.detach().numpy().copy() for n, p in unroll(*arguments).items()})
        return unroll(*arguments)

    unroll, gan.unroll = gan.unroll, keep
    for batch in x:
        before = {n: p.detach().numpy().copy() for n, p in gan.discriminator.named_parameters()}
        gan.train_on_batch(batch)
    for name, p in gan.discriminator.named_parameters():
        moved = p.detach().numpy() - before[name]
        np.testing.assert_allclose(seen[-1][name] - before[name], moved, rtol=2e-3, atol=2e-6)
        assert np.abs(moved).max() > 1e-3


@pytest.mark.parametrize("loss", ["non_saturating", "hinge", "wgan", "relativistic"])
@pytest.mark.parametrize("saddle", [True, False])
def test_unrolled_with_other_losses(loss, saddle):
    gan = small_model("UnrolledGAN", loss=loss, saddle=saddle, activation="relu")
    for _ in range(3):
        logs = gan.train_on_batch(np.ones((8, 2), np.float32))
    assert np.isfinite(list(logs.values())).all()


def test_unrolled_adam_where_a_gradient_is_zero():
    """A unit that is off has second moments 0, whose root has no derivative."""
    gan = small_model("UnrolledGAN", activation="relu")
    gan.discriminator[0].bias.data.fill_(-100.0)
    logs = gan.train_on_batch(np.ones((8, 2), np.float32))
    assert np.isfinite(list(logs.values())).all()


def test_the_command_line_gives_points_to_what_takes_them(tmp_path, capsys):
    small = ["--set", "g_hidden=(8,)", "--set", "d_hidden=(8,)", "--batch-size", "25000"]
    small += ["--set", "unroll_steps=1", "--set", "latent_dim=2"]
    assert cli.main(["train", "unrolled", *small, "--out", str(tmp_path / "a")]) == 0
    assert ganc.load(tmp_path / "a" / "model.ganc").sample(3, seed=0).shape == (3, 2)
    words = ["train", "unrolled", "--data", "fashion_mnist", "--out", str(tmp_path / "b")]
    assert cli.main(words) == 2
    assert "UnrolledGAN trains on points" in capsys.readouterr().err
    points = SimpleNamespace(x=np.zeros((8, 3), np.float32))
    assert build(models.MinibatchGAN, points, {}).config["features"] == 3


# ---- unrolled: gradients, in float64 ----


class Unrolled(models.UnrolledGAN):
    """With a small convolutional critic that has derivatives of every order."""

    def networks(self, c):
        torch.manual_seed(0)
        return network(nn, "g"), network(nn, "d")


def network(lib, which):
    if which == "g":
        return lib.Sequential(lib.Linear(3, 4), lib.Tanh(), lib.Linear(4, 16), lib.Tanh(),
                              lib.Unflatten(1, (1, 4, 4)))  # fmt: skip
    return lib.Sequential(lib.Conv2d(1, 3, 3, 2, 1), lib.Softplus(), lib.Conv2d(3, 2, 3, 1, 1),
                          lib.Softplus(), lib.Flatten(), lib.Linear(8, 1))  # fmt: skip


RULES = [(rule, saddle, k) for rule in ("sgd", "adam") for saddle in (True, False) for k in (1, 3)]
KEYWORDS = {
    "latent_dim": 3, "seed": 0, "loss": "minimax", "betas": (0.5, 0.9), "d_lr": 0.05, "g_lr": 0.01,
}  # fmt: skip


def their_loss(d, weights, real, fake):
    sp = torch.nn.functional.softplus
    r, f = (torch.func.functional_call(d, weights, x) for x in (real, fake))
    return sp(-r).mean() + sp(f).mean(), -sp(f).mean()


def their_objective(gan, saddle, k, rule, z, real):
    """Return G's loss, and its derivatives in the parameters of G and D, as torch has them."""
    g, d = network(torch.nn, "g"), network(torch.nn, "d")
    weights = [
        {n: torch.tensor(p.detach().numpy().copy()).requires_grad_()
         for n, p in net.named_parameters()}
        for net in (gan.generator, gan.discriminator)
    ]  # fmt: skip
    state = [gan.d_optimizer.state[p] for p in gan.discriminator.parameters()]
    m = [torch.tensor(s["exp_avg"].numpy().copy()) for s in state]
    v = [torch.tensor(s["exp_avg_sq"].numpy().copy()) for s in state]
    t, lr, (b1, b2) = state[0]["step"], 0.05, (0.5, 0.9)
    fake, moved = torch.func.functional_call(g, weights[0], z), dict(weights[1])
    for _ in range(k):
        loss, _ = their_loss(d, moved, real, fake)
        slopes = torch.autograd.grad(loss, list(moved.values()), create_graph=True)
        t += 1
        for i, (name, slope) in enumerate(zip(moved, slopes, strict=True)):
            if rule == "sgd":
                moved[name] = moved[name] - lr * slope
                continue
            m[i], v[i] = b1 * m[i] + (1 - b1) * slope, b2 * v[i] + (1 - b2) * slope**2
            root = (v[i] / (1 - b2**t)).sqrt() + 1e-8
            moved[name] = moved[name] - lr * (m[i] / (1 - b1**t)) / root
    whole, fakes = their_loss(d, moved, real, fake)
    value = -whole if saddle else fakes
    leaves = [*weights[0].values(), *weights[1].values()]
    return value.item(), [x.numpy() for x in torch.autograd.grad(value, leaves)]


def objective(gan, begin, z, real, saddle):
    fake = gan.generator(z)
    ahead = gan.unroll(begin, real, fake)
    if saddle:
        return -gan._loss_with(ahead, real, fake, ())
    with swapped(gan.discriminator, ahead):
        return gan.loss.g_loss(gan.judge(fake), None)


def differences(value, parameter, h=1e-3):
    flat, found = parameter.detach().numpy().reshape(-1), []  # shares the memory
    for i, at in enumerate(flat.copy()):
        moved = []
        for k in (-2, -1, 1, 2):
            flat[i] = at + k * h
            moved.append(value())
        flat[i] = at
        found.append((moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * h))
    return np.array(found).reshape(parameter.shape)


def errors(rule, saddle, k):
    """Return the worst relative errors: from torch's loop, and from differences."""
    gan = Unrolled(unroll=rule, saddle=saddle, unroll_steps=k, **KEYWORDS)
    rng = np.random.default_rng(1)
    for _ in range(4):  # D's optimizer has moments
        gan.train_on_batch(rng.uniform(-1, 1, (BATCH, 1, 4, 4)))
    z, x = rng.normal(size=(BATCH, 3)), rng.uniform(-1, 1, (BATCH, 1, 4, 4))
    ours = core.tensor(z), core.tensor(x)
    g, d = list(gan.generator.parameters()), dict(gan.discriminator.named_parameters())
    begin = {n: p.detach().requires_grad_() for n, p in d.items()}  # shares the memory
    value = objective(gan, begin, *ours, saddle)
    found = [x.numpy() for x in ganc.grad(value, [*g, *begin.values()])]
    want, theirs = their_objective(gan, saddle, k, rule, torch.tensor(z), torch.tensor(x))
    size = max(np.abs(x).max() for x in theirs)

    def worst(others):
        return max(float(np.abs(a - b).max()) for a, b in zip(found, others, strict=True)) / size

    def again():
        return objective(gan, begin, *ours, saddle).item()

    return {
        "value": abs(value.item() - want),
        "torch": worst(theirs),
        "differences": worst([differences(again, p) for p in [*g, *d.values()]]),
        "size": float(size),
        "smallest": min(float(np.abs(x).max()) for x in theirs) / float(size),
    }


def measure():
    torch.set_default_dtype(torch.float64)
    found = {}
    for case in RULES:
        try:
            found[str(case)] = errors(*case)
        except Exception:
            found[str(case)] = traceback.format_exc()
    return found


@pytest.fixture(scope="module")
def measured():
    return in_double(__name__, "measure")


@pytest.mark.parametrize("case", RULES, ids=str)
def test_unrolled_gradient_in_every_parameter(case, measured):
    found = measured[str(case)]
    assert isinstance(found, dict), found
    assert found["size"] > 1e-3 and found["smallest"] > 1e-4
    assert note("unrolled: gradient, differences", found["differences"], str(case)) < 1e-7
    assert note("unrolled: gradient, torch", found["torch"], str(case)) < 1e-12
    assert found["value"] < 1e-12
