"""GANs of several networks: MADGAN, MGAN, GMAN, LAPGAN."""

import numpy as np
import pytest
from pytorch import torch
from small import fields_for, small_model

import ganc
from ganc import models
from ganc.models._lapgan import enlarged, pyramid


def count(network):
    return sum(p.numel() for p in network.parameters())


def conv(a, b, k):
    return a * b * k * k + b


def linear(a, b):
    return a * b + b


# ---- several generators ----


def test_madgan():
    gan = models.MADGAN(seed=0)
    hidden = 2 * linear(128, 128)
    assert count(gan.generator) == linear(64, 128) + hidden + 4 * linear(128, 2)
    assert count(gan.discriminator) == linear(2, 128) + hidden + linear(128, 5)
    group = gan.g_optimizer.param_groups[0]
    assert (group["lr"], tuple(group["betas"])) == (1e-4, (0.5, 0.999))
    assert gan.classes == 4 and len(gan.FIELDS) == 1


def test_mgan():
    gan = models.MGAN(seed=0)
    own = [count(part) for part in gan.generator.own]
    assert own == [827_392 + 16_384] * 10  # linear layer, batch norm
    shared = conv(512, 256, 5) + 512 + conv(256, 128, 5) + 256 + conv(128, 3, 5)
    assert count(gan.generator) == sum(own) + shared
    trunk = conv(3, 128, 5) + 256 + conv(128, 256, 5) + 512 + conv(256, 512, 5) + 1024
    assert count(gan.discriminator) == trunk + linear(8192, 1) + linear(8192, 10)
    assert gan.latent == "uniform" and gan.config["beta"] == 0.01


@pytest.mark.parametrize("name", ["MADGAN", "MGAN"])
def test_each_generator_has_a_number(name):
    gan = small_model(name)
    gan.train_on_batch(fields_for(gan, 16)[0])
    gan.generator.eval()
    z = gan.sample_latent(4, seed=0)
    with ganc.no_grad():
        everyone = gan.generator.everyone(ganc.tensor(z)).numpy().reshape(3, 4, -1)
        for which in range(3):
            one = gan.generator(ganc.tensor(z), ganc.full((4,), float(which))).numpy()
            assert abs(one.reshape(4, -1) - everyone[which]).max() < 1e-6
    mixed = gan.sample(6, seed=0)
    alone = gan.sample(6, labels=1, seed=0)
    assert (mixed[1] == alone[1]).all() and (mixed[0] != alone[0]).any()
    with pytest.raises(ValueError, match="label"):
        gan.sample(2, labels=3)
    with pytest.raises(ValueError, match="at least 2"):
        small_model(name, generators=1)


def test_madgan_objectives():
    gan = small_model("MADGAN")
    x = fields_for(gan, 8)[0]
    seen = []
    kinds = type(gan.discriminator).kinds
    watched = {"kinds": lambda self, s: seen.append(kinds(self, s)) or seen[-1]}
    gan.discriminator.__class__ = type("Watched", (type(gan.discriminator),), watched)
    logs = gan.train_on_batch(x)
    d, g = (torch.tensor(t.detach().numpy()) for t in seen[-2:])
    makers = torch.arange(4).repeat_interleave(8)
    assert logs["d_loss"] == pytest.approx(
        torch.nn.functional.cross_entropy(d, makers).item(), rel=1e-5
    )
    assert logs["g_loss"] == pytest.approx(-g.log_softmax(1)[:, 0].mean().item(), rel=1e-5)
    assert logs["d_real"] == pytest.approx(d[:8].softmax(1)[:, 0].mean().item(), rel=1e-5)


def test_madgan_smooths_the_target_of_real_samples():
    gan = small_model("MADGAN", label_smoothing=0.3)
    gan.train_on_batch(fields_for(gan, 8)[0])
    kinds = np.random.default_rng(0).standard_normal((32, 4)).astype(np.float32)
    targets = np.eye(4, dtype=np.float32).repeat(8, 0)
    targets[:8] = (0.7, 0.1, 0.1, 0.1)
    wanted = torch.nn.functional.cross_entropy(torch.tensor(kinds), torch.tensor(targets))
    assert gan._d_entropy(ganc.tensor(kinds), 8).item() == pytest.approx(wanted.item(), rel=1e-5)
    with pytest.raises(ValueError, match="label_smoothing"):
        small_model("MADGAN", label_smoothing=0.8)


