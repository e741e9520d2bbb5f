"""Ops that run along memory: the share of the bandwidth that a triad shows in the same run.

Bytes are counted alike for the triad ``a = b + s * c`` (4 transfers an element) and the ops: what
is read, and what is written twice, because a cache reads a line before it is written. The norms
count each tensor once: their second pass finds a part of it in the cache. Tensors of 4096 planes of
64 x 64 and the like exceed the last-level cache; the layers of networks need not, and may show more
than 100 %. PyTorch is timed beside, on one thread and on all.

    python benchmarks/bandwidth.py --json bandwidth.json     # two minutes
    python benchmarks/bandwidth.py --only batch_norm --blocks 15
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from _harness import arguments, parse, report, timed

import ganc
from ganc._backend import core

F = torch.nn.functional
SHAPES = [(64, 64, 64, 64), (32, 256, 49, 49), (1024, 1024, 4, 4), (16384, 1024)]
LAYERS = [
    (64, 128, 28, 28), (64, 128, 14, 14), (64, 128, 7, 7),
    (32, 64, 32, 32), (32, 128, 16, 16), (32, 256, 8, 8), (32, 512, 4, 4),
]  # fmt: skip


@dataclass
class Case:
    name: str
    shape: tuple[int, ...]
    elements: int  # transferred, reads once and writes twice
    ours: Callable
    theirs: Callable


def tensors(shape: tuple[int, ...], n: int) -> list:
    """n random arrays as ganc's and PyTorch's tensors."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape, dtype=np.float32) for _ in range(n)]
    return [ganc.tensor(a) for a in arrays], [torch.from_numpy(a) for a in arrays]


def pointwise() -> Iterator[Case]:
    shape = SHAPES[0]
    (x, y), (tx, ty) = tensors(shape, 2)
    n, aten = x.numel(), torch.ops.aten
    for name, ours, theirs in (
        ("relu", core.relu, torch.relu),
        ("leaky_relu", lambda x: core.leaky_relu(x, 0.2), lambda x: F.leaky_relu(x, 0.2)),
        ("tanh", core.tanh, torch.tanh),
        ("sigmoid", core.sigmoid, torch.sigmoid),
    ):
        yield Case(name, shape, 3 * n, lambda f=ours: f(x), lambda f=theirs: f(tx))
    for name, ours, theirs in (
        ("relu dx", core.relu_dx, lambda g, y: aten.threshold_backward(g, y, 0)),
        ("leaky_relu dx", lambda g, y: core.leaky_relu_dx(g, y, 0.2),
         lambda g, y: aten.leaky_relu_backward(g, y, 0.2, False)),
        ("tanh dx", core.tanh_dx, aten.tanh_backward),
        ("sigmoid dx", core.sigmoid_dx, aten.sigmoid_backward),
    ):  # fmt: skip
        yield Case(name, shape, 4 * n, lambda f=ours: f(x, y), lambda f=theirs: f(tx, ty))


def differentiated(ours: Callable, theirs: Callable, xs: list, txs: list, cotangent: tuple):
    """Calls that compute the gradients of both, from graphs that are kept."""
    xs = [x.requires_grad_() for x in xs]
    txs = [x.requires_grad_() for x in txs]
    y, ty = ours(*xs), theirs(*txs)
    g, tg = cotangent
    return (
        lambda: ganc.grad(y, xs, g, retain_graph=True),
        lambda: torch.autograd.grad(ty, txs, tg, retain_graph=True),
    )


def norm_case(name: str, shape: tuple, act: str, ours: Callable, theirs: Callable, wb: tuple):
    (x, g), (tx, tg) = tensors(shape, 2)
    (w, b), (tw, tb) = tensors(wb, 2)
    n, kept = x.numel(), act in ("tanh", "sigmoid")  # of the others x tells the sign of y
    label = name if act == "none" else f"{name} + {act}"
    yield Case(label, shape, 3 * n, lambda: ours(x, w, b), lambda: theirs(tx, tw, tb))
    back = differentiated(ours, theirs, [x, w, b], [tx, tw, tb], (g, tg))
    yield Case(f"{label} backward", shape, (4 + kept) * n, *back)


ACTS = {
    "none": lambda x: x,
    "relu": torch.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "tanh": torch.tanh,
}


def batch_norm(shape: tuple, act: str, before: str = "none") -> Iterator[Case]:
    return norm_case(
        "batch_norm" if before == "none" else f"{before} + batch_norm", shape, act,
        lambda x, w, b: core.batch_norm(x, w, b, act=act, before=before),
        lambda x, w, b: ACTS[act](F.batch_norm(ACTS[before](x), None, None, w, b, True)),
        shape[1:2],
    )  # fmt: skip


def group_norm(name: str, shape: tuple, groups: int) -> Iterator[Case]:
    return norm_case(
        name, shape, "none",
        lambda x, w, b: core.group_norm(x, w, b, groups=groups),
        lambda x, w, b: F.group_norm(x, groups, w, b),
        shape[1:2],
    )  # fmt: skip


def norms() -> Iterator[Case]:
    for shape in SHAPES:
        for act in ACTS if shape is SHAPES[0] else ("none", "relu"):
            yield from batch_norm(shape, act)
    for shape in LAYERS:
        for act in ("none", "leaky_relu"):
            yield from batch_norm(shape, act)
        yield from batch_norm(shape, "none", "relu")
    for shape in (SHAPES[0], LAYERS[3], LAYERS[5]):
        yield from group_norm("instance_norm", shape, shape[1])
        yield from group_norm("group_norm", shape, 8)
    for shape in (SHAPES[3], (512, 512)):
        yield from norm_case(
            "layer_norm", shape, "none", core.layer_norm,
            lambda x, w, b, n=shape[1:]: F.layer_norm(x, n, w, b), shape[1:],
        )  # fmt: skip


def measure(case: Case, threads: int, args) -> dict:
    """Medians over blocks, the triad measured beside each block."""
    shares, ours, theirs, speeds = [], [], [], []
    timed(case.ours, args.seconds)
    timed(case.theirs, args.seconds)
    for _ in range(args.blocks):
        triad = core.triad_bandwidth(args.seconds or 1e-4)
        seconds = timed(case.ours, args.seconds)
        speeds.append(4 * case.elements / seconds)
        shares.append(speeds[-1] / triad)
        ours.append(seconds)
        theirs.append(timed(case.theirs, args.seconds))
    median = statistics.median
    return {
        "op": case.name,
        "shape": "x".join(map(str, case.shape)),
        "threads": threads,
        "ganc us": median(ours) * 1e6,
        "GB/s": median(speeds) / 1e9,
        "of triad": median(shares),
        "vs torch": median(theirs) / median(ours),
    }


def main() -> None:
    parser = arguments(__doc__.splitlines()[0], seconds=0.03)
    parser.set_defaults(blocks=5)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    args = parse(parser)
    rows = []
    for group in (pointwise, norms):
        for case in group():
            if args.only not in case.name:
                continue
            for threads in sorted({1, args.threads}):
                ganc.set_num_threads(threads)
                torch.set_num_threads(threads)
                rows.append(measure(case, threads, args))
    report("bandwidth", rows, args)


if __name__ == "__main__":
    main()
