"""ganc.GAN: the step in C and in ops, fit, sampling, repeatability, Ctrl-C."""

import hashlib
import os
import signal
import threading

import numpy as np
import pytest

import ganc
from ganc import nn, optim
from ganc.callbacks import LambdaCallback
from ganc.datasets import toy


def digest(gan):
    """Hash of all weights, statistics and optimizer state."""
    h = hashlib.sha256()
    for network in gan._parts().values():
        for name, x in network.state_dict().items():
            h.update(name.encode() + np.ascontiguousarray(x.numpy()).tobytes())
    for optimizer in gan.OPTIMIZERS:
        for entry in getattr(gan, optimizer).state_dict()["state"].values():
            for name in sorted(entry):
                h.update(np.asarray(entry[name], np.float64).tobytes())
    return h.hexdigest()


class InOps(ganc.GAN):
    """The same GAN, trained by the step that is written in ganc's operations."""

    def train_step(self, batch):
        return super().train_step(batch)


def build(cls=ganc.GAN, *, norm_in_d=False, **options):
    ganc.manual_seed(5)
    generator = nn.Sequential(
        nn.Linear(3, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2), nn.Tanh()
    )
    norm = [nn.BatchNorm1d(16)] if norm_in_d else []
    discriminator = nn.Sequential(
        nn.Linear(2, 16), *norm, nn.LeakyReLU(0.2), nn.Dropout(0.3), nn.Linear(16, 1)
    )
    return cls(generator, discriminator, latent_dim=3, seed=9, **options)


X = toy.ring(512, radius=0.7, seed=1)

STEPS = {
    "default": {},
    "smoothing": {"label_smoothing": 0.1},
    "minimax": {"loss": "minimax"},
    "lsgan": {"loss": "lsgan", "label_smoothing": 0.2},
    "wgan": {
        "loss": "wgan",
        "n_critic": 3,
        "weight_clip": 0.05,
        "g_optimizer": lambda p: optim.RMSprop(p, lr=1e-3),
        "d_optimizer": lambda p: optim.RMSprop(p, lr=1e-3),
    },
    "hinge": {"loss": "hinge", "n_critic": 2},
    "mean": {"d_reduction": "mean"},
    "uniform": {"latent": "uniform"},
    "sgd": {"d_optimizer": lambda p: optim.SGD(p, lr=0.1, momentum=0.5)},
    "coupled": {"norm_in_d": True},
    "separate": {"d_reduction": "separate", "norm_in_d": True, "weight_clip": 0.3},
    "same fakes": {"same_fakes": True},
    "same fakes of three": {"same_fakes": True, "n_critic": 3, "d_reduction": "separate"},
}


@pytest.mark.parametrize("name", STEPS)
def test_step_in_c_and_in_ops_give_the_same_bits(name):
    a, b = build(**STEPS[name]), build(InOps, **STEPS[name])
    for i in range(7):
        batch = X[i * 32 : i * 32 + 32]
        logs_a, logs_b = a.train_on_batch(batch), b.train_on_batch(batch)
        assert logs_a.keys() == logs_b.keys()
        for key in logs_a:
            assert logs_a[key] == logs_b[key] or np.isnan([logs_a[key], logs_b[key]]).all(), key
        assert digest(a) == digest(b)
    assert a.step == b.step == 7


def test_own_loss_object_goes_through_the_core():
    class Mine(ganc.losses.NonSaturating):
        pass

    a, b = build(), build(loss=Mine())
    for _ in range(3):
        a.train_on_batch(X[:32])
        b.train_on_batch(X[:32])
    assert digest(a) == digest(b)


def test_threads_give_the_same_bits():
    before = ganc.get_num_threads()
    seen = set()
    try:
        for n in (1, 2, 3, 5):
            ganc.set_num_threads(n)
            gan = build()
            gan.fit(X, epochs=1, batch_size=64, verbose=0)
            seen.add(digest(gan))
    finally:
        ganc.set_num_threads(before)
    assert len(seen) == 1


