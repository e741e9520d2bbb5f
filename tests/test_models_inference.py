"""Systems that say something of images: InfoGAN, SemiSupervisedGAN, SDCGAN, BiGAN."""

from collections import namedtuple

import numpy as np
import pytest
from small import fields_for, small_model

import ganc
from ganc import models
from ganc._backend import core
from ganc.data import DataLoader, TensorDataset

Batch = namedtuple("Batch", ["x", "y"])
ADAM = (0.5, 0.999)


def count(network):
    return sum(p.numel() for p in network.parameters())


def arrays(network):
    return {name: np.array(value.numpy()) for name, value in network.state_dict().items()}


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


def softplus(x):
    return np.logaddexp(0, x)


def cross_entropy(logits, y):
    y = np.asarray(y, int)
    return np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(y)), y]


def numpy(x):
    return x.detach().numpy().astype(np.float64)


def after_a_step(name, **keywords):
    """A small model after one step, in training mode, and a batch."""
    gan = small_model(name, **keywords)
    fields = [part[:12] for part in fields_for(gan)]
    gan.train_on_batch(*fields)
    for network in gan._parts().values():
        network.train()
    rng = np.random.default_rng(1)
    x = core.Tensor(rng.random((12, *gan.config["image_shape"]), np.float32))
    y = fields[1].astype(np.float32) if len(fields) > 1 else np.zeros(12, np.float32)
    return gan, Batch(x, core.Tensor(y))


def seeded(call):
    """What a call gives after a fixed seed."""
    ganc.manual_seed(3)
    return call()


# ---- InfoGAN ----


def test_infogan_numbers():
    gan = models.InfoGAN(seed=0)
    norms_of_g = 2 * (1024 + 6272 + 64)
    assert count(gan.generator) == (
        74 * 1024 + 1024 + 1024 * 6272 + 6272 + 128 * 64 * 16 + 64 + 64 * 16 + 1 + norms_of_g
    )
    q = 1024 * 128 + 128 + 2 * 128 + 128 * 12 + 12
    trunk = 16 * 64 + 64 + 64 * 128 * 16 + 128 + 6272 * 1024 + 1024 + 2 * (128 + 1024)
    assert count(gan.discriminator) == trunk + 1024 + 1 + q
    groups = gan.g_optimizer.param_groups[0], gan.d_optimizer.param_groups[0]
    assert [(g["lr"], tuple(g["betas"])) for g in groups] == [(1e-3, ADAM), (2e-4, ADAM)]
    held = {id(p) for p in groups[1]["params"]}
    assert {id(p) for p in gan.discriminator.recognizer.parameters()} <= held
    assert gan.default_batch_size == 128 and gan.pixel_range == (0, 1)
    assert gan.latent_dim == (74,) and gan.latent == "uniform"


def informed(gan, hidden, z):
    """Return both terms of the mutual information, in NumPy."""
    q = numpy(gan.discriminator.recognizer(hidden))
    category, codes = z[:, 4:7], z[:, 7:]
    told = np.log(3) - cross_entropy(q[:, :3], category.argmax(1)).mean()
    log_normal = 0.5 * (codes**2 - (codes - q[:, 3:]) ** 2)
    return told, log_normal.sum(1).mean()


def test_infogan_losses():
    gan, batch = after_a_step("InfoGAN", category_weight=0.7, codes_weight=0.3)
    loss, report = seeded(lambda: gan.g_objective(Batch(*batch)[:1]))
    z = seeded(lambda: gan.noise(12))
    hidden = gan.discriminator.features(gan.generator(z))
    category, codes = informed(gan, hidden, numpy(z))
    wanted = softplus(-numpy(gan.discriminator.head(hidden))).mean()
    assert report["g_loss"].item() == pytest.approx(wanted, rel=1e-5)
    assert report["mi_category"].item() == pytest.approx(category, rel=1e-4)
    assert report["mi_codes"].item() == pytest.approx(codes, rel=1e-4)
    assert loss.item() == pytest.approx(wanted - 0.7 * category - 0.3 * codes, rel=1e-5)

    named = namedtuple("X", "x")(batch.x)
    loss, report = seeded(lambda: gan.d_objective(named))
    real = softplus(-numpy(gan.discriminator(batch.x))).mean()
    wanted = real + softplus(numpy(gan.discriminator.head(hidden))).mean()
    assert report["d_loss"].item() == pytest.approx(wanted, rel=1e-5)
    assert loss.item() == pytest.approx(wanted - 0.7 * category - 0.3 * codes, rel=1e-5)


