"""In eval mode, what comes of a sample depends on that sample alone: not on how many others there
are, on their values, on threads or the instruction set."""

import itertools
import os

import numpy as np
import pytest
from isas import offered

import ganc
from ganc import nn
from ganc._backend import core

MODELS = {
    "ToyGAN": {},
    "DenseGAN": {},
    "VanillaGAN": {},
    "Goodfellow2014": {},
    "CGAN": {"classes": 10},
    "CNNGAN": {},
    "TFDCGAN": {},
    "DCGAN": {"image_shape": (1, 28, 28)},
    "DCGANPaper": {"g_channels": 32},
    "VAE": {},
    "ConvVAE": {},
    "UnrolledGAN": {},
    "MinibatchGAN": {"g_channels": 32, "d_channels": (8, 8)},
    "EBGAN": {"g_hidden": (400, 400)},
    "BEGAN": {"filters": 16},
    "ACGAN": {"g_hidden": 64, "g_channels": (32, 32, 16), "d_channels": (8, 8)},
    "BiGAN": {"g_hidden": 256, "d_hidden": 8, "e_hidden": 8},
    "ConvCGAN": {"channels": 32, "hidden": 256},
    "EveningGAN": {},
    "GMAN": {"g_channels": (48, 32, 32), "width": 8, "discriminators": 2},
    "InfoGAN": {"g_channels": (64, 32), "d_hidden": 8, "d_channels": (8, 8)},
    "LAPGAN": {"g_hidden": 64, "d_hidden": 8, "channels": 32},
    "MADGAN": {},
    "MGAN": {"generators": 3, "channels": 32},
    "PacGAN": {},
    "ProjectionGAN": {"g_channels": 32, "d_channels": 8},
    "SDCGAN": {"g_channels": 32, "d_channels": 8, "c_channels": 8},
    "SNGAN": {"g_channels": 32, "d_channels": 8},
    "SNResNetGAN": {"g_channels": 32, "d_channels": 8},
    "SemiSupervisedGAN": {"d_hidden": (8, 8)},
    "WGANGP": {"dim": 32},
}
# Whose generator is another's.
SAME = {"DRAGAN", "HingeGAN", "LSGAN", "RelativisticGAN", "WGAN"}
SIZES = range(1, 65) if os.environ.get("GANC_BATCH_SIZES") == "all" else (1, 2, 5, 16, 33)


@pytest.fixture(params=itertools.product(offered(), (1, 2)), ids=str)
def machine(request):
    was = core.get_isa(), core.get_num_threads()
    core.set_isa(request.param[0])
    core.set_num_threads(request.param[1])
    yield request.param
    core.set_isa(was[0])
    core.set_num_threads(was[1])


def test_every_preset_is_here():
    assert {*MODELS, *SAME} == {n for n in ganc.models.__all__ if n[0].isupper()} - {"Preset"}


@pytest.mark.parametrize("name", MODELS)
def test_fewer_samples_are_the_first_of_many(name, machine):
    gan = getattr(ganc.models, name)(seed=3, **MODELS[name])
    labels = {"labels": np.arange(65) % 10} if name == "CGAN" else {}
    many = gan.sample(65, seed=5, **labels)
    for n in SIZES:
        some = {k: v[:n] for k, v in labels.items()}
        np.testing.assert_array_equal(gan.sample(n, seed=5, **some), many[:n], str(n))


def conv(c, o, size, k, stride=1, padding=0, kind=nn.Conv2d, **more):
    return kind(c, o, k, stride, padding, **more), (c, size, size)


