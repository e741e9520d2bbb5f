"""What a beginner gets wrong: a clear error each, never a crash, and the model is unchanged."""

import numpy as np
import pytest
from test_gan import X, build, digest

import ganc
from ganc import nn, optim


def image_gan(shape=(1, 4, 4)):
    return ganc.models.VanillaGAN(shape, g_hidden=(8,), d_hidden=(8,), seed=0)


IMAGES = np.zeros((32, 4, 4), np.uint8)
NAN = np.full((64, 2), np.nan, np.float32)

DATA = {
    "another size": (lambda: image_gan().fit(np.zeros((32, 5, 5), np.uint8)), "image_shape"),
    "colour": (lambda: image_gan().fit(np.zeros((32, 4, 4, 3), np.uint8)), r"\(3, 4, 4\)"),
    "points for images": (lambda: image_gan().fit(X), "generator makes"),
    "images for points": (lambda: build().fit(IMAGES), "generator makes"),
    "transposed float": (lambda: image_gan().fit(np.zeros((32, 4, 4, 1))), "transpose"),
    "flat": (lambda: image_gan().fit(np.zeros((32, 16))), "generator makes"),
    "empty": (lambda: build().fit(X[:0]), "at least one"),
    "zero features": (lambda: build().fit(np.zeros((8, 0))), "at least one"),
    "NaN": (lambda: build().fit(NAN), "NaN"),
    "0..255 floats": (lambda: image_gan().fit(np.full((32, 1, 4, 4), 200.0)), "127.5"),
    "integers": (lambda: build().fit(np.zeros((64, 2), np.int64)), "dtype"),
    "strings": (lambda: build().fit(["a", "b"]), "dtype"),
    "objects": (lambda: build().fit([None]), "dtype"),
    "a number": (lambda: build().fit(3.0), "array"),
    "small": (lambda: build().fit(X[:10], batch_size=64), "batch_size=10"),
    "labels": (lambda: build().fit(X, np.zeros(512, int)), "labels"),
    "sample labels": (lambda: build().sample(3, labels=[1, 2, 3]), "labels"),
    "batch shape": (
        lambda: build().train_on_batch(np.zeros((8, 3), np.float32)),
        "generator makes",
    ),
    "empty batch": (lambda: build().train_on_batch(X[:0]), "at least one"),
    "tensor batch": (lambda: build().train_on_batch(ganc.zeros(8, 3)), "generator makes"),
    "0-d tensor": (lambda: build().train_on_batch(ganc.zeros(())), "at least one"),
    "validation shape": (lambda: build().fit(X, validation_data=IMAGES), "generator makes"),
}

OPTIONS = {
    "loss": (lambda: build(loss="wgn"), "did you mean 'wgan'"),
    "loss type": (lambda: build(loss=3), "d_loss"),
    "latent": (lambda: build(latent="gaussian"), "normal, uniform"),
    "n_critic": (lambda: build(n_critic=0), "n_critic"),
    "n_critic type": (lambda: build(n_critic=1.5), "whole number"),
    "smoothing": (lambda: build(label_smoothing=1.0), "label_smoothing"),
    "smoothing NaN": (lambda: build(label_smoothing=float("nan")), "label_smoothing"),
    "penalty": (lambda: build(penalty="wgan-pg"), "did you mean 'wgan_gp'"),
    "ema": (lambda: build(ema=1.5), "ema"),
    "clip": (lambda: build(weight_clip=-1), "weight_clip"),
    "reduction": (lambda: build(d_reduction="average"), "sum, mean"),
    "range": (lambda: build(pixel_range=(1, 0)), "low < high"),
    "range type": (lambda: build(pixel_range=3), "pixel_range"),
    "latent_dim": (lambda: ganc.GAN(nn.Linear(2, 2), nn.Linear(2, 1), 0), "latent_dim"),
    "latent_dim type": (lambda: ganc.GAN(nn.Linear(2, 2), nn.Linear(2, 1), "2"), "latent_dim"),
    "seed": (lambda: ganc.models.ToyGAN(seed=-1), "seed"),
    "seed too large": (lambda: ganc.models.ToyGAN(seed=2**63), "seed"),
    "seed type": (lambda: ganc.models.ToyGAN(seed=1.5), "seed"),
    "class": (lambda: ganc.GAN(nn.Linear, nn.Linear(2, 1)), "call it first"),
    "function": (lambda: ganc.GAN(lambda z: z, nn.Linear(2, 1)), "Module"),
    "nothing to train": (lambda: ganc.GAN(nn.Tanh(), nn.Linear(2, 1)), "parameters"),
    "optimizer": (lambda: build(g_optimizer="adam"), "optim"),
    "unknown": (lambda: ganc.models.VanillaGAN(latentdim=3), "latentdim"),
    "image_shape": (lambda: ganc.models.VanillaGAN((28, 28)), r"\(C, H, W\)"),
    "no layers": (lambda: ganc.models.VanillaGAN(g_hidden=()), "at least one width"),
    "negative width": (lambda: ganc.models.VanillaGAN(g_hidden=(-3,)), "g_hidden"),
    "dropout": (lambda: ganc.models.VanillaGAN(dropout=1.5), "1.5"),
    "lr": (lambda: ganc.models.VanillaGAN(g_lr=-1.0), "lr"),
    "activation": (lambda: ganc.models.ToyGAN(activation="rellu"), "did you mean 'relu'"),
}

