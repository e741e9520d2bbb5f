"""The variational autoencoder: its bound, ten steps against torch, the loop it shares with GANs."""

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from children import DIGEST, run
from small import data_for, small_model
from test_gan import digest

import ganc
from ganc import models
from ganc.train import _network
from ganc.train._batches import batch_of
from ganc.train._interrupt import Interrupts


@pytest.fixture
def vae():
    return small_model("VAE")


def test_parameters():
    vae = models.VAE(seed=0)
    encoder, decoder = (_network.count(net) for net in (vae.encoder, vae.decoder))
    assert encoder == 784 * 400 + 400 + 2 * (400 * 20 + 20)
    assert decoder == 20 * 400 + 400 + 400 * 784 + 784
    assert vae.default_batch_size == 128 and vae.optimizer.param_groups[0]["lr"] == 1e-3
    text = str(vae.describe())
    assert f"encoder {encoder:,}, decoder {decoder:,}" in text and "loss: elbo" in text
    assert repr(vae).startswith("VAE(encoder: 330,040, decoder: 322,784 parameters, step=0, seed=")
    with pytest.raises(ValueError, match="hidden"):
        models.VAE(hidden=())
    with pytest.raises(ValueError, match="expected one of analytic, sample"):
        models.VAE(kl="exact")


TORCH_LOOP = """
import sys
import numpy as np
import torch
import ganc
from ganc._backend import core
from ganc._tensor._random import drawing
from ganc.train import _streams

kl_kind, reduction = sys.argv[1:]
dtype = torch.float64 if np.dtype(core.real) == np.float64 else torch.float32
vae = ganc.models.VAE((1, 6, 5), latent_dim=3, hidden=(16,), kl=kl_kind, reduction=reduction,
                      lr=0.01, seed=1)
x = np.random.default_rng(0).random((10, 8, 1, 6, 5)).astype(np.float32)


def mlp(net):
    layers = [m for m in net.modules() if isinstance(m, ganc.nn.Linear)]
    return [torch.tensor(np.array(p.detach().numpy()), dtype=dtype, requires_grad=True)
            for m in layers for p in (m.weight, m.bias)]


def forward(w, h):
    return torch.relu(h @ w[0].T + w[1]) @ w[2].T + w[3]


e, d = mlp(vae.encoder), mlp(vae.decoder)
adam = torch.optim.Adam(e + d, lr=0.01)
for step, batch in enumerate(x):
    with drawing(1, _streams.step_stream(step)):
        noise = torch.tensor(np.array(vae.noise(8).numpy()), dtype=dtype)
    logs = vae.train_on_batch(ganc.tensor(batch))
    pixels = torch.tensor(batch, dtype=dtype).flatten(1)
    mu, logvar = forward(e, pixels).chunk(2, 1)
    z = mu + torch.exp(0.5 * logvar) * noise
    bce = torch.nn.functional.binary_cross_entropy(
        torch.sigmoid(forward(d, z)), pixels, reduction="sum")
    if kl_kind == "analytic":
        kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    else:
        def log_normal(sample, mean, logvar):
            c = np.log(2 * np.pi)
            return (-0.5 * ((sample - mean) ** 2 * torch.exp(-logvar) + logvar + c)).sum()
        zero = torch.zeros_like(z)
        kl = log_normal(z, mu, logvar) - log_normal(z, zero, zero)
    loss = bce + kl
    if reduction == "mean":
        loss = loss / 8
    adam.zero_grad()
    loss.backward()
    adam.step()
    assert abs(logs["recon"] - bce.item() / 8) < 1e-4 and abs(logs["kl"] - kl.item() / 8) < 1e-4
    assert abs(logs["loss"] - logs["recon"] - logs["kl"]) < 1e-4
ours = mlp(vae.encoder) + mlp(vae.decoder)
print(max(float((a - b).abs().max()) for a, b in zip(ours, e + d)))
"""


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize("kl, reduction", [("analytic", "sum"), ("sample", "mean")])
def test_ten_steps_as_in_torch(torch, dtype, tolerance, kl, reduction):
    assert float(run(TORCH_LOOP, kl, reduction, GANC_DTYPE=dtype)) < tolerance


def test_it_learns():
    x, _ = ganc.datasets.load_embedded(2000)
    vae = models.VAE(hidden=(64,), latent_dim=8, seed=0)
    history = vae.fit(
        x[:1800], epochs=12, batch_size=32, validation_data=x[1800:], verbose=0
    ).history
    assert list(history) == ["loss", "recon", "kl", "grad_norm", "val_loss", "val_recon", "val_kl"]
    assert history["loss"][-1] < 0.8 * history["loss"][0] and history["kl"][-1] > 1
    np.testing.assert_allclose(history["loss"], np.add(history["recon"], history["kl"]), rtol=1e-6)
    assert abs(history["val_loss"][-1] - history["loss"][-1]) < 0.2 * history["loss"][-1]
    before = np.abs(vae.reconstruct(x[1800:]) - ganc.data.from_uint8(x[1800:])).mean()
    shuffled = np.abs(vae.reconstruct(x[1800:])[::-1] - ganc.data.from_uint8(x[1800:])).mean()
    assert before < 0.5 * shuffled


