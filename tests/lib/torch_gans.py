"""The convolutional GANs and their loop written in PyTorch, beside ganc's: a program.

    python tests/lib/torch_gans.py MODEL KEYWORDS BATCH

trains both for ten steps from the same weights, data and noise and prints the largest difference of
a parameter or running statistic, and of a loss, as JSON. GANC_DTYPE chooses the precision of both.
"""

import ast
import json
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import ganc
from ganc._backend import core
from ganc._tensor._random import drawing
from ganc.train import _streams

DTYPE = torch.float64 if np.dtype(core.real) == np.float64 else torch.float32
STEPS = 10


class SameConv(nn.Conv2d):
    """Keras's 'same': as many outputs as ceil(size / stride), the odd pad after."""

    def forward(self, x):
        pads = []
        for n, k, s in zip(x.shape[:1:-1], self.kernel_size, self.stride, strict=True):
            total = max((-(-n // s) - 1) * s + k - n, 0)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pads), self.weight, self.bias, self.stride)


class SameConvTranspose(nn.ConvTranspose2d):
    """Keras's 'same': size times stride outputs, the odd row and column cut off at the end."""

    def forward(self, x):
        y = F.conv_transpose2d(x, self.weight, self.bias, self.stride)
        k, s = self.kernel_size[0], self.stride[0]
        first = (k - s) // 2
        height, width = x.shape[2] * s, x.shape[3] * s
        return y[:, :, first : first + height, first : first + width]


def bn(channels, kind=nn.BatchNorm2d):
    return kind(channels, eps=1e-3, momentum=0.01)


def cnngan(shape, latent, g=(128, 128, 128), d=(64, 128)):
    c, h, w = shape
    generator = nn.Sequential(
        nn.Linear(latent, g[0] * h * w // 16), nn.ReLU(), nn.Unflatten(1, (g[0], h // 4, w // 4)),
        SameConvTranspose(g[0], g[1], 4, 2), nn.ReLU(), bn(g[1]),
        SameConvTranspose(g[1], g[2], 4, 2), nn.ReLU(), bn(g[2]),
        SameConv(g[2], c, 7), nn.Sigmoid(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        SameConv(c, d[0], 3, 2), nn.ReLU(), SameConv(d[0], d[1], 3, 2), nn.ReLU(), bn(d[1]),
        nn.Flatten(), nn.Linear(d[1] * h * w // 16, 1), nn.Sigmoid(),
    )  # fmt: skip
    return generator, discriminator


def tfdcgan(shape, latent, g=(256, 128, 64), d=(64, 128)):
    c, h, w = shape
    n = g[0] * h * w // 16
    generator = nn.Sequential(
        nn.Linear(latent, n, bias=False), bn(n, nn.BatchNorm1d), nn.LeakyReLU(0.3),
        nn.Unflatten(1, (g[0], h // 4, w // 4)),
        SameConvTranspose(g[0], g[1], 5, 1, bias=False), bn(g[1]), nn.LeakyReLU(0.3),
        SameConvTranspose(g[1], g[2], 5, 2, bias=False), bn(g[2]), nn.LeakyReLU(0.3),
        SameConvTranspose(g[2], c, 5, 2, bias=False), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        SameConv(c, d[0], 5, 2), nn.LeakyReLU(0.3), SameConv(d[0], d[1], 5, 2), nn.LeakyReLU(0.3),
        nn.Flatten(), nn.Linear(d[1] * h * w // 16, 1), nn.Sigmoid(),
    )  # fmt: skip
    return generator, discriminator


def dcgan(shape, latent, g=64, d=64):
    """The example's networks, one pair of layers less for 32 pixels."""
    c, size = shape[0], shape[1]
    factors = [8, 4, 2, 1] if size == 64 else [4, 2, 1]
    up = [nn.Unflatten(1, (latent, 1, 1))]
    up += [nn.ConvTranspose2d(latent, g * factors[0], 4, 1, 0, bias=False)]
    up += [nn.BatchNorm2d(g * factors[0]), nn.ReLU()]
    for a, b in zip(factors, factors[1:], strict=False):
        up += [nn.ConvTranspose2d(g * a, g * b, 4, 2, 1, bias=False), nn.BatchNorm2d(g * b)]
        up += [nn.ReLU()]
    up += [nn.ConvTranspose2d(g, c, 4, 2, 1, bias=False), nn.Tanh()]
    down = [nn.Conv2d(c, d, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for a, b in zip(factors[::-1], factors[-2::-1], strict=False):
        down += [nn.Conv2d(d * a, d * b, 4, 2, 1, bias=False), nn.BatchNorm2d(d * b)]
        down += [nn.LeakyReLU(0.2)]
    down += [nn.Conv2d(d * factors[0], 1, 4, 1, 0, bias=False), nn.Flatten(), nn.Sigmoid()]
    return nn.Sequential(*up), nn.Sequential(*down)


def dcganpaper(shape, latent, g=128, d=128):
    """The paper's networks for 32 pixels."""
    c = shape[0]

    def norm(n, kind=nn.BatchNorm2d):
        return kind(n, eps=1e-8)

    generator = nn.Sequential(
        nn.Linear(latent, g * 64, bias=False), norm(g * 64, nn.BatchNorm1d), nn.ReLU(),
        nn.Unflatten(1, (g * 4, 4, 4)),
        nn.ConvTranspose2d(g * 4, g * 2, 5, 2, 2, 1, bias=False), norm(g * 2), nn.ReLU(),
        nn.ConvTranspose2d(g * 2, g, 5, 2, 2, 1, bias=False), norm(g), nn.ReLU(),
        nn.ConvTranspose2d(g, c, 5, 2, 2, 1, bias=False), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        nn.Conv2d(c, d, 5, 2, 2, bias=False), nn.LeakyReLU(0.2),
        nn.Conv2d(d, d * 2, 5, 2, 2, bias=False), norm(d * 2), nn.LeakyReLU(0.2),
        nn.Conv2d(d * 2, d * 4, 5, 2, 2, bias=False), norm(d * 4), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(d * 64, 1, bias=False), nn.Sigmoid(),
    )  # fmt: skip
    return generator, discriminator


def adam(network, **numbers):
    return torch.optim.Adam(network.parameters(), **numbers)


def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


bce = F.binary_cross_entropy


def halves(g, d, g_adam, d_adam, x, noise):
    """Coursework: D on real, D on fake, G on fresh noise."""
    ones, zeros = torch.ones(len(x), 1), torch.zeros(len(x), 1)
    fake = g(noise()).detach()
    real_loss = update(d_adam, bce(d(x), ones))
    fake_loss = update(d_adam, bce(d(fake), zeros))
    return (real_loss + fake_loss) / 2, update(g_adam, bce(d(g(noise())), ones))


def example(g, d, g_adam, d_adam, x, noise):
    """PyTorch's example: one step of D, then G on the same fakes."""
    ones, zeros = torch.ones(len(x), 1), torch.zeros(len(x), 1)
    fake = g(noise())
    d_loss = update(d_adam, bce(d(x), ones) + bce(d(fake.detach()), zeros))
    return d_loss, update(g_adam, bce(d(fake), ones))


def fresh(g, d, g_adam, d_adam, x, noise):
    """One step of D, then G on fresh fakes."""
    ones, zeros = torch.ones(len(x), 1), torch.zeros(len(x), 1)
    d_loss = update(d_adam, bce(d(x), ones) + bce(d(g(noise()).detach()), zeros))
    return d_loss, update(g_adam, bce(d(g(noise())), ones))


LOOPS = {  # networks, the loop, numbers of both Adams
    "CNNGAN": (cnngan, halves, {"lr": 2e-4, "eps": 1e-7}),
    "TFDCGAN": (tfdcgan, example, {"lr": 1e-4, "eps": 1e-7}),
    "DCGAN": (dcgan, example, {"lr": 2e-4, "betas": (0.5, 0.999)}),
    "DCGANPaper": (
        dcganpaper,
        fresh,
        {"lr": 2e-4, "betas": (0.5, 0.999), "weight_decay": 1e-5},
    ),
}


def array(x):
    return x.detach().numpy()


def take_weights(network, theirs):
    """Copy a state into a torch network, by order; names and shapes must agree."""
    own = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
    state = {k: v for k, v in theirs.state_dict().items() if "num_batches" not in k}
    assert [v.shape for v in own.values()] == [v.shape for v in state.values()]
    with torch.no_grad():
        for name, value in zip(own, state.values(), strict=True):
            own[name].copy_(torch.tensor(np.array(array(value))))


def difference(network, theirs):
    """Return the largest difference of two states."""
    own = [v for k, v in network.state_dict().items() if "num_batches" not in k]
    state = [v for k, v in theirs.state_dict().items() if "num_batches" not in k]
    return max(float(np.abs(a.numpy() - array(b)).max()) for a, b in zip(own, state, strict=True))


def pictures(shape, batch, pixel_range):
    """Return real images, cut or padded to a shape and coloured at random, for each step."""
    c, h, w = shape
    rng = np.random.default_rng(0)
    grey = ganc.datasets.load_embedded(STEPS * batch)[0] / 255.0
    padded = np.pad(grey, ((0, 0), (0, max(h - 28, 0)), (0, max(w - 28, 0))))[:, None, :h, :w]
    low, high = pixel_range
    x = low + (high - low) * padded * rng.uniform(0.5, 1, (len(grey), c, 1, 1))
    return x.reshape(STEPS, batch, *shape).astype(core.real)


def main(name, keywords, batch):
    torch.set_default_dtype(DTYPE)
    torch.set_num_threads(1)
    ganc.set_num_threads(1)
    widths = {k[0]: v for k, v in keywords.items() if k.endswith("_channels")}
    build, loop, numbers = LOOPS[name]
    gan = getattr(ganc.models, name)(**keywords, seed=3)
    shape, (latent,) = gan.config["image_shape"], gan.latent_dim
    g, d = build(shape, latent, **widths)
    take_weights(g, gan.generator)
    take_weights(d, gan.discriminator)
    optimizers = adam(g, **numbers), adam(d, **numbers)
    data = pictures(shape, batch, gan.pixel_range)
    worst = {"parameters": 0.0, "losses": 0.0}
    for step, x in enumerate(data):
        with drawing(gan.seed, _streams.step_stream(step)):
            draws = [torch.tensor(np.array(gan.noise(batch).numpy())) for _ in range(2)]
        logs = gan.train_on_batch(core.Tensor(x))
        losses = loop(g, d, *optimizers, torch.tensor(x), lambda left=draws: left.pop(0))
        for mine, theirs in zip((logs["d_loss"], logs["g_loss"]), losses, strict=True):
            worst["losses"] = max(worst["losses"], abs(mine - theirs))
        for ours, theirs in ((g, gan.generator), (d, gan.discriminator)):
            worst["parameters"] = max(worst["parameters"], difference(ours, theirs))
    print(json.dumps(worst))


if __name__ == "__main__":
    main(sys.argv[1], ast.literal_eval(sys.argv[2]), int(sys.argv[3]))
