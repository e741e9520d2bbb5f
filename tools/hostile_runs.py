"""Resumes runs whose files somebody has changed, and looks at what else has changed then.

    python tools/hostile_runs.py [--mutants 2000] [--seed 0] [--show]

A small run is stopped half way. In each mutant one string or number of the newest checkpoint (the
model, its callbacks, the position, the history), of config.json or of history.csv is replaced: by
a path out of the folder, a negative or huge number, another type, nothing. Then `ganc resume` goes
on, in a process whose working directory holds a decoy: files that must not change. What counts as a
fault is a change of the decoy, an error that is not told in a sentence, and a hang.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import copy
import hashlib
import io
import json
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import ganc
from ganc import cli

SECONDS = 30


def begin(run: Path) -> None:
    """Train half of a run, with every callback that writes or keeps a state."""
    command = ["train", "toy", "--out", str(run), "--epochs", "4", "--seed", "0"]
    for pair in ("g_hidden=4", "d_hidden=4"):
        command += ["--set", pair]
    kept = ganc.callbacks.History.on_epoch_end

    def on_epoch_end(self: Any, epoch: int, logs: Any = None) -> None:
        kept(self, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    ganc.callbacks.History.on_epoch_end = on_epoch_end
    try:
        cli.main(command)
    finally:
        ganc.callbacks.History.on_epoch_end = kept


def places(data: Any, at: tuple = ()) -> Iterator[tuple]:
    """Return the ways to all strings and numbers."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*at, key))
    elif isinstance(data, list):
        for k, value in enumerate(data):
            yield from places(value, (*at, k))
    else:
        yield at


def replaced(data: Any, at: tuple, value: Any) -> Any:
    """Return a copy with one value replaced."""
    data = copy.deepcopy(data)
    inner = data
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return data


def lies(decoy: Path) -> list[Any]:
    """Return what is put in the place of a value."""
    return [
        *(str(decoy / "thesis.txt"), "../decoy/thesis.txt", "..", "/", str(decoy), ""),
        *("../" * 9 + "etc/hostname", "a\0b", "x" * 5000, "nan", "{0}", "%s"),
        *(-1, 0, 1, 2**31, 2**63, -(2**70), 1e308, float("nan"), float("inf"), 0.5),
        *(None, True, [], {}, [1, 2], {"a": 1}, [str(decoy / "thesis.txt")]),
    ]


def snapshot(folder: Path) -> dict[str, str]:
    """Return what is in a folder, links and empty folders too."""
    found = {}
    for path in sorted(folder.rglob("*")):
        what = "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = f"{what} {path.stat().st_mtime_ns}"
    return found


def mutants(run: Path, decoy: Path, rng: np.random.Generator) -> Iterator[tuple[str, Any]]:
    """Return names of mutants and functions that make one of a copied run; without end."""
    newest = sorted((run / "checkpoints").glob("*.ganc"))[-1]
    tensors, metadata = ganc.io.read_tensors(newest)
    model, config = (
        json.loads(metadata["ganc.model"]),
        json.loads((run / "config.json").read_text()),
    )
    table = (run / "history.csv").read_text().splitlines()
    known = {"model": list(places(model)), "config": list(places(config))}
    values = lies(decoy)

    def put_model(folder: Path, at: tuple, value: Any) -> None:
        text = json.dumps(replaced(model, at, value))
        for path in [*(folder / "checkpoints").glob("*.ganc"), folder / "model.ganc"]:
            if path.exists():
                ganc.io.write_tensors(path, tensors, {**metadata, "ganc.model": text})

    def put_config(folder: Path, at: tuple, value: Any) -> None:
        (folder / "config.json").write_text(json.dumps(replaced(config, at, value)))

    def put_table(folder: Path, at: tuple, value: Any) -> None:
        cells = [line.split(",") for line in table]
        cells[at[0]][at[1]] = str(value)
        (folder / "history.csv").write_text("\n".join(map(",".join, cells)) + "\n")

    while True:
        kind = rng.choice(["model"] * 8 + ["config", "table"])
        value = values[rng.integers(len(values))]
        if kind == "table":
            row = int(rng.integers(len(table)))
            at: tuple = (row, int(rng.integers(len(table[row].split(",")))))
            put = put_table
        else:
            at = known[kind][rng.integers(len(known[kind]))]
            put = put_model if kind == "model" else put_config
        name = f"{kind} {'.'.join(map(str, at))} = {str(value)[:40]!r}"
        yield name, lambda folder, put=put, at=at, value=value: put(folder, at, value)


def steps(run: Path) -> int:
    """Return how far a run is."""
    return ganc.load(sorted((run / "checkpoints").glob("*.ganc"))[-1]).step


class Hang(BaseException):
    """No part of ganc catches it."""


def ring(*_: Any) -> None:
    """End what takes too long."""
    raise Hang


def resume(folder: Path) -> str:
    """Resume in this process; return what is wrong with how it ended, or nothing."""
    told = io.StringIO()
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        with (
            contextlib.redirect_stderr(told),
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            cli.main(["resume", str(folder), "--budget", "2s"])
    except Hang:
        return "hangs"
    except SystemExit:
        pass
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:100]}"
    finally:
        signal.alarm(0)
    text = told.getvalue()
    words = ("Traceback", "a fault of ganc")
    return next((word for word in words if word in text), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="print every fault")
    args = parser.parse_args()
    count = collections.Counter()
    with tempfile.TemporaryDirectory() as place:
        decoy, run, folder = (Path(place) / name for name in ("decoy", "run", "mutant"))
        decoy.mkdir()
        (decoy / "thesis.txt").write_text("of three years")
        (decoy / "log.txt").write_text("of somebody else")
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            begin(run)
        shutil.copytree(run, folder)
        if resume(folder) or steps(folder) <= steps(run):
            raise SystemExit("the run does not go on without any change: nothing would be tried")
        shutil.rmtree(folder)
        before = snapshot(decoy)
        made = mutants(run, decoy, np.random.default_rng(args.seed))
        with contextlib.chdir(decoy):
            for _ in range(args.mutants):
                name, make = next(made)
                shutil.copytree(run, folder)
                make(folder)
                outside = {p.name for p in Path(place).iterdir()}
                fault = resume(folder)
                if snapshot(decoy) != before or {p.name for p in Path(place).iterdir()} != outside:
                    fault = "changed what is outside"
                count["mutants"] += 1
                count["faults"] += bool(fault)
                if fault and args.show:
                    print(name, "->", fault, flush=True)
                shutil.rmtree(folder)
    print(f"{count['mutants']} mutants, {count['faults']} faults")
    sys.exit(bool(count["faults"]))


if __name__ == "__main__":
    main()