FIT = {
    "epochs": ({"epochs": -1}, "epochs"),
    "epochs type": ({"epochs": 2.5}, "whole number"),
    "batch": ({"batch_size": 0}, "batch_size"),
    "batch type": ({"batch_size": "64"}, "whole number"),
    "steps": ({"steps_per_epoch": 0}, "steps_per_epoch"),
    "initial": ({"initial_epoch": -1}, "initial_epoch"),
    "verbose": ({"verbose": 7}, "verbose"),
    "budget": ({"budget": "soon"}, "10 min"),
    "budget zero": ({"budget": 0}, "above 0"),
    "unknown": ({"epoch": 3}, "epoch"),
}

SAMPLE = {
    "n": (lambda g: g.sample(-1), "at least 0"),
    "n type": (lambda g: g.sample(2.5), "whole number"),
    "seed": (lambda g: g.sample(1, seed="a"), "seed"),
    "truncation": (lambda g: g.sample(1, truncation=-1.0), "truncation"),
    "truncation NaN": (lambda g: g.sample(1, truncation=float("nan")), "truncation"),
    "interpolate": (lambda g: g.interpolate(1), "at least 2"),
    "start": (lambda g: g.interpolate(3, start=[1.0]), "start"),
    "start NaN": (lambda g: g.interpolate(3, start=[np.nan] * 3), "finite"),
    "metrics": (lambda g: g.evaluate(X, ["fréchet"]), "expected one of .*frechet_distance"),
}


@pytest.mark.parametrize("name", DATA)
def test_data(name):
    call, words = DATA[name]
    with pytest.raises((ValueError, TypeError), match=words):
        call()


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name):
    call, words = OPTIONS[name]
    with pytest.raises((ValueError, TypeError), match=words):
        call()


@pytest.mark.parametrize("name", FIT)
def test_fit_options(name):
    options, words = FIT[name]
    gan = build()
    before = digest(gan)
    with pytest.raises((ValueError, TypeError), match=words):
        gan.fit(X, **({"verbose": 0, "batch_size": 64} | options))
    assert digest(gan) == before and gan.step == 0


@pytest.mark.parametrize("name", SAMPLE)
def test_sampling(name):
    call, words = SAMPLE[name]
    with pytest.raises((ValueError, TypeError), match=words):
        call(build())


def test_generator_that_does_not_take_the_latents():
    gan = ganc.GAN(nn.Linear(5, 2), nn.Linear(2, 1), latent_dim=3, seed=0)
    with pytest.raises((ValueError, RuntimeError)) as caught:
        gan.fit(X, verbose=0)
    assert "trying the generator" in "".join(caught.value.__notes__)


def test_discriminator_that_does_not_take_the_data():
    gan = ganc.GAN(nn.Linear(3, 2), nn.Linear(5, 1), latent_dim=3, seed=0)
    with pytest.raises((ValueError, RuntimeError)) as caught:
        gan.fit(X, verbose=0)
    assert "trying the discriminator" in "".join(caught.value.__notes__)


def test_flat_generator_for_images_gets_the_layer_named():
    d = nn.Sequential(nn.Flatten(), nn.Linear(16, 1))
    gan = ganc.GAN(nn.Linear(3, 16), d, latent_dim=3, seed=0)
    with pytest.raises(ValueError, match=r"nn.Unflatten\(1, \(1, 4, 4\)\)"):
        gan.fit(IMAGES, verbose=0)


def test_sigmoid_before_a_logits_loss_is_warned_of():
    with pytest.warns(UserWarning, match="logits"):
        ganc.GAN(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()), 2)


def test_optimizer_of_the_other_network():
    g, d = nn.Linear(2, 2), nn.Linear(2, 1)
    with pytest.raises(ValueError, match="generator.parameters"):
        ganc.GAN(g, d, 2, g_optimizer=optim.Adam(d.parameters()))


def test_step_inside_a_step():
    class Recursive(ganc.GAN):
        def train_step(self, batch):
            return self.train_on_batch(*batch)

    with pytest.raises(RuntimeError, match="middle of a step"):
        build(Recursive).train_on_batch(X[:8])
