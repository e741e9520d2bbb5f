"""Tricks, packing and ramps: what each changes, and that a file holds all of it."""

import numpy as np
import pytest

import ganc
from ganc import nn, tricks
from ganc.train import Ramp
from ganc.tricks._terms import pulling_away

POINTS = np.random.default_rng(0).standard_normal((64, 2)).astype(np.float32)
ALL = {
    "feature_matching": tricks.FeatureMatching(0.5),
    "historical_averaging": tricks.HistoricalAveraging(0.1),
    "image_pool": tricks.ImagePool(10),
    "instance_noise": tricks.InstanceNoise(0.2, steps=5),
    "label_flip": tricks.LabelFlip(0.3),
    "pulling_away": tricks.PullingAway(),
    "top_k": tricks.TopK(0.5, 0.25),
}


def build(**options):
    generator = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    discriminator = nn.Sequential(
        nn.Linear(2 * options.get("packing", 1), 8), nn.LeakyReLU(0.2), nn.Linear(8, 1)
    )
    return ganc.GAN(generator, discriminator, 3, seed=0, **options)


def steps(gan, n=4):
    return [gan.train_on_batch(POINTS[i * 16 : i * 16 + 16]) for i in range(n)]


def weights(gan):
    return [p.detach().numpy().copy() for net in gan._parts().values() for p in net.parameters()]


def test_all_are_here():
    assert tricks.list() == sorted(ALL)


@pytest.mark.parametrize("name", ALL)
def test_each_changes_training_and_comes_back(name, tmp_path):
    plain, gan = build(), build(tricks=[ALL[name]])
    later = [i for i in range(2) if gan.epoch == 0]
    assert later
    steps(plain)
    steps(gan)
    gan._position.epoch = 2  # top-k begins to choose
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert repr(again.tricks) == repr(gan.tricks)
    assert steps(gan) == steps(again)
    assert all((a == b).all() for a, b in zip(weights(gan), weights(again), strict=True))
    steps(plain)
    assert any((a != b).any() for a, b in zip(weights(gan), weights(plain), strict=True))
    assert name in repr(gan.describe()) or type(ALL[name]).__name__ in repr(gan.describe())


def test_two_models_do_not_share_what_a_trick_remembers():
    pool = tricks.ImagePool(4)
    a, b = build(tricks=[pool]), build(tricks=[pool])
    steps(a)
    assert a.state()["tricks"] and not b.state()["tricks"] and not pool.state()


def test_instance_noise_fades():
    gan = build(tricks=[tricks.InstanceNoise(1.0, steps=4)])
    x, spread = ganc.zeros(2000, 2), []
    for _ in range(5):
        spread.append(gan.tricks[0].samples(gan, x).std().item())
        gan.train_on_batch(POINTS[:16])
    assert np.allclose(spread, [1, 0.75, 0.5, 0.25, 0], atol=0.05)


def test_label_flip_is_a_swap():
    real, fake = ganc.ones(4000, 1), ganc.zeros(4000, 1)
    r, f = tricks.LabelFlip(0.25).logits(None, real, fake)
    assert r.mean().item() == pytest.approx(0.75, abs=0.03)
    assert ((r + f).numpy() == 1).all()


def test_top_k_takes_the_largest():
    gan = build()
    gan._position.epoch = 1
    chosen = tricks.TopK(0.5).g_logits(gan, ganc.tensor([[1.0], [3.0], [2.0], [0.0]]))
    assert sorted(chosen.flatten().tolist()) == [2.0, 3.0]


def test_image_pool_gives_each_picture_once_more():
    ganc.manual_seed(0)
    pool = tricks.ImagePool(8)
    given = [np.full((4, 1), i, np.float32) for i in range(40)]
    got = np.concatenate([pool.fakes(None, ganc.tensor(x)).numpy() for x in given])
    assert len(got) == 160 and (got[:8] == np.repeat([0, 1], 4)[:, None]).all()
    old = (got[:, 0] < np.repeat(np.arange(40), 4)).mean()
    assert 0.35 < old < 0.65
    counts = np.bincount(got[:, 0].astype(int), minlength=40)
    assert counts.max() <= 8  # a picture is seen when it is new, and once when it leaves


