"""Runs that fail on purpose, and healthy ones: what the doctor's thresholds were set by.

    python tests/lib/sick_runs.py [SEEDS [RUN ...]]

prints the number of each check in each run. GANC_DOCTOR_FULL=1 makes the healthy runs of the tests
as long and as wide as they are there.
"""

import os
import sys
import warnings
from functools import cache

import numpy as np

import ganc
from ganc import nn, optim

FULL = os.environ.get("GANC_DOCTOR_FULL") == "1"


@cache
def images():
    """Training images and others."""
    x, _ = ganc.datasets.load_embedded()
    return x[:4000], x[4000:4600]


@cache
def points():
    """The same of points on a ring."""
    return ganc.datasets.toy.ring(2560, seed=0), ganc.datasets.toy.ring(600, seed=1)


# ---- healthy runs ----


_NARROW = {"g_hidden": (64, 128), "d_hidden": (128, 64)}


def _toy(seed):
    return _watched(ganc.models.ToyGAN(seed=seed), points(), 160)


def _dense(seed):
    widths = {} if FULL else _NARROW | {"bn_momentum": 0.05}
    return _watched(ganc.models.DenseGAN(seed=seed, **widths), images(), 52 if FULL else 49)


def _vanilla(seed):
    return _watched(ganc.models.VanillaGAN(seed=seed, **({} if FULL else _NARROW)), images(), 40)


def _dcgan(seed):
    width = 16 if FULL else 6
    gan = ganc.models.DCGAN((1, 28, 28), g_channels=width, d_channels=width, seed=seed)
    return _watched(gan, images(), 26 if FULL else 13)


def _trained(gan, data, epochs, **options):
    x, held_out = data
    gan.fit(x, epochs=epochs, verbose=0, **options)
    return gan, {"x": x, "validation_data": held_out}


