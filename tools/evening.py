"""How EveningGAN was found: the search, the comparison with DCGAN and PyTorch, its weights.

    python tools/evening.py search base cosine ...        # 120 CPU seconds each, on one thread
    python tools/evening.py pace                          # how many steps ten minutes are
    python tools/evening.py train EveningGAN --steps 40000 --seed 0
    python tools/evening.py torch --steps 20000 --seed 0
    python tools/evening.py weights fashion --steps 40000

Everything learns Fashion-MNIST's 60,000 training images and is measured against its 10,000 test
images: `frechet_distance` with n = 10,000 in the features of ganc-fashion-v1. A run's bits do not
depend on the number of threads, so that "ten minutes on two cores" is a number of steps, which
`pace` measures; the run itself may then be made on one thread in the background.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import ganc
from ganc import metrics, nn, optim
from ganc.nn.utils import spectral_norm

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from _harness import machine  # noqa: E402

SEARCH, RUNS = (ROOT / f"benchmarks/results/evening_{name}.csv" for name in ("search", "runs"))

# What a candidate is; the names below say what differs.
BASE = {
    "g": (64, 32), "d": (32, 64), "g_conv": 0, "d_conv": 0, "up": "transposed", "d_norm": "batch",
    "loss": "non_saturating", "lr": 1e-3, "d_lr": None, "betas": (0.5, 0.999), "batch": 32,
    "ema": 0.998, "penalty": None, "decay": False, "same_fakes": False, "spread": False,
}  # fmt: skip
BETTER = {"same_fakes": True, "lr": 2e-3, "g_conv": 1, "d_conv": 1}
NARROW = BETTER | {"g": (48, 24), "d": (24, 48)}
CANDIDATES = {
    "base": {},
    "cosine": {"decay": True},
    "cosine, twice the rate": {"decay": True, "lr": 2e-3},
    "cosine, twice as wide": {"decay": True, "g": (128, 64), "d": (64, 128)},
    "cosine, spectral norm, hinge": {"decay": True, "d_norm": "spectral", "loss": "hinge"},
    "cosine, relativistic average": {"decay": True, "loss": "relativistic_average"},
    "cosine, least squares": {"decay": True, "loss": "lsgan"},
    "cosine, minibatch deviation": {"decay": True, "spread": True},
    "cosine, batch 64": {"decay": True, "batch": 64},
    "cosine, upsampling": {"decay": True, "up": "nearest"},
    "cosine, 3x3 in D": {"decay": True, "d_conv": 1},
    "cosine, 3x3 in G": {"decay": True, "g_conv": 1},
    "twice the rate": {"lr": 2e-3},
    "twice the rate, same fakes": {"lr": 2e-3, "same_fakes": True},
    "twice the rate, 3x3 in G": {"lr": 2e-3, "g_conv": 1},
    "twice the rate, 3x3 in D": {"lr": 2e-3, "d_conv": 1},
    "no norm in D, R1 every 8": {"d_norm": None, "penalty": "r1", "same_fakes": True},
    "both 3x3": BETTER,
    "both 3x3, narrow": NARROW,
    "both 3x3, narrower": BETTER | {"g": (32, 16), "d": (16, 32)},
    "narrow, 3x3 twice in D": NARROW | {"d_conv": 2},
    "narrow, 3x3 twice in G": NARROW | {"g_conv": 2},
    "narrow, rate 3e-3": NARROW | {"lr": 3e-3},
    "narrow, average of 0.999": NARROW | {"ema": 0.999},
    "narrow, batch 64": NARROW | {"lr": 3e-3, "batch": 64},
    "narrow, batch 16": NARROW | {"batch": 16},
    "narrow, hinge": NARROW | {"loss": "hinge"},
    "narrow, D (16, 64)": NARROW | {"d": (16, 64)},
    "chosen: narrow, 3x3 twice in G, average of 0.999": NARROW | {"g_conv": 2, "ema": 0.999},
}  # fmt: skip


def images() -> tuple[np.ndarray, np.ndarray]:
    """Training and test images of Fashion-MNIST."""
    (x, _), (held_out, _) = ganc.datasets.load_fashion_mnist(download=False)
    if len(x) < 60_000:
        raise SystemExit("this needs all of Fashion-MNIST: apt-get install dataset-fashion-mnist")
    return x, held_out


# ---- the search ----


def generator(c: dict[str, Any]) -> nn.Module:
    """G of a candidate: maps of 7x7, doubled twice."""

    def normed(layer: nn.Module, n: int) -> list[nn.Module]:
        return [layer, nn.BatchNorm2d(n), nn.ReLU()]

    def up(a: int, b: int, bias: bool = False) -> list[nn.Module]:
        if c["up"] == "transposed":
            return [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=bias)]
        return [nn.Upsample(scale_factor=2), nn.Conv2d(a, b, 3, 1, 1, bias=bias)]

    a, b = c["g"]
    layers = [nn.Linear(64, a * 49, bias=False), nn.BatchNorm1d(a * 49), nn.ReLU()]
    layers.append(nn.Unflatten(1, (a, 7, 7)))
    if c["g_conv"]:
        layers += normed(nn.Conv2d(a, a, 3, 1, 1, bias=False), a)
    layers += [*up(a, b), nn.BatchNorm2d(b), nn.ReLU()]
    if c["g_conv"] > 1:
        layers += normed(nn.Conv2d(b, b, 3, 1, 1, bias=False), b)
    return nn.Sequential(*layers, *up(b, 1, True), nn.Tanh())


def discriminator(c: dict[str, Any]) -> nn.Module:
    """D of a candidate: halves 28x28 twice."""
    batch, spectral = c["d_norm"] == "batch", c["d_norm"] == "spectral"

    def layer(a: int, b: int, kernel: int, stride: int, norm: bool) -> list[nn.Module]:
        conv = nn.Conv2d(a, b, kernel, stride, 1, bias=not (batch and norm))
        return [
            spectral_norm(conv) if spectral else conv,
            *([nn.BatchNorm2d(b)] if batch and norm else []),
            nn.LeakyReLU(0.2),
        ]

    a, b = c["d"]
    layers = layer(1, a, 4, 2, False)
    if c["d_conv"] > 1:
        layers += layer(a, a, 3, 1, True)
    layers += layer(a, b, 4, 2, True)
    if c["d_conv"]:
        layers += layer(b, b, 3, 1, True)
    if c["spread"]:
        layers.append(nn.MinibatchStdDev(4))
        b += 1
    last = nn.Linear(b * 49, 1)
    return nn.Sequential(*layers, nn.Flatten(), spectral_norm(last) if spectral else last)


def candidate(c: dict[str, Any], steps: int | None = None) -> ganc.GAN:
    """The GAN of a candidate; with `steps`, its rates fall as half a cosine where it says so."""
    ganc.manual_seed(0)
    networks = generator(c), discriminator(c)
    d_lr = c["d_lr"] or c["lr"]
    ramps = {}
    if c["decay"] and steps:
        ramps = {"g_lr": ganc.train.Ramp(c["lr"], 0.0, steps),
                 "d_lr": ganc.train.Ramp(d_lr, 0.0, steps)}  # fmt: skip
    return ganc.GAN(
        *networks, 64, loss=c["loss"], ema=c["ema"], same_fakes=c["same_fakes"], seed=0,
        penalty=ganc.losses.R1(1.0, every=8) if c["penalty"] == "r1" else None, ramps=ramps,
        g_optimizer=lambda p: optim.Adam(p, lr=c["lr"], betas=c["betas"]),
        d_optimizer=lambda p: optim.Adam(p, lr=d_lr, betas=c["betas"]),
    )  # fmt: skip


def search(names: list[str], seconds: float) -> None:
    """Train candidates for some CPU seconds on one thread and enter what came of it."""
    ganc.set_num_threads(1)
    x, held_out = images()
    for name in names:
        c = BASE | CANDIDATES[name]
        trial = candidate(c)
        pace = clocked(lambda gan=trial, c=c: gan.train_on_batch(x[: c["batch"]]), 60)
        steps = int(seconds / pace)
        gan = candidate(c, steps)
        gan.fit(x, batch_size=c["batch"], steps_per_epoch=steps, epochs=1, verbose=0)
        row = {"candidate": name, "seconds": seconds, "steps": steps} | figures(gan, held_out)
        enter(SEARCH, row | {"cpu": machine()["cpu"]})


def clocked(step: Any, n: int) -> float:
    """CPU seconds of a step on one thread."""
    for _ in range(5):
        step()
    start = time.process_time()
    for _ in range(n):
        step()
    return (time.process_time() - start) / n


def figures(gan: Any, held_out: np.ndarray) -> dict[str, float]:
    """What is measured of a generator."""
    return measured(gan.sample(10_000, seed=1), held_out)


def measured(made: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """What is measured of 10,000 samples."""
    part = metrics.precision_recall_density_coverage(made[:5000], held_out[:5000])
    return {
        "frechet": round(float(metrics.frechet_distance(made, held_out)), 2),
        "precision": round(float(part.precision), 3),
        "recall": round(float(part.recall), 3),
    }


def enter(path: Path, row: dict[str, Any]) -> None:
    """Append a row to a table, and print it."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
    print(json.dumps(row), flush=True)


