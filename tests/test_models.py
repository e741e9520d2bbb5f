"""ganc.models: parameter counts, the numbers of the sources, keywords."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from small import SMALL, fields_for, small_model

import ganc
from ganc import models, nn
from ganc.io import read_tensors
from ganc.train import _network


def count(network):
    return sum(p.numel() for p in network.parameters())


def test_list_and_get():
    assert models.list() == sorted(SMALL)
    for name in ("VanillaGAN", "vanillagan", "vanilla", "Vanilla"):
        assert models.get(name) is ganc.models.VanillaGAN
    with pytest.raises(ValueError, match="did you mean 'densegan'"):
        models.get("densse")


def test_vanilla():
    gan = models.VanillaGAN(seed=0)
    assert count(gan.generator) == 1_486_352
    assert count(gan.discriminator) == 1_460_225
    group = gan.d_optimizer.param_groups[0]
    assert (group["lr"], tuple(group["betas"])) == (2e-4, (0.9, 0.999))
    assert gan.default_batch_size == 100 and gan.latent == "normal"
    drops = [m.p for m in gan.discriminator.modules() if isinstance(m, nn.Dropout)]
    slopes = {m.negative_slope for m in gan.generator.modules() if isinstance(m, nn.LeakyReLU)}
    assert drops == [0.3] * 3 and slopes == {0.2}


def test_dense():
    gan = models.DenseGAN(seed=0)
    assert _network.count(gan.generator) == 583_312
    assert _network.count(gan.generator, trainable=False) == 1_792
    assert _network.count(gan.discriminator) == 533_505
    norms = [m for m in gan.generator.modules() if isinstance(m, nn.BatchNorm1d)]
    assert [(m.eps, m.momentum) for m in norms] == [(1e-3, 0.01)] * 3
    kinds = [type(m).__name__ for m in gan.generator.modules()][1:4]
    assert kinds == ["Linear", "ReLU", "BatchNorm1d"]
    assert gan.d_reduction == "mean" and gan.default_batch_size == 128
    first = next(m for m in gan.generator.modules() if isinstance(m, nn.Linear))
    limit = np.sqrt(6 / (100 + 128))
    assert 0.95 * limit < abs(first.weight.detach().numpy()).max() <= limit * 1.001
    assert not first.bias.detach().numpy().any()


def test_dense_loss_is_the_mean_over_the_concatenation():
    sums = {}
    for how in ("mean", "sum"):
        gan = models.DenseGAN(image_shape=(1, 4, 4), seed=0, d_reduction=how)
        sums[how] = gan.train_on_batch(np.zeros((8, 1, 4, 4), np.float32))["d_loss"]
    assert sums["mean"] == pytest.approx(sums["sum"] / 2)


def test_conditional():
    gan = models.CGAN(seed=0)
    joint_of_g = 1200 * 1200 + 1200 + 1200 * 784 + 784
    assert count(gan.generator) == 100 * 200 + 200 + 10 * 1000 + 1000 + joint_of_g
    assert count(gan.discriminator) == 784 * 1200 + 1200 + 10 * 250 + 250 + 290 * 960 + 960 + 241
    assert gan.latent == "uniform" and gan.pixel_range == (0.0, 1.0) and gan.classes == 10
    drops = [m.p for n in gan._parts().values() for m in n.modules() if isinstance(m, nn.Dropout)]
    assert drops == [0.5] * 6
    shown = models.CGAN(**SMALL["CGAN"]).preview(7, seed=0)
    assert shown.shape == (8, 3, 5, 6) and shown.ncol == 2


def test_goodfellow():
    gan = models.Goodfellow2014(seed=0)
    assert count(gan.generator) == 100 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 784 + 784
    assert count(gan.discriminator) == 784 * 1200 + 1200 + 240 * 1200 + 1200 + 240 + 1
    assert gan.latent == "uniform" and gan.pixel_range == (0.0, 1.0)
    biggest = [
        float(abs(m.weight.detach().numpy()).max())
        for n in (gan.generator, gan.discriminator)
        for m in n.modules()
        if isinstance(m, nn.Linear)
    ]
    np.testing.assert_allclose(biggest[:3], 0.05, rtol=0.01)
    assert all(0.004 < b <= 0.005001 for b in biggest[3:])
    images = gan.sample(3, seed=0)
    assert images.min() >= -1 and images.max() <= 1


def test_goodfellow_schedule():
    gan = models.Goodfellow2014(image_shape=(1, 4, 4), g_hidden=(8,), d_hidden=(4,), seed=0)
    x = np.zeros((8, 1, 4, 4), np.float32)
    gan.train_on_batch(x)
    gan.train_on_batch(x)
    group = gan.g_optimizer.param_groups[0]
    assert group["lr"] == pytest.approx(0.1 / 1.000004) and group["momentum"] == 0.5
    gan._position.epoch = 250
    gan.train_on_batch(x)
    assert group["momentum"] == pytest.approx(0.7)
    gan._step = 10**9
    gan.schedule()
    assert group["lr"] == 1e-6


def test_maxout_is_the_largest_piece():
    layer = nn.Maxout(3, 4, 5)
    x = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
    w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    want = (x @ w.T + b).reshape(6, 4, 5).max(axis=2)
    np.testing.assert_allclose(layer(ganc.tensor(x)).detach().numpy(), want, atol=1e-5)


def test_maxout_of_older_files():
    path = Path(__file__).parent / "files" / "maxout_0.1.0.ganc"
    arrays, _ = read_tensors(path)
    assert "discriminator.0.linear.weight" in arrays
    gan = ganc.load(path)
    for name, value in gan.discriminator.state_dict().items():
        stored = name if name.startswith("1.") else name.replace("0.", "0.linear.")
        np.testing.assert_array_equal(value.numpy(), arrays[f"discriminator.{stored}"])
    assert gan.step == 4
    gan.train_on_batch(np.zeros((16, 2), np.float32))


def test_toy():
    gan = models.ToyGAN(seed=0)
    assert count(gan.generator) == 2 * 128 + 128 + 128 * 128 + 128 + 128 * 2 + 2
    assert count(gan.discriminator) == 2 * 128 + 128 + 128 * 128 + 128 + 128 + 1


@pytest.mark.parametrize(
    "keywords",
    [
        {"g_hidden": (16,) * 3, "d_hidden": (16,) * 3, "init": "he", "n_critic": 5, "loss": "wgan"},
        {"g_hidden": (16,) * 4, "batch_norm": True, "d_hidden": (8,) * 3, "maxout": 5},
        {"activation": "tanh", "init": "orthogonal", "gain": 1.4, "latent_dim": 7},
        {"activation": "leaky_relu", "loss": "wgan", "weight_clip": 0.01},
        {"features": 5},
    ],
)
def test_toy_keywords(keywords):
    gan = models.ToyGAN(seed=0, **keywords)
    x = np.random.default_rng(0).standard_normal((64, gan.config["features"])).astype(np.float32)
    gan.fit(x, batch_size=16, epochs=1, verbose=0)
    assert gan.sample(3).shape == (3, gan.config["features"])


@pytest.mark.parametrize("name", models.list())
def test_presets_tell_all(name):
    cls = models.get(name)
    gan = cls(seed=4)
    doc = inspect.cleandoc(cls.__doc__)  # from 3.13 on, Python takes the indentation off itself
    assert gan.source and doc
    data = gan.describe().to_dict()
    json.dumps(data)
    signature = inspect.signature(cls).parameters
    assert list(gan.config) == list(signature)
    assert all(p.default is not p.empty for p in signature.values())
    for key, parameter in signature.items():
        if key != "seed":
            assert gan.config[key] == parameter.default
        assert f"\n{key}" in doc or f", {key}" in doc, key
    assert data["config"]["seed"] == 4
    text = str(gan.describe())
    for deviation in cls.deviations:
        assert deviation in text


@pytest.mark.parametrize("name", [n for n in SMALL if "image_shape" in SMALL[n]])
def test_other_image_shapes(name):
    gan = small_model(name)
    shape = gan.config["image_shape"]
    assert shape[0] == 3 and shape[1] != shape[2]
    gan.fit(*fields_for(gan, 32), batch_size=8, epochs=1, verbose=0)
    assert gan.sample(2).shape == (2, *shape)
    assert gan.interpolate(3).shape == (3, *shape)


def test_same_seed_same_weights_whatever_was_drawn_before():
    ganc.randn(5)
    a = models.VanillaGAN(seed=2)
    ganc.randn(7)
    b = models.VanillaGAN(seed=2)
    assert (a.sample(2, seed=0) == b.sample(2, seed=0)).all()
