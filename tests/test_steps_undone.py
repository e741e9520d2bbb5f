"""What a failed step, a wrong loader or a wrong option leaves behind: nothing."""

from __future__ import annotations

import numpy as np
import pytest
from systems import build, data_of
from test_gan import digest

import ganc
from ganc import nn
from ganc.train import Update

X = np.random.default_rng(0).uniform(-1, 1, (32, 2)).astype(np.float32)


def test_an_update_that_succeeded_once_fails_for_a_batch_of_other_shape():
    """The discriminator has learnt by then: that is taken back."""

    class Fails(ganc.GAN):
        def g_objective(self, batch):
            if len(batch.x) == 5:
                raise RuntimeError("not 5")
            return super().g_objective(batch)

    gan = Fails(nn.Linear(2, 2), nn.Linear(2, 1), 2, seed=0)
    gan.train_on_batch(X[:8])
    before = digest(gan)
    with pytest.raises(RuntimeError, match="not 5"):
        gan.train_on_batch(X[:5])
    assert digest(gan) == before and gan.step == 1
    gan.train_on_batch(X[:8])
    assert gan.step == 2


def test_clip_of_zero_is_refused():
    """It would set all weights to 0."""

    class Clipped(ganc.models.ToyGAN):
        def updates(self):
            return (Update("d", "d_optimizer", self.d_objective, clip=0.0),)

    with pytest.raises(ValueError, match="clip: got 0.0, expected a number above 0"):
        Clipped(seed=0).train_on_batch(X)
    with pytest.raises(ValueError, match="weight_clip: got 0"):
        ganc.GAN(nn.Linear(2, 2), nn.Linear(2, 1), 2, weight_clip=0)


@pytest.mark.parametrize("when", ["a later sample", "a label beyond"])
def test_classes_that_a_failing_loader_told_are_forgotten(when):
    x, y = data_of("conditional")

    class Broken(ganc.data.Dataset):
        classes = list("abcde")

        def __len__(self):
            return len(x)

        def __getitem__(self, i):
            if when == "a later sample" and i:
                raise ValueError("broken")
            return x[i], y[i] if i == 0 else 7

    model = build("conditional")
    with pytest.raises(ValueError, match="broken|7"):
        model.fit(ganc.data.DataLoader(Broken(), 16), epochs=1, verbose=0)
    assert model.classes is None and model.step == 0
    model.fit(x, y, epochs=1, batch_size=16, verbose=0)
    assert model.classes == y.max() + 1


def test_predictions_are_of_the_named_network():
    vae = ganc.models.VAE(image_shape=(1, 4, 4), hidden=6, latent_dim=2, seed=0)
    z = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    images = vae.predict("decoder", z)
    assert images.shape == (3, 1, 4, 4) and np.abs(images).max() <= 1
    logits = vae.decoder(ganc.tensor(z)).detach().numpy()
    np.testing.assert_allclose(images, 2 / (1 + np.exp(-logits)) - 1, atol=1e-6)
    np.testing.assert_array_equal(vae.predict("decoder", ganc.tensor(z)), images)
    np.testing.assert_array_equal(vae.predict("decoder", z.tolist()), images)
    assert vae.predict("encoder", images).shape == (3, 4)
    with pytest.raises(ValueError, match="one of the networks encoder, decoder"):
        vae.predict("generator", z)
    for wrong in ((), (z, z[:2]), (1.0,)):
        with pytest.raises(ValueError, match="equally many rows"):
            vae.predict("decoder", *wrong)
