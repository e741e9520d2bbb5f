"""A contender in a process of its own: this side runs in the child, `Contender` in the parent.

The child reads one number of seconds a line and answers with the seconds a step took in a block of
that length; between its blocks it sleeps. The answers go out on a copy of stdout, so that nothing
a library prints can be taken for one.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from _networks import SPECS

import ganc

HERE = Path(__file__).resolve().parent


class Contender:
    """The process of one contender for one model; ganc's may be that of another tree.

    mode: "time" or "cpu", what a block measures, or "memory".
    """

    def __init__(
        self, name: str, model: str, *, batch: int, threads: int, mode: str = "time", tree: str = ""
    ):
        from rivals import environment

        self.label = f"{name}, {model}"
        command = [sys.executable, str(HERE / "_worker.py"), name, model, str(batch), str(threads)]
        self.process = subprocess.Popen(
            [*command, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(threads) | ({"PYTHONPATH": tree} if tree else {}),
        )
        self.about = self._answer()
        wanted = SPECS[model].parameters
        if self.about["parameters"] != wanted:
            self.close()
            raise SystemExit(
                f"{self.label}: G and D have {self.about['parameters']} parameters, the declared "
                f"networks have {wanted}; these are not the same networks"
            )

    def block(self, seconds: float) -> float:
        """Seconds a step over a block of about the given length."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return self._answer()["seconds"]

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.label}: ended with status {self.process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()

    def __enter__(self) -> Contender:
        return self

    def __exit__(self, *error) -> None:
        self.close()


def child(name: str, model: str, batch: int, threads: int, mode: str) -> None:
    from rivals import load, unable

    if why := unable(name, SPECS[model]):
        raise SystemExit(f"{name}, {model}: {why}")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    pin(threads)
    from _harness import timed

    module, variant = load(name)
    if mode == "memory":  # what is imported or read in at first use is not the step's
        toy = SPECS["ToyGAN"]
        module.make("ToyGAN", toy, toy.batch, variant)[0]()
    memory = Memory() if mode == "memory" else None
    step, parameters, note = module.make(model, SPECS[model], batch, variant)
    losses = [step() for _ in range(3)][-1]
    if not all(abs(loss) < 100 for loss in losses):
        raise SystemExit(f"{name}, {model}: losses {losses} after three steps")
    about = {"parameters": parameters, "note": note, "ganc": ganc.__file__}
    if memory:
        about |= memory.peak()
    print(json.dumps(about), file=out, flush=True)
    clock = time.process_time if mode == "cpu" else time.perf_counter
    for line in sys.stdin:
        print(json.dumps({"seconds": timed(step, float(line), clock)}), file=out, flush=True)


def pin(threads: int) -> None:
    """No more cores than threads, for the libraries that would take all there are."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])


class Memory:
    """Peak of the resident memory from now on; Linux tells it, and sets it back on request."""

    def __init__(self):
        Path("/proc/self/clear_refs").write_text("5")
        self.start = status()

    def peak(self) -> dict[str, float]:
        """MiB above the start; code that was first touched meanwhile is given apart."""
        now = status()
        code = now["RssFile"] - self.start["RssFile"]
        return {"peak": now["VmHWM"] - self.start["VmRSS"], "code": code}


def status() -> dict[str, float]:
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {w[0][:-1]: int(w[1]) / 1024 for w in lines if w[0] in ("VmHWM:", "VmRSS:", "RssFile:")}


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
