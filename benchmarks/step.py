"""One alternating D+G step: ganc against other libraries, each in a process of its own, in turn.

All train the networks declared in _networks.py, on a batch of random images with fresh noise and
Adam; numbers of parameters are compared before anything is timed. Blocks of the contenders take
turns, so that all meet the same machine; a contender sleeps while it waits.

In the rows with a penalty D's gradient is differentiated in turn: WGAN-GP (a step is five updates
of D and one of G), and R3GAN's loss with R1 and R2. Who cannot do that has "-" there:
torch.compile, whose compiled backward cannot be differentiated, and those whose file in rivals/
has no penalty.

    python benchmarks/step.py --model CNNGAN DCGAN-64 --rival torch torch-compile jax keras
"""

from __future__ import annotations

import contextlib
import sys

from _contest import contest
from _harness import arguments, report, take_turns
from _networks import SPECS
from _worker import Contender
from rivals import unable


def measure(model: str, names: list[str], args) -> dict:
    """Milliseconds of each, and how many times as long as ganc the others take.

    The best is that of the rivals that compute in float32, as ganc does.
    """
    spec = SPECS[model]
    batch = args.batch or spec.batch
    with contextlib.ExitStack() as stack:
        contenders = {}
        for name in names:
            if why := unable(name, spec):
                print(f"{name}, {model}: {why}", file=sys.stderr)
                continue
            run = Contender(name, model, batch=batch, threads=args.threads)
            contenders[name] = stack.enter_context(run)
            if run.about["note"]:
                print(f"{name}, {model}: {run.about['note']}", file=sys.stderr)
        seconds = take_turns({name: run.block for name, run in contenders.items()}, args)
    ms = {name: seconds[name] * 1e3 if name in seconds else None for name in names}
    ratios = {f"vs {name}": ms[name] and ms[name] / ms["ganc"] for name in names[1:]}
    updates = f", {spec.n_critic} D + 1 G" if spec.n_critic > 1 else ""
    row = {"one D+G step": f"{model}, batch {batch}{updates}", "threads": args.threads}
    row |= {f"{name} ms": value for name, value in ms.items()} | ratios
    return row | {"vs best": best(ratios)}


def best(ratios: dict[str, float | None]) -> float | None:
    """The least ratio, of the rivals in float32 if there are any."""
    known = {name: ratio for name, ratio in ratios.items() if ratio}
    exact = [ratio for name, ratio in known.items() if not name.endswith("bf16")]
    return min(exact or known.values(), default=None)


def main() -> None:
    parser = arguments(__doc__.splitlines()[0], seconds=1.0)
    models = [name for name in SPECS if name != "TFDCGAN"]
    names, models, args = contest(parser, rivals=["torch", "torch-compile"], models=models)
    report("step", [measure(model, names, args) for model in models], args)


if __name__ == "__main__":
    main()