def test_pulling_away():
    rows = ganc.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    assert pulling_away(rows).item() == pytest.approx(2 / 6)


def test_features_of_networks_of_ones_own():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 4), nn.Linear(4, 1)

        def forward(self, x):
            return self.b(self.a(x))

    gan = ganc.GAN(nn.Linear(3, 2), Own(), 3, tricks="feature_matching", seed=0)
    with pytest.raises(TypeError, match="features"):
        gan.train_on_batch(POINTS[:4])
    Own.features = lambda self, x: self.a(x)
    gan.train_on_batch(POINTS[:4])


# ---- packing ----


def test_packing_shows_d_several_samples():
    gan = build(packing=2)
    seen = []
    gan.discriminator.register_forward_pre_hook(
        lambda module, args: seen.append(args[0].detach().numpy())
    )
    gan.train_on_batch(POINTS[:16])
    assert [x.shape for x in seen[-2:]] == [(16, 4), (8, 4)]
    assert (seen[-2][:8] == POINTS[:16].reshape(8, 4)).all()
    history = gan.fit(POINTS, batch_size=16, validation_data=POINTS[:7], verbose=0)
    assert np.isfinite(history.history["val_d_real"]).all()
    assert gan.inputs_of("discriminator") == ((4,),)
    gan.summary()


def test_packing_mistakes():
    with pytest.raises(ValueError, match="multiple of packing=2"):
        build(packing=2).train_on_batch(POINTS[:15])
    with pytest.raises(ValueError, match="at least 1"):
        build(packing=0)
    with pytest.raises(ValueError, match="conditional"):
        ganc.GAN(nn.Linear(3, 2), nn.Linear(2, 1), 3, classes=3, packing=2)


# ---- ramps ----


def test_ramps_change_their_numbers(tmp_path):
    ramps = {
        "lr": Ramp(1.0, 0.0, 4, "linear"), "beta2": Ramp(0.9, 0.99, 4), "penalty": Ramp(2, 1, 4),
        "ema": Ramp(100, 400, 4, "linear"),
    }  # fmt: skip
    gan = build(penalty="r1", ramps=ramps, ema=0.9)
    steps(gan, 3)
    group = gan.d_optimizer.param_groups[0]
    assert group["lr"] == pytest.approx(0.5) and group["betas"][1] == pytest.approx(0.945)
    assert gan.penalties[0].weight == pytest.approx(1.5)
    assert gan._averages["generator"].core.decay == pytest.approx(0.5 ** (64 / 250))
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert again.ramps == gan.ramps and steps(again) == steps(gan)
    assert gan.d_optimizer.param_groups[0]["lr"] == 0.0


def test_ramp_waits_and_stays():
    ramp = Ramp(1, 3, 2, "linear", after=3)
    assert [ramp.at(step) for step in range(7)] == [1, 1, 1, 1, 2, 3, 3]


def test_ramp_mistakes():
    for ramps, error, message in (
        ({"rate": Ramp(1, 0, 3)}, ValueError, "ramps"),
        ({"lr": 1e-3}, TypeError, "ganc.train.Ramp"),
        ([1], TypeError, "expected a dict"),
    ):
        with pytest.raises(error, match=message):
            build(ramps=ramps)
    with pytest.raises(ValueError, match="steps"):
        Ramp(1, 0, 0)


def test_penalties_warn_of_batch_norm():
    network = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
    with pytest.warns(UserWarning, match="batch norm in the discriminator"):
        ganc.GAN(nn.Linear(3, 2), network, 3, penalty="wgan_gp")
