"""ganc.plot: grids, files, axes and labels, missing packages."""

import subprocess
import sys

import numpy as np
import pytest

import ganc
from ganc import plot
from ganc.callbacks import History
from ganc.datasets import toy

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pillow = pytest.importorskip("PIL.Image")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


@pytest.fixture(scope="module")
def gan():
    model = ganc.models.ToyGAN(g_hidden=(8,), d_hidden=(8,), seed=0)
    model.fit(toy.ring(512, seed=0), epochs=2, verbose=0)
    return model


def test_grid_places_images():
    images = np.stack([np.full((3, 4), v, np.uint8) for v in (0, 50, 100, 150, 200)])
    sheet = plot.grid(images, ncol=3)
    assert sheet.shape == (2 * 5 + 2, 3 * 6 + 2) and sheet.dtype == np.uint8
    assert (sheet[2:5, 8:12] == 50).all() and (sheet[7:10, 2:6] == 150).all()
    assert (sheet[:2] == 255).all() and (sheet[7:10, 14:18] == 255).all()


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (np.zeros((4, 1, 5, 6), np.float32), (16, 18)),
        (np.zeros((4, 3, 5, 6), np.float32), (16, 18, 3)),
        (np.zeros((4, 5, 6, 3), np.uint8), (16, 18, 3)),
        (np.zeros((1, 5, 6), np.uint8), (9, 10)),
    ],
)
def test_grid_shapes(images, shape):
    assert plot.grid(images).shape == shape


@pytest.mark.parametrize(
    "images", [np.zeros((0, 1, 5, 5)), np.zeros((5, 5)), np.zeros((2, 0, 3), np.uint8)]
)
def test_grid_refuses(images):
    with pytest.raises(ValueError, match="images"):
        plot.grid(images)


def test_save_image(tmp_path):
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    plot.save_image(tmp_path / "a.png", image, scale=2)
    with pillow.open(tmp_path / "a.png") as picture:
        back = np.asarray(picture)
    np.testing.assert_array_equal(back, image.repeat(2, 0).repeat(2, 1))


def test_animation_of_images_and_points(tmp_path):
    frames = [np.full((2, 1, 4, 4), v, np.float32) for v in (-1, 0, 1)]
    path = plot.animation(frames, tmp_path / "a.gif", fps=4, scale=2)
    with pillow.open(path) as film:
        assert film.n_frames == 3 and film.size == (28, 16)
    clouds = [toy.ring(100, seed=i) * (i + 1) for i in range(3)]
    with pillow.open(plot.animation(clouds, tmp_path / "b.gif")) as film:
        assert film.n_frames == 3 and film.size == (256, 256)
    with pytest.raises(ValueError, match="frames"):
        plot.animation([], tmp_path / "c.gif")


def test_losses_and_labels():
    history = History()
    for epoch in range(3):
        history.on_epoch_end(epoch, {"d_loss": -epoch, "g_loss": 1.0})
    ax = plot.losses(history)
    assert ax.get_xlabel() == "epoch" and ax.get_ylabel() == "loss, mean over the batch"
    assert [line.get_label() for line in ax.lines] == ["D loss", "G loss"]
    np.testing.assert_array_equal(ax.lines[0].get_data(), [[1, 2, 3], [0, -1, -2]])
    assert plot.losses(history.history).lines
    history.loss_name = "wgan"
    ax = history.plot(ax=ax)
    assert ax.get_ylabel() == "Wasserstein estimate"
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), [0, 1, 2])
    with pytest.raises(ValueError, match="train first"):
        plot.losses(History())


def test_latent_grid():
    vae = ganc.models.VAE((1, 4, 4), latent_dim=2, hidden=(8,), seed=0)
    ax = plot.latent_grid(vae, 3)
    assert ax.get_images()[0].get_array().shape == (20, 20)
    corner = vae._of_latents(np.full((1, 2), 1.6448536, np.float32))
    np.testing.assert_array_equal(
        ax.get_images()[0].get_array()[2:6, 14:18], plot.grid(corner)[2:6, 2:6]
    )
    with pytest.raises(ValueError, match="expected"):
        plot.latent_grid(ganc.models.VAE((1, 4, 4), hidden=(8,), seed=0))


def test_losses_of_an_autoencoder():
    ax = plot.losses({"loss": [3.0, 2.0], "recon": [2.0, 1.5], "kl": [1.0, 0.5]})
    labels = [line.get_label() for line in ax.lines]
    assert labels == ["recon, nats a sample", "kl, nats a sample"]
    np.testing.assert_array_equal(ax.lines[1].get_data(), [[1, 2], [1.0, 0.5]])