def test_infogan_trunk():
    gradients = []
    for learns in (True, False):
        gan, (x, _) = after_a_step("InfoGAN", trunk_learns=learns, codes_weight=0.0)
        loss, report = seeded(lambda: gan.d_objective(namedtuple("X", "x")(x)))  # noqa: B023
        (loss - report["d_loss"]).backward()
        trunk, q = gan.discriminator.trunk[0].weight.grad, gan.discriminator.recognizer[0].weight
        gradients.append(0.0 if trunk is None else float(np.abs(trunk.numpy()).max()))
        assert np.abs(q.grad.numpy()).max() > 0
    assert gradients[0] > 1e-4 and gradients[1] < 1e-8


def test_infogan_latents():
    gan = models.InfoGAN(seed=0)
    z = seeded(lambda: gan.noise(4000)).numpy()
    assert set(np.unique(z[:, 62:72])) == {0.0, 1.0} and (z[:, 62:72].sum(1) == 1).all()
    assert np.abs(z[:, 62:72].mean(0) - 0.1).max() < 0.02
    assert np.abs(np.delete(z, np.s_[62:72], 1).std(0) - 3**-0.5).max() < 0.03
    few, many = gan.sample_latent(3, seed=1), gan.sample_latent(9, seed=1)
    np.testing.assert_array_equal(few, many[:3])
    assert (few[:, 62:72].sum(1) == 1).all()


def test_infogan_asks_and_infers():
    gan = small_model("InfoGAN")
    a = gan.sample(3, category=1, codes=[0.5, np.nan], seed=1)
    np.testing.assert_array_equal(
        a, gan.sample(3, category=[1, 1, 1], codes=[[0.5, np.nan]] * 3, seed=1)
    )
    z = gan.sample_latent(3, seed=1)
    gan._ask(z, 1, [0.5, np.nan])
    np.testing.assert_array_equal(a, gan._of_latents(z))
    assert gan.sample(0, category=1).shape == (0, 3, 8, 12)
    category, codes = gan.infer(a)
    assert category.dtype == np.int64 and category.shape == (3,)
    assert codes.dtype == np.float32 and codes.shape == (3, 2)
    np.testing.assert_array_equal(gan.infer(a[:1])[1], codes[:1])
    shown = gan.preview(7, seed=0)
    assert shown.shape == (9, 3, 8, 12) and shown.ncol == 3


def test_infogan_mistakes():
    gan = small_model("InfoGAN")
    for keywords, words in [
        ({"category": 3}, "category: got label 3 .* expected 0 to 2"),
        ({"category": [0, 1]}, "category: got 2 labels, expected 4"),
        ({"codes": [1.0]}, r"codes: got \[1.0\] of shape \(1,\), expected finite"),
        ({"codes": [np.inf, 0]}, "codes: .*finite"),
    ]:
        with pytest.raises(ValueError, match=words):
            gan.sample(4, **keywords)
    with pytest.raises(ValueError, match="multiples of 4"):
        models.InfoGAN((1, 30, 30))
    with pytest.raises(ValueError, match="categories"):
        models.InfoGAN(categories=1)
    with pytest.raises(ValueError, match="codes_weight"):
        models.InfoGAN(codes_weight=-1)


# ---- SemiSupervisedGAN ----


def test_semi_supervised_numbers():
    gan = models.SemiSupervisedGAN(seed=0)
    layers = [(784, 1000), (1000, 500), (500, 250), (250, 250), (250, 250), (250, 10)]
    assert count(gan.discriminator) == sum(a * b + b for a, b in layers) + 10
    assert count(gan.generator) == (
        100 * 500 + 2 * 500 + 500 * 500 + 2 * 500 + 500 * 784 + 784 + 784
    )
    noises = [m.std for m in gan.discriminator.modules() if isinstance(m, ganc.nn.GaussianNoise)]
    assert noises == [0.3] + [0.5] * 5
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        group = optimizer.param_groups[0]
        assert (group["lr"], tuple(group["betas"])) == (3e-3, ADAM)
    assert gan.default_batch_size == 100 and gan.classes == 10
    assert [f.kind for f in gan.FIELDS] == ["image", "partial_label"]