def test_mgan_objectives():
    gan = small_model("MGAN", beta=0.5)
    seen = []
    both = type(gan.discriminator).both

    def watched(self, samples):
        found = both(self, samples)
        seen.append([part.detach().numpy().copy() for part in found])
        return found

    gan.discriminator.__class__ = type("Watched", (type(gan.discriminator),), {"both": watched})
    logs = gan.train_on_batch(fields_for(gan, 16)[0])
    f, makers = map(torch.tensor, seen[-1])
    wanted = torch.nn.functional.softplus(-f).mean()
    of_maker = torch.nn.functional.cross_entropy(makers, torch.arange(3).repeat_interleave(4))
    assert logs["g_loss"] == pytest.approx((wanted + of_maker / 2).item(), rel=1e-5)
    assert len(f) == 12


# ---- several discriminators ----


def test_gman():
    gan = models.GMAN(discriminators=2, seed=0)
    g = 100 * 256 * 16 + 256 + 512 + conv(256, 128, 5) + 256 + conv(128, 64, 5) + 128
    assert count(gan.generator) == g + conv(64, 3, 5)
    one = conv(3, 64, 3) + conv(64, 128, 3) + conv(128, 256, 3) + linear(256 * 64, 1)
    assert count(gan.discriminator) == 2 * one
    drops = [m.p for m in gan.discriminator.modules() if type(m).__name__ == "Dropout"]
    assert drops == pytest.approx([0.5, 0.5, 0.4, 0.4])
    assert gan.challenge.v.item() == -2.0


