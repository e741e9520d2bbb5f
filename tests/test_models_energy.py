"""MinibatchGAN, EBGAN, BEGAN: their networks, their numbers, one step by formula."""

import numpy as np
import pytest
from small import small_model

import ganc
from ganc import models, nn


def count(network):
    return sum(p.numel() for p in network.parameters())


def step_of(optimizer):
    group = optimizer.param_groups[0]
    return group["lr"], tuple(group["betas"]), group["eps"]


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
    norms = 2 * 2 * 128
    assert count(gan.generator) == 100 * 128 + 128 * 128 + norms + (128 * 2 + 2)
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
    gan = small_model("EBGAN", energy="mean_square")
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


# ---- BEGAN ----


def test_began():
    gan = models.BEGAN(seed=0)
    plain, n = lambda a, b: a * b * 9 + b, 64
    decoder = (64 * n * 64 + n * 64) + 6 * plain(n, n) + plain(n, 3)
    assert count(gan.generator) == decoder
    encoder = plain(3, n) + 3 * plain(n, n)  # 32x32, the last with stride 2
    encoder += plain(n, 2 * n) + 2 * plain(2 * n, 2 * n)  # 16x16
    encoder += plain(2 * n, 3 * n) + plain(3 * n, 3 * n) + (3 * n * 64 * 64 + 64)  # 8x8
    assert count(gan.discriminator) == encoder + decoder
    assert step_of(gan.g_optimizer) == step_of(gan.d_optimizer) == (1e-4, (0.9, 0.999), 1e-8)
    assert gan.default_batch_size == 16 and gan.latent == "uniform" and gan.k == 0
    assert gan.sample(2, seed=0).shape == (2, 3, 32, 32)
    assert "D: mean r - k mean f" in str(gan.describe())


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 48), (1, 8, 8)])
def test_began_shapes(shape):
    gan = models.BEGAN(shape, filters=2, latent_dim=3, seed=0)
    gan.train_on_batch(np.zeros((4, *shape), np.float32))
    gan.generator[-1].bias.data.fill_(1.2)
    made = gan.sample(2, seed=0)
    assert made.shape == gan.reconstruct(made).shape == (2, *shape)
    assert made.max() == 1  # clipped


def test_began_losses_and_balance():
    """Losses, k and the measure of three steps, from the energies that D gives."""
    gan = small_model("BEGAN", gamma=0.7, lambda_k=0.4, d_lr=0.0, g_lr=0.0)
    rng, k, shown = np.random.default_rng(0), 0.0, []
    gan.generator.register_forward_hook(lambda m, a, out: shown.append(out.detach().numpy().copy()))

    def energy(x):
        x = ganc.tensor(x)
        found = gan.discriminator.reconstruct(x).detach().numpy() - x.numpy()
        return float(np.abs(found.astype(np.float64)).mean())

    for i in range(3):
        x = rng.uniform(-1, 1, (6, 3, 8, 16)).astype(np.float32) / (i + 1)
        logs = gan.train_on_batch(x)
        real, of_d, of_g = energy(x), energy(shown[-2]), energy(shown[-1])
        assert logs["d_loss"] == pytest.approx(real - k * of_d, rel=1e-5)
        assert logs["g_loss"] == pytest.approx(of_g, rel=1e-5)
        assert logs["convergence"] == pytest.approx(real + abs(0.7 * real - of_g), rel=1e-5)
        k = min(max(k + 0.4 * (0.7 * real - of_g), 0.0), 1.0)
        assert logs["k"] == pytest.approx(k, rel=1e-5) and gan.k == logs["k"] and k > 0


def test_began_keeps_k_in_0_to_1():
    x = np.ones((4, 3, 8, 16), np.float32)
    x[0] = -1
    gan = small_model("BEGAN", gamma=1.0, lambda_k=100.0)
    assert gan.train_on_batch(x)["k"] == 1
    gan = small_model("BEGAN", gamma=1e-3, lambda_k=100.0)
    assert gan.train_on_batch(x * 0)["k"] == 0


def test_began_k_in_a_file(tmp_path):
    gan = small_model("BEGAN", lambda_k=0.1)
    x = np.random.default_rng(0).uniform(-1, 1, (8, 3, 8, 16)).astype(np.float32)
    gan.fit(x, epochs=2, batch_size=4, verbose=0)
    assert 0 < gan.k < 1
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert again.k == gan.k
    for model in (gan, again):
        model.fit(x, epochs=4, initial_epoch=2, batch_size=4, verbose=0)
    assert again.k == gan.k
    assert np.array_equal(again.sample(2, seed=0), gan.sample(2, seed=0))


def test_began_with_a_trick():
    """The balance is of the energies alone, whatever else G minimises."""
    logs = {}
    for weight in (0.0, 50.0):
        gan = small_model("BEGAN")
        gan.tricks = ganc.tricks.get(ganc.tricks.PullingAway(weight))
        x = np.random.default_rng(0).uniform(-1, 1, (8, 3, 8, 16)).astype(np.float32)
        logs[weight] = gan.train_on_batch(x)
    assert logs[50.0]["g_pulling_away_loss"] > 0.1
    assert logs[50.0]["convergence"] == pytest.approx(logs[0.0]["convergence"], rel=1e-4)


def test_began_mistakes():
    for wrong, message in (
        ({"gamma": 0}, "gamma"),
        ({"gamma": 1.5}, "gamma: got 1.5"),
        ({"lambda_k": -1}, "lambda_k"),
        ({"image_shape": (1, 30, 30)}, "15x15 maps cannot be halved"),
        ({"filters": 0}, "filters: got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            models.BEGAN(**wrong)