def test_semi_supervised_losses():
    gan, batch = after_a_step(
        "SemiSupervisedGAN", d_noise=0.0, hidden_noise=0.0, unlabelled_weight=0.3
    )
    loss, report = seeded(lambda: gan.d_objective(batch))
    fake = gan.generator(seeded(lambda: gan.noise(12))).detach()
    real_l, fake_l = (numpy(gan.discriminator.classes(x)) for x in (batch.x, fake))
    z_real, z_fake = (np.logaddexp.reduce(v, axis=1) for v in (real_l, fake_l))
    apart = 0.5 * (softplus(-z_real).mean() + softplus(z_fake).mean())
    y = batch.y.numpy()
    assert 0 < (y >= 0).sum() < 12
    told = cross_entropy(real_l[y >= 0], y[y >= 0]).mean()
    assert report["d_loss"].item() == pytest.approx(apart, rel=1e-5)
    assert report["class_loss"].item() == pytest.approx(told, rel=1e-5)
    assert loss.item() == pytest.approx(told + 0.3 * apart, rel=1e-5)
    z = np.exp(z_real)
    assert report["d_real"].item() == pytest.approx((z / (z + 1)).mean(), rel=1e-5)
    loss = seeded(lambda: gan.g_objective(batch))
    means = [numpy(gan.discriminator.features(x)).mean(0) for x in (batch.x, fake)]
    assert loss.item() == pytest.approx(((means[0] - means[1]) ** 2).mean(), rel=1e-4)


