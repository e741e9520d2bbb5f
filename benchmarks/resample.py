"""Pooling, resizing and padding against PyTorch and against the machine's triad, larger than the
caches: forward and input gradient, share of the triad's bandwidth.

Bytes are those of the operands: each read or written once, the 2 reads and 1 write of the triad
a = b + s c likewise.  A store also reads the line it writes, which is not counted on either side.

    python benchmarks/resample.py --seconds 0.1 --blocks 5 --json resample.json    # a minute
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as TF
from _harness import alternate, arguments, parse, report

import ganc
import ganc.nn.functional as F

OPS = {
    "max_pool2d 2": ("max_pool2d", (2,), {}),
    "max_pool2d 3 s2 p1": ("max_pool2d", (3, 2, 1), {}),
    "avg_pool2d 2": ("avg_pool2d", (2,), {}),
    "avg_pool2d 3 s1 p1": ("avg_pool2d", (3, 1, 1), {}),
    "adaptive_avg_pool2d 1": ("adaptive_avg_pool2d", (1,), {}),
    "nearest x2": ("interpolate", (None, 2), {}),
    "bilinear x2": ("interpolate", (None, 2, "bilinear"), {}),
    "bilinear x0.5 antialias": ("interpolate", (None, 0.5, "bilinear"), {"antialias": True}),
    "bicubic x2": ("interpolate", (None, 2, "bicubic"), {}),
    "bicubic x1.5": ("interpolate", (None, 1.5, "bicubic"), {}),
    "pad 1 zeros": ("pad", ((1, 1, 1, 1),), {}),
    "pad 1 reflect": ("pad", ((1, 1, 1, 1), "reflect"), {}),
    "pixel_shuffle 2": ("pixel_shuffle", (2,), {}),
    "pixel_unshuffle 2": ("pixel_unshuffle", (2,), {}),
}


def triad(elements: int):
    b, c = torch.randn(elements), torch.randn(elements)
    a = torch.empty(elements)
    return lambda: torch.add(b, c, alpha=3.0, out=a)


def passes(name: str, x: np.ndarray):
    """(pass, ours, theirs, bytes) of the forward pass and the input gradient."""
    op, args, options = OPS[name]
    ours = [ganc.tensor(x), ganc.tensor(x, requires_grad=True)]
    theirs = [torch.tensor(x), torch.tensor(x, requires_grad=True)]
    f, g = getattr(F, op), getattr(TF, op)
    y, t = f(ours[1], *args, **options), g(theirs[1], *args, **options)
    dy = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    ours_dy, theirs_dy = ganc.tensor(dy), torch.tensor(dy)
    moved = 4 * (x.size + dy.size)
    yield (
        "forward",
        lambda: f(ours[0], *args, **options),
        lambda: g(theirs[0], *args, **options),
        moved,
    )
    again = 4 * x.size if op == "max_pool2d" else 0  # the input is read to find the maxima
    yield (
        "gradient",
        lambda: ganc.grad(y, ours[1], ours_dy, retain_graph=True),
        lambda: torch.autograd.grad(t, theirs[1], theirs_dy, retain_graph=True),
        moved + again,
    )


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--shape", type=int, nargs=4, default=(32, 64, 64, 64))
    parser.add_argument("--only", default="", help="names that contain this")
    args = parse(parser)
    if args.quick:
        args.shape = (1, 4, 8, 8)
    torch.set_num_threads(args.threads)
    ganc.set_num_threads(args.threads)
    x = np.random.default_rng(0).normal(size=args.shape).astype(np.float32)
    rows = []
    for name in (n for n in OPS if args.only in n):
        for which, ours, theirs, moved in passes(name, x):
            contenders = {"ganc": ours, "torch": theirs, "triad": triad(x.size)}
            t = alternate(contenders, args)
            speed, most = moved / t["ganc"], 12 * x.size / t["triad"]
            rows.append(
                {
                    "op": name,
                    "pass": which,
                    "ganc ms": t["ganc"] * 1e3,
                    "PyTorch / ganc": t["torch"] / t["ganc"],
                    "ganc GB/s": speed / 1e9,
                    "of the triad": speed / most,
                }
            )
    report("resample", rows, args)


if __name__ == "__main__":
    main()
