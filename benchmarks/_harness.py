"""What the benchmarks share: contenders timed in turn, medians, a table and JSON.

Absolute times depend on the machine and on what else runs on it; ratios of medians taken in turn
in one run are what is reported. Blocks of one contender alternate with blocks of the other,
because idle OpenMP threads of one keep spinning for some milliseconds after its last region.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

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


def machine() -> dict:
    """What a reader must know to read the figures."""
    import torch

    name = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), name)
    return {
        "cpu": name,
        "cores": os.cpu_count(),
        "isa": ganc._backend.core.get_isa(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "ganc": ganc.__version__,
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "unset"),
    }


def table(rows: list[dict]) -> str:
    """A Markdown table of dicts that have the same keys."""
    keys = list(rows[0])
    cells = [keys, ["---"] * len(keys)] + [[_text(row[k]) for k in keys] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def _text(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=ganc.get_num_threads())
    parser.add_argument("--blocks", type=int, default=9, help="blocks a contender (median)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a block")
    parser.add_argument("--json", help="write the figures to this file")
    return parser


def report(name: str, rows: list[dict], path: str | None) -> None:
    print(table(rows))
    if path:
        document = {"benchmark": name, "machine": machine(), "rows": rows}
        Path(path).write_text(json.dumps(document, indent=1) + "\n")
