"""Trains each system of ganc.models for some minutes and writes what came of it to docs/systems.md.

    python tools/train_systems.py WGAN SNGAN --budget "5 min"
    python tools/train_systems.py --all --budget "5 min" --threads 1
    python tools/train_systems.py --table                 # writes the page anew, trains nothing

A system has a row with its figures, a picture beside the page, and its command. Pictures are
Fashion-MNIST, which must be there (``ganc datasets``): 60,000 to train, the 10,000 test images to
measure against. Points are the ring of 8 and the grid of 25. Wide networks are made narrower, so
that minutes are enough; the row says how.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import ganc
from ganc import metrics
from ganc._options import duration
from ganc.datasets import toy

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from _harness import machine  # noqa: E402

RESULTS, PAGE, PICTURES = (
    ROOT / "benchmarks/results/systems.csv", ROOT / "docs/systems.md", ROOT / "docs/systems"
)  # fmt: skip
COLUMNS = (
    "system", "numbers", "data", "steps", "seconds", "threads", "seed", "figures", "cpu"
)  # fmt: skip
_N = 10_000  # samples that are measured


class Task(NamedTuple):
    """What a system is trained on, and the numbers that are not its defaults."""

    numbers: dict[str, Any] = {}
    data: str = "fashion_mnist"
    labelled: int | None = None  # of the labels, for a system that learns from few


_GREY = {"image_shape": (1, 28, 28)}
_SMALL = _GREY | {"g_channels": 32, "d_channels": 32}
_SN = _GREY | {"g_channels": 16, "d_channels": 16}
_RESIDUAL = _GREY | {
    "g_channels": 24, "d_channels": 24, "decay_steps": 0, "n_critic": 2, "g_batch": 1,
    "g_lr": 5e-4, "d_lr": 5e-4, "batch_size": 32,
}  # fmt: skip
_QUICK = {"g_lr": 1e-3, "d_lr": 1e-3}
TASKS = {
    "WGAN": Task(_SMALL | {"n_critic_often": 20, "lr": 2e-4}),
    "WGANGP": Task({"dim": 16, "g_lr": 5e-4, "d_lr": 5e-4}),
    "LSGAN": Task(_SMALL | {"latent_dim": 100}),
    "HingeGAN": Task(_SMALL),
    "RelativisticGAN": Task(_SN),
    "DRAGAN": Task(_SMALL),
    "SNGAN": Task(_SN),
    "SNResNetGAN": Task(_RESIDUAL),
    "MinibatchGAN": Task(
        _GREY
        | {
            "g_channels": 16,
            "d_channels": (16, 32),
            "kernels": 30,
            "loss": "non_saturating",
            "g_steps": 1,
            "g_lr": 1e-3,
            "d_lr": 1e-3,
        }
    ),  # fmt: skip
    "UnrolledGAN": Task({"latent_dim": 16, "batch_size": 128, "d_lr": 1e-3}, data="ring"),
    "PacGAN": Task({"g_hidden": (128,) * 3, "d_hidden": (64,) * 2} | _QUICK, data="ring"),
    "BEGAN": Task(
        _GREY | {"filters": 16, "gamma": 0.7, "lambda_k": 0.01, "batch_size": 32} | _QUICK
    ),
    "EBGAN": Task({"g_hidden": (512,) * 3, "e_hidden": (512,), "pulling_away": 0.1}),
    "CGAN": Task(),
    "ConvCGAN": Task({"channels": 24, "hidden": 256}),
    "ACGAN": Task(
        {
            "g_channels": (32, 32, 16),
            "d_channels": (16, 32, 32, 64),
            "g_hidden": 256,
            "g_batch": 1,
            "g_lr": 1e-3,
            "d_lr": 5e-4,
        }
    ),  # fmt: skip
    "InfoGAN": Task(
        {
            "g_hidden": 256,
            "d_hidden": 256,
            "g_channels": (64, 32),
            "d_channels": (32, 64),
            "codes_weight": 0.1,
            "trunk_learns": False,
            "batch_size": 64,
        }
    ),  # fmt: skip
    "ProjectionGAN": Task(_RESIDUAL),
    "SemiSupervisedGAN": Task(labelled=1000),
    "SDCGAN": Task({"g_channels": 32, "d_channels": 32, "c_channels": 16}),
    "BiGAN": Task({"g_hidden": 512, "d_hidden": 512, "e_hidden": 512}),
    "LAPGAN": Task(_GREY | {"g_hidden": 512, "d_hidden": 256, "channels": 16}),
    "MADGAN": Task({"g_lr": 1e-3, "d_lr": 1e-3}, data="ring"),
    "MGAN": Task(_GREY | {"generators": 4, "channels": 24}),
    "GMAN": Task(_GREY | {"discriminators": 2, "g_channels": (64, 48, 32), "width": 48}),
    "EveningGAN": Task(),
}


def samples_of(data: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Training samples, held-out ones, and the labels of both."""
    if data == "fashion_mnist":
        (x, y), (x_test, y_test) = ganc.datasets.load_fashion_mnist(download=False)
        return x, x_test, y, y_test
    make = {"ring": toy.ring, "grid": toy.grid}[data]
    return make(100_000, seed=0), make(2500, seed=1), None, None


