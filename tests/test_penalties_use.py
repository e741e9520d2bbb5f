"""Penalties in use: consistency of D's answers, memory over many steps."""

import os
from pathlib import Path

import numpy as np
import pytest
from harness import note

import ganc
from ganc import losses, nn

SEED = 11


def test_consistency_compares_with_the_changed_pictures():
    from ganc.augment import HorizontalFlip, Translation

    x = ganc.tensor(np.random.default_rng(0).uniform(-1, 1, (8, 2, 8, 8)).astype(np.float32))
    ganc.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(128, 1))
    ganc.manual_seed(SEED)
    changed = Translation()(HorizontalFlip()(x))
    want = (network(x) - network(changed)).square().mean().item() * 5.0
    ganc.manual_seed(SEED)
    assert losses.Consistency(5.0)(network, x).item() == pytest.approx(want, rel=1e-5)
    ganc.manual_seed(SEED)
    want = (network(x) - network(Translation()(x))).square().mean().item()
    ganc.manual_seed(SEED)
    got = losses.Consistency(1.0, flip=False)(network, x).item()
    assert got == pytest.approx(want, rel=1e-5) and got > 0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells memory from /proc")
def test_memory_stays_where_gradients_have_graphs():
    """Steps whose gradients are differentiated leave nothing behind; 5,000 in a release."""
    steps = 5000 if os.environ.get("GANC_RELEASE") else 600
    generator = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    discriminator = nn.Sequential(
        nn.Conv2d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128, 1)
    )
    penalties = ["wgan_gp", "r1", losses.R2(every=3)]
    gan = ganc.GAN(generator, discriminator, 4, loss="wgan", penalty=penalties, seed=0)
    x = np.zeros((16, 1, 8, 8), np.float32)

    def pages():
        return int(Path("/proc/self/statm").read_text().split()[1])

    for _ in range(100):
        gan.train_on_batch(x)
    before = pages()
    for _ in range(steps):
        gan.train_on_batch(x)
    grown = (pages() - before) * os.sysconf("SC_PAGE_SIZE")
    note("penalties: memory grown, MiB", grown / 2**20, f"{steps} steps")
    assert grown <= 2**20
