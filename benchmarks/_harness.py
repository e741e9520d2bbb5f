"""What the benchmarks share: contenders timed in turn, medians, a table and JSON.

Absolute times depend on the machine and on what else runs on it; ratios of medians taken in turn
in one run are what is reported. Blocks of one contender alternate with blocks of the other,
because idle OpenMP threads of one keep spinning for some milliseconds after its last region.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import ganc


def timed(run: Callable[[], object], seconds: float) -> float:
    """Seconds per call over a block of about the given length."""
    calls, start = 0, time.perf_counter()
    while (now := time.perf_counter()) - start < seconds or calls == 0:
        run()
        calls += 1
    return (now - start) / calls


def alternate(contenders: dict[str, Callable], *, blocks: int = 9, seconds: float = 0.3) -> dict:
    """Median seconds per call of each contender, blocks taken in turn after a warm-up."""
    for run in contenders.values():
        timed(run, seconds)
    times = {name: [] for name in contenders}
    for _ in range(blocks):
        for name, run in contenders.items():
            times[name].append(timed(run, seconds))
    return {name: statistics.median(t) for name, t in times.items()}


def against_peak(
    ours: Callable, theirs: Callable, flop: int, *, blocks: int, seconds: float
) -> dict[str, float]:
    """Seconds a call and GFLOP/s of ours, its share of the FMA peak measured beside each block, and
    its ratio to theirs."""
    peak_flops = ganc._backend.core.peak_flops
    timed(ours, seconds / 4)
    timed(theirs, seconds / 4)
    shares, our_times, their_times = [], [], []
    for _ in range(blocks):
        peak = peak_flops(min(seconds, 0.03) or 1e-4)
        our_times.append(timed(ours, seconds))
        shares.append(flop / our_times[-1] / peak)
        their_times.append(timed(theirs, seconds))
    median = statistics.median(our_times)
    return {
        "ganc us": median * 1e6,
        "GFLOP/s": flop / median / 1e9,
        "of peak": statistics.median(shares),
        "vs torch": statistics.median(their_times) / median,
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
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def arguments(description: str, *, seconds: float = 0.3) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=ganc.get_num_threads())
    parser.add_argument("--blocks", type=int, default=9, help="blocks a contender (median)")
    parser.add_argument("--seconds", type=float, default=seconds, help="length of a block")
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="tiny: shows that it runs, no figures")
    return parser


def parse(parser: argparse.ArgumentParser, arguments: list[str] | None = None):
    """The arguments; --quick leaves one short block."""
    args = parser.parse_args(arguments)
    if args.quick:
        args.blocks, args.seconds = 1, 0.0
    return args


def report(name: str, rows: list[dict], path: str | None) -> None:
    print(table(rows))
    if path:
        document = {"benchmark": name, "machine": machine(), "rows": rows}
        Path(path).write_text(json.dumps(document, indent=1) + "\n")
