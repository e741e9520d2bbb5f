"""What a notebook shows of models, histories, grids and modules."""

import io
import sys

import numpy as np
import pytest
from PIL import Image
from test_callbacks import X, toy_gan
from test_callbacks_live import images_gan

import ganc
from ganc import nn, plot
from ganc.plot._picture import Picture


def picture(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def test_grids_are_pictures():
    images = np.random.default_rng(0).uniform(-1, 1, (6, 1, 8, 8))
    grid = plot.grid(images)
    shown = picture(grid._repr_png_())
    scale = shown.shape[0] // grid.shape[0]
    assert scale > 1 and np.array_equal(shown[::scale, ::scale], grid)
    color = plot.grid(np.zeros((4, 3, 200, 200)))
    assert np.array_equal(picture(color._repr_png_()), color)  # large ones are not enlarged
    assert (grid.astype(float).view(Picture)._repr_png_(), grid[0]._repr_png_()) == (None, None)


def test_history_shows_curves_and_table(monkeypatch):
    gan = toy_gan()
    assert gan.history._repr_png_() is None and "<img" not in gan.history._repr_html_()
    history = gan.fit(X, epochs=3, verbose=0)
    assert picture(history._repr_png_()).shape == (256, 512, 3)
    text = history._repr_html_()
    assert text.count("<tr>") == 4 and "<img src='data:image/png;base64," in text
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert history._repr_png_() is None and history._repr_html_().count("<tr>") == 4


def test_history_of_other_numbers_is_a_table():
    history = ganc.callbacks.History()
    history.on_epoch_end(0, {"score": 1.0})
    assert history._repr_png_() is None and "score" in history._repr_html_()


@pytest.mark.parametrize("make, x", [(toy_gan, X), (images_gan, np.zeros((32, 4, 4), np.uint8))])
def test_a_model_shows_its_facts_and_samples(make, x):
    gan, other = make(), make()
    before = gan._repr_html_()
    assert "<img" not in before and "0 steps" in before and "generator" in before
    for g in (gan, other):
        g.fit(x, epochs=1, verbose=0)
    gan.ema = 0.9
    after = gan._repr_html_()
    assert "<img" in after and "4 steps, 1 epochs" in after and "ema" in after
    assert np.array_equal(gan.sample(3), other.sample(3))  # looking draws no sample


def test_a_vae_and_a_model_of_vectors():
    vae = ganc.models.VAE((1, 4, 4), latent_dim=2, seed=0)
    assert "encoder" in vae._repr_html_()
    gan = ganc.models.ToyGAN(3, seed=0)
    gan.train_on_batch(np.zeros((4, 3), np.float32))
    assert "<img" not in gan._repr_html_()


def test_modules_show_a_table():
    assert "Linear" in nn.Sequential(nn.Linear(2, 3), nn.ReLU())._repr_html_()