class Visits(ganc.callbacks.Doctor):
    """A doctor who comes ten times during a run, and remembers each number."""

    def on_train_begin(self, logs=None):
        """Spread the visits."""
        self.every, self.seen = max(self.params["epochs"] // 10, 1), []

    def on_epoch_end(self, epoch, logs=None):
        """Note the numbers."""
        super().on_epoch_end(epoch, logs)
        if (epoch + 1) % self.every == 0:
            self.seen.append(self.diagnosis.measured)


def _watched(gan, data, epochs):
    gan.visits = Visits(data[0], validation_data=data[1])
    return _trained(gan, data, epochs, callbacks=[gan.visits])


HEALTHY = {"ToyGAN": _toy, "DenseGAN": _dense, "VanillaGAN": _vanilla, "DCGAN": _dcgan}


# ---- planted failures ----

_SMALL = _NARROW | {"seed": 0}


def mode_collapse():
    """D stands still, so that G finds the sample that it likes best."""
    gan = ganc.models.ToyGAN(seed=0, d_lr=0.0)
    return _trained(gan, points(), 150)


def missing_kinds():
    """G has met one of the eight modes only."""
    return _one_mode()


def low_coverage():
    """The same: seven of eight have no sample near them."""
    return _one_mode()


@cache
def _one_mode():
    x, _ = points()
    gan = ganc.models.ToyGAN(seed=0)
    _trained(gan, (x[x[:, 0] < -0.9], None), 210, steps_per_epoch=10, batch_size=64)
    return gan, {"x": x}


def low_recall():
    """D stands still, and samples are one point."""
    return _one_point()


def repeated_samples():
    """The same."""
    return _one_point()


@cache
def _one_point():
    gan = ganc.models.ToyGAN(seed=0, d_lr=0.0)
    return _trained(gan, points(), 210, steps_per_epoch=10)


@cache
def _small_images():
    """Images of 7 x 7 and their labels."""
    x, y = ganc.datasets.load_embedded()
    small = x[:2000].reshape(-1, 7, 4, 7, 4).mean((2, 4))
    return small.round().astype(np.uint8), y[:2000]


def sharpness():
    """G stays as it began: noise."""
    gan = ganc.models.VanillaGAN((1, 7, 7), **_SMALL, g_lr=0.0)
    x, _ = _small_images()
    return _trained(gan, (x, None), 201, steps_per_epoch=10, batch_size=32)


_CGAN = {"g_latent": 16, "g_label": 16, "g_hidden": 32, "d_image": 16, "d_label": 8, "d_hidden": 16}


def labels_ignored():
    """G does not learn what labels mean."""
    gan = ganc.models.CGAN((1, 7, 7), seed=0, **_CGAN, lr=1e-9, lr_min=0.0)
    x, y = _small_images()
    gan.fit(x, y, epochs=201, steps_per_epoch=10, batch_size=32, verbose=0)
    return gan, {"x": x, "y": y}


def labels_unknown():
    """Labels shuffled apart from their images."""
    gan = ganc.models.CGAN((1, 7, 7), seed=0, **_CGAN)
    x, y = _small_images()
    y = np.random.default_rng(0).permutation(y)
    gan.fit(x, y, epochs=1, verbose=0)
    return gan, {"x": x, "y": y}


def repeated_data():
    """Nine of ten points are one."""
    x = points()[0].copy()
    x[np.arange(len(x)) % 10 > 0] = x[0]
    return _trained(ganc.models.ToyGAN(seed=0), (x, None), 1)


def loss_size():
    """Learning rates of 10."""
    gan = ganc.models.ToyGAN(seed=0, g_lr=10.0, d_lr=10.0)
    return _trained(gan, points(), 3)


def vanishing_gradient():
    """The minimax loss, and D far ahead."""
    gan = ganc.models.VanillaGAN(**_SMALL, dropout=0.0, loss="minimax", g_lr=1e-6, d_lr=1e-3)
    return _trained(gan, images(), 10)


def discriminator_won():
    """D learns 300 times as fast as G."""
    gan = ganc.models.VanillaGAN(**_SMALL, g_lr=1e-5, d_lr=3e-3)
    return _trained(gan, images(), 4)


def discriminator_overfit():
    """64 points of eight dimensions, which a wide D knows by heart."""
    x = np.random.default_rng(0).standard_normal((664, 8)).astype(np.float32)
    gan = ganc.models.ToyGAN(8, latent_dim=8, seed=0, d_hidden=(256, 256))
    return _trained(gan, (x[:64], x[64:]), 600, batch_size=64)


def oscillation():
    """Learning rates and momenta that make the two run in circles."""
    gan = ganc.models.ToyGAN(seed=0, g_lr=3e-2, d_lr=3e-2, betas=(0.9, 0.999))
    return _trained(gan, points(), 40)


def explosion():
    """A critic that nothing holds."""
    gan = ganc.models.ToyGAN(seed=0, loss="wgan", g_lr=3e-2, d_lr=3e-2)
    return _trained(gan, points(), 60)


class Log(nn.Module):
    """An activation that leaves the real numbers."""

    def forward(self, x):
        """Take the logarithm."""
        return (x + 1.5).log()


def not_finite():
    """A logarithm of what may become negative."""
    generator = nn.Sequential(nn.Linear(2, 32), Log(), nn.Linear(32, 2))
    discriminator = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
    gan = ganc.GAN(
        generator, discriminator, latent_dim=2, seed=0, g_optimizer=lambda p: optim.Adam(p, 1e-2)
    )
    try:
        return _trained(gan, points(), 20)
    except ganc.DivergenceError:
        return gan, {"x": points()[0]}


def dead_units():
    """Learning rates that throw units out of reach."""
    return _trained(ganc.models.ToyGAN(seed=0, g_lr=0.1, d_lr=0.1), points(), 10)


def saturated_output():
    """G's steps drive its tanh to the ends."""
    gan = ganc.models.VanillaGAN(**_SMALL, g_lr=0.05)
    return _trained(gan, images(), 3)


def data_range():
    """Images in [0, 1] for a generator that ends in tanh."""
    x = (images()[0][:, None] / 255).astype(np.float32)
    gan = ganc.models.VanillaGAN(**_SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _trained(gan, (x, None), 1)


def labels():
    """Classes counted from 1."""
    x, y = ganc.datasets.load_embedded(500)

    class Conditional(nn.Module):
        def __init__(self):
            super().__init__()
            self.classes = nn.Embedding(10, 4)
            self.image = nn.Sequential(nn.Linear(16, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))

        def forward(self, z):
            return self.image(z)

    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(784, 1))
    return ganc.GAN(Conditional(), discriminator, latent_dim=16, seed=0), {"x": x, "y": y + 1}


def activation_before_loss():
    """D ends in a sigmoid."""
    generator = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
    discriminator = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gan = ganc.GAN(generator, discriminator, latent_dim=2, seed=0)
    return _trained(gan, points(), 5)


def checkerboard():
    """A kernel of 3 with a stride of 2."""
    generator = nn.Sequential(
        nn.Linear(16, 8 * 14 * 14), nn.ReLU(), nn.Unflatten(1, (8, 14, 14)),
        nn.ConvTranspose2d(8, 1, 3, 2, 1, output_padding=1), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 1))
    gan = ganc.GAN(generator, discriminator, latent_dim=16, seed=0)
    return _trained(gan, images(), 1)