# ---- longer runs ----


def model_of(name: str, seed: int) -> ganc.GAN:
    """The model of a name; DCGAN has the moving average that EveningGAN has, too."""
    if name == "DCGAN":
        gan = ganc.models.DCGAN((1, 28, 28), seed=seed)
        gan.ema = 0.999
        return gan
    return ganc.models.get(name)(seed=seed)


def train(name: str, steps: int, seed: int) -> ganc.GAN:
    """Train a model of ganc and enter what came of it."""
    x, held_out = images()
    gan, start = model_of(name, seed), time.perf_counter()
    gan.fit(x, steps_per_epoch=steps, epochs=1, verbose=1)
    row = {"who": name, "seed": seed, "steps": steps} | figures(gan, held_out)
    row |= {"seconds": round(time.perf_counter() - start), "threads": ganc.get_num_threads()}
    enter(RUNS, row | {"cpu": machine()["cpu"]})
    return gan


def weights(name: str, steps: int, seed: int) -> None:
    """Train EveningGAN and write its averaged generator where `ganc.models.pretrained` looks."""
    from safetensors.numpy import save_file

    from ganc.models._pretrained import path_of

    data = {"fashion": "fashion_mnist"}[name]
    loader = getattr(ganc.datasets, f"load_{data}")
    (x, _), (held_out, _) = loader(download=False)
    gan = ganc.models.EveningGAN(seed=seed)
    start = time.perf_counter()
    gan.fit(x, steps_per_epoch=steps, epochs=1, verbose=1)
    arrays = {
        key: np.array(value.detach().numpy()).astype(np.float16)
        for key, value in gan.ema_generator.state_dict().items()
    }
    made = gan.sample(10_000, seed=1)
    distance = metrics.frechet_distance(made, held_out, extractor=name)
    trained = {
        "data": data, "command": f"python tools/evening.py weights {name} --steps {steps}",
        "seed": seed, "steps": steps, "seconds": round(time.perf_counter() - start),
        "frechet_distance": round(float(distance), 2), "definition": str(distance),
        "ganc": ganc.__version__,
    }  # fmt: skip
    about = {"class": "EveningGAN", "config": gan.config, "trained": trained}
    save_file(arrays, path_of(f"evening_{name}_v1.safetensors"),
              {"ganc.pretrained": json.dumps(about)})  # fmt: skip
    print(json.dumps(trained, indent=1))


