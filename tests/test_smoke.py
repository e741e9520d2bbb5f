"""What breaks first, in two seconds: to run on every save. The rest of the suite asks more."""

import json

import numpy as np
import pytest

import ganc
from ganc import cli, nn
from ganc.nn import functional as F

RANDOM = np.random.default_rng(0)


def small_gan():
    generator = nn.Sequential(
        nn.Linear(4, 8 * 16), nn.BatchNorm1d(8 * 16), nn.ReLU(), nn.Unflatten(1, (8, 4, 4)),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        nn.Conv2d(1, 8, 4, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128, 1)
    )
    return ganc.GAN(generator, discriminator, latent_dim=4, seed=0)


IMAGES = RANDOM.uniform(-1, 1, (64, 1, 8, 8)).astype(np.float32)


def test_gradients_of_two_orders():
    x = ganc.tensor([1.0, -2.0, 3.0], requires_grad=True)
    (first,) = ganc.grad((x**3).sum(), [x], create_graph=True)
    (second,) = ganc.grad(first.sum(), [x])
    assert first.tolist() == [3, 12, 27] and second.tolist() == [6, -12, 18]


def test_convolution_is_its_sum():
    x, w = RANDOM.standard_normal((2, 3, 6, 5)), RANDOM.standard_normal((4, 3, 3, 2))
    want = np.zeros((2, 4, 4, 4))
    for r in range(3):
        for s in range(2):
            want += np.einsum("nchw,oc->nohw", x[:, :, r : r + 4, s : s + 4], w[:, :, r, s])
    weight = ganc.tensor(w, requires_grad=True)
    made = F.conv2d(ganc.tensor(x), weight)
    np.testing.assert_allclose(made.detach().numpy(), want, atol=1e-5)
    made.sum().backward()
    windows = x[:, :, :4, :4].sum((0, 2, 3))
    np.testing.assert_allclose(weight.grad.numpy()[1, :, 0, 0], windows, atol=1e-4)


def test_a_network_learns():
    net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = ganc.optim.Adam(net.parameters(), lr=0.01)
    x = ganc.tensor(RANDOM.standard_normal((64, 2)))
    losses = [optimizer.minimize(F.mse_loss(net(x), x.sum(1, keepdim=True))) for _ in range(20)]
    assert float(losses[-1]) < float(losses[0])


@pytest.fixture(scope="module")
def trained():
    gan = small_gan()
    gan.fit(IMAGES[:48], epochs=1, batch_size=16, verbose=0)
    return gan


def test_a_gan_of_three_steps_goes_on_from_its_file(trained, tmp_path):
    assert trained.step == 3 and all(map(np.isfinite, trained.history.history["d_loss"]))
    trained.save(tmp_path / "gan.ganc")
    made, threads = [], ganc.get_num_threads()
    for n in (1, 2):
        ganc.set_num_threads(n)
        gan = ganc.load(tmp_path / "gan.ganc")
        gan.train_on_batch(IMAGES[48:])
        made.append(gan.sample(8, seed=1))
    ganc.set_num_threads(threads)
    assert made[0].shape == (8, 1, 8, 8) and (made[0] == made[1]).all()
    assert (made[0] != trained.sample(8, seed=1)).any()


def test_the_command_line(trained, tmp_path, capsys):
    trained.save(tmp_path / "gan.ganc")
    out = str(tmp_path / "s.npy")
    assert (
        cli.main(["sample", str(tmp_path / "gan.ganc"), "-n", "4", "-o", out, "--seed", "1"]) == 0
    )
    assert (np.load(out) == trained.sample(4, seed=1)).all()
    capsys.readouterr()
    assert cli.main(["models", "--json"]) == 0
    assert {model["name"] for model in json.loads(capsys.readouterr().out)} == {*ganc.models.list()}


def test_data_and_metrics():
    x, y = RANDOM.integers(0, 256, (32, 28, 28)).astype(np.uint8), np.arange(32) % 10
    batches = list(ganc.data.DataLoader(ganc.data.TensorDataset(x, y), batch_size=16, seed=0))
    assert len(batches) == 2 and batches[0][0].shape[0] == 16
    points = ganc.datasets.toy.ring(32, seed=0)
    assert ganc.metrics.frechet_distance(points, points) < 1e-6