def train(name: str, budget: float, steps: int | None, seed: int) -> dict[str, Any]:
    """Train a system and return its row; its picture is written."""
    task = TASKS[name]
    model = ganc.models.get(name)(**task.numbers, seed=seed)
    x, held_out, y, _ = samples_of(task.data)
    fields = [x]
    if any(field.kind == "label" for field in model.FIELDS):
        labels = y.astype(np.int64)
        if task.labelled is not None:
            labels[np.argsort(np.random.default_rng(0).random(len(y)))[task.labelled :]] = -1
        fields.append(labels)
    start = time.perf_counter()
    if steps is None:
        model.fit(*fields, budget=budget, verbose=1)
    else:
        model.fit(*fields, steps_per_epoch=steps, epochs=1, verbose=1)
    seconds = time.perf_counter() - start
    PICTURES.mkdir(exist_ok=True)
    draw(model, held_out, PICTURES / f"{name}.png")
    return {
        "system": name, "numbers": task.numbers, "data": task.data, "steps": model.step,
        "seconds": round(seconds), "threads": ganc.get_num_threads(), "seed": seed,
        "figures": figures(model, held_out), "cpu": machine()["cpu"],
    }  # fmt: skip


def figures(model: Any, held_out: np.ndarray) -> str:
    """What is measured of a system, as a text."""
    if held_out.ndim == 2:
        modes, share, kl = metrics.Modes(toy.ring_centers(), 0.01)(None, model.sample(2500, seed=1))
        return f"{int(modes)} of 8 modes, {share:.1%} of high quality, reverse KL {kl:.2f}"
    made = model.sample(_N, seed=1)
    found = [f"Fréchet distance {metrics.frechet_distance(made, held_out):.1f}"]
    part = metrics.precision_recall_density_coverage(made[:5000], held_out[:5000])
    found.append(f"precision {part.precision:.2f}, recall {part.recall:.2f}")
    if any(field.kind == "label" for field in model.FIELDS) and model._conditional:
        asked = np.arange(_N) % model.classes
        share = metrics.label_agreement(model.sample(_N, labels=asked, seed=2), asked)
        found.append(f"label agreement {share:.3f}")
    return ", ".join(found)


def draw(model: Any, held_out: np.ndarray, path: Path) -> None:
    """Write a picture of what a system makes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    if held_out.ndim == 2:
        figure, ax = plt.subplots(figsize=(3, 3), dpi=100)
        points = model.sample(2500, seed=1)
        ax.scatter(*held_out.T, s=2, color="black", alpha=0.3, label="real")
        ax.scatter(*points.T, s=2, color="#e8710a", alpha=0.5, label="generated")
        ax.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal")
        ax.legend(loc="center", fontsize=7)
        figure.savefig(path, bbox_inches="tight")
        plt.close(figure)
        return
    from PIL import Image

    Image.fromarray(ganc.plot.grid(model.preview(60, seed=3)[:60], ncol=15)).save(path)


def rows() -> dict[str, dict[str, str]]:
    """The rows of earlier runs by system."""
    if not RESULTS.exists():
        return {}
    with RESULTS.open(newline="") as file:
        return {row["system"]: row for row in csv.DictReader(file)}


def enter(row: dict[str, Any]) -> None:
    """Put a row among the earlier ones."""
    known = rows() | {row["system"]: row}
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(known[name] for name in TASKS if name in known)


def page() -> str:
    """The page of all systems, from their rows."""
    lines = [
        "# The systems, each after some minutes",
        "",
        "Written by `tools/train_systems.py`: each system trained from scratch, in the background",
        "of other work, on the threads that its row says, never longer than ten minutes. Distances",
        "are in the features of ganc's own classifier (`ganc-fashion-v1`), 10,000 samples against",
        "Fashion-MNIST's 10,000 test images; they say nothing about Inception's FID. Papers train",
        "for hours on wider networks: these rows show that a system works, not how good it can be.",
        "",
    ]
    for name, row in rows().items():
        numbers = row["numbers"].strip("{}") or "its defaults"
        lines += [
            f"## {name}",
            "",
            f"![what {name} makes](systems/{name}.png)",
            "",
            f"{row['figures']}. {int(row['steps']):,} steps in {row['seconds']} s, "
            f"{row['threads']} thread(s), seed {row['seed']}, {row['cpu']}. Data: {row['data']}.",
            f"Numbers: {numbers}.",
            "",
            f"    python tools/train_systems.py {name} --steps {row['steps']} --seed {row['seed']} "
            f"--threads {row['threads']}",
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help=", ".join(TASKS))
    parser.add_argument("--all", action="store_true", help="all that have no row yet")
    parser.add_argument("--table", action="store_true", help="only write the page")
    parser.add_argument("--budget", default="5 min", help="of each, by default 5 min")
    parser.add_argument("--steps", type=int, help="instead of a budget")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    ganc.set_num_threads(args.threads)
    names = [n for n in TASKS if n not in rows()] if args.all else args.systems
    for name in [] if args.table else names:
        if name not in TASKS or name not in ganc.models.list():
            print(f"{name}: no such system; there are {', '.join(TASKS)}", file=sys.stderr)
            continue
        enter(train(name, duration("--budget", args.budget), args.steps, args.seed))
        print(name, rows()[name]["figures"], flush=True)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
