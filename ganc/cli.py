"""The command line: ``ganc``, the same as ``python -m ganc``.

Progress goes to standard error, results to standard output. The exit status is 0, 2 for a usage
error, 1 for a failure, 130 after Ctrl-C.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

__all__ = ["main"]


class _UsageError(Exception):
    """Something on the command line is wrong."""


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
    [{"name": "DenseGAN", ...
    0
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    if not hasattr(arguments, "run"):
        parser.print_help()
        return 0
    try:
        if getattr(arguments, "threads", None) is not None:
            _set_threads(arguments.threads)
        result = arguments.run(arguments)
        _print(result, arguments.json)
        return 0
    except _UsageError as error:
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

    return demo(arguments.out, seed=_seed(arguments.seed), budget=_budget(arguments.budget))


def _train(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc import _runs, models

    try:
        model = models.get(arguments.model)
    except ValueError as error:
        raise _UsageError(error) from None
    options = _settings(model, arguments.set)
    if arguments.seed is not None:
        options["seed"] = _seed(arguments.seed)
    x, name = _data(arguments.data or ("ring" if model.__name__ == "ToyGAN" else "fashion_mnist"))
    try:
        gan = _runs.build(model, x, options)
        batch_size = arguments.batch_size or gan.default_batch_size
        if batch_size < 1 or (arguments.epochs is not None and arguments.epochs < 1):
            raise ValueError("--epochs and --batch-size: expected at least 1")
    except (ValueError, TypeError) as error:
        raise _UsageError(error) from None
    return _runs.train(
        gan, x, name, arguments.out, epochs=arguments.epochs, batch_size=batch_size,
        budget=_budget(arguments.budget),
    )  # fmt: skip


def _sample(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc import _runs

    if arguments.n < 1:
        raise _UsageError(f"-n: got {arguments.n}, expected at least 1")
    return _runs.sample(arguments.run_folder, arguments.n, arguments.output, _seed(arguments.seed))


def _evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    from ganc import _runs
    from ganc.metrics._evaluate import checked

    names = None if arguments.metrics is None else arguments.metrics.split(",")
    try:
        checked(names or ())
    except ValueError as error:
        raise _UsageError(error) from None
    if arguments.n < 2:
        raise _UsageError(f"-n: got {arguments.n}, expected at least 2")
    name = arguments.data or _runs.data_of(arguments.run_folder)
    if name is None:
        raise _UsageError("--data: this run does not say what it was trained on; name the data")
    x, name = _data(name)
    if names is None and name in ("ring", "grid"):
        names = [f"{name}_modes", "frechet_distance", "prdc"]
    found = _runs.evaluate(
        arguments.run_folder, x, names, n=arguments.n, extractor=arguments.extractor,
        seed=_seed(arguments.seed) or 0,
    )  # fmt: skip
    return {"data": name} | (
        {key: value.to_dict() for key, value in found.items()} if arguments.json else found
    )


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


# ---- options ----


def _settings(model: type, pairs: Sequence[str]) -> dict[str, Any]:
    """Return the keywords of ``--set name=value``, checked against the model's."""
    import ast
    import inspect

    from ganc._options import suggestion

    known = [name for name in inspect.signature(model).parameters if name != "self"]
    options = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise _UsageError(f"--set: got {pair!r}, expected name=value")
        if name not in known:
            raise _UsageError(
                f"--set: {model.__name__} has no number {name!r}, only {', '.join(known)}"
                f"{suggestion(name, known)}"
            )
        try:
            options[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            options[name] = text
    return options


def _data(name: str) -> tuple[Any, str]:
    """Return training data by name: images as uint8, points as floats."""
    from ganc import datasets
    from ganc._options import choose

    loaders = {
        "fashion_mnist": lambda: datasets.load_fashion_mnist(download=False)[0][0],
        "mnist": lambda: datasets.load_mnist()[0][0],
        "digits": lambda: datasets.load_digits()[0][0],
        "embedded": lambda: datasets.load_embedded()[0],
        "emojione": lambda: datasets.load_emoji("emojione")[0],
        "noto": lambda: datasets.load_emoji("noto")[0],
        "openmoji": lambda: datasets.load_emoji("openmoji")[0],
        "sprites": lambda: datasets.load_sprites(64)[0],
        "photos": lambda: datasets.load_photos()[0],
        "faces": lambda: datasets.load_faces()[0][:100],
    }
    for toy in ("ring", "grid", "swiss_roll", "moons"):
        loaders[toy] = lambda toy=toy: getattr(datasets.toy, toy)(50_000, seed=0)
    try:
        return loaders[choose("--data", name.replace("-", "_"), loaders)](), name
    except ValueError as error:
        if name.replace("-", "_") in loaders:
            raise
        raise _UsageError(error) from None


def _seed(seed: int | None) -> int | None:
    if seed is not None and not 0 <= seed < 2**63:
        raise _UsageError(f"--seed: got {seed}, expected 0 to 2**63 - 1")
    return seed


def _budget(text: str | None) -> float | None:
    from ganc._options import duration

    try:
        return None if text is None else duration("--budget", text)
    except ValueError as error:
        raise _UsageError(error) from None


def _set_threads(n: int) -> None:
    import ganc

    if n < 1:
        raise _UsageError(f"--threads: got {n}, expected at least 1")
    ganc.set_num_threads(n)


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

    def command(name: str, run: Any, text: str, *, trains: bool = False) -> Any:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
        if trains or name in ("sample", "evaluate"):
            sub.add_argument("--seed", type=int, metavar="N", help="same seed, same result")
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

    sample = command("sample", _sample, "write samples of a trained model")
    sample.add_argument("run_folder", metavar="RUN", help="folder of a run, or a .ganc file")
    sample.add_argument("-n", type=int, default=64, metavar="N", help="how many (64)")
    sample.add_argument(
        "-o", "--output", default="samples.png", metavar="FILE", help=".png or .npy (samples.png)"
    )

    evaluate = command("evaluate", _evaluate, "measure samples of a trained model")
    evaluate.add_argument("run_folder", metavar="RUN", help="folder of a run, or a .ganc file")
    evaluate.add_argument("--data", metavar="NAME", help="compare with these (what it learned)")
    evaluate.add_argument("--metrics", metavar="A,B", help="names of metrics (what fits)")
    evaluate.add_argument("--extractor", metavar="NAME", help="fashion, mnist or pixels")
    evaluate.add_argument("-n", type=int, default=10_000, metavar="N", help="how many (10000)")

    command("info", _info, "tell version, instruction set and threads")
    command("models", _models, "list the models")
    command("datasets", _datasets, "list the data sets and where they are")
    return parser
