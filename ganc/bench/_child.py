"""A process that makes one run of a comparison: ``python -m ganc.bench._child PLAN.json``."""

import json
import os
import signal
import sys
import threading

from ganc import models
from ganc._threads import set_num_threads
from ganc.bench._data import read
from ganc.bench._run import Plan, run
from ganc.train._serial import tuples


def main(path: str) -> None:
    """Make the run that a file describes."""
    with open(path, encoding="utf-8") as file:
        said = json.load(file)
    set_num_threads(said["threads"])
    plan = Plan(**tuples(said["plan"]))
    data = read(said["data"], plan.metrics, said["arrays"])
    model, numbers = models.get(said["model"]), tuples(said["numbers"])
    run(lambda: model(**numbers, seed=said["seed"]), data, plan, said["folder"])


def _end_with_parent() -> None:
    """Save and end when the parent does, however that happens: then standard input closes."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C, and sends SIGTERM
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(sys.argv[1])