LAYERS = {
    "linear": lambda: (nn.Linear(40, 33), (40,)),
    "tiles of 8": lambda: conv(32, 32, 8, 3, 1, 1),
    "tiles of 7": lambda: conv(32, 40, 7, 3, 1, 1),
    "tiles of 5": lambda: conv(33, 32, 5, 3, 1, 1),
    "tiles of 4, two sub-kernels": lambda: conv(32, 32, 4, 4, 1, 2),
    "tiles of stride 2": lambda: conv(32, 64, 14, 4, 2, 1),
    "tiles of stride 2, odd": lambda: conv(32, 32, 13, 5, 2, 2),
    "transposed, 4 to 8": lambda: conv(64, 32, 4, 4, 2, 1, nn.ConvTranspose2d),
    "transposed, 7 to 14": lambda: conv(64, 32, 7, 4, 2, 1, nn.ConvTranspose2d),
    "transposed, 5 taps": lambda: conv(32, 32, 7, 5, 2, 2, nn.ConvTranspose2d, output_padding=1),
    "transposed, stride 1": lambda: conv(32, 48, 6, 3, 1, 1, nn.ConvTranspose2d),
    "few channels": lambda: conv(3, 16, 16, 4, 2, 1),
    "grouped": lambda: conv(8, 8, 9, 3, 1, 1, groups=4),
    "dilated": lambda: conv(16, 16, 9, 3, 1, 2, dilation=2),
    "whole image": lambda: conv(64, 16, 4, 4),
    "from a point": lambda: conv(50, 32, 1, 4, 1, 0, nn.ConvTranspose2d),
    "1-D": lambda: (nn.Conv1d(16, 16, 5, padding=2), (16, 20)),
    "batch norm": lambda: (nn.BatchNorm2d(6), (6, 5, 5)),
    "batch norm of vectors": lambda: (nn.BatchNorm1d(17), (17,)),
    "instance norm": lambda: (nn.InstanceNorm2d(6, affine=True), (6, 5, 5)),
    "group norm": lambda: (nn.GroupNorm(2, 6), (6, 5, 5)),
    "layer norm": lambda: (nn.LayerNorm((6, 5)), (6, 5)),
    "pixel norm": lambda: (nn.PixelNorm(), (6, 5, 5)),
    "max pooling": lambda: (nn.MaxPool2d(2), (4, 6, 6)),
    "average pooling": lambda: (nn.AvgPool2d(2), (4, 6, 6)),
    "upsampling": lambda: (nn.Upsample(scale_factor=2, mode="bilinear"), (4, 5, 5)),
    "pixel shuffle": lambda: (nn.PixelShuffle(2), (8, 3, 3)),
    "reflection": lambda: (nn.ReflectionPad2d(1), (3, 4, 4)),
    "attention": lambda: (nn.SelfAttention2d(16), (16, 6, 6)),
    "norm, ReLU, convolution": lambda: (
        nn.Sequential(nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1)),
        (32, 7, 7),
    ),
    "convolution, norm, tanh": lambda: (
        nn.Sequential(nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.Tanh()),
        (32, 6, 6),
    ),
}


def filled(layer, rng):
    """Statistics and weights that no layer begins with."""
    with ganc.no_grad():
        for tensor in [*layer.parameters(), *layer.buffers()]:
            if tensor.ndim:
                tensor.copy_(rng.uniform(0.1, 1, tensor.shape).astype("f4"))
    return layer.eval()


@pytest.mark.parametrize("name", LAYERS)
def test_neighbours_do_not_matter(name, machine):
    layer, shape = LAYERS[name]()
    rng = np.random.default_rng(0)
    filled(layer, rng)
    x = rng.normal(size=(9, *shape)).astype("f4")
    with ganc.no_grad():
        alone = np.concatenate([layer(ganc.tensor(x[i : i + 1])).numpy() for i in range(9)])
        for n in (2, 5, 9):
            np.testing.assert_array_equal(layer(ganc.tensor(x[:n])).numpy(), alone[:n], f"n = {n}")
        for value in (np.nan, np.inf, 3e38, 0.0):
            spoilt = x.copy()
            spoilt[[1, 4, 8]] = value
            y = layer(ganc.tensor(spoilt)).numpy()
            for i in (0, 2, 3, 5, 6, 7):
                np.testing.assert_array_equal(y[i], alone[i], f"{value} beside {i}")


@pytest.mark.parametrize("name", ["tiles of 7", "transposed, 7 to 14", "few channels", "linear"])
def test_a_gradient_recorded_changes_nothing(name, machine):
    layer, shape = LAYERS[name]()
    rng = np.random.default_rng(0)
    filled(layer, rng)
    x = rng.normal(size=(5, *shape)).astype("f4")
    with ganc.no_grad():
        want = layer(ganc.tensor(x)).numpy()
    np.testing.assert_array_equal(layer(ganc.tensor(x)).detach().numpy(), want)
    np.testing.assert_array_equal(layer(ganc.tensor(x[:1])).detach().numpy(), want[:1])