def test_wgan_history_knows_its_loss():
    gan = ganc.models.ToyGAN(g_hidden=(8,), d_hidden=(8,), loss="wgan", weight_clip=0.1, seed=0)
    history = gan.fit(toy.ring(256, seed=0), verbose=0)
    assert plot.losses(history).get_ylabel() == "Wasserstein estimate"


def test_samples_of_images_and_points(gan):
    from matplotlib import pyplot

    ax = pyplot.subplots()[1]
    assert plot.samples(np.zeros((4, 1, 5, 5), np.float32), ax=ax) is ax
    assert gan.show(10, seed=0).get_xlabel() == "$x_1$"
    with pytest.raises(ValueError, match="expected 2"):
        plot.samples(np.zeros((4, 3), np.float32))


def test_critic_map(gan):
    ax = plot.critic_map(gan, data=toy.ring(100, seed=0), resolution=20)
    assert ax.get_xlabel() == "$x_1$"
    assert "probability" in ax.figure.axes[1].get_ylabel()
    ax = plot.critic_map(gan, bounds=(-2, 2, -1, 1), resolution=20)
    assert ax.get_xlim() == (-2, 2) and ax.get_ylim() == (-1, 1)
    images = ganc.models.VanillaGAN((1, 2, 2), g_hidden=(4,), d_hidden=(4,), seed=0)
    with pytest.raises(ValueError, match="expected"):
        plot.critic_map(images)


def test_latent_walk():
    images = ganc.models.VanillaGAN((1, 4, 4), g_hidden=(4,), d_hidden=(4,), seed=0)
    ax = plot.latent_walk(images, 5, rows=2)
    assert ax.images[0].get_array().shape == (14, 32)


def test_nothing_is_shown(gan, monkeypatch):
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "show", lambda *a, **k: pytest.fail("plt.show was called"))
    gan.show(4)
    gan.history.plot()


def test_missing_packages_are_named(gan, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        gan.show(4)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="Pillow"):
        plot.save_image(tmp_path / "a.png", np.zeros((2, 2), np.uint8))


def test_ganc_imports_no_drawing_package():
    code = (
        "import ganc, sys; ganc.plot, ganc.GAN, ganc.models, ganc.callbacks;"
        "bad = {'matplotlib', 'PIL', 'tqdm', 'pandas', 'torch'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_training_loop():
    ax = plot.training_loop()
    words = [text for text in ax.texts if text.get_text()]
    numbers = [text.get_text() for text in words if text.get_text().isdigit()]
    assert sorted(numbers) == list("1223456")  # the architecture is two networks
    legend = "\n".join(text.get_text() for text in words)
    assert all(f"{step}  " in legend for step in range(1, 7))
    labels = sorted(text.get_text() for text in words if text.get_text().startswith("label"))
    assert labels == ["label 0", "label 1", "label 1"]
    ax.figure.canvas.draw()
    places = [text.get_window_extent() for text in words]
    frame = ax.get_window_extent()
    for i, place in enumerate(places):
        assert frame.x0 <= place.x0 and place.x1 <= frame.x1, words[i]
        clash = [words[j] for j in range(i) if place.overlaps(places[j])]
        assert not clash, (words[i], clash)
    for box in ax.patches:
        inside = [w for w, p in zip(words, places, strict=True) if box.contains_point(p.min)]
        assert len([w for w in inside if not w.get_text().isdigit()]) == 1


def test_the_equilibrium_and_the_unit_of_losses_are_drawn():
    gan = ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0)
    gan.fit(ganc.datasets.toy.ring(64, seed=0), epochs=3, batch_size=32, verbose=0)
    ax = ganc.plot.losses(gan)
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "D loss (sum of real and fake)" in words
    assert "D at the equilibrium: 1.39" in words and "G at the equilibrium: 0.693" in words
    assert ax.get_ylabel() == "loss, mean over the batch"
    assert all(tick == int(tick) for tick in ax.get_xticks())
    assert len(ganc.plot.losses(gan.history.history).lines) == 2  # no loss is known


@pytest.mark.parametrize(
    "name, d, g",
    [
        ("non_saturating", np.log(4), np.log(2)),
        ("minimax", np.log(4), -np.log(2)),
        ("lsgan", 0.25, 0.125),
        ("hinge", 2.0, None),
        ("wgan", 0.0, None),
        ("relativistic", np.log(2), np.log(2)),
    ],
)
def test_losses_where_samples_are_as_the_data(name, d, g):
    found = ganc.losses.get(name).equilibrium()
    assert found[0] == pytest.approx(d, abs=1e-5)
    assert found[1] is None if g is None else found[1] == pytest.approx(g, abs=1e-5)
