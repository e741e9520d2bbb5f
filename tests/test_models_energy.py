"""UnrolledGAN, MinibatchGAN, EBGAN, BEGAN: their networks, their numbers, one step by formula.

What needs float64 is computed in a child process (`measure`).
"""

import traceback

import numpy as np
import pytest
from double import in_double
from harness import note
from pytorch import torch
from small import small_model

import ganc
from ganc import models, nn
from ganc._backend import core
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


# ---- minibatch discrimination ----


def conv(inputs, outputs, kernel=3):
    return inputs * outputs * kernel**2 + 2 * outputs  # directions, lengths, biases


def test_minibatch():
    gan = models.MinibatchGAN(seed=0)
    norms = 2 * 16 * 512 + 2 * 256 + 2 * 128  # shifts, and gains that stay 1
    last = 128 * 3 * 25 + 3 + 3
    dense = 100 * 16 * 512
    assert count(gan.generator) == dense + 25 * (512 * 256 + 256 * 128) + norms + last
    body = conv(3, 96) + 2 * conv(96, 96) + conv(96, 192) + 3 * conv(192, 192)
    body += 2 * conv(192, 192, 1)
    compare = 192 * 500 + 500 + 100
    assert count(gan.discriminator) == body + compare + (292 + 1 + 1)
    fixed = 3 * 96 + 6 * 192
    trained = [sum(p.numel() for g in o.param_groups for p in g["params"])
               for o in (gan.g_optimizer, gan.d_optimizer)]  # fmt: skip
    assert trained[0] == count(gan.generator) - norms // 2
    assert trained[1] == count(gan.discriminator) - fixed
    assert step_of(gan.g_optimizer) == step_of(gan.d_optimizer) == (3e-4, (0.5, 0.999), 1e-8)
    assert gan.default_batch_size == 100 and gan.latent == "uniform" and gan.d_reduction == "mean"
    assert [u.name for u in gan.updates()] == ["d", "g", "g", "g"]
    kinds = [m for m in gan.discriminator if isinstance(m, (nn.GaussianNoise, nn.Dropout))]
    assert [getattr(m, "p", None) or m.std for m in kinds] == [0.2, 0.5, 0.5]
    strides = [m.stride[0] for m in gan.discriminator if isinstance(m, nn.Conv2d)]
    assert strides == [1, 1, 2, 1, 1, 2, 1, 1, 1]


def test_minibatch_for_points():
    gan = models.MinibatchGAN(features=2, seed=0)
    assert count(gan.generator) == (100 * 128 + 128) + (128 * 128 + 128) + (128 * 2 + 2)
    compare = 128 * 500 + 500 + 100
    head = 228 + 1 + 1
    assert count(gan.discriminator) == (2 * 128 + 128) + (128 * 128 + 128) + compare + head
    gan.fit(ganc.datasets.toy.ring(200, seed=0), epochs=1, verbose=0)
    assert gan.sample(3, seed=0).shape == (3, 2)


def test_minibatch_begins_from_the_first_batch():
    """Layers with weight norm then give mean 0 and deviation 1, the last ones 0.1."""
    gan = small_model("MinibatchGAN", noise=0.0, dropout=0.0, g_lr=0.0, d_lr=0.0)
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (64, 3, 12, 16)).astype(np.float32)
    gan.train_on_batch(x)
    y, stds = ganc.tensor(x), []
    for layer in gan.discriminator:
        before, y = y, layer(y)
        if hasattr(layer, "weight_g") and not isinstance(layer, nn.MinibatchDiscrimination):
            values = y.detach().numpy()
            axes = (0, *range(2, values.ndim))
            np.testing.assert_allclose(values.mean(axes), 0, atol=1e-4)
            stds.append(values.std(axes))
        elif isinstance(layer, nn.MinibatchDiscrimination):
            added = y.detach().numpy()[:, before.shape[1] :]
            np.testing.assert_allclose(added.mean(0), 0, atol=1e-4)
            assert added.std() > 1e-3
    assert len(stds) == 10
    for std in stds[:-1]:
        np.testing.assert_allclose(std, 1, rtol=1e-3)
    np.testing.assert_allclose(stds[-1], 0.1, rtol=1e-3)
    kept = {n: p.detach().numpy().copy() for n, p in gan.discriminator.named_parameters()}
    gan.train_on_batch(x * 0.1)
    assert all(np.array_equal(kept[n], p) for n, p in gan.discriminator.named_parameters())