def test_semi_supervised_begins_from_the_data():
    gan = small_model("SemiSupervisedGAN", d_noise=0.0, hidden_noise=0.0)
    x = core.Tensor(np.random.default_rng(0).random((64, 3, 5, 6), np.float32))
    with ganc.no_grad():
        gan.discriminator.begin(x)
    answers = numpy(gan.discriminator.classes(x))
    np.testing.assert_allclose(answers.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(answers.std(0), 1, rtol=1e-4)
    before = arrays(gan.discriminator)
    gan._step = 1  # no longer the first step
    gan.d_objective(Batch(x, core.Tensor(np.zeros(64, np.float32))))
    assert same(before, arrays(gan.discriminator))


def test_semi_supervised_use():
    gan = small_model("SemiSupervisedGAN")
    x, y = fields_for(gan)
    history = gan.fit(x, y, epochs=2, batch_size=16, verbose=0, validation_data=(x, y))
    known = y >= 0
    told = gan.classify(x)
    assert told.dtype == np.int64 and told.shape == y.shape
    assert history.history["val_accuracy"][-1] == pytest.approx((told == y)[known].mean())
    assert gan.train_on_batch(x, np.full(len(x), -1))["class_loss"] == 0
    assert gan.sample(2, seed=0).shape == (2, 3, 5, 6)
    gan.fit(DataLoader(TensorDataset(x, y), batch_size=16, seed=0), epochs=3, verbose=0)
    with pytest.raises(ValueError, match="built without labels"):
        gan.sample(2, labels=1)
    with pytest.raises(ValueError, match="got label -2 .* or -1 for none"):
        gan.fit(x, np.full(len(x), -2))
    assert not any("not 0 to" in str(f) for f in ganc.doctor(gan, x, y))


# ---- SDCGAN ----


def test_sdcgan_numbers():
    gan = models.SDCGAN(seed=0)
    body = 16 * 64 + 64 * 128 * 16 + 2 * 128
    assert count(gan.discriminator) == body + 128 * 49
    assert count(gan.classifier) == body + 128 * 49 * 10
    assert count(gan.generator) == 110 * 128 * 49 + 2 * 128 + 128 * 64 * 16 + 2 * 64 + 64 * 16
    for optimizer in (gan.g_optimizer, gan.d_optimizer, gan.c_optimizer):
        group = optimizer.param_groups[0]
        assert (group["lr"], tuple(group["betas"])) == (2e-4, ADAM)


def test_sdcgan_losses():
    gan, batch = after_a_step("SDCGAN", class_weight=0.7)
    loss, report = gan.c_objective(batch)
    logits = numpy(gan.classifier(batch.x))
    assert loss.item() == pytest.approx(cross_entropy(logits, batch.y.numpy()).mean(), rel=1e-5)
    right = (logits.argmax(1) == batch.y.numpy()).mean()
    assert report["accuracy"].item() == pytest.approx(right)
    loss, report = seeded(lambda: gan.g_objective(batch))
    fake = gan.generator(seeded(lambda: gan.noise(12)), batch.y)
    adversarial = softplus(-numpy(gan.discriminator(fake))).mean()
    gan.classifier.eval()
    told = cross_entropy(numpy(gan.classifier(fake)), batch.y.numpy()).mean()
    assert report["g_loss"].item() == pytest.approx(adversarial, rel=1e-5)
    assert report["g_class_loss"].item() == pytest.approx(told, rel=1e-5)
    assert loss.item() == pytest.approx(adversarial + 0.7 * told, rel=1e-5)


def test_sdcgan_classifier_learns_of_real_images_only():
    still, other = (small_model("SDCGAN", g_lr=lr, d_lr=2e-4) for lr in (0.0, 1e-2))
    x, y = fields_for(still)
    for gan in (still, other):
        gan.fit(x, y, epochs=2, batch_size=16, verbose=0)
    assert not same(arrays(still.generator), arrays(other.generator))
    assert same(arrays(still.classifier), arrays(other.classifier))


def test_sdcgan_use():
    gan = small_model("SDCGAN")
    x, y = fields_for(gan)
    history = gan.fit(x, y, batch_size=16, verbose=0, validation_data=(x, y))
    assert {"c_loss", "accuracy", "g_class_loss", "val_accuracy"} <= set(history.history)
    assert gan.sample(3, labels=2, seed=0).shape == (3, 3, 8, 16)
    assert gan.preview(8, seed=0).ncol == 2
    told = gan.classify(x)
    np.testing.assert_array_equal(gan.classify(x[:1]), told[:1])
    assert history.history["val_accuracy"] == [pytest.approx((told == y).mean())]
    with pytest.raises(ValueError, match="shape"):
        gan.classify(np.zeros((2, 9, 9, 3), np.uint8))
    with pytest.raises(ValueError, match="classes"):
        models.SDCGAN(classes=1)


# ---- BiGAN ----


def test_bigan_numbers():
    gan = models.BiGAN(seed=0)
    assert count(gan.generator) == 50 * 1024 + 1024**2 + 50 * 1024 + 1024 * 784
    assert count(gan.encoder) == 784 * 1024 + 1024**2 + 1024 * 50
    assert count(gan.discriminator) == 784 * 1024 + 1024**2 + 50 * 1024 + 1024
    held = {id(p) for p in gan.g_optimizer.param_groups[0]["params"]}
    both = [*gan.generator.parameters(), *gan.encoder.parameters()]
    assert held == {id(p) for p in both}
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        group = optimizer.param_groups[0]
        assert (group["lr"], tuple(group["betas"])) == (2e-4, ADAM)
        assert group["weight_decay"] == 2.5e-5
    assert gan.default_batch_size == 128 and gan.latent == "uniform"


def test_bigan_losses():
    gan, (x, _) = after_a_step("BiGAN")
    ganc.nn.init.normal_(gan.discriminator.head.weight)
    batch = namedtuple("X", "x")(x)
    loss, report = seeded(lambda: gan.d_objective(batch))
    z = seeded(lambda: gan.noise(12))
    r = numpy(gan.discriminator(x, gan.encoder(x)))
    f = numpy(gan.discriminator(gan.generator(z), z))
    wanted = 0.5 * (softplus(-r).mean() + softplus(f).mean())
    assert loss.item() == pytest.approx(wanted, rel=1e-5)
    assert report["d_real"].item() == pytest.approx((1 / (1 + np.exp(-r))).mean(), rel=1e-5)
    loss = seeded(lambda: gan.g_objective(batch))
    wanted = 0.5 * (softplus(r).mean() + softplus(-f).mean())
    assert loss.item() == pytest.approx(wanted, rel=1e-5)


def test_bigan_rate():
    gan = small_model("BiGAN")
    group = gan.d_optimizer.param_groups[0]
    for epoch, share in [(0, 0), (199, 0), (200, 1 / 200), (300, 101 / 200), (900, 1)]:
        gan._position.epoch = epoch
        gan.schedule()
        assert group["lr"] == pytest.approx(2e-4 * 0.01**share)


def test_bigan_use():
    gan = small_model("BiGAN")
    (x,) = fields_for(gan)
    first = gan.train_on_batch(x)["d_loss"]
    assert first == pytest.approx(np.log(2), rel=1e-5)  # D's last layer begins at zero
    history = gan.fit(x, batch_size=16, verbose=0, validation_data=x)
    assert 0 < history.history["val_d_real"][0] < 1
    z = gan.encode(x)
    assert z.shape == (64, 4) and np.abs(z).max() < 1
    again = gan.reconstruct(x[:5])
    np.testing.assert_array_equal(again, gan._of_latents(z[:5]))
    assert again.shape == gan.sample(5, seed=0).shape == (5, 3, 5, 6)
    gan.summary()
    with pytest.raises(ValueError, match="shape"):
        gan.encode(np.zeros((2, 9, 9, 3), np.uint8))
    with pytest.raises(ValueError, match="final_lr"):
        models.BiGAN(final_lr=0)
