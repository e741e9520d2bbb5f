"""One alternating D+G step: ganc against other libraries, each in a process of its own, in turn.

All train the networks declared in _networks.py, on a batch of random images with fresh noise and
Adam; numbers of parameters are compared before anything is timed. Blocks of the contenders take
turns, so that all meet the same machine; a contender sleeps while it waits.

    python benchmarks/step.py --model CNNGAN DCGAN-64 --rival torch torch-compile jax keras
"""

from __future__ import annotations

import contextlib
import sys

from _contest import contest
from _harness import arguments, report, take_turns
from _networks import SPECS
from _worker import Contender


def measure(model: str, names: list[str], args) -> dict:
    """Milliseconds of each, and how many times as long as ganc the others take.

    The best is that of the rivals that compute in float32, as ganc does.
    """
    batch = args.batch or SPECS[model].batch
    with contextlib.ExitStack() as stack:
        contenders = {}
        for name in names:
            run = Contender(name, model, batch=batch, threads=args.threads)
            contenders[name] = stack.enter_context(run)
            if run.about["note"]:
                print(f"{name}, {model}: {run.about['note']}", file=sys.stderr)
        seconds = take_turns({name: run.block for name, run in contenders.items()}, args)
    ms = {name: value * 1e3 for name, value in seconds.items()}
    ratios = {f"vs {name}": ms[name] / ms["ganc"] for name in names[1:]}
    row = {"one D+G step": f"{model}, batch {batch}", "threads": args.threads}
    row |= {f"{name} ms": value for name, value in ms.items()} | ratios
    exact = [ratio for name, ratio in ratios.items() if not name.endswith("bf16")] or [
        *ratios.values()
    ]
    return row | {"vs best": min(exact)}


def main() -> None:
    parser = arguments(__doc__.splitlines()[0], seconds=1.0)
    models = [name for name in SPECS if name != "TFDCGAN"]
    names, models, args = contest(parser, rivals=["torch", "torch-compile"], models=models)
    report("step", [measure(model, names, args) for model in models], args)


if __name__ == "__main__":
    main()
