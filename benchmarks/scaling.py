"""How the cost grows with the batch and with the pixels, and how far from a straight line.

The line is a fixed cost a step (the optimizers' work, calls) plus a cost an image or a pixel,
fitted to relative errors; the deviation is the largest of them. Sizes take turns, so that a busy
minute of the machine meets all of them.
"""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import numpy as np
from _harness import alternate, arguments, parse, report
from _networks import SPECS, walk
from conv import Case, runs

import ganc

matplotlib.use("Agg")
import matplotlib.pyplot as plt

AN = {"images": "an image", "pixels": "a pixel"}
BATCHES, PIXELS = (8, 16, 32, 64, 128, 256), (32, 48, 64, 96, 128)


def step(gan: ganc.GAN, batch: int, shape: tuple[int, ...]) -> Callable:
    x = np.random.default_rng(0).uniform(-1, 1, (batch, *shape)).astype(np.float32)
    x = ganc.tensor(x)
    return lambda: gan.train_on_batch(x)


def steps_by_batch(model: str, shape: tuple[int, ...], batches) -> dict[int, Callable]:
    gan = getattr(ganc.models, model)(image_shape=shape, seed=0)
    return {n: step(gan, n, shape) for n in batches}


def steps_by_pixels(model: str, channels: int, batch: int, sides) -> dict[int, Callable]:
    calls = {}
    for side in sides:
        shape = channels, side, side
        gan = getattr(ganc.models, model)(image_shape=shape, seed=0)
        calls[side * side] = step(gan, batch, shape)
    return calls


def layers_by_pixels(batch: int, sides) -> dict[int, Callable]:
    """The strided convolutions of DCGAN-64's discriminator, all three passes, at other sizes."""

    def all_passes(side: int) -> Callable:
        layers = walk(SPECS["DCGAN-64"].discriminator, (3, side, side))
        cases = [Case("", x, batch, shape) for x, shape, _ in layers if x.stride == 2]
        calls = [ours for case in cases for ours, _ in runs(case).values()]
        return lambda: [call() for call in calls]

    return {side * side: all_passes(side) for side in sides}


def sweeps(quick: bool) -> dict[str, Callable[[], dict[int, Callable]]]:
    """Name, that ends with what x counts: a function that makes {x: call}."""
    batches, sides, n = (BATCHES, PIXELS, 16) if not quick else ((2, 3), (32, 64), 1)
    grey = (28, *sides) if not quick else sides
    return {
        "CNNGAN step, images": lambda: steps_by_batch("CNNGAN", (1, 28, 28), batches),
        "DCGAN-64 step, images": lambda: steps_by_batch("DCGAN", (3, 64, 64), batches),
        f"CNNGAN step, batch {n}, pixels": lambda: steps_by_pixels("CNNGAN", 1, n, grey),
        f"DCGAN layers, batch {n}, pixels": lambda: layers_by_pixels(n, sides),
    }


def fit(seconds: dict[int, float]) -> tuple[float, float]:
    """Fixed cost and cost of one more, least squares of relative errors."""
    x, t = np.array(list(seconds), float), np.array(list(seconds.values()))
    fixed, each = np.linalg.lstsq(np.stack([1 / t, x / t], 1), np.ones(len(t)), rcond=None)[0]
    return float(fixed), float(each)


def rows_of(name: str, seconds: dict[int, float]) -> list[dict]:
    fixed, each = fit(seconds)
    return [
        {
            "sweep": name,
            "x": x,
            "ms": t * 1e3,
            "us each": t / x * 1e6,
            "line ms": (fixed + each * x) * 1e3,
            "off the line": t / (fixed + each * x) - 1,
        }
        for x, t in seconds.items()
    ]


def plot(sweeps: dict[str, dict[int, float]], path: str) -> None:
    """One picture a sweep: the cost of one, measured and as the line has it."""
    figure, axes = plt.subplots(1, len(sweeps), figsize=(3.6 * len(sweeps), 3.2), squeeze=False)
    for ax, (name, seconds) in zip(axes[0], sweeps.items(), strict=True):
        fixed, each = fit(seconds)
        x, t = np.array(list(seconds)), np.array(list(seconds.values()))
        line = fixed + each * x
        text = f"{fixed * 1e3:.2g} ms + {each * 1e6:.4g} us each"
        ax.semilogx(x, line / x * 1e6, color="0.7", label=text)
        text = f"at most {abs(t / line - 1).max():.0%} off the line"
        ax.semilogx(x, t / x * 1e6, "o", ms=5, label=text)
        title, what = name.rsplit(", ", 1)
        ax.set(title=title, xlabel=what, xticks=x, xticklabels=x, ylabel=f"us {AN[what]}")
        ax.minorticks_off()
        ax.tick_params("x", labelrotation=45)
        ax.set_ylim(0, 1.2 * max(t / x) * 1e6)
        ax.legend(fontsize=7, loc="lower left")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--plot", metavar="PNG", help="draw the figures into this file")
    parser.add_argument(
        "--only", default="", metavar="NAME", help="sweeps that have this in the name"
    )
    args = parse(parser)
    ganc.set_num_threads(args.threads)
    rows, measured = [], {}
    for name, calls in sweeps(args.quick).items():
        if args.only in name:
            seconds = alternate(calls(), args)
            measured[name] = seconds
            rows += rows_of(name, seconds)
    if not rows:
        parser.error(f"--only {args.only}: there are {'; '.join(sweeps(args.quick))}")
    report("scaling", rows, args)
    if args.plot:
        plot(measured, args.plot)


if __name__ == "__main__":
    main()