def test_binarize():
    seen = []

    class Watch(models.VAE):
        def _targets(self, x):
            y = super()._targets(x)
            seen.append(sorted(set(np.ravel(y.numpy()).tolist())))
            return y

    vae = Watch((1, 2, 3), hidden=(4,), binarize=True, seed=0)
    vae.train_on_batch(np.array([[[[-1, -0.5, 0.1], [0, 1, 0.5]]]] * 4, np.float32))
    assert seen == [[0.0, 1.0]]


def test_encode_and_reconstruct(vae):
    x = data_for(vae, 7)
    assert vae.encode(x).shape == (7, 4) and vae.reconstruct(x).shape == (7, 3, 5, 6)
    assert np.abs(vae.reconstruct(x)).max() <= 1
    assert (vae.reconstruct(x)[3:4] == vae.reconstruct(x[3:4])).all()
    with pytest.raises(ValueError, match="encoder|decoder"):
        vae.encode(np.zeros((2, 7, 7), np.uint8))


def test_samples_have_seeds(vae):
    assert (vae.sample(3, seed=5) == vae.sample(9, seed=5)[:3]).all()
    assert (vae.sample(3) != vae.sample(3)).any()
    assert np.abs(vae.sample(50)).max() <= 1
    assert vae.encoder.training and vae.decoder.training


@pytest.mark.parametrize("stop", [0, 3, 8, 13])
def test_resume_to_the_bit(stop, tmp_path):
    x = data_for(small_model("VAE"))
    whole, part = small_model("VAE"), small_model("VAE")
    whole.fit(x, epochs=3, batch_size=8, verbose=0)

    def halt(batch, logs):
        part.stop_training = part.step == stop

    part.fit(
        x, epochs=3 if stop else 0, batch_size=8, verbose=0,
        callbacks=[ganc.callbacks.LambdaCallback(on_train_batch_end=halt)],
    )  # fmt: skip
    part.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert again.step == stop
    again.fit(x, epochs=3, initial_epoch=again.epoch, batch_size=8, verbose=0)
    assert digest(again) == digest(whole)
    assert again.history.history == whole.history.history
    assert ganc.load(tmp_path / "a.ganc", part) is part


def test_changed_numbers_survive(vae, tmp_path):
    vae.kl, vae.reduction = "sample", "mean"
    vae.optimizer = ganc.optim.SGD([*vae.encoder.parameters(), *vae.decoder.parameters()], lr=0.1)
    vae.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert (again.kl, again.reduction, type(again.optimizer)) == ("sample", "mean", ganc.optim.SGD)


def test_threads_give_the_same_bits():
    program = (
        DIGEST
        + """
import ganc
for threads in (1, 2, 3, 5):
    ganc.set_num_threads(threads)
    vae = ganc.models.VAE(seed=0)
    vae.fit(ganc.datasets.load_embedded(600)[0], verbose=0)
    print(digest(vae))
"""
    )
    assert len(set(run(program, OMP_WAIT_POLICY="passive").split())) == 1


def test_ctrl_c_waits_for_the_end_of_the_step(vae):
    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt), interrupts.held():
        signal.raise_signal(signal.SIGINT)
        vae._make_step(batch_of(vae, [np.zeros((4, 3, 5, 6), np.float32)]))
    assert vae.step == 1


def test_moving_average_of_the_decoder(vae):
    vae.ema = 0.5
    vae.fit(data_for(vae), batch_size=8, verbose=0)
    own, mean = vae.sample(3, seed=0, ema=False), vae.sample(3, seed=0)
    assert (own != mean).any() and vae.ema_generator is not vae.decoder


def test_divergence_is_an_error(vae):
    vae.optimizer.param_groups[0]["lr"] = 1e30
    with pytest.raises(ganc.DivergenceError, match="loss is"):
        vae.fit(data_for(vae), epochs=9, batch_size=8, verbose=0)


def test_own_step(vae):
    class Twice(models.VAE):
        def train_step(self, batch):
            super().train_step(batch)
            return super().train_step(batch)

    own = Twice((3, 5, 6), latent_dim=4, hidden=(8,), seed=1)
    x = data_for(own)
    own.fit(x, batch_size=8, verbose=0)
    vae.fit(x, batch_size=8, verbose=0)
    assert digest(own) != digest(vae) and own.step == vae.step


def test_two_models_at_once_give_the_serial_bits():
    x = data_for(small_model("VAE"))
    vaes = [small_model("VAE") for _ in range(3)]
    vaes[0].fit(x, batch_size=8, verbose=0)
    threads = [
        threading.Thread(target=v.fit, args=(x,), kwargs={"batch_size": 8, "verbose": 0})
        for v in vaes[1:]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({digest(v) for v in vaes}) == 1


def test_command_line(tmp_path):
    command = [sys.executable, "-m", "ganc", "train", "vae", "--data", "embedded", "--out"]
    numbers = ["--set", "hidden=(8,)", "--set", "latent_dim=2", "--seed", "1"]
    done = subprocess.run([*command, str(tmp_path), *numbers], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "recon" in done.stdout and "kl" in done.stderr
    assert {"samples.png", "losses.png", "model.ganc"} <= {p.name for p in tmp_path.iterdir()}
