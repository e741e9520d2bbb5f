"""Calls public functions, constructors and methods with spoilt arguments.

    python tools/fuzz_calls.py [--calls 20000] [--seed 0] [--show]

Every call starts from arguments that work, of which some are replaced by what a user may pass by
mistake. A call may succeed or fail with an error of its own; what counts as a fault is an error
from inside (AttributeError, KeyError, NameError, SystemError ...), a crash and a hang. Calls run in
child processes of 250 each, with limits on memory and time, so that a crash is counted.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import inspect
import multiprocessing
import os
import re
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import ganc
from ganc import nn

INSIDE = (AttributeError, KeyError, NameError, SystemError, RecursionError, AssertionError)
PART, SECONDS, MEMORY = 250, 20, 6 << 30
# They run for long, block, or need an own process.
LEFT_OUT = {"fit", "resume", "load", "save", "evaluate", "set_num_threads", "backward", "install"}


def spoils() -> list[Callable[[], Any]]:
    """Return makers of what may be passed by mistake."""
    x = np.arange(6.0, dtype="f4").reshape(2, 3)
    return [
        *(lambda v=v: v for v in (None, "", "conv", "relu", b"x", True, -1, 0, 1, 3, 2**31, 2**70)),
        *(lambda v=v: v for v in (0.5, -0.5, 1e300, float("nan"), float("inf"), 1j)),
        *(lambda v=v: v for v in ((), [], [1, 2], (3, -3), [[1.0, 2.0], [3.0]], {}, {"a": 1})),
        *(lambda v=v: v for v in (object(), int, len, ganc, slice(None), Ellipsis, range(3))),
        lambda: x.copy(),
        lambda: x.astype(object),
        lambda: x > 2,
        lambda: x.astype(np.int64),
        lambda: np.zeros((0, 3), "f4"),
        lambda: np.array(["a", "b"]),
        lambda: np.full((2, 3), np.nan, "f4"),
        lambda: ganc.tensor(x),
        lambda: ganc.tensor(x, requires_grad=True),
        lambda: ganc.tensor(x) > 2,
        lambda: ganc.tensor([0, 1]),
        lambda: ganc.zeros(0),
        lambda: ganc.ones(1, 1, 4, 4),
        lambda: nn.Linear(3, 2),
        lambda: iter([x, x]),
        lambda: [ganc.tensor(x), None],
    ]


def usual(name: str, hint: Any, rng: np.random.Generator) -> Any:
    """Return something that an argument of this name and annotation may well take."""
    text = str(hint).lower()
    if name in ("input", "x", "real", "fake", "a", "b", "images", "samples"):
        shapes = [(4, 3), (2, 3, 4, 4), (4, 1, 8, 8), (5,), (2, 4, 6)]
        return ganc.tensor(rng.normal(size=shapes[rng.integers(len(shapes))]).astype("f4"))
    if name == "params":
        return nn.Linear(3, 2).parameters()
    if "tensor" in text or "array" in text:
        return ganc.tensor(rng.normal(size=(4, 3)).astype("f4"))
    if "bool" in text:
        return bool(rng.integers(2))
    if "int" in text:
        return int(rng.integers(1, 5))
    if "float" in text:
        return float(rng.random())
    return 2 if "size" in name or "channels" in name else None


def targets() -> Iterator[tuple[str, Callable, Any]]:
    """Return names, callables and None, or for a method its object's maker."""
    packages = [
        *(ganc, nn, nn.functional, nn.init, nn.utils, ganc.optim, ganc.optim.lr_scheduler),
        *(ganc.data, ganc.data.transforms, ganc.losses, ganc.metrics, ganc.plot, ganc.callbacks),
        *(ganc.datasets.toy, ganc.train, ganc.io),
    ]
    for package in packages:
        for name in getattr(package, "__all__", ()):
            item = getattr(package, name)
            if callable(item) and name not in LEFT_OUT:
                yield f"{package.__name__}.{name}", item, None
    for make in (_tensor, _layer, _network, _optimizer, _model):
        kind = type(make())
        for name in sorted(set(dir(kind)) - LEFT_OUT):
            if not name.startswith("_") and callable(getattr(kind, name)):
                yield f"{kind.__name__}.{name}", None, (make, name)


def _tensor() -> Any:
    return ganc.tensor(np.arange(12.0, dtype="f4").reshape(3, 4))


