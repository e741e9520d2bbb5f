"""What the benchmarks share: contenders timed in turn, medians, a table and JSON.

Absolute times depend on the machine and on what else runs on it; ratios of medians taken in turn
in one run are what is reported. Blocks of one contender alternate with blocks of the other,
because idle OpenMP threads of one keep spinning for some milliseconds after its last region.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import ganc


def timed(
    run: Callable[[], object], seconds: float, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds per call over a block of about the given length."""
    calls, start = 0, clock()
    while (now := clock()) - start < seconds or calls == 0:
        run()
        calls += 1
    return (now - start) / calls


def take_turns(measure: dict[str, Callable[[float], float]], args) -> dict[str, float]:
    """Median of what each measures in a block of some seconds, blocks in turn after a warm-up.

    With --best it is the least instead, which a busy machine disturbs less.
    """
    for block in measure.values():
        block(args.seconds)
    found = {name: [] for name in measure}
    for _ in range(args.blocks):
        for name, block in measure.items():
            found[name].append(block(args.seconds))
    pick = min if args.best else statistics.median
    return {name: pick(values) for name, values in found.items()}


def alternate(contenders: dict[str, Callable], args) -> dict[str, float]:
    """Seconds a call of each contender."""
    return take_turns({n: functools.partial(timed, run) for n, run in contenders.items()}, args)


def against_peak(ours: Callable, theirs: Callable, flop: int, args) -> dict[str, float]:
    """Seconds a call and GFLOP/s of ours, its share of the FMA peak measured in turn with it, and
    its ratio to theirs."""
    peak_flops = ganc._backend.core.peak_flops
    seconds = take_turns(
        {
            "one flop": lambda block: 1 / peak_flops(min(block, 0.03) or 1e-4),
            "ours": functools.partial(timed, ours),
            "theirs": functools.partial(timed, theirs),
        },
        args,
    )
    return {
        "ganc us": seconds["ours"] * 1e6,
        "GFLOP/s": flop / seconds["ours"] / 1e9,
        "of peak": flop * seconds["one flop"] / seconds["ours"],
        "vs torch": seconds["theirs"] / seconds["ours"],
    }


def machine() -> dict:
    """What a reader must know to read the figures."""
    name = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), name)
    return {
        "cpu": name,
        "cores": os.cpu_count(),
        "isa": ganc._backend.core.get_isa(),
        "python": platform.python_version(),
        "ganc": ganc.__version__,
        **versions("numpy", "torch", "jax", "keras", "tensorflow", "tensorflow-cpu"),
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "unset"),
    }


def versions(*packages: str) -> dict[str, str]:
    """Of those that are installed."""
    found = {}
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def table(rows: list[dict]) -> str:
    """A Markdown table of dicts that have the same keys."""
    keys = list(rows[0])
    cells = [keys, ["---"] * len(keys)] + [[_text(row[k]) for k in keys] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def line(row: dict) -> str:
    """A row as one line of text, for progress."""
    return "  ".join(map(_text, row.values()))


def _text(value) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def arguments(description: str, *, seconds: float = 0.3) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=ganc.get_num_threads())
    parser.add_argument("--blocks", type=int, default=9, help="blocks a contender (median)")
    parser.add_argument("--seconds", type=float, default=seconds, help="length of a block")
    parser.add_argument("--best", action="store_true", help="the best block, not the median")
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="tiny: shows that it runs, no figures")
    return parser


def parse(parser: argparse.ArgumentParser, arguments: list[str] | None = None):
    """The arguments; --quick leaves one short block."""
    args = parser.parse_args(arguments)
    if args.quick:
        args.blocks, args.seconds = 1, 0.0
    return args


def report(name: str, rows: list[dict], args) -> None:
    """Print the table; write the document if --json asks for it."""
    print(table(rows))
    if args.json:
        how = {key: getattr(args, key) for key in ("threads", "blocks", "seconds", "best")}
        document = {"benchmark": name, "machine": machine(), "how": how, "rows": rows}
        Path(args.json).write_text(json.dumps(document, indent=1) + "\n")
