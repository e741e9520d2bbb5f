"""What a call costs: small ops called from Python, ganc against PyTorch, in one run."""

from __future__ import annotations

import numpy as np
import torch
from _harness import alternate, arguments, parse, report

import ganc


def calls():
    a, b = ganc.tensor(np.ones(10)), ganc.tensor(np.arange(10.0))
    ta, tb = torch.ones(10), torch.arange(10.0)
    g, tg = ganc.tensor(np.ones(10), requires_grad=True), torch.ones(10, requires_grad=True)
    m, tm = ganc.tensor(np.ones((8, 8))), torch.ones(8, 8)
    yield "a + b, 10 elements", lambda: a + b, lambda: ta + tb
    yield "add(a, b), 10 elements", lambda: ganc.add(a, b), lambda: torch.add(ta, tb)
    yield "a + b with a gradient recorded", lambda: g + b, lambda: tg + tb
    yield "tanh, 10 elements", lambda: ganc.tanh(a), lambda: torch.tanh(ta)
    yield "sum, 10 elements", lambda: a.sum(), lambda: ta.sum()
    yield "matmul, 8 x 8", lambda: m @ m, lambda: tm @ tm
    yield (
        "sum((g * b)).backward()",
        lambda: (g * b).sum().backward(),
        lambda: (tg * tb).sum().backward(),
    )


def main() -> None:
    args = parse(arguments(__doc__.splitlines()[0]))
    torch.set_num_threads(args.threads)
    rows = []
    for name, ours, theirs in calls():
        t = alternate({"ganc": ours, "torch": theirs}, args)
        rows.append(
            {
                "call": name,
                "ganc us": t["ganc"] * 1e6,
                "PyTorch us": t["torch"] * 1e6,
                "ganc / PyTorch": f"{t['ganc'] / t['torch']:.2f}",
            }
        )
    report("ops", rows, args)


if __name__ == "__main__":
    main()
