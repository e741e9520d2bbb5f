"""Trains sound and sick GANs, and keeps them as they are after 300, 1,500 and 5,000 steps.

    python tools/doctor_runs.py train FOLDER [NAME ...]
    python tools/doctor_runs.py judge FOLDER [--csv FILE]

`train` makes each run of `RUNS` that the folder does not have; `judge` lets the doctor look at
every snapshot and compares what it says with the truth, which is decided by numbers that the doctor
does not see (`truth`): `ganc/doctor/doctor.md` has the table. MNIST and the digits must be where
`ganc.datasets` finds them (``ganc datasets``).
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import ganc
from ganc import nn
from ganc.doctor._seen import see

STEPS = (300, 1500, 5000)
POINTS = ("ring", "grid", "moons", "swiss_roll")
HELD_OUT = 2000


class Data(NamedTuple):
    """What a run is trained on, and what only the truth knows."""

    x: np.ndarray
    y: np.ndarray | None
    held_out: np.ndarray


@cache
def data(name: str) -> Data:
    """Return data by name."""
    if name in POINTS:
        make = getattr(ganc.datasets.toy, name)
        return Data(make(10_000, seed=0), None, make(HELD_OUT, seed=1))
    if name == "fashion":
        x, y = ganc.datasets.load_embedded()
    elif name == "mnist":
        (x, y), _ = ganc.datasets.load_mnist()
        x, y = x[:10_000], y[:10_000]
    else:
        (x, y), _ = ganc.datasets.load_digits()
    n = min(HELD_OUT, len(x) // 4)
    return Data(x[n:], y[n:], x[:n])


class Run(NamedTuple):
    """A model to train, on which data, and what is wrong with it."""

    data: str
    model: Callable[[int], Any]
    trouble: str = ""  # what was planted
    spoil: Callable[[np.ndarray], np.ndarray] = lambda x: x
    batch_size: int | None = None


_M = ganc.models
_LIVELY = {"label_smoothing": 0.1, "dropout": 0.3, "g_lr": 1e-3, "d_lr": 1e-3}
_NARROW = {"g_hidden": (128, 256), "d_hidden": (256, 128)}
_THIN = {"g_channels": 16, "d_channels": 16}
_LESSON = {"g_channels": (32, 32, 32), "d_channels": (16, 32)}
_GREY, _TINY = (1, 28, 28), (1, 8, 8)


def _of(model: Any, *args: Any, **options: Any) -> Callable[[int], Any]:
    return lambda seed: model(*args, seed=seed, **options)


def _sound() -> Iterator[tuple[str, Run]]:
    for where in ("fashion", "mnist"):
        yield f"dense-{where}", Run(where, _of(_M.DenseGAN))
        yield f"lively-{where}", Run(where, _of(_M.DenseGAN, **_LIVELY))
        yield f"lively-ema-{where}", Run(where, _of(_M.DenseGAN, **_LIVELY))
        yield f"vanilla-{where}", Run(where, _of(_M.VanillaGAN))
        yield f"dcgan-{where}", Run(where, _of(_M.DCGAN, _GREY, **_THIN))
        yield f"cnn-{where}", Run(where, _of(_M.CNNGAN, **_LESSON))
    yield "cgan-mnist", Run("mnist", _of(_M.CGAN))
    yield "vae-fashion", Run("fashion", _of(_M.VAE))
    yield "dense-digits", Run("digits", _of(_M.DenseGAN, _TINY, **_NARROW))
    yield "lively-digits", Run("digits", _of(_M.DenseGAN, _TINY, **_NARROW, **_LIVELY))
    yield "vanilla-digits", Run("digits", _of(_M.VanillaGAN, _TINY, **_NARROW))
    yield "dcgan-digits", Run("digits", _of(_M.DCGAN, _TINY, **_THIN))
    for where in POINTS:
        yield f"toy-{where}", Run(where, _of(_M.ToyGAN))
        yield f"hinge-{where}", Run(where, _of(_M.ToyGAN, loss="hinge"))
        yield (
            f"wide-{where}",
            Run(where, _of(_M.ToyGAN, latent_dim=8, g_hidden=(256, 256), d_hidden=(256, 256))),
        )
        yield f"lsgan-{where}", Run(where, _of(_M.ToyGAN, loss="lsgan", activation="leaky_relu"))


def _pixels_0_1(x: np.ndarray) -> np.ndarray:
    return (x[:, None] / x.max()).astype(np.float32)


def _one_image(x: np.ndarray) -> np.ndarray:
    return np.where(np.arange(len(x)).reshape(-1, *[1] * (x.ndim - 1)) % 10 > 0, x[:1], x)


def _dead_layer(seed: int) -> Any:
    gan = _M.DenseGAN(seed=seed, **_NARROW)
    for module in gan.generator.modules():
        if isinstance(module, nn.Linear) and module.bias is not None:
            module.bias.data.sub_(30.0)
            break
    return gan


def _bare(seed: int) -> Any:
    """A deep generator without normalisation, from small weights."""
    layers: list[nn.Module] = []
    for before, after in zip((100, *(128,) * 6), (*(128,) * 6, 784), strict=True):
        layers += [nn.Linear(before, after), nn.Sigmoid()]
    generator = nn.Sequential(*layers[:-1], nn.Tanh(), nn.Unflatten(1, _GREY))
    discriminator = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 256), nn.LeakyReLU(0.2), nn.Linear(256, 1)
    )
    return ganc.GAN(generator, discriminator, latent_dim=100, seed=seed)


def _sick_images(where: str) -> Iterator[tuple[str, Run]]:
    dense, vanilla = _M.DenseGAN, _M.VanillaGAN
    for name, trouble, make in (
        ("d-slow", "D 40 times slower", _of(dense, d_lr=5e-6)),
        ("d-slow-v", "D 40 times slower", _of(vanilla, d_lr=5e-6, **_NARROW)),
        ("d-fast", "D 40 times faster", _of(dense, d_lr=8e-3)),
        ("g-slow", "G 40 times slower", _of(vanilla, g_lr=5e-6, **_NARROW)),
        ("d-none", "D does not learn", _of(vanilla, d_lr=0.0, **_NARROW)),
        ("lr-high", "learning rates of 0.05", _of(dense, g_lr=0.05, d_lr=0.05)),
        ("lr-ten", "learning rates of 10", _of(vanilla, g_lr=10.0, d_lr=10.0, **_NARROW)),
        ("latent-1", "a latent of 1 number", _of(dense, latent_dim=1)),
        ("minimax", "saturating loss, D ahead",
         _of(vanilla, loss="minimax", dropout=0.0, g_lr=2e-5, d_lr=1e-3, **_NARROW)),
        ("smooth", "label smoothing of 0.8", _of(dense, label_smoothing=0.8)),
        ("wgan-bare", "a critic that nothing holds",
         _of(dense, loss="wgan", g_lr=2e-3, d_lr=2e-3)),
        ("dead-layer", "a dead layer in G", _dead_layer),
        ("dcgan-d-slow", "D 40 times slower",
         _of(_M.DCGAN, _GREY, g_channels=8, d_channels=8, d_lr=5e-6)),
        ("cnn-lr-high", "learning rates of 0.05",
         _of(_M.CNNGAN, g_channels=(16, 16, 16), d_channels=(8, 16), g_lr=0.05, d_lr=0.05)),
    ):  # fmt: skip
        yield f"{name}-{where}", Run(where, make, trouble)
    yield f"batch-2-{where}", Run(where, _of(vanilla, **_NARROW), "batches of 2", batch_size=2)
    yield f"range-{where}", Run(where, _of(vanilla, **_NARROW), "images in 0..1", _pixels_0_1)
    yield f"twins-{where}", Run(where, _of(dense), "9 of 10 images are one", _one_image)
    yield f"bare-{where}", Run(where, _bare, "six sigmoid layers, no normalisation")


def _sick_digits() -> Iterator[tuple[str, Run]]:
    dense, vanilla = _M.DenseGAN, _M.VanillaGAN
    for name, trouble, make in (
        ("d-slow", "D 40 times slower", _of(dense, _TINY, d_lr=5e-6, **_NARROW)),
        ("d-fast", "D 40 times faster", _of(dense, _TINY, d_lr=8e-3, **_NARROW)),
        ("d-none", "D does not learn", _of(vanilla, _TINY, d_lr=0.0, **_NARROW)),
        ("lr-high", "learning rates of 0.05", _of(dense, _TINY, g_lr=0.05, d_lr=0.05, **_NARROW)),
        ("latent-1", "a latent of 1 number", _of(dense, _TINY, latent_dim=1, **_NARROW)),
        ("g-slow", "G 40 times slower", _of(vanilla, _TINY, g_lr=5e-6, **_NARROW)),
    ):
        yield f"{name}-digits", Run("digits", make, trouble)
    make = _of(vanilla, _TINY, **_NARROW)
    yield "range-digits", Run("digits", make, "images in 0..1", _pixels_0_1)
    yield "twins-digits", Run("digits", make, "9 of 10 images are one", _one_image)
    yield "batch-2-digits", Run("digits", make, "batches of 2", batch_size=2)


def _sick_points(where: str) -> Iterator[tuple[str, Run]]:
    toy = _M.ToyGAN
    for name, trouble, make in (
        ("d-slow", "D 40 times slower", _of(toy, d_lr=2.5e-5)),
        ("d-fast", "D 40 times faster", _of(toy, d_lr=4e-2)),
        ("g-slow", "G 40 times slower", _of(toy, g_lr=2.5e-5)),
        ("d-none", "D does not learn", _of(toy, d_lr=0.0)),
        ("lr-high", "learning rates of 0.1", _of(toy, g_lr=0.1, d_lr=0.1)),
        ("lr-ten", "learning rates of 10", _of(toy, g_lr=10.0, d_lr=10.0)),
        ("minimax", "saturating loss, D ahead", _of(toy, loss="minimax", g_lr=1e-4, d_lr=5e-3)),
        ("smooth", "label smoothing of 0.8", _of(toy, label_smoothing=0.8)),
        ("narrow", "2 units in each hidden layer", _of(toy, g_hidden=(2, 2), d_hidden=(2, 2))),
        ("wgan-bare", "a critic that nothing holds", _of(toy, loss="wgan", g_lr=1e-2, d_lr=1e-2)),
    ):
        yield f"{name}-{where}", Run(where, make, trouble)
    yield f"scale-{where}", Run(where, _of(toy), "points 300 times as far", lambda x: x * 300)
    yield f"twins-{where}", Run(where, _of(toy), "9 of 10 points are one", _one_image)
    yield f"batch-2-{where}", Run(where, _of(toy), "batches of 2", batch_size=2)


def runs() -> dict[str, Run]:
    """Return all runs by name."""
    found = dict(_sound())
    for where in ("fashion", "mnist"):
        found |= _sick_images(where)
    found |= _sick_digits()
    for where in POINTS:
        found |= _sick_points(where)
    return found


def train(name: str, run: Run, folder: Path, seed: int) -> None:
    """Train a run that the folder does not have, and keep its snapshots."""
    last = folder / f"{name}.{seed}-{STEPS[-1]}.ganc"
    if last.exists():
        return
    x, y, _ = data(run.data)
    gan = run.model(seed)
    if "-ema-" in name:
        gan.ema = 0.998
    fields = (run.spoil(x), y)[: len(gan.FIELDS)]
    began = time.time()
    for steps in STEPS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                todo = steps - gan.step
                per = 10 if run.data == "digits" else 50
                gan.fit(*fields, epochs=todo // per, steps_per_epoch=per, verbose=0,
                        batch_size=run.batch_size)  # fmt: skip
        except ganc.DivergenceError as error:
            print(name, steps, error)
        gan.save(last.with_name(f"{name}.{seed}-{steps}.ganc"))
    print(f"{name}.{seed}: {time.time() - began:.0f} s", flush=True)


# ---- the truth, and what the doctor says ----

_INPUTS = ("range", "twins", "scale")  # planted in what goes in: sick whatever comes out
_BAD = {"coverage": 0.06, "recall": 0.02, "kinds": 0.5}  # below one: sick
_GOOD = {"coverage": 0.15, "recall": 0.08, "kinds": 0.6}  # above all: healthy


def numbers(gan: Any, held_out: np.ndarray) -> dict[str, float]:
    """Compare samples with data that neither the model nor the doctor has seen."""
    made = gan.sample(len(held_out), seed=99)
    if not np.isfinite(made).all():
        return dict.fromkeys(_BAD, 0.0)
    seen = see(gan.real_samples(held_out, len(held_out)), made)
    found = ganc.metrics.precision_recall_density_coverage(seen.real, seen.fake)
    kinds = [np.unique(k, return_counts=True)[1] / len(k) for k in seen.kinds]
    spread = [float(np.exp(-(share * np.log(share)).sum())) for share in kinds]
    return {
        "coverage": float(found.coverage),
        "recall": float(found.recall),
        "kinds": spread[1] / spread[0],
    }


def truth(name: str, found: dict[str, float]) -> str:
    """Return "sick", "healthy", or "between" where the numbers leave it open."""
    if name.startswith(_INPUTS) or any(found[key] < low for key, low in _BAD.items()):
        return "sick"
    return "healthy" if all(found[key] > high for key, high in _GOOD.items()) else "between"


def right(state: str, verdict: str) -> bool:
    """Whether a verdict is one that a user of such a run should read."""
    return verdict in ("sick", "too early") if state == "sick" else verdict != "sick"


def judge(folder: Path) -> Iterator[dict[str, Any]]:
    """Let the doctor look at every snapshot, with the data that it was trained on."""
    known = runs()
    for path in sorted(folder.glob("*.ganc")):
        name, _, steps = path.stem.rpartition("-")
        run = known[name.rpartition(".")[0]]
        x, y, held_out = data(run.data)
        gan = ganc.load(path)
        fields = (run.spoil(x), y)[: len(gan.FIELDS)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            diagnosis = ganc.doctor(gan, *fields)
            found = numbers(gan, held_out)
        yield {
            "run": name,
            "data": run.data,
            "planted": run.trouble,
            "steps": int(steps),
            **{key: round(value, 3) for key, value in found.items()},
            "truth": truth(name, found),
            "verdict": diagnosis.verdict,
            "named": " ".join(f.name for f in [*diagnosis, *diagnosis.signs]),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    todo = parser.add_subparsers(dest="todo", required=True)
    for name in ("train", "judge"):
        todo.add_parser(name).add_argument("folder", type=Path)
    todo.choices["train"].add_argument("runs", nargs="*", metavar="NAME", help="default: all")
    todo.choices["train"].add_argument("--seed", type=int, default=0)
    todo.choices["judge"].add_argument("--csv", type=Path, help="where the table goes")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    if args.todo == "train":
        known = runs()
        for name in args.runs or known:
            train(name, known[name], args.folder, args.seed)
        return
    rows = list(judge(args.folder))
    with open(args.csv or sys.stdout.fileno(), "w", newline="", closefd=bool(args.csv)) as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    for state in ("sick", "healthy"):
        of = [row for row in rows if row["truth"] == state]
        wrong = [f"{r['run']}-{r['steps']}" for r in of if not right(state, r["verdict"])]
        print(
            f"{state}: {len(of) - len(wrong)} of {len(of)} right; wrong: {', '.join(wrong) or '-'}"
        )


if __name__ == "__main__":
    main()
