"""CPU time of a training step before and after a change: two built trees, blocks in turn.

Each tree is a folder that holds ganc with its core, such as a checkout after `setup.py build_ext
--inplace`. What is compared is the time of all threads of the process, which other work on the
machine moves less than the wall clock: the median of the ratios of blocks next to each other, of
which every other pair has the trees in the other order.

    python benchmarks/before_after.py ../old . --model ToyGAN DenseGAN VanillaGAN CNNGAN
"""

from __future__ import annotations

import contextlib
import statistics
from pathlib import Path

from _contest import chosen
from _harness import arguments, parse, report
from _networks import SPECS
from _worker import Contender


def pairs(runs: list[Contender], args) -> list[tuple[float, ...]]:
    """Seconds a step before and after, of blocks next to each other."""
    for run in runs:
        run.block(args.seconds)
    found = []
    for number in range(args.blocks):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        seconds = {i: runs[i].block(args.seconds) for i in order}
        found.append((seconds[0], seconds[1]))
    return found


def measure(model: str, trees: list[str], args) -> dict:
    batch = args.batch or SPECS[model].batch
    options = {"batch": batch, "threads": args.threads, "mode": "cpu"}
    with contextlib.ExitStack() as stack:
        runs = [Contender("ganc", model, tree=tree, **options) for tree in trees]
        for run, tree in zip(runs, trees, strict=True):
            stack.enter_context(run)
            if Path(tree).resolve() not in Path(run.about["ganc"]).resolve().parents:
                raise SystemExit(f"{tree}: holds no ganc; {run.about['ganc']} was imported")
        found = pairs(runs, args)
    before, after = (statistics.median(values) * 1e3 for values in zip(*found, strict=True))
    ratios = sorted(b / a for a, b in found)
    return {
        "a step": f"{model}, batch {batch}",
        "threads": args.threads,
        "before ms": before,
        "after ms": after,
        "after / before": statistics.median(ratios),
        "half of them": f"{ratios[len(ratios) // 4]:.3f} to {ratios[-1 - len(ratios) // 4]:.3f}",
    }


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("trees", nargs=2, metavar="TREE", help="before, after")
    models = ["ToyGAN", "DenseGAN", "VanillaGAN", "CNNGAN"]
    parser.add_argument("--model", nargs="+", metavar="NAME", default=models)
    parser.add_argument("--batch", type=int, help="instead of the recipes'")
    args = parse(parser)
    if args.quick:
        args.batch = args.batch or 2
    trees = [str(Path(tree).resolve()) for tree in args.trees]
    models = chosen(parser, list(SPECS), args.model)
    report("before_after", [measure(model, trees, args) for model in models], args)


if __name__ == "__main__":
    main()
