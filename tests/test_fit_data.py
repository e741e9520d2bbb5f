"""`fit` on data sets and loaders: the bits of arrays, exact resume, what is refused."""

import threading

import numpy as np
import pytest
from children import DIGEST, run
from pictures import noise, write
from test_gan import digest

import ganc
from ganc import data, nn
from ganc.callbacks import LambdaCallback
from ganc.data import transforms

N, SIZE = 22, 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    for i in range(N):
        write(root / f"{i:02}.png", noise(8, 8, seed=i))
    return root


def model(channels=3, side=8, **options):
    n = channels * side * side
    generator = nn.Sequential(nn.Linear(4, n), nn.Tanh(), nn.Unflatten(1, (channels, side, side)))
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(n, 8), nn.Dropout(), nn.Linear(8, 1))
    options = {"seed": 5} | options
    ganc.manual_seed(1)
    for part in (generator, discriminator):
        for parameter in part.parameters():
            nn.init.normal_(parameter, 0.0, 0.1)
    return ganc.GAN(generator, discriminator, latent_dim=4, **options)


def fit(gan, x, **options):
    return gan.fit(x, verbose=0, **({"epochs": 3} | options))


def augmented(folder, workers=1, **options):
    prepare = transforms.Compose(
        [
            transforms.RandomCrop(SIZE),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ]
    )
    pictures = data.ImageFolder(folder, transform=prepare)
    options = {"batch_size": 5, "shuffle": True} | options
    return data.DataLoader(pictures, num_workers=workers, **options)


def test_a_folder_trains_to_the_bits_of_an_array(folder):
    one, other = model(), model()
    x, _ = ganc.datasets.load_images(folder)
    a = fit(one, x, batch_size=SIZE)
    b = fit(other, data.ImageFolder(folder), batch_size=SIZE)
    assert digest(one) == digest(other) and a.history == b.history
    assert one.step == other.step == 9


@pytest.mark.parametrize("kind", ["array", "pairs", "bare", "duck", "loader", "table"])
def test_what_may_be_given(kind):
    x = np.stack([noise(8, 8, seed=i) for i in range(N)])

    class Bare(data.Dataset):
        def __len__(self):
            return N

        def __getitem__(self, index):
            return x[index]

    class Duck:  # such as a data set of PyTorch
        def __len__(self):
            return N

        def __getitem__(self, index):
            return x[index], 3

    given = {
        "array": lambda: x,
        "pairs": lambda: data.TensorDataset(x, np.arange(N)),
        "bare": Bare,
        "duck": Duck,
        "loader": lambda: data.DataLoader(x, SIZE, shuffle=True, drop_last=True),
        "table": lambda: data.TensorDataset(data.from_uint8(x)),
    }[kind]()
    expected, got = model(), model()
    fit(expected, x, batch_size=SIZE)
    fit(got, given, batch_size=None if kind == "loader" else SIZE)
    if kind == "table":
        assert got.step == expected.step  # floats that are converted elsewhere
    else:
        assert digest(got) == digest(expected)


@pytest.mark.parametrize("pixel_range", [(-1.0, 1.0), (0.0, 1.0)])
def test_pixel_range_is_heeded(folder, pixel_range):
    seen = []

    class Seeing(ganc.GAN):
        def train_step(self, batch):
            seen.append(batch.x.numpy())
            return super().train_step(batch)

    gan = model(side=SIZE, pixel_range=pixel_range)
    gan = Seeing(gan.generator, gan.discriminator, latent_dim=4, pixel_range=pixel_range)
    fit(gan, augmented(folder), epochs=1)
    values = np.concatenate(seen)
    assert abs(values.min() - pixel_range[0]) < 0.02 and abs(values.max() - pixel_range[1]) < 0.02


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("stop", [1, 4, 5, 7])
def test_resume_at_any_step_is_exact(folder, tmp_path, stop, workers):
    """Five batches a pass, the last one smaller; stopped inside, at and after its end."""
    whole = model(side=SIZE)
    fit(whole, augmented(folder, 1 - workers), epochs=3)
    first = model(side=SIZE)

    def stop_at(step, logs):
        first.stop_training = first.step == stop

    fit(first, augmented(folder, workers), callbacks=[LambdaCallback(on_train_batch_end=stop_at)])
    assert first.step == stop
    first.save(tmp_path / "gan.ganc")
    second = ganc.load(tmp_path / "gan.ganc")
    fit(second, augmented(folder, workers), epochs=3, initial_epoch=second.epoch)
    assert second.step == whole.step == 15
    assert digest(second) == digest(whole)
    assert second.history.history == whole.history.history


def test_a_loader_with_a_seed_keeps_it_and_its_position(folder):
    source = augmented(folder, seed=11)
    next(iter(source))
    before = source.state_dict()
    one, other, third = (model(side=SIZE, seed=seed) for seed in (5, 5, 5))
    fit(one, source)
    assert source.state_dict() == before
    fit(other, augmented(folder, seed=11))
    fit(third, augmented(folder))
    assert digest(one) == digest(other) != digest(third)