def _layer() -> Any:
    return nn.Conv2d(3, 4, 3, padding=1)


def _network() -> Any:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU())


def _optimizer() -> Any:
    return ganc.optim.Adam(nn.Linear(3, 2).parameters(), lr=0.1)


def _model() -> Any:
    return ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0)


def arguments(call: Callable, rng: np.random.Generator, spoilt: list) -> tuple[list, dict]:
    """Return arguments, one or more of them spoilt."""
    try:
        parameters = list(inspect.signature(call).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    args, kwargs = [], {}
    for p in parameters:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) or p.name == "self":
            continue
        needed = p.default is p.empty
        if not needed and rng.random() < 0.6:
            continue
        bad = rng.random() < 0.4
        value = spoilt[rng.integers(len(spoilt))]() if bad else usual(p.name, p.annotation, rng)
        if p.kind is p.KEYWORD_ONLY or (not needed and rng.random() < 0.7):
            kwargs[p.name] = value
        elif not kwargs:
            args.append(value)
    if rng.random() < 0.05:
        kwargs[["sise", "dimm", "input_", "lr", "seeed"][rng.integers(5)]] = 1
    if not parameters:
        args = [spoilt[rng.integers(len(spoilt))]() for _ in range(rng.integers(0, 3))]
    return args, kwargs


def prepared(i: int, seed: int, known: list, spoilt: list) -> tuple[str, Callable, tuple]:
    """Return the i-th call: its name, what is called, and the arguments."""
    rng = np.random.default_rng([seed, i])
    name, call, method = known[rng.integers(len(known))]
    if method:
        call = getattr(method[0](), method[1])
    return name, call, arguments(call, rng, spoilt)


def meant(error: Exception) -> bool:
    """Whether the error is PyTorch's own kind for it: an unknown name of a part of a module."""
    text = str(error)
    return "name: got" in text or bool(re.search(r" has no (module|parameter|buffer) '", text))


def part(number: int, seed: int, log: str) -> None:
    """Make the calls of one child; faults and progress go to a file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.chdir(tempfile.mkdtemp())
    with open(log, "a", buffering=1) as out:
        faulthandler.enable()
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
        warnings.simplefilter("ignore")
        known, spoilt = list(targets()), spoils()
        for i in range(number * PART, (number + 1) * PART):
            name, call, (args, kwargs) = prepared(i, seed, known, spoilt)
            print(f"call {i} {name}", file=out)
            signal.alarm(SECONDS)
            try:
                call(*args, **kwargs)
            except INSIDE as error:
                frames = traceback.extract_tb(error.__traceback__)
                inside = "ganc" in frames[-1].filename and not meant(error)
                if inside or isinstance(error, SystemError):
                    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}"
                    print(f"fault {i} {name} {type(error).__name__}: {error} [{where}]", file=out)
            except (Exception, SystemExit):
                pass
            signal.alarm(0)
        print("end", file=out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", type=int, help="make this call alone, and show what it does")
    parser.add_argument("--show", action="store_true", help="print every fault")
    args = parser.parse_args()
    if args.one is not None:
        call, given = prepared(args.one, args.seed, list(targets()), spoils())[1:]
        print(call, given, flush=True)
        print(call(*given[0], **given[1]))
        return
    count = collections.Counter()
    context = multiprocessing.get_context("spawn")
    for number in range(-(-args.calls // PART)):
        with tempfile.NamedTemporaryFile("r") as log:
            child = context.Process(target=part, args=(number, args.seed, log.name))
            child.start()
            child.join()
            lines = log.read().splitlines()
        calls = [line for line in lines if line.startswith("call ")]
        faults = [line for line in lines if line.startswith("fault ")]
        count["calls"] += len(calls)
        count["faults"] += len(faults)
        if not lines or lines[-1] != "end":
            kind = "hangs" if child.exitcode == -signal.SIGALRM else "crashes"
            count[kind] += 1
            faults.append(f"{kind} {calls[-1] if calls else 'before the first call'}")
        for line in faults if args.show else ():
            print(line, flush=True)
    print(", ".join(f"{count[key]} {key}" for key in ("calls", "faults", "crashes", "hangs")))
    raise SystemExit(bool(count["faults"] + count["crashes"] + count["hangs"]))


if __name__ == "__main__":
    main()
