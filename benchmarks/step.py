"""One alternating D+G step: ganc against PyTorch, eager and compiled, in one run.

Both train the same networks on the same batch with Adam. The PyTorch loop is the one every tutorial
has: D on real and on detached fakes, one backward, one step; G on fresh noise. The compiled rival
compiles the two networks with their losses (``torch.compile``, default mode).
"""

from __future__ import annotations

import numpy as np
import torch
from _harness import alternate, arguments, report
from torch import nn

import ganc


def torch_twin(module: ganc.nn.Module) -> nn.Module:
    """The PyTorch module with the same layers and weights."""
    layers = []
    for layer in module.modules():
        kind = type(layer).__name__
        if kind == "Linear":
            layers.append(nn.Linear(layer.in_features, layer.out_features))
        elif kind == "LeakyReLU":
            layers.append(nn.LeakyReLU(layer.negative_slope))
        elif kind == "Dropout":
            layers.append(nn.Dropout(layer.p))
        elif kind == "BatchNorm1d":
            layers.append(nn.BatchNorm1d(layer.num_features, layer.eps, layer.momentum))
        elif kind in ("ReLU", "Tanh", "Flatten"):
            layers.append(getattr(nn, kind)())
        elif kind == "Unflatten":
            layers.append(nn.Unflatten(1, layer.unflattened_size))
        elif kind != "Sequential":
            raise TypeError(f"no PyTorch twin for {kind}")
    twin = nn.Sequential(*layers)
    state = {key: torch.from_numpy(value.numpy()) for key, value in module.state_dict().items()}
    twin.load_state_dict(state)
    return twin


def torch_step(gan: ganc.GAN, x: np.ndarray, latent: int, *, compiled: bool, mean: bool):
    generator, discriminator = torch_twin(gan.generator), torch_twin(gan.discriminator)
    bce, n = nn.BCEWithLogitsLoss(), len(x)
    real, one, zero = torch.from_numpy(x), torch.ones(n, 1), torch.zeros(n, 1)
    scale = 0.5 if mean else 1.0
    lr, betas = 2e-4, (0.5, 0.999)
    g_opt = torch.optim.Adam(generator.parameters(), lr=lr, betas=betas)
    d_opt = torch.optim.Adam(discriminator.parameters(), lr=lr, betas=betas)

    def d_loss(real, fake):
        return scale * (bce(discriminator(real), one) + bce(discriminator(fake), zero))

    def g_loss(z):
        return bce(discriminator(generator(z)), one)

    sample = generator
    if compiled:
        d_loss, g_loss, sample = (torch.compile(f) for f in (d_loss, g_loss, generator))

    def step():
        with torch.no_grad():
            fake = sample(torch.randn(n, latent))
        d_opt.zero_grad()
        loss = d_loss(real, fake)
        loss.backward()
        d_opt.step()
        g_opt.zero_grad()
        other = g_loss(torch.randn(n, latent))
        other.backward()
        g_opt.step()
        return loss.item(), other.item()

    return step


def presets() -> dict:
    rng = np.random.default_rng(0)
    images, _ = ganc.datasets.load_embedded(256)
    images = images[:, None].astype(np.float32) / 127.5 - 1
    points = rng.normal(size=(256, 2)).astype(np.float32)
    return {
        "VanillaGAN, batch 100": (ganc.models.VanillaGAN(seed=0), images[:100], 100, False),
        "DenseGAN, batch 128": (ganc.models.DenseGAN(seed=0), images[:128], 100, True),
        "ToyGAN, batch 256": (ganc.models.ToyGAN(seed=0), points, 2, False),
    }


def main() -> None:
    args = arguments(__doc__.splitlines()[0]).parse_args()
    torch.set_num_threads(args.threads)
    ganc.set_num_threads(args.threads)
    rows = []
    for name, (gan, x, latent, mean) in presets().items():
        batch = ganc.tensor(x)
        median = alternate(
            {
                "ganc": lambda gan=gan, batch=batch: gan.train_on_batch(batch),
                "eager": torch_step(gan, x, latent, compiled=False, mean=mean),
                "compile": torch_step(gan, x, latent, compiled=True, mean=mean),
            },
            blocks=args.blocks,
            seconds=args.seconds,
        )
        rows.append(
            {
                "one D+G step": name,
                "threads": args.threads,
                "ganc ms": median["ganc"] * 1e3,
                "PyTorch eager ms": median["eager"] * 1e3,
                "torch.compile ms": median["compile"] * 1e3,
                "ganc vs eager": f"{median['eager'] / median['ganc']:.1f}x",
                "ganc vs compile": f"{median['compile'] / median['ganc']:.1f}x",
            }
        )
    report("step", rows, args.json)


if __name__ == "__main__":
    main()