def test_a_run_on_a_loader_can_be_estimated(folder):
    gan, other = model(), model()
    assert gan.estimate(data.ImageFolder(folder), epochs=4, batch_size=SIZE).steps == 12
    fit(gan, data.ImageFolder(folder), batch_size=SIZE)
    fit(other, data.ImageFolder(folder), batch_size=SIZE)
    assert digest(gan) == digest(other)


def test_threads_end_with_fit(folder):
    names = []

    def note(*_):
        names.extend(thread.name for thread in threading.enumerate())

    gan = model()
    pictures = data.ImageFolder(folder)
    fit(gan, pictures, batch_size=4, callbacks=[LambdaCallback(on_train_batch_end=note)])
    assert "ganc-loader" in names

    def fail(*_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(gan, pictures, batch_size=4, callbacks=[LambdaCallback(on_train_batch_end=fail)])
    assert "ganc-loader" not in [thread.name for thread in threading.enumerate()]


def test_damaged_pictures_do_not_end_training(folder, tmp_path):
    for i in range(N):
        write(tmp_path / f"{i:02}.png", noise(8, 8, seed=i))
    (tmp_path / "07.png").write_bytes(b"damaged")
    pictures = data.ImageFolder(tmp_path)
    gan = model()
    with pytest.warns(UserWarning, match=r"07\.png"):
        fit(gan, pictures, batch_size=SIZE)
    assert gan.step == 9 and len(pictures.skipped) == 1


def test_validation_data_may_be_a_data_set(folder):
    x, _ = ganc.datasets.load_images(folder)
    logs = []
    for held_out in (x, data.ImageFolder(folder), data.DataLoader(data.ImageFolder(folder), 4)):
        history = fit(model(), x, epochs=1, batch_size=SIZE, validation_data=held_out)
        logs.append(history.history["val_d_real"])
    assert logs[0] == logs[1] == logs[2]


class Growing(data.Dataset):
    """Images whose size, or kind, changes."""

    def __init__(self, make):
        self.make = make

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return self.make(index)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda i: np.zeros((8, 8 if i < 4 else 4), np.uint8), ValueError, "equal shapes"),
        (lambda i: np.full((1, 8, 8), 5.0), ValueError, "-1 to 1"),
        (lambda i: np.full((1, 8, 8), np.nan if i else 0.0), ValueError, "NaN"),
        (lambda i: "text", TypeError, "expected numbers"),
        (lambda i: {"image": np.zeros((8, 8), np.uint8)}, TypeError, "a dict of image"),
        (lambda i: np.zeros((8, 8), np.int64), TypeError, "uint8"),
        (lambda i: np.zeros((1, 8, 8)) if i else np.zeros((8, 8, 1)), ValueError, "got"),
    ],
)
def test_samples_that_are_not_images(make, error, words):
    with pytest.raises(error, match=words):
        fit(model(1), Growing(make), batch_size=4)


def test_images_scaled_to_0_1_warn_once(folder):
    pictures = data.ImageFolder(folder, transform=transforms.ToTensor())
    with pytest.warns(UserWarning, match=r"\* 2 - 1") as caught:
        fit(model(), pictures, batch_size=SIZE)
    assert len(caught) == 1


def test_refused(folder):
    gan = model()
    with pytest.raises(ValueError, match="which has its own, 5; leave it out"):
        fit(gan, augmented(folder), batch_size=4)
    with pytest.raises(ValueError, match=r"22 samples that gives no batch of 64"):
        fit(gan, data.ImageFolder(folder))
    with pytest.raises(ValueError, match=r"image_shape=\(3, 6, 6\)|3, 6, 6"):
        fit(gan, augmented(folder))


def test_ctrl_c_during_decoding_leaves_a_usable_model(folder):
    run(
        DIGEST
        + """
import os, signal, sys, threading, time
import ganc
from ganc import data

class Slow(data.Dataset):
    def __len__(self):
        return 1000
    def __getitem__(self, index):
        time.sleep(0.01)
        return np.full((28, 28), index % 256, np.uint8)

gan = ganc.models.VanillaGAN(seed=0)
timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
begin = ganc.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: b == 1 and timer.start())
try:
    gan.fit(Slow(), epochs=9, batch_size=8, verbose=0, callbacks=[begin])
    raise SystemExit("never interrupted")
except KeyboardInterrupt:
    pass
steps = gan.step
assert steps and "ganc-loader" not in [thread.name for thread in threading.enumerate()]
other = ganc.models.VanillaGAN(seed=0)
class Fast(Slow):
    def __getitem__(self, index):
        return np.full((28, 28), index % 256, np.uint8)
def stop(step, logs):
    other.stop_training = other.step == steps
other.fit(Fast(), batch_size=8, verbose=0,
          callbacks=[ganc.callbacks.LambdaCallback(on_train_batch_end=stop)])
assert digest(gan) == digest(other)
"""
    )
