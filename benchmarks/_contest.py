"""What the benchmarks of whole models share: contenders and models by name."""

from __future__ import annotations

import argparse
import sys

from _harness import parse
from _networks import SPECS
from rivals import CONTENDERS, missing


def contest(parser: argparse.ArgumentParser, *, rivals: list[str], models: list[str]):
    """Add --rival, --model and --batch; return contenders (ganc first), models and arguments."""
    there = [name for name in CONTENDERS if name != "ganc"]
    parser.add_argument("--rival", nargs="+", metavar="NAME", default=rivals, help=", ".join(there))
    parser.add_argument("--model", nargs="+", metavar="NAME", default=models, help=", ".join(SPECS))
    parser.add_argument("--batch", type=int, help="instead of the recipes'")
    args = parse(parser)
    if args.quick:
        args.batch = args.batch or 2
    rivals = installed(chosen(parser, there, args.rival))
    if not rivals:
        parser.error("none of these rivals is installed")
    return ["ganc", *rivals], chosen(parser, list(SPECS), args.model), args


def chosen(parser: argparse.ArgumentParser, there: list[str], wanted: list[str]) -> list[str]:
    """Those of the names that were asked for."""
    if unknown := set(wanted) - set(there):
        parser.error(f"no {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    return [name for name in there if name in wanted]


def installed(names: list[str]) -> list[str]:
    """The names whose packages are there; says which are not."""
    for name in names:
        if absent := missing(name):
            print(f"{name} is left out: pip install {' '.join(absent)}", file=sys.stderr)
    return [name for name in names if not missing(name)]
