"""Runs of a comparison, several at a time: a process with one thread for each core."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ganc.bench._data import Data, write
from ganc.bench._entrants import Entrant
from ganc.bench._run import KILLED, RESULT, Plan, failed, run, write_json

__all__ = ["Job", "make"]

_POLL = 0.05  # seconds between two looks at the children


@dataclass(frozen=True)
class Job:
    """One run that is to be made."""

    entrant: Entrant
    seed: int
    folder: str

    @property
    def finished(self) -> bool:
        """Whether it has a result."""
        return os.path.exists(os.path.join(self.folder, RESULT))


def make(
    jobs: Sequence[Job], data: Data, plan: Plan, workers: int, told: Callable[[Job], None]
) -> None:
    """Make the runs; `told` is called after each.

    Models that a process of their own can build, those of ganc, run `workers` at a time; others
    afterwards in this process, one by one.
    """
    plain = all(isinstance(metric, str) for metric in plan.metrics)
    elsewhere = [job for job in jobs if job.entrant.portable and plain and workers > 1]
    if elsewhere:
        with tempfile.TemporaryDirectory() as arrays:
            write(data, arrays)
            _make_in_children(elsewhere, data, plan, workers, arrays, told)
    for job in jobs:
        if job not in elsewhere:
            run(lambda job=job: job.entrant.build(job.seed), data, plan, job.folder)
            told(job)


def _make_in_children(
    jobs: Sequence[Job], data: Data, plan: Plan, workers: int, arrays: str,
    told: Callable[[Job], None],
) -> None:  # fmt: skip
    waiting, running = list(jobs), {}
    with _ended(running):
        while waiting or running:
            while waiting and len(running) < workers:
                job = waiting.pop(0)
                running[_start(job, data, plan, arrays)] = job
            for child in [c for c in running if c.poll() is not None]:
                job = running.pop(child)
                child.stdin.close()
                _check(child, job)
                told(job)
            time.sleep(_POLL)


def _start(job: Job, data: Data, plan: Plan, arrays: str) -> subprocess.Popen:
    os.makedirs(job.folder, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(job.folder, KILLED))
    said = {
        "model": job.entrant.kind, "numbers": dict(job.entrant.numbers), "seed": job.seed,
        "plan": plan.as_data(), "data": data.name, "arrays": arrays, "folder": job.folder,
        "threads": 1,
    }  # fmt: skip
    path = os.path.join(job.folder, "plan.json")
    write_json(path, said)
    log = os.path.join(job.folder, "log.txt")
    with open(log, "ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "ganc.bench._child", path],
            stdin=subprocess.PIPE, stdout=errors, stderr=errors,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip


def _check(child: subprocess.Popen, job: Job) -> None:
    """Enter a failure for a child that has left no result."""
    if job.finished:
        return
    if child.returncode < 0:
        failed(job.folder, f"its process was killed by signal {-child.returncode}", KILLED)
        return
    with open(os.path.join(job.folder, "log.txt"), encoding="utf-8", errors="replace") as file:
        last = file.read().strip().rsplit("\n", 1)[-1]
    failed(job.folder, f"its process ended with status {child.returncode}: {last[:300]}", KILLED)


@contextlib.contextmanager
def _ended(running: dict[subprocess.Popen, Any]) -> Iterator[None]:
    """End the children that are left when something goes wrong; their checkpoints stay."""
    try:
        yield
    finally:
        for child in running:
            child.terminate()
        for child in running:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            child.stdin.close()
