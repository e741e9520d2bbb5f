"""Augmentations: what they do to pictures, their gradients, the same in both of a GAN's updates."""

import numpy as np
import pytest

import ganc
from ganc import augment, nn
from ganc.augment._augmentation import KIND
from ganc.tricks import ImagePool

SINGLE = dict(KIND.known)


def pictures(n=6, c=3, size=8, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, c, size, size)).astype(np.float32)


def small(**options):
    generator = nn.Sequential(nn.Linear(4, 192), nn.Tanh(), nn.Unflatten(1, (3, 8, 8)))
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.ReLU(), nn.Linear(8, 1))
    return ganc.GAN(generator, discriminator, 4, seed=0, **options)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_gradients_and_chance(name, channels):
    x = ganc.tensor(pictures(c=channels), requires_grad=True)
    ganc.manual_seed(3)
    change = SINGLE[name]()
    y = change(x)
    assert y.shape == x.shape and np.isfinite(y.detach().numpy()).all()
    y.square().sum().backward()
    assert np.isfinite(x.grad.numpy()).all() and x.grad.abs().sum().item() > 0
    assert type(change)(p=0.0)(x) is x
    ganc.manual_seed(3)
    assert (change(x).detach().numpy() == y.detach().numpy()).all()


@pytest.mark.parametrize("name", sorted(set(SINGLE) - {"saturation", "hue"}))
def test_half_of_the_pictures(name):
    x = ganc.tensor(pictures(400, c=1))
    ganc.manual_seed(0)
    changed = [SINGLE[name](p=p)(x).numpy() != x.numpy() for p in (0.5, 1.0)]
    share = [c.any((1, 2, 3)).mean() for c in changed]
    if name != "affine":  # each of its four changes has that chance
        assert share[0] == pytest.approx(share[1] / 2, abs=0.08)
    assert share[1] > 0.45


def test_translation_moves_whole_pixels():
    x = pictures(64)
    y = augment.Translation()(ganc.tensor(x)).numpy()
    seen = set()
    for before, after in zip(x, y, strict=True):
        padded = np.pad(before, ((0, 0), (1, 1), (1, 1)))
        moves = [
            (i, j) for i in range(3) for j in range(3)
            if (padded[:, i : i + 8, j : j + 8] == after).all()
        ]  # fmt: skip
        assert len(moves) == 1
        seen.update(moves)
    assert len(seen) == 9


def test_cutout_hides_a_square():
    y = augment.Cutout(0.5)(ganc.ones(300, 1, 8, 8)).numpy()[:, 0] == 0
    most = y.sum((1, 2)).max()
    assert most == 16 and y.any((1, 2)).all()  # 4 x 4 where none of it is outside
    assert y.any(0).all()


def test_affine_does_nothing_where_its_numbers_are_zero():
    x = ganc.tensor(pictures())
    y = augment.Affine(scale=0, stretch=0, turn=0, shift=0)(x)
    assert abs(y - x).max().item() < 1e-5


def test_hue_keeps_grey_and_length():
    x = pictures()
    y = augment.Hue()(ganc.tensor(x)).numpy()
    assert np.allclose(x.mean(1), y.mean(1), atol=1e-5)
    assert np.allclose((x**2).sum(1), (y**2).sum(1), atol=1e-4)


def test_real_and_generated_see_the_same_changes():
    """With D's weights on one pixel, what it is shown differs from batch to batch, in G's too."""
    seen = []

    class Watch(augment.Augmentation):
        name = "watch"

        def change(self, x):
            seen.append(len(x))
            return x * 0.5

    gan = small(augment=[Watch()])
    gan.train_on_batch(pictures(16))
    assert sum(seen) == 48  # real, fake in D's update, fake in G's
    with pytest.raises(ValueError, match="pictures"):
        ganc.GAN(nn.Linear(2, 2), nn.Linear(2, 1), 2, augment="cutout").train_on_batch(
            np.zeros((4, 2), np.float32)
        )


@pytest.mark.parametrize("name", ["diffaugment", "ada"])
def test_policies_train_and_come_back(name, tmp_path):
    gan = small(augment=name, penalty="r1")
    gan.train_on_batch(pictures(16))
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert again.augment == gan.augment
    logs = [model.train_on_batch(pictures(16, seed=1)) for model in (gan, again)]
    assert logs[0] == logs[1]
    assert f"{gan.augment[0]!r}" in repr(gan.describe())


def test_mistakes():
    for given, error, message in (
        ("diffaugmnt", ValueError, "did you mean 'diffaugment'"),
        (["cutout", "cutout"], ValueError, "twice"),
        (3, TypeError, "expected a name"),
        ([ImagePool()], TypeError, "ImagePool"),
    ):
        with pytest.raises(error, match=message):
            augment.get(given)
    with pytest.raises(ValueError, match="policy"):
        augment.diffaugment("colour")
    with pytest.raises(ValueError, match="probability"):
        augment.Cutout(p=2)