def batch_neighbours():
    """Batch norm without running statistics."""
    generator = nn.Sequential(
        nn.Linear(2, 32), nn.BatchNorm1d(32, track_running_stats=False), nn.ReLU(), nn.Linear(32, 2)
    )
    discriminator = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    gan = ganc.GAN(generator, discriminator, latent_dim=2, seed=0)
    return _trained(gan, points(), 5)


def running_statistics():
    """Running statistics that hardly move."""
    return _trained(ganc.models.DenseGAN(**_SMALL, bn_momentum=1e-5), images(), 17)


def label_smoothing():
    """D is told that real samples are fakes."""
    return _trained(ganc.models.ToyGAN(seed=0, label_smoothing=0.7), points(), 5)


PLANTED = {
    function.__name__.replace("_", "-"): function
    for function in (
        mode_collapse, missing_kinds, low_coverage, low_recall, repeated_samples, sharpness,
        labels_ignored, labels_unknown, repeated_data, loss_size, vanishing_gradient,
        discriminator_won, discriminator_overfit,
        oscillation, explosion, not_finite, dead_units, saturated_output, data_range, labels,
        activation_before_loss, checkerboard, batch_neighbours, running_statistics, label_smoothing,
    )
}  # fmt: skip


def main(seeds, wanted):
    """Print each run's numbers: at its end, and the range of those of visits before."""
    runs = [
        (f"{name} {seed}", lambda make=make, seed=seed: make(seed))
        for name, make in HEALTHY.items()
        for seed in range(seeds)
    ]
    for name, make in runs + list(PLANTED.items()):
        if wanted and name not in wanted:
            continue
        gan, options = make()
        diagnosis = ganc.doctor(gan, **options)
        seen = getattr(gan, "visits", None)
        visits = [diagnosis.measured] if seen is None else [*seen.seen, diagnosis.measured]
        found = [f.name for f in diagnosis] + ([] if seen is None else [n for _, n in seen.log])
        print(f"{name}, {gan.step} steps: {', '.join(found) or 'healthy'}")
        print("   ", " ".join(f"{k}={_range(k, visits)}" for k in diagnosis.measured), flush=True)


def _range(name, visits):
    values = [f"{v[name]:.3g}" for v in visits if name in v]
    low, high = min(values, key=float), max(values, key=float)
    return low if low == high else f"{low}..{high}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2:])
