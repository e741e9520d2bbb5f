"""Which build of the core is in use: float32, or float64 with ``GANC_DTYPE=float64``."""

from __future__ import annotations

import importlib
import math
import os
from pathlib import Path

__all__ = ["core"]

_MODULES = {"float32": "ganc._core", "float64": "ganc._core64"}


def _load():
    name = os.environ.get("GANC_DTYPE") or "float32"
    if name not in _MODULES:
        raise ImportError(f"GANC_DTYPE={name!r}, expected 'float32' or 'float64'")
    return importlib.import_module(_MODULES[name])


def _quota() -> float:
    """CPUs that a container may use: its cgroup quota, or infinity."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return float(quota) / float(period)
    except (OSError, ValueError):
        return math.inf


def _choose_threads() -> None:
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    limit = int(wanted) if wanted.isdigit() and int(wanted) > 0 else math.inf
    limit = min(limit, math.ceil(_quota()) if _quota() < math.inf else math.inf)
    if limit < core.get_num_threads():
        core.set_num_threads(max(int(limit), 1))


core = _load()
_choose_threads()