def pace(minutes: float, blocks: int) -> None:
    """Print how many steps EveningGAN, DCGAN and PyTorch make in some minutes, timed in turn."""
    import torch
    from evening_torch import Mirror

    torch.set_num_threads(ganc.get_num_threads())
    x, _ = images()
    contenders = {name: model_of(name, 0) for name in ("EveningGAN", "DCGAN")}
    steps = {
        name: lambda gan=gan: gan.train_on_batch(x[: gan.default_batch_size])
        for name, gan in contenders.items()
    }
    mirror = Mirror(0)
    steps["PyTorch eager"] = lambda: mirror.step(x[:32])
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(blocks):
        for name, step in steps.items():
            step()
            start = time.perf_counter()
            for _ in range(100):
                step()
            times[name].append((time.perf_counter() - start) / 100)
    for name, found in times.items():
        step = float(np.median(found))
        print(f"{name}: {step * 1e3:.2f} ms a step, {int(60 * minutes / step):,} in {minutes} min")


def mirror(steps: int, seed: int) -> None:
    """Train the PyTorch version and enter what came of it."""
    import torch
    from evening_torch import Mirror

    torch.set_num_threads(ganc.get_num_threads())
    x, held_out = images()
    gan, random, start = Mirror(seed), np.random.default_rng(seed), time.perf_counter()
    order: list[np.ndarray] = []
    for _ in range(steps):
        if not order:
            order = list(random.permutation(len(x))[: len(x) // 32 * 32].reshape(-1, 32))
        gan.step(x[order.pop()])
    row = {"who": "PyTorch eager, EveningGAN's networks", "seed": seed, "steps": steps}
    row |= measured(gan.sample(10_000), held_out)
    row |= {"seconds": round(time.perf_counter() - start), "threads": ganc.get_num_threads()}
    enter(RUNS, row | {"cpu": machine()["cpu"]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("search", "pace", "train", "torch", "weights"))
    parser.add_argument("names", nargs="*", help=f"of candidates: {', '.join(CANDIDATES)}")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    ganc.set_num_threads(args.threads)
    if args.what == "search":
        search(args.names or list(CANDIDATES), args.seconds)
    elif args.what == "pace":
        pace(10.0, 15)
    elif args.what == "torch":
        mirror(args.steps, args.seed)
    else:
        for name in args.names:
            {"train": train, "weights": weights}[args.what](name, args.steps, args.seed)


if __name__ == "__main__":
    main()