def test_minibatch_with_a_batch_of_equal_samples():
    logs = small_model("MinibatchGAN", features=2).train_on_batch(np.ones((4, 2), np.float32))
    assert np.isfinite(list(logs.values())).all()


def test_minibatch_lengths_stay_as_they_began():
    gan = small_model("MinibatchGAN")
    x = np.random.default_rng(0).uniform(-1, 1, (8, 3, 12, 16)).astype(np.float32)
    gan.train_on_batch(x)
    parts = [m for n in (gan.generator, gan.discriminator) for m in n.modules()]
    fixed = [m.weight_g for m in parts if hasattr(m, "weight_g") and not m.weight_g.requires_grad]
    fixed += [m.weight for m in parts if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    kept = [p.detach().numpy().copy() for p in fixed]
    gan.train_on_batch(x)
    assert len(fixed) == 9 + 1
    assert all(np.array_equal(a, b.detach().numpy()) for a, b in zip(kept, fixed, strict=True))


def test_minibatch_rates_fall_at_the_end():
    gan = small_model("MinibatchGAN", features=2, decay_epochs=(800, 1200))
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    for epoch, share in ((0, 1), (800, 1), (900, 0.75), (1199, 1 / 400), (1300, 0)):
        gan._position.epoch = epoch
        gan.train_on_batch(x)
        assert gan.g_optimizer.param_groups[0]["lr"] == pytest.approx(3e-4 * share)
        assert gan.d_optimizer.param_groups[0]["lr"] == pytest.approx(3e-4 * share)


def test_minibatch_mistakes():
    for wrong, message in (
        ({"g_steps": 0}, "g_steps: got 0"),
        ({"decay_epochs": (5, 5)}, "decay_epochs"),
        ({"image_shape": (1, 8, 8)}, "sides of at least 12"),
        ({"image_shape": (1, 30, 30)}, "image_shape"),
        ({"features": 0}, "features: got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            models.MinibatchGAN(**wrong)


# ---- energies ----


def numbers(gan, which):
    """Return a network's parameters in float64."""
    return {n: p.detach().numpy().astype(np.float64)
            for n, p in getattr(gan, which).named_parameters()}  # fmt: skip


def test_energy_loss():
    r, f = ganc.tensor([[1.0], [3.0]]), ganc.tensor([[4.0], [14.0]])
    loss = ganc.losses.get("energy")
    assert loss.margin == 10
    assert loss.d_loss(r, f).item() == 2 + (6 + 0) / 2 and loss.g_loss(f).item() == 9
    assert ganc.losses.EnergyLoss(margin=5).d_loss(r, f).item() == 2 + (1 + 0) / 2
    assert repr(ganc.losses.EnergyLoss(5)) == "EnergyLoss(margin=5.0)"
    assert ganc.losses.EnergyLoss(5).equilibrium() == (5, None)
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="margin"):
            ganc.losses.EnergyLoss(wrong)
    with pytest.raises(ValueError, match="no targets"):
        ganc.losses.EnergyLoss(label_smoothing=0.1)


def test_energy_loss_in_a_file(tmp_path):
    gan = ganc.GAN(nn.Linear(2, 2), nn.Linear(2, 1), 2, loss=ganc.losses.EnergyLoss(3), seed=0)
    gan.save(tmp_path / "a.ganc")
    assert ganc.load(tmp_path / "a.ganc").loss.margin == 3
    gan = small_model("EBGAN", margin=2.5)
    gan.save(tmp_path / "b.ganc")
    again = ganc.load(tmp_path / "b.ganc")
    assert again.loss.margin == 2.5 and again.tricks[0].weight == 0.1


def test_ebgan():
    gan = models.EBGAN(seed=0)
    hidden = (100 * 1600 + 1600) + 3 * (1600 * 1600 + 1600) + 4 * 2 * 1600
    assert count(gan.generator) == hidden + 1600 * 784 + 784
    assert count(gan.discriminator) == (784 * 1024 + 1024) + (1024 * 784 + 784)
    assert step_of(gan.g_optimizer) == step_of(gan.d_optimizer) == (1e-3, (0.5, 0.999), 1e-8)
    assert gan.loss.margin == 10 and gan.tricks == () and gan.default_batch_size == 128
    for net, std in ((gan.generator, 0.02), (gan.discriminator, 0.002)):
        linear = [m for m in net.modules() if isinstance(m, nn.Linear)]
        assert all(m.weight.detach().numpy().std() == pytest.approx(std, rel=0.02) for m in linear)
        assert not any(m.bias.detach().numpy().any() for m in linear)
    kinds = [type(m).__name__ for m in models.EBGAN(e_hidden=(8, 6), seed=0).discriminator.encoder]
    assert kinds == ["Flatten", "Linear", "ReLU", "Linear", "BatchNorm1d", "ReLU"]


ERRORS = {
    "mean_square": lambda e: (e**2).mean(1),
    "mean_abs": lambda e: np.abs(e).mean(1),
    "norm": lambda e: np.sqrt((e**2).sum(1)),
}


@pytest.mark.parametrize("energy", ERRORS)
def test_ebgan_losses(energy):
    """Of one step, from the formulas: energies, the margin, cosines of codes."""
    gan = small_model("EBGAN", energy=energy, e_hidden=(7,), margin=0.8, d_std=0.2, d_lr=0.0,
                      g_lr=0.0, pulling_away=0.1)  # fmt: skip
    x = np.random.default_rng(0).uniform(-1, 1, (6, 3, 5, 6)).astype(np.float32)
    fakes = []
    gan.generator.register_forward_hook(lambda m, a, out: fakes.append(out.detach().numpy().copy()))
    logs = gan.train_on_batch(x)
    p = numbers(gan, "discriminator")

    def code(x):
        flat = x.reshape(len(x), -1).astype(np.float64)
        return flat, np.maximum(flat @ p["encoder.1.weight"].T + p["encoder.1.bias"], 0)

    def energies(x):
        flat, h = code(x)
        return ERRORS[energy](h @ p["decoder.0.weight"].T + p["decoder.0.bias"] - flat)

    r, f, again = energies(x), energies(fakes[-2]), energies(fakes[-1])  # after a look at shapes
    h = code(fakes[-1])[1]
    unit = h / np.linalg.norm(h, axis=1, keepdims=True)
    cosines = (unit @ unit.T) ** 2
    apart = (cosines.sum() - np.trace(cosines)) / (6 * 5)
    assert logs["d_loss"] == pytest.approx(r.mean() + np.maximum(0.8 - f, 0).mean(), rel=1e-5)
    assert logs["d_real"] == pytest.approx(r.mean(), rel=1e-5)
    assert logs["g_loss"] == pytest.approx(again.mean() + 0.1 * apart, rel=1e-5)
    assert logs["g_pulling_away_loss"] == pytest.approx(0.1 * apart, rel=1e-4)


def test_reconstruct():
    gan = small_model("EBGAN")
    x = np.random.default_rng(0).uniform(-1, 1, (6, 3, 5, 6)).astype(np.float32)
    gan.train_on_batch(x)
    made = gan.reconstruct(x)
    assert made.shape == x.shape
    want = ((made - x) ** 2).mean((1, 2, 3))
    found = gan.predict("discriminator", x)[:, 0]
    np.testing.assert_allclose(found, want, rtol=1e-5)


def test_ebgan_mistakes():
    with pytest.raises(ValueError, match="energy: got 'square'"):
        models.EBGAN(energy="square")
    for name in ("margin", "pulling_away", "g_std", "d_std"):
        with pytest.raises(ValueError, match=f"{name}: got -1"):
            models.EBGAN(**{name: -1})