def test_two_models_in_two_threads_give_the_serial_bits():
    def run(gan):
        gan.fit(X, epochs=2, batch_size=64, verbose=0)

    serial = build()
    run(serial)
    gans = [build(), build()]
    threads = [threading.Thread(target=run, args=(gan,)) for gan in gans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {digest(gan) for gan in gans} == {digest(serial)}


def test_seed_decides_everything_and_none_is_fresh():
    assert digest(ganc.models.ToyGAN(seed=3)) == digest(ganc.models.ToyGAN(seed=3))
    assert digest(ganc.models.ToyGAN(seed=3)) != digest(ganc.models.ToyGAN(seed=4))
    assert ganc.models.ToyGAN().seed != ganc.models.ToyGAN().seed


def test_training_leaves_the_global_generator_alone():
    gan = build()
    state = ganc.get_rng_state()
    gan.fit(X, batch_size=64, verbose=0)
    gan.sample(3)
    assert (ganc.get_rng_state() == state).all()


def test_fit_in_pieces_equals_fit_in_one():
    whole = build()
    whole.fit(X, epochs=4, batch_size=64, verbose=0)
    pieces = build()
    pieces.fit(X, epochs=1, batch_size=64, verbose=0)
    pieces.fit(X, epochs=4, initial_epoch=1, batch_size=64, verbose=0)
    assert digest(whole) == digest(pieces)
    assert whole.history.history == pieces.history.history
    assert pieces.epoch == 4 and pieces.history.epoch == [0, 1, 2, 3]


def test_stopping_inside_an_epoch_and_going_on():
    whole = build()
    whole.fit(X, epochs=3, batch_size=64, verbose=0)

    def stop(batch, logs):
        if gan.step == 11:
            gan.stop_training = True

    gan = build()
    gan.fit(
        X, epochs=3, batch_size=64, verbose=0,
        callbacks=[ganc.callbacks.LambdaCallback(on_train_batch_end=stop)],
    )  # fmt: skip
    assert gan.step == 11 and gan.epoch == 1 and gan.history.epoch == [0, 1]
    gan.fit(X, epochs=3, initial_epoch=gan.epoch, batch_size=64, verbose=0)
    assert digest(gan) == digest(whole)
    assert gan.history.history == whole.history.history


def test_steps_per_epoch_walks_on_through_the_data():
    a, b = build(), build()
    a.fit(X, epochs=2, batch_size=64, verbose=0)  # 2 x 8
    b.fit(X, epochs=4, steps_per_epoch=4, batch_size=64, verbose=0)
    assert digest(a) == digest(b) and len(b.history) == 4
    b.fit(X, steps_per_epoch=20, batch_size=64, verbose=0)
    assert b.step == 36


def test_exception_in_a_callback_leaves_a_step_boundary():
    class Boom(ganc.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.step == 3:
                raise RuntimeError("boom")

    gan, other = build(), build()
    with pytest.raises(RuntimeError, match="boom"):
        gan.fit(X, batch_size=64, verbose=0, callbacks=[Boom()])
    other.fit(X, batch_size=64, steps_per_epoch=3, verbose=0)
    assert digest(gan) == digest(other)
    assert len(gan.history) == 1
    gan.fit(X, batch_size=64, verbose=0)


def test_ctrl_c_leaves_a_usable_model():
    gan = build()
    whole = build()
    whole.fit(X, epochs=40, batch_size=32, verbose=0)
    timer = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT))
    begin = LambdaCallback(on_epoch_end=lambda epoch, logs: epoch or timer.start())
    with pytest.raises(KeyboardInterrupt):
        gan.fit(X, epochs=100_000, batch_size=32, verbose=0, callbacks=[begin])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert gan.history.epoch and np.isfinite(gan.sample(4)).all()
    if gan.epoch < 40:
        gan.fit(X, epochs=40, initial_epoch=gan.epoch, batch_size=32, verbose=0)
        assert digest(gan) == digest(whole)
        assert gan.history.history == whole.history.history


def test_budget_ends_in_time(clock):
    gan, step = build(), LambdaCallback(on_train_batch_end=clock.passes(0.01))
    gan.fit(X, batch_size=32, verbose=0, budget="0.295 s", callbacks=[step])
    assert gan.step == 29 and clock.now == pytest.approx(0.29)


def test_samples_and_training_do_not_disturb_each_other():
    a, b = build(), build()
    for i in range(3):
        a.train_on_batch(X[:32])
        b.train_on_batch(X[:32])
        a.sample(5)
        a.sample(5, seed=i)
        a.evaluate(X, [lambda real, fake: 0.0])
    assert digest(a) == digest(b)
    assert all(m.training for m in a.generator.modules())


def test_sample():
    gan = build()
    gan.fit(X, batch_size=64, verbose=0)
    assert gan.sample(0).shape == (0, 2)
    a = gan.sample(1000, seed=7)
    assert a.shape == (1000, 2) and a.dtype == np.float32
    assert (a[:3] == gan.sample(3, seed=7)).all()
    assert (a != gan.sample(1000, seed=8)).any()
    assert (gan.sample(3) != gan.sample(3)).any()
    z = gan.sample_latent(2000, seed=0)
    assert z.shape == (2000, 3) and abs(z.mean()) < 0.1 and abs(z.std() - 1) < 0.1
    narrow = gan._latents(500, 1, 0.5)
    assert abs(narrow).max() <= 0.5 and narrow.std() > 0.2


def test_uniform_latents():
    z = build(latent="uniform").sample_latent(2000, seed=0)
    assert -1 <= z.min() < -0.9 and 0.9 < z.max() <= 1


