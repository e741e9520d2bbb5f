"""Python programs run in a child process: for what a test must not do to its own."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import ganc

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = str(Path(ganc.__file__).resolve().parent.parent)
_SWITCHES = ("GANC_ISA", "GANC_DTYPE", "GANC_FUSED", "OMP_NUM_THREADS")

# What most of the programs need: a hash of everything that a model has learned.
DIGEST = """
import hashlib
import numpy as np

def digest(gan):
    h = hashlib.sha256()
    for network in gan._parts().values():
        for name, x in network.state_dict().items():
            h.update(name.encode() + np.ascontiguousarray(x.numpy()).tobytes())
    return h.hexdigest()
"""


def environment(**switches):
    """Return the environment without ganc's switches, then with those given."""
    keep = {k: v for k, v in os.environ.items() if k not in _SWITCHES}
    return keep | {"PYTHONPATH": _PACKAGES} | switches


def start(program, *arguments, options: Iterable[str] = (), stdin=None, **switches):
    """Start a program, given as text; its output can be read line by line."""
    return subprocess.Popen(
        [sys.executable, *options, "-u", "-c", textwrap.dedent(program), *map(str, arguments)],
        env=environment(**switches),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(program, *arguments, timeout=120, options: Iterable[str] = (), **switches):
    """Run a program to its end; return what it printed. It must exit with 0."""
    child = start(program, *arguments, options=options, **switches)
    out, err = _finish(child, timeout)
    assert child.returncode == 0, f"exit status {child.returncode}\n{out}\n{err}"
    return out


def fails(program, **switches):
    """Run a program that must fail; return the last line of its complaint."""
    child = start(program, **switches)
    _, err = _finish(child, 120)
    assert child.returncode == 1, f"exit status {child.returncode}\n{err}"
    return err.strip().splitlines()[-1]


def _finish(child, timeout):
    try:
        return child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise AssertionError(f"no end after {timeout} s\n{out}\n{err}") from None


def interrupt(program, *arguments, delay, timeout=240, **switches):
    """Send Ctrl-C `delay` seconds after each line "go"; return all other lines, and latencies.

    The delay is a number, or a function that returns one.

    The program prints ``now <time.monotonic()>`` when it has noticed. Only then it goes on, so
    that the signal never meets the wrong place.
    """
    child = start(program, *arguments, **switches)
    watchdog = threading.Timer(timeout, child.kill)
    watchdog.start()
    lines, latencies, sent = [], [], 0.0
    try:
        for line in child.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "go":
                time.sleep(delay() if callable(delay) else delay)
                sent = time.monotonic()
                child.send_signal(signal.SIGINT)
            elif word == "now":
                latencies.append(float(rest) - sent)
            else:
                lines.append(line.strip())
        err = child.stderr.read()
        child.wait()
    finally:
        watchdog.cancel()
        child.kill()
        child.stdout.close()
        child.stderr.close()
    assert child.returncode == 0, f"exit status {child.returncode}\n{lines}\n{err}"
    return lines, latencies


def available_isas():
    """Return the names of the kernels that this processor can run, the plain ones first."""
    program = """
    import ganc
    from ganc._backend import core
    for name in ("portable", "avx2", "avx512", "neon"):
        try:
            core.set_isa(name)
            print(name)
        except ValueError:
            pass
    """
    return run(program).split()
