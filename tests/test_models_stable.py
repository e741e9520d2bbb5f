"""Stabilised and conditional presets: parameters counted by hand, the numbers of their sources."""

import numpy as np
import pytest
from pytorch import torch
from small import fields_for, small_model

import ganc
from ganc import losses, models, nn
from ganc.nn import functional as F
from ganc.train import Ramp


def count(network):
    return sum(p.numel() for p in network.parameters())


def counts(gan):
    return count(gan.generator), count(gan.discriminator)


def conv(a, b, k, bias=True):
    return a * b * k * k + b * bias


def linear(a, b, bias=True):
    return a * b + b * bias


def adam(gan):
    found = []
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        group = optimizer.param_groups[0]
        found.append((type(optimizer).__name__, group["lr"], *group.get("betas", ())))
    return found


DCGAN = (3_576_704, 2_765_568)


def test_wgan():
    gan = models.WGAN(seed=0)
    assert counts(gan) == DCGAN
    assert adam(gan) == [("RMSprop", 5e-5)] * 2
    assert gan.weight_clip == 0.01 and gan.loss.name == "wgan"
    due = [n for n in range(1, 9000) if n % gan.g_every(n) == 0]
    often = [100] * 25 + [5] * 475  # before each update of G, as the code counts them
    wanted = np.cumsum(often + ([100] + [5] * 499) * 3)
    assert due == [n for n in wanted.tolist() if n < 9000]
    clipped = small_model("WGAN")
    clipped.train_on_batch(*fields_for(clipped, 16))
    assert max(abs(p.detach().numpy()).max() for p in clipped.discriminator.parameters()) <= 0.01


def test_wgan_gp():
    gan = models.WGANGP(seed=0)
    g = linear(128, 4 * 4 * 256) + conv(256, 128, 5) + conv(128, 64, 5) + conv(64, 1, 5)
    d = conv(1, 64, 5) + conv(64, 128, 5) + conv(128, 256, 5) + linear(4 * 4 * 256, 1)
    assert counts(gan) == (g, d)
    assert adam(gan) == [("Adam", 1e-4, 0.5, 0.9)] * 2
    assert gan.n_critic == 5 and gan.pixel_range == (0.0, 1.0) and gan.default_batch_size == 50
    cifar = models.WGANGP((3, 32, 32), dim=128, batch_norm=True, output="tanh", seed=0)
    d = conv(3, 128, 5) + conv(128, 256, 5) + conv(256, 512, 5) + linear(4 * 4 * 512, 1)
    assert count(cifar.discriminator) == d
    assert [type(m).__name__ for m in cifar.generator.modules()].count("BatchNorm2d") == 2
    with pytest.raises(ValueError, match="multiples of 4"):
        models.WGANGP((1, 30, 30))


def test_wgan_gp_begins_as_the_code_does():
    gan = models.WGANGP(seed=0)
    second = gan.discriminator[2].weight.detach().numpy()  # 64 -> 128, 5x5, stride 2
    fan_in, fan_out = 64 * 25, 128 * 25 / 4
    limit = np.sqrt(3) * np.sqrt(4 / (fan_in + fan_out))
    assert 0.99 * limit < abs(second).max() <= limit
    up = gan.generator[3].weight.detach().numpy()  # 256 -> 128, 5x5, transposed, stride 2
    limit = np.sqrt(3) * np.sqrt(4 / (256 * 25 / 4 + 128 * 25))
    assert 0.99 * limit < abs(up).max() <= limit


@pytest.mark.parametrize("name", ["LSGAN", "HingeGAN", "DRAGAN"])
def test_dcgan_with_another_loss(name):
    gan = models.get(name)(latent_dim=100, seed=0)
    norms = 0 if name == "DRAGAN" else 2 * (128 + 256 + 512)
    biases = 128 + 256 + 512 + 64 if name == "DRAGAN" else 0
    no_norm = DCGAN[1] - 2 * (128 + 256 + 512)
    assert counts(gan) == (DCGAN[0], no_norm + norms + biases)
    wanted = {"LSGAN": "lsgan", "HingeGAN": "hinge", "DRAGAN": "non_saturating"}[name]
    assert gan.loss.name == wanted
    assert gan.penalties == ((losses.DRAGAN(10),) if name == "DRAGAN" else ())


