"""Peak memory of a training step: each contender in a process of its own (Linux).

The resident memory after the imports, and after one step of a network of 300 KB that ends the lazy
ones, is subtracted from its peak over the making of the model and three steps: parameters,
optimizer states, activations, and what the library keeps for itself. "code" is the part of it that
is pages of the libraries' files, read in when first used.
"""

from __future__ import annotations

from _contest import contest
from _harness import arguments, report
from _networks import SPECS
from _worker import Contender


def measure(model: str, names: list[str], args) -> dict:
    batch = args.batch or SPECS[model].batch
    row = {"training step": f"{model}, batch {batch}", "threads": args.threads}
    for name in names:
        with Contender(name, model, batch=batch, threads=args.threads, mode="memory") as run:
            row[f"{name} MiB"], row[f"{name} code"] = run.about["peak"], run.about["code"]
    return row | {f"{name} / ganc": row[f"{name} MiB"] / row["ganc MiB"] for name in names[1:]}


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    models = ["VanillaGAN", "CNNGAN", "DCGAN-64"]
    names, models, args = contest(parser, rivals=["torch"], models=models)
    report("memory", [measure(model, names, args) for model in models], args)


if __name__ == "__main__":
    main()
