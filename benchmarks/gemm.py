"""Matrix products: share of the FMA peak measured in the same run, each ISA against its own.

The layers are VanillaGAN's at batch 100, each with its three products: forward (x w^T, bias, leaky
ReLU), input gradient (dy w), weight gradient (dy^T x). PyTorch is timed beside.
"""

from __future__ import annotations

import numpy as np
import torch
from _harness import against_peak, arguments, parse, report

import ganc
from ganc._backend import core

LAYERS = [(784, 1024), (1024, 512), (512, 256), (256, 1)]
LAYERS += [(100, 256), (256, 512), (512, 1024), (1024, 784)]


def products(batch: int, squares: tuple[int, ...]):
    """(name, shape, ganc call, torch call, FLOP)"""
    rng = np.random.default_rng(0)

    def pair(*shape):
        a = rng.standard_normal(shape, dtype=np.float32)
        return ganc.tensor(a), torch.from_numpy(a)

    for n in squares:
        (a, ta), (b, tb) = pair(n, n), pair(n, n)
        flop = 2 * n**3
        yield "matmul", f"{n}^3", lambda a=a, b=b: a @ b, lambda a=ta, b=tb: a @ b, flop
    for i, o in LAYERS:
        (x, tx), (w, tw), (bias, tbias) = pair(batch, i), pair(o, i), pair(o)
        dy, tdy = pair(batch, o)
        flop, shape = 2 * batch * i * o, f"{batch}x{i}x{o}"
        yield (
            "forward",
            shape,
            lambda x=x, w=w, b=bias: core.linear(x, w, b, act="leaky_relu", slope=0.2),
            lambda x=tx, w=tw, b=tbias: torch.nn.functional.leaky_relu(
                torch.nn.functional.linear(x, w, b), 0.2
            ),
            flop,
        )
        yield (
            "input gradient",
            shape,
            lambda dy=dy, w=w: core.matmul_t(dy, w),
            lambda dy=tdy, w=tw: dy @ w,
            flop,
        )
        yield (
            "weight gradient",
            shape,
            lambda dy=dy, x=x: core.matmul_t(dy, x, True),
            lambda dy=tdy, x=tx: dy.T @ x,
            flop,
        )


def measure(name, shape, run, rival, flop, isa, args) -> dict:
    row = {"product": name, "shape": shape, "isa": isa, "threads": ganc.get_num_threads()}
    row |= against_peak(run, rival, flop, args)
    del row["ganc us"]
    return row | {"of peak": f"{row['of peak']:.0%}", "vs torch": f"{row['vs torch']:.2f}x"}


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--isa", nargs="*", default=["avx512", "avx2"])
    args = parse(parser)
    if args.quick:
        args.batch = 2
    rows = []
    for isa in args.isa:
        try:
            core.set_isa(isa)
        except ValueError as error:
            print(error)
            continue
        for threads in (1, 2):
            ganc.set_num_threads(threads)
            torch.set_num_threads(threads)
            for case in products(args.batch, (64,) if args.quick else (1024, 2048)):
                rows.append(measure(*case, isa, args))
    report("gemm", rows, args)


if __name__ == "__main__":
    main()