@pytest.mark.parametrize("name", ["SNGAN", "RelativisticGAN"])
def test_sn_dcgan(name):
    gan = models.get(name)(seed=0)
    widths = [512, 256, 128, 64]
    g = linear(128, 512 * 16) + 2 * 512 * 16 + conv(64, 3, 3)
    g += sum(conv(a, b, 4) + 2 * b for a, b in zip(widths, widths[1:], strict=False))
    d = conv(3, 64, 3) + linear(512 * 16, 1)
    d += sum(conv(b, a, 4) + conv(a, a, 3) for a, b in zip(widths, widths[1:], strict=False))
    assert counts(gan) == (g, d)
    assert adam(gan) == [("Adam", 2e-4, 0.5, 0.999)] * 2
    normed = [m for m in gan.discriminator.modules() if hasattr(m, "weight_u")]
    assert len(normed) == 8
    assert models.get(name)((1, 28, 28), seed=0).generator[4].out_channels == 128


def up(a, b):
    return conv(a, b, 3) + conv(b, b, 3) + conv(a, b, 1) + 2 * a + 2 * b


def down(a, b, shortcut):
    return conv(a, b, 3) + conv(b, b, 3) + (conv(a, b, 1) if shortcut else 0)


def test_sn_resnet():
    gan = models.SNResNetGAN(seed=0)
    g = linear(128, 256 * 16) + 3 * up(256, 256) + 2 * 256 + conv(256, 3, 3)
    d = down(3, 128, True) + down(128, 128, True) + 2 * down(128, 128, False) + linear(128, 1)
    assert counts(gan) == (g, d)
    assert adam(gan) == [("Adam", 2e-4, 0.0, 0.9)] * 2
    assert gan.n_critic == 5 and gan.g_size(64) == 128
    assert gan.ramps["g_lr"] == Ramp(2e-4, 0.0, 250_000, "linear")
    seen = []
    small = small_model("SNResNetGAN")
    small.generator.register_forward_pre_hook(lambda module, args: seen.append(len(args[0])))
    x = fields_for(small, 16)[0]
    small.train_on_batch(x)
    small.train_on_batch(x)
    assert seen[-3:] == [16, 16, 32]


def test_projection():
    gan = models.ProjectionGAN(seed=0)
    block = up(256, 256) - 4 * 256 + 2 * 2 * 256 * 10
    assert count(gan.generator) == (linear(128, 256 * 16) + 3 * block + 2 * 256 + conv(256, 3, 3))
    plain = models.SNResNetGAN(seed=0)
    assert count(gan.discriminator) == count(plain.discriminator) + 10 * 128


def test_projection_is_a_product():
    gan = models.ProjectionGAN((1, 8, 8), g_channels=4, d_channels=4, classes=3, seed=0)
    critic = gan.discriminator.eval()
    x, y = ganc.randn(5, 1, 8, 8), ganc.tensor([0.0, 1, 2, 1, 0])
    h = critic.features(x)
    vectors = critic.of_class(y)
    wanted = critic.last(h) + (vectors * h).sum(1, keepdim=True)
    assert abs(critic(x, y) - wanted).max().item() == 0


def test_spectral_norm_bounds_every_layer():
    gan = small_model("SNGAN")
    fields = fields_for(gan, 16)
    for _ in range(30):
        gan.train_on_batch(*fields)
    gan.discriminator.eval()
    for layer in gan.discriminator.modules():
        if hasattr(layer, "weight_u"):
            layer(ganc.zeros(1, *gan_inputs(layer)))
            matrix = layer.weight.detach().numpy().reshape(len(layer.weight), -1)
            assert np.linalg.norm(matrix, 2) == pytest.approx(1, abs=0.15)


def gan_inputs(layer):
    return (layer.in_channels, 8, 8) if isinstance(layer, nn.Conv2d) else (layer.in_features,)


@pytest.mark.parametrize("name", ["SNGAN", "SNResNetGAN", "ProjectionGAN"])
def test_spectral_norm_in_files_and_evaluation(name, tmp_path):
    gan = small_model(name)
    x = fields_for(gan, 16)
    gan.train_on_batch(*x)
    before = {k: v.numpy().copy() for k, v in gan.discriminator.named_buffers()}
    inputs = (np.zeros((3, *gan.config["image_shape"]), np.float32), *x[1:])
    answers = gan.predict("discriminator", *(part[:3] for part in inputs))
    gan.sample(5, seed=0)
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    for net in (gan, again):
        for key, buffer in net.discriminator.named_buffers():
            assert (buffer.numpy() == before[key]).all(), key
    same = again.predict("discriminator", *(part[:3] for part in inputs))
    assert (answers == same).all()


