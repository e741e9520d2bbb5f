"""A GAN of the layers that GANs have of their own: trained, saved, loaded."""

from __future__ import annotations

from rival import numbers

import ganc
from ganc import nn


def test_a_gan_of_these_layers(tmp_path):
    """It trains, and comes back from its file: spectral norm's vectors and all."""
    generator = nn.Sequential(
        nn.EqualizedLinear(5, 16 * 4),
        nn.Unflatten(1, (16, 2, 2)),
        nn.ConvTranspose2d(16, 16, 4, 2, 1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.SelfAttention2d(16, spectral_norm=True),
        nn.ConvTranspose2d(16, 1, 4, 2, 1),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.utils.spectral_norm(nn.Conv2d(1, 8, 5, 2, (1, 2, 1, 2))),
        nn.LeakyReLU(0.2),
        nn.EqualizedConv2d(8, 8, 3, padding="same"),
        nn.MinibatchStdDev(),
        nn.Flatten(),
        nn.MinibatchDiscrimination(9 * 16, 3),
        nn.utils.weight_norm(nn.Linear(9 * 16 + 3, 1)),
    )
    gan = ganc.GAN(generator, discriminator, 5, seed=0)
    before = generator[5].query.weight_u.tolist(), discriminator[0].weight_u.tolist()
    gan.fit(numbers((16, 1, 8, 8), 50, -1.0, 1.0), batch_size=8, epochs=2, verbose=0)
    after = generator[5].query.weight_u.tolist(), discriminator[0].weight_u.tolist()
    assert before[0] != after[0] and before[1] != after[1]
    assert generator[5].gamma.item() != 0  # what starts as 0 has learned
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert (again.sample(3, seed=1) == gan.sample(3, seed=1)).all()
    x = ganc.tensor(numbers((4, 1, 8, 8), 51))
    assert again.discriminator.eval()(x).tolist() == gan.discriminator.eval()(x).tolist()