def test_interpolate():
    gan = build()
    z = gan.sample_latent(2, seed=3)
    way = gan.interpolate(5, seed=3)
    assert way.shape == (5, 2)
    np.testing.assert_array_equal(way, gan.interpolate(5, start=z[0], end=z[1]))
    np.testing.assert_allclose(way[[0, -1]], gan._of_latents(z), rtol=1e-6, atol=1e-6)
    assert gan.interpolate(3, start=z[0], end=z[0]).shape == (3, 2)


def test_uint8_images_and_pixel_range():
    images = np.random.default_rng(0).integers(0, 256, (64, 4, 4), dtype=np.uint8)
    floats = images[:, None].astype(np.float32) / 127.5 - 1
    for inside in ((-1.0, 1.0), (0.0, 1.0)):
        gans = []
        for x in (images, floats):
            ganc.manual_seed(1)
            g = nn.Sequential(nn.Linear(2, 16), nn.Sigmoid(), nn.Unflatten(1, (1, 4, 4)))
            d = nn.Sequential(nn.Flatten(), nn.Linear(16, 1))
            gan = ganc.GAN(g, d, 2, seed=0, pixel_range=inside)
            gan.fit(x, batch_size=16, epochs=2, verbose=0)
            gans.append(gan)
        a, b = (gan.sample(4, seed=0) for gan in gans)
        np.testing.assert_allclose(a, b, atol=1e-4)
        if inside == (0.0, 1.0):
            assert a.min() < 0 and abs(a).max() <= 1
    assert ganc.to_uint8(a).shape == (4, 4, 4)


def test_own_train_step_and_nan():
    class Mine(ganc.GAN):
        def updates(self):
            return super().updates()[:1]

        def train_step(self, batch):
            return super().train_step(batch) | {"score": 2.0}

    gan = build(Mine)
    history = gan.fit(X, batch_size=64, verbose=0)
    assert history.history["score"] == [2.0] and "g_loss" not in history.history

    class Diverging(ganc.GAN):
        def train_step(self, batch):
            return {"d_loss": float("nan"), "g_loss": 0.0}

    with pytest.raises(ganc.DivergenceError, match="d_loss is nan after step 1"):
        build(Diverging).fit(X, batch_size=64, verbose=0)
    assert issubclass(ganc.DivergenceError, ArithmeticError)


def test_divergence_in_the_core():
    gan = build(loss="lsgan", d_optimizer=lambda p: optim.SGD(p, lr=1e30))
    with pytest.raises(ganc.DivergenceError, match="smaller learning rate"):
        gan.fit(X, batch_size=64, epochs=5, verbose=0)


def test_validation_data_is_recorded():
    history = build().fit(X[:256], batch_size=64, verbose=0, validation_data=X[256:])
    assert 0 < history.history["val_d_real"][0] < 1


def test_evaluate():
    def distance(real, fake):
        assert real.shape == fake.shape == (100, 2)
        return abs(real.mean() - fake.mean())

    assert list(build().evaluate(X, [distance], n=100)) == ["distance"]


def test_replacing_parts_between_steps():
    gan = build(n_critic=3)
    gan.train_on_batch(X[:32])
    gan.d_optimizer = optim.SGD(gan.discriminator.parameters(), lr=0.1)
    gan.n_critic = 2
    logs = gan.train_on_batch(X[:32])
    assert np.isfinite(logs["g_loss"]) and gan.step == 2


def test_no_tensor_stays_alive():
    from ganc._backend import core

    gan = build()
    gan.train_on_batch(X[:32])
    before = core.live_tensors()
    for _ in range(5):
        gan.train_on_batch(X[:32])
        gan.sample(2)
    assert core.live_tensors() == before


def test_texts(capsys):
    gan = build()
    gan.summary()
    out = capsys.readouterr().out
    assert "Generator" in out and "Discriminator" in out and "Linear" in out
    assert "seed=9" in repr(gan)
    text = repr(gan.describe())
    assert "mean sp(-f)" in text and "normal" in text and "Adam" in text


def test_describe_says_what_batch_size_was_used():
    gan = build()
    assert gan.describe().to_dict()["training"]["batch_size"] == gan.default_batch_size == 64
    gan.fit(np.zeros((20, 2)), batch_size=10, verbose=0)
    assert gan.describe().to_dict()["training"]["batch_size"] == 10


def test_a_description_of_own_networks_lets_another_repeat_it():
    gan = ganc.GAN(nn.Linear(2, 3), nn.Linear(3, 1), 2, seed=4)
    gan.fit(np.zeros((20, 3), np.float32), epochs=2, batch_size=10, verbose=0)
    text = str(gan.describe())
    for words in (
        "generator: Linear(in_features=2, out_features=3, bias=True)",
        "data: samples=20, shape of x=(3,)",
        "batch_size=10",
        "seed=4",
        "trained: steps=4, epochs=2",
        f"versions: ganc={ganc.__version__}",
    ):
        assert words in text