@pytest.mark.parametrize("strictness", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("mean", ["arithmetic", "geometric", "harmonic"])
def test_gman_weighs_the_losses(strictness, mean):
    gan = small_model("GMAN", strictness=strictness, mean=mean, keep=0.6)
    fake = ganc.tensor(np.random.default_rng(0).standard_normal((8, 3, 8, 12)).astype(np.float32))
    gan.discriminator.eval()
    values = np.array([
        gan.loss.g_loss(d(fake[i * 4 : i * 4 + 4])).item()
        for i, d in enumerate(gan.discriminator.members)
    ])  # fmt: skip
    gan.generator = lambda z: fake
    weights = np.exp(strictness * (values - values.max()))
    weights /= weights.sum()
    wanted = {
        "arithmetic": (weights * values).sum(),
        "geometric": -np.exp((weights * np.log(-values)).sum()),
        "harmonic": -1 / (weights / -values).sum(),
    }[mean]
    loss, _ = gan.g_objective((fake,))
    assert loss.item() == pytest.approx(wanted, rel=1e-4)
    if strictness == 1e4:
        assert loss.item() == pytest.approx(values.max(), rel=1e-3)


def test_gman_star_learns_its_strictness():
    gan = small_model("GMAN")
    before = gan.challenge.v.item()
    for _ in range(3):
        logs = gan.train_on_batch(fields_for(gan, 16)[0])
    assert gan.challenge.v.item() != before
    assert logs["strictness"] == pytest.approx(np.log1p(np.exp(-2)), rel=0.05)
    with pytest.raises(ValueError, match="multiple"):
        gan.train_on_batch(fields_for(gan, 15)[0])


def test_gman_keeps_a_share_of_values():
    drops = [m.p for m in small_model("GMAN", keep=0.8).discriminator.modules() if hasattr(m, "p")]
    assert drops == pytest.approx([0.1, 0.1, 0.0, 0.0])
    for keep in (0.0, 0.9):
        with pytest.raises(ValueError, match="keep"):
            small_model("GMAN", keep=keep)


@pytest.mark.parametrize("name", ["MGAN", "GMAN", "LAPGAN"])
def test_losses_that_compare_are_refused(name):
    with pytest.raises(ValueError, match="relativistic"):
        small_model(name, loss="relativistic")


def watch(network, method, seen):
    made = getattr(type(network), method)

    def watched(self, *inputs):
        found = made(self, *inputs)
        seen.append(torch.tensor(found.detach().numpy().copy()))
        return found

    network.__class__ = type("Watched", (type(network),), {method: watched})


def bce(r, f):
    softplus = torch.nn.functional.softplus
    return softplus(-r).mean().item() + softplus(f).mean().item()


def test_gman_objectives():
    gan, seen = small_model("GMAN"), []
    gan.train_on_batch(fields_for(gan, 16)[0])
    for member in gan.discriminator.members:
        watch(member, "forward", seen)
    logs = gan.train_on_batch(fields_for(gan, 16)[0])
    r, f, g = seen[:2], seen[2:4], seen[4:]
    assert [len(part) for part in seen] == [8] * 6
    assert logs["d_loss"] == pytest.approx(sum(map(bce, r, f)), rel=1e-5)
    values = torch.stack([-torch.nn.functional.softplus(part).mean() for part in g])
    strictness = logs["strictness"]
    wanted = (torch.softmax(strictness * values, 0) * values).sum().item() - 0.001 * strictness
    assert logs["g_loss"] == pytest.approx(wanted, rel=1e-5)


# ---- a pyramid ----


@pytest.mark.parametrize("classes", [None, 4])
def test_lapgan_objectives(classes):
    gan, seen = small_model("LAPGAN", classes=classes), []
    gan.train_on_batch(*fields_for(gan, 16))
    watch(gan.discriminator, "at", seen)
    logs = gan.train_on_batch(*fields_for(gan, 16))
    of_d = [bce(seen[2 * i], seen[2 * i + 1]) for i in range(3)]
    of_g = [torch.nn.functional.softplus(-f).mean().item() for f in seen[6:]]
    assert logs["d_loss"] == pytest.approx(sum(of_d), rel=1e-5)
    assert logs["g_loss"] == pytest.approx(sum(of_g), rel=1e-5)
    names = ("coarse", "middle", "fine")
    assert [logs[f"d_{name}_loss"] for name in names] == pytest.approx(of_d, rel=1e-5)


def test_lapgan():
    gan = models.LAPGAN(g_hidden=80, d_hidden=16, seed=0)
    base = linear(100, 80) + linear(80, 80) + linear(80, 192)
    scale = conv(4, 64, 7) + conv(64, 64, 7) + conv(64, 3, 5)
    assert count(gan.generator) == base + 2 * scale
    critics = sum(conv(3, 64, 5) + conv(64, 64, 5) + linear(64 * n, 1) for n in (64, 256))
    first = linear(192, 16) + linear(16, 16) + linear(16, 1)
    assert count(gan.discriminator) == first + critics
    assert gan.latent_dim == (100 + 16 * 16 + 32 * 32,)
    of_class = models.LAPGAN(classes=10, g_hidden=8, d_hidden=8, channels=4, seed=0)
    assert of_class.sample(2, labels=[3, 7], seed=0).shape == (2, 3, 32, 32)


def test_the_pyramid_can_be_put_together():
    x = ganc.tensor(np.random.default_rng(0).uniform(-1, 1, (2, 3, 8, 12)).astype(np.float32))
    levels = pyramid(x)
    small = levels[0][0]
    for difference, coarse in levels[1:]:
        assert coarse.shape == difference.shape
    half = levels[1][1] + levels[1][0]
    assert abs(levels[1][1] - enlarged(small)).max().item() < 1e-6
    assert abs(levels[2][1] - enlarged(half)).max().item() < 1e-6
    assert abs(levels[2][0] + levels[2][1] - x).max().item() < 1e-6


def test_lapgan_trains_each_scale_alone():
    """No loss of one scale moves another scale's networks."""
    gan = small_model("LAPGAN")
    x = ganc.tensor(fields_for(gan, 8)[0].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    z = gan.noise(8)
    levels = pyramid(x)
    for scale, (_, coarse) in enumerate(levels):
        made = gan.generator.at(scale, z, coarse)
        gan.discriminator.at(scale, made, coarse).mean().backward()
        for i, part in enumerate(gan.generator.scales):
            moved = any(p.grad is not None and p.grad.abs().sum().item() for p in part.parameters())
            assert moved == (i == scale)
        for p in (*gan.generator.parameters(), *gan.discriminator.parameters()):
            p.grad = None


def test_lapgan_with_classes_resumes(tmp_path):
    gan = small_model("LAPGAN", classes=4)
    x, y = fields_for(gan, 32)
    gan.fit(x, y, batch_size=16, verbose=0)
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert gan.train_on_batch(x[:16], y[:16]) == again.train_on_batch(x[:16], y[:16])
