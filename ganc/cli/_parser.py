"""The words of the command line."""

import argparse
from typing import Any

from ganc.cli import _commands

__all__ = ["parser_of_all"]

_DATA = "NAME|DIR|ZIP"


def parser_of_all() -> argparse.ArgumentParser:
    """Return the parser; what it makes of words has the command as ``run``."""
    parser = argparse.ArgumentParser(prog="ganc", description="Train GANs fast on a CPU.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (_demo, _train, _resume, _sample, _evaluate, _plot, _bench, _doctor):
        add(commands)
    _command(commands, "info", "tell version, instruction set and threads")
    _command(commands, "models", "list the models")
    _command(commands, "datasets", "list the data sets and where they are")
    return parser


def _command(commands: Any, name: str, text: str, *options: str) -> argparse.ArgumentParser:
    """Return the parser of a command that has some of the options that commands share."""
    sub = commands.add_parser(name, help=text, description=text)
    sub.set_defaults(run=getattr(_commands, f"run_{name}"))
    sub.add_argument("--json", action="store_true", help="print the result as JSON")
    if "run" in options:
        sub.add_argument("run_folder", metavar="RUN", help="folder of a run, or a .ganc file")
    if "seed" in options:
        sub.add_argument("--seed", type=int, metavar="N", help="same seed, same result")
    if "threads" in options:
        sub.add_argument("--threads", type=int, metavar="N", help="CPU threads to use")
    if "out" in options:
        sub.add_argument(
            "--overwrite",
            action="store_true",
            help="replace the run that is in the folder, once the new one has begun well",
        )
    if "budget" in options:
        sub.add_argument("--budget", metavar="TIME", help="stop in time: '10 min', '90s'")
    return sub


def _demo(commands: Any) -> None:
    text = "train on the embedded images, in a minute"
    demo = _command(commands, "demo", text, "seed", "threads", "budget", "out")
    demo.add_argument("--out", default="demo", metavar="DIR", help="folder to write (demo)")


def _train(commands: Any) -> None:
    train = _command(commands, "train", "train a model", "seed", "threads", "budget", "out")
    text = "a name of 'ganc models', such as vanilla (evening)"
    train.add_argument("model", nargs="?", default="evening", help=text)
    train.add_argument(
        "--data",
        metavar=_DATA,
        help="a name of 'ganc datasets', or a folder or zip of pictures, whose sub-folders "
        "are the classes; damaged files are left out",
    )
    train.add_argument(
        "--size",
        type=int,
        metavar="N",
        help="height and width that pictures of a folder are brought to, in colour "
        "(the model's image_shape)",
    )
    train.add_argument("--epochs", type=int, metavar="N", help="times through the data (1)")
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


def _resume(commands: Any) -> None:
    text = "finish a run that was stopped"
    resume = _command(commands, "resume", text, "run", "threads", "budget")
    resume.add_argument("--epochs", type=int, metavar="N", help="in all (what was asked for)")


def _sample(commands: Any) -> None:
    text = "write samples of a trained model"
    sample = _command(commands, "sample", text, "run", "seed", "threads")
    sample.add_argument("-n", type=int, default=64, metavar="N", help="how many (64)")
    sample.add_argument(
        "-o", "--output", default="samples.png", metavar="FILE", help=".png or .npy (samples.png)"
    )


def _evaluate(commands: Any) -> None:
    text = "measure samples of a trained model"
    evaluate = _command(commands, "evaluate", text, "run", "seed", "threads")
    evaluate.add_argument("--data", metavar=_DATA, help="compare with these (what it learned)")
    evaluate.add_argument("--metrics", metavar="A,B", help="names of metrics (what fits)")
    evaluate.add_argument("--extractor", metavar="NAME", help="fashion, mnist or pixels")
    evaluate.add_argument("-n", type=int, default=10_000, metavar="N", help="how many (10000)")


def _plot(commands: Any) -> None:
    plot = _command(commands, "plot", "draw the losses of a run", "run")
    plot.add_argument("-o", "--output", metavar="FILE", help="(losses.png in the run's folder)")


def _bench(commands: Any) -> None:
    text = "measure how fast this machine trains; with --data, compare models"
    bench = _command(commands, "bench", text, "threads", "budget")
    bench.add_argument("--models", default="toy,vanilla,dcgan", metavar="A,B", help="names")
    bench.add_argument("--seconds", type=float, default=1.0, metavar="S", help="for each (1)")
    bench.add_argument("--data", metavar="NAME", help="train on it and compare the models")
    bench.add_argument("--seeds", type=int, default=3, metavar="N", help="of each model (3)")
    bench.add_argument("--steps", type=int, metavar="N", help="of each run, instead of --budget")
    bench.add_argument("--out", metavar="DIR", help="folder of the comparison, to go on in it")
    bench.add_argument(
        "--set", action="append", default=[], metavar="K=V", help="a number of all models"
    )


def _doctor(commands: Any) -> None:
    doctor = _command(commands, "doctor", "say what is wrong with a run", "run")
    doctor.add_argument("--data", metavar=_DATA, help="what it learned from (its folder tells)")
