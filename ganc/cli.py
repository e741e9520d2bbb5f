"""The command line: ``ganc``, the same as ``python -m ganc``.

Progress goes to standard error, results to standard output. The exit status is 0, 2 for a usage
error, 1 for a failure, 130 after Ctrl-C.
"""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from ganc._arguments import UsageError, budget_of, data, seed_of, set_threads, settings

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Without the program's name; by default ``sys.argv[1:]``.

    Returns
    -------
    int
        The exit status.

    Examples
    --------
    >>> from ganc.cli import main
    >>> main(["models", "--json"])                                # doctest: +ELLIPSIS
    [{"name": "CNNGAN", ...
    0
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    arguments.words = list(sys.argv[1:] if argv is None else argv)
    if not hasattr(arguments, "run"):
        parser.print_help()
        return 0
    try:
        if getattr(arguments, "threads", None) is not None:
            set_threads(arguments.threads)
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            result = arguments.run(arguments)
        _print(result, arguments.json)
        return 0
    except UsageError as error:
        print(f"ganc: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nganc: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, TypeError, OSError, ArithmeticError, ImportError, MemoryError) as error:
        print(f"ganc: {error or type(error).__name__}", file=sys.stderr)
        return 1


# ---- commands ----


def _demo(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc._demo import demo

    return demo(arguments.out, seed=seed_of(arguments.seed), budget=budget_of(arguments.budget))


def _train(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc import _runs, models

    try:
        model = models.get(arguments.model)
    except ValueError as error:
        raise UsageError(error) from None
    options = settings(model, arguments.set)
    if arguments.seed is not None:
        options["seed"] = seed_of(arguments.seed)
    x, name = data(arguments.data or ("ring" if model.__name__ == "ToyGAN" else "fashion_mnist"))
    budget = budget_of(arguments.budget)
    try:
        gan = _runs.build(model, x, options)
        plan = {
            "data": name,
            "batch_size": arguments.batch_size or gan.default_batch_size,
            "epochs": arguments.epochs or (1 if budget is None else None),
            "budget": budget,
            "save_every": arguments.save_every,
        }
        if plan["batch_size"] < 1 or (arguments.epochs is not None and arguments.epochs < 1):
            raise ValueError("--epochs and --batch-size: expected at least 1")
        _runs.check_interval(arguments.save_every)
    except (ValueError, TypeError) as error:
        raise UsageError(error) from None
    return _runs.begin(gan, x, arguments.out, plan, arguments.words)


def _resume(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc import _runs

    plan = _runs.plan_of(arguments.run_folder)
    if arguments.epochs is not None:
        if arguments.epochs < 1:
            raise UsageError(f"--epochs: got {arguments.epochs}, expected at least 1")
        plan["epochs"] = arguments.epochs
    if plan["epochs"] is None and arguments.budget is None:
        raise UsageError("this run has no number of epochs; pass --epochs or --budget")
    budget = budget_of(arguments.budget)
    return _runs.go_on(arguments.run_folder, data(plan["data"])[0], plan | {"budget": budget})


def _plot(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc import _runs

    return _runs.plot_losses(arguments.run_folder, arguments.output)


def _bench(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc._bench import bench

    if not arguments.seconds > 0:
        raise UsageError(f"--seconds: got {arguments.seconds}, expected more than 0")
    try:
        return bench(arguments.models.split(","), arguments.seconds)
    except ValueError as error:
        raise UsageError(error) from None


def _sample(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc import _runs

    if arguments.n < 1:
        raise UsageError(f"-n: got {arguments.n}, expected at least 1")
    return _runs.sample(
        arguments.run_folder, arguments.n, arguments.output, seed_of(arguments.seed)
    )


def _evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc import _runs
    from ganc.metrics._evaluate import checked

    names = None if arguments.metrics is None else arguments.metrics.split(",")
    try:
        checked(names or ())
    except ValueError as error:
        raise UsageError(error) from None
    if arguments.n < 2:
        raise UsageError(f"-n: got {arguments.n}, expected at least 2")
    name = arguments.data or _runs.data_of(arguments.run_folder)
    if name is None:
        raise UsageError("--data: this run does not say what it was trained on; name the data")
    x, name = data(name)
    if names is None and name in ("ring", "grid"):
        names = [f"{name}_modes", "frechet_distance", "prdc"]
    found = _runs.evaluate(
        arguments.run_folder, x, names, n=arguments.n, extractor=arguments.extractor,
        seed=seed_of(arguments.seed) or 0,
    )  # fmt: skip
    return {"data": name} | (
        {key: value.to_dict() for key, value in found.items()} if arguments.json else found
    )


def _doctor(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc import _runs

    name = arguments.data or _runs.data_of(arguments.run_folder)
    diagnosis = _runs.doctor(arguments.run_folder, None if name is None else data(name)[0])
    if arguments.json:
        return {"data": name} | diagnosis.to_dict()
    told = {finding.name: str(finding).partition(": ")[2] for finding in diagnosis}
    more = {"more": diagnosis[0].link.partition("#")[0]} if diagnosis else {}
    return {"data": name, "doctor": diagnosis.title} | told | more


def _info(arguments: argparse.Namespace) -> dict[str, Any]:
    import platform

    import numpy

    import ganc
    from ganc._backend import core

    return {
        "ganc": ganc.__version__,
        "dtype": str(core.tensor(0.0).dtype),
        "isa": core.get_isa(),
        "threads": core.get_num_threads(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _models(arguments: argparse.Namespace) -> list[dict[str, str]]:
    from ganc import models

    classes = [models.get(name) for name in models.list()]
    return [
        {
            "name": cls.__name__,
            "what": cls.__doc__.strip().split("\n")[0],
            "source": cls.source,
        }
        for cls in classes
    ]


def _datasets(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from ganc import datasets

    return [info._asdict() for info in datasets.list()]


def _warn(message: Warning | str, *place: Any) -> None:
    print(f"ganc: warning: {message}", file=sys.stderr)


def _print(result: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result))
    elif isinstance(result, dict):
        width = max(map(len, result), default=0)
        for name, value in result.items():
            print(f"{name:<{width}}  {value}")
    else:
        for entry in result:
            print("  ".join(str(value) for value in entry.values() if value not in (None, "")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ganc", description="Train GANs fast on a CPU.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(
        name: str, run: Any, text: str, *, trains: bool = False, reads: bool = False
    ) -> Any:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
        if reads:
            sub.add_argument("run_folder", metavar="RUN", help="folder of a run, or a .ganc file")
        if name in ("demo", "train", "sample", "evaluate"):
            sub.add_argument("--seed", type=int, metavar="N", help="same seed, same result")
        if trains or name in ("sample", "evaluate", "bench"):
            sub.add_argument("--threads", type=int, metavar="N", help="CPU threads to use")
        if trains:
            sub.add_argument("--budget", metavar="TIME", help="stop in time: '10 min', '90s'")
        return sub

    demo = command("demo", _demo, "train on the embedded images, in a minute", trains=True)
    demo.add_argument("--out", default="demo", metavar="DIR", help="folder to write (demo)")

    train = command("train", _train, "train a model", trains=True)
    train.add_argument("model", help="a name of 'ganc models', such as vanilla")
    train.add_argument("--data", metavar="NAME", help="a name of 'ganc datasets'")
    train.add_argument("--epochs", type=int, metavar="N", help="passes over the data (1)")
    train.add_argument("--batch-size", type=int, metavar="N", help="the model's own by default")
    train.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="K=V",
        help="a number of the model, repeatable",
    )

    train.add_argument(
        "--save-every",
        default="1 min",
        metavar="TIME",
        help="between two checkpoints: '1 min', '100 steps', '1 epoch' (1 min)",
    )

    resume = command("resume", _resume, "finish a run that was stopped", trains=True, reads=True)
    resume.add_argument("--epochs", type=int, metavar="N", help="in all (what was asked for)")

    sample = command("sample", _sample, "write samples of a trained model", reads=True)
    sample.add_argument("-n", type=int, default=64, metavar="N", help="how many (64)")
    sample.add_argument(
        "-o", "--output", default="samples.png", metavar="FILE", help=".png or .npy (samples.png)"
    )

    evaluate = command("evaluate", _evaluate, "measure samples of a trained model", reads=True)
    evaluate.add_argument("--data", metavar="NAME", help="compare with these (what it learned)")
    evaluate.add_argument("--metrics", metavar="A,B", help="names of metrics (what fits)")
    evaluate.add_argument("--extractor", metavar="NAME", help="fashion, mnist or pixels")
    evaluate.add_argument("-n", type=int, default=10_000, metavar="N", help="how many (10000)")

    plot = command("plot", _plot, "draw the losses of a run", reads=True)
    plot.add_argument("-o", "--output", metavar="FILE", help="(losses.png in the run's folder)")

    bench = command("bench", _bench, "measure how fast this machine trains")
    bench.add_argument("--models", default="toy,vanilla,dcgan", metavar="A,B", help="names")
    bench.add_argument("--seconds", type=float, default=1.0, metavar="S", help="for each (1)")

    doctor = command("doctor", _doctor, "say what is wrong with a run", reads=True)
    doctor.add_argument("--data", metavar="NAME", help="what it learned from (its folder tells)")

    command("info", _info, "tell version, instruction set and threads")
    command("models", _models, "list the models")
    command("datasets", _datasets, "list the data sets and where they are")
    return parser