def test_pacgan():
    gan = models.PacGAN(seed=0)
    g = linear(2, 400) + 3 * linear(400, 400) + 4 * 800 + linear(400, 2)
    d = linear(4, 1000) + 2 * linear(200, 1000) + linear(200, 1)
    assert counts(gan) == (g, d)
    assert adam(gan) == [("Adam", 1e-4, 0.8, 0.999)] * 2


def test_conv_cgan():
    gan = models.ConvCGAN(seed=0)
    g = 110 * 1024 + 2048 + 1034 * 6272 + 2 * 6272 + 138 * 64 * 25 + 128 + conv(74, 1, 5)
    d = conv(11, 64, 5) + conv(74, 128, 5) + 256 + linear(6282, 1024) + 2048 + linear(1034, 1)
    assert counts(gan) == (g, d)
    assert adam(gan) == [("Adam", 2e-4, 0.5, 0.999)] * 2
    assert gan.d_optimizer.param_groups[0]["weight_decay"] == 2.5e-5


def test_acgan():
    gan = models.ACGAN(seed=0)
    g = 10 * 100 + linear(100, 1024) + linear(1024, 6272)
    g += conv(128, 256, 5) + conv(256, 128, 5) + conv(128, 1, 2)
    d = conv(1, 32, 3) + conv(32, 64, 3) + conv(64, 128, 3) + conv(128, 256, 3)
    assert counts(gan) == (g, d + linear(7 * 7 * 256, 1) + linear(7 * 7 * 256, 10))
    assert gan.g_size(100) == 200


def test_acgan_objectives():
    """Both losses from the logits of their own networks, by PyTorch's formulas."""
    gan = small_model("ACGAN", dropout=0.0)
    x, y = fields_for(gan, 16)
    seen = []
    both = type(gan.discriminator).both

    class Watched(type(gan.discriminator)):
        def both(self, samples):
            found = both(self, samples)
            seen.append([part.detach().numpy().copy() for part in found])
            return found

    gan.discriminator.__class__ = Watched
    asked = []
    gan.generator.register_forward_pre_hook(lambda module, args: asked.append(args[1].numpy()))
    logs = gan.train_on_batch(x, y)
    (r, rc), (f, fc), (g, gc) = (map(torch.tensor, pair) for pair in seen[-3:])
    labels = [torch.tensor(part).long() for part in (y, *asked[-2:])]
    of_class = [
        torch.nn.functional.cross_entropy(c, k) for c, k in zip((rc, fc, gc), labels, strict=True)
    ]
    sp = torch.nn.functional.softplus
    d = (sp(-r).mean() + sp(f).mean() + of_class[0] + of_class[1]) / 2
    assert logs["d_loss"] == pytest.approx(d.item(), rel=1e-5)
    assert logs["g_loss"] == pytest.approx((sp(-g).mean() + of_class[2]).item(), rel=1e-5)
    assert len(g) == 32 and set(asked[-1]) <= set(range(4))


@pytest.mark.parametrize("name", ["ACGAN", "ConvCGAN", "ProjectionGAN"])
def test_labels_decide_what_is_made(name):
    gan = small_model(name, g_lr=1e-2)
    for _ in range(4):  # norms of classes begin alike
        gan.train_on_batch(*fields_for(gan, 16))
    a, b = (gan.sample(4, labels=k, seed=0) for k in (0, 1))
    assert (a != b).any()
    x, y = fields_for(gan)
    for labels, message in ((y[:-1], "one for each"), (y + 9, "classes|below|label")):
        with pytest.raises(ValueError, match=message):
            gan.fit(x, labels, verbose=0)
    with pytest.raises(TypeError, match="y"):
        gan.fit(x, verbose=0)


@pytest.mark.parametrize("name", ["ACGAN", "CGAN", "ConvCGAN", "ProjectionGAN"])
def test_between_classes(name):
    gan = small_model(name)
    way = gan.interpolate_classes(3, start=2, end=1, seed=0)
    z = gan.sample_latent(1, seed=0)
    for i, label in ((0, 2), (2, 1)):
        assert abs(way[i] - gan._of_latents(z, np.float32([label]))[0]).max() < 1e-5
    with pytest.raises(ValueError, match="label"):
        gan.interpolate_classes(3, start=4)
    with pytest.raises(ValueError, match="no classes"):
        small_model("LSGAN").interpolate_classes(3)


def test_one_hot_planes():
    from ganc.models._conv_cgan import with_label

    label = F.one_hot(ganc.tensor([1.0, 0.0]), 2).float()
    maps = with_label(ganc.zeros(2, 1, 2, 2), label)
    assert maps.shape == (2, 3, 2, 2) and maps[0, 2].tolist() == [[1.0, 1.0]] * 2
