"""Runs of the command line: a folder with the model, its history and its pictures.

``config.json`` says what was trained, on what and how, and the command that repeats it;
``checkpoints/`` has the last states to go on from; ``model.ganc``, ``history.csv``, ``losses.png``,
``samples.png`` and ``samples/`` what came out; ``log.txt`` what happened when.
"""

import csv
import inspect
import os
import shlex
import stat
from typing import Any

import numpy as np

from ganc._backend import core
from ganc._version import __version__
from ganc.callbacks import History, ModelCheckpoint
from ganc.cli._data import Data
from ganc.cli._folder import CONFIG, GRIDS, HISTORY, LOSSES, MODEL, SAMPLES, RunFolder, config_of
from ganc.cli._pictures import save_losses, save_samples
from ganc.cli._run_log import RunLog
from ganc.cli._saves import Checkpoints
from ganc.data._conversion import sample_shape
from ganc.io import FormatError, atomic_write
from ganc.io._checksum import checksum
from ganc.io._errors import reading
from ganc.train import Model, resume

__all__ = [
    "begin",
    "build",
    "check_interval",
    "config_for",
    "data_of",
    "go_on",
    "history_of",
    "losses_of",
    "plan_of",
]

_LONGEST = 2**28  # bytes of a history.csv


def build(model: type, data: Data, options: dict[str, Any]) -> Model:
    """Return a model for data, with options of its constructor."""
    shape = sample_shape(data.x)
    known = inspect.signature(model).parameters
    if "features" in known and len(shape) == 1:
        return model(**{"features": shape[0]} | options)
    if "image_shape" not in known:
        raise ValueError(f"{model.__name__} trains on points, these data are images {shape}")
    if len(shape) != 3:
        raise ValueError(f"{model.__name__} trains on images, these data are points; try toy")
    if len(data.fields) < len(model.FIELDS):
        raise ValueError(
            f"{model.__name__} learns from {len(model.FIELDS)} fields, these data have "
            f"{len(data.fields)}; the sub-folders of a folder of pictures give labels"
        )
    found: dict[str, Any] = {"image_shape": shape}
    if data.classes is not None and "classes" in known and known["classes"].default is not None:
        found["classes"] = data.classes
    return model(**found | options)


def check_interval(save_every: str) -> None:
    """Raise unless `ModelCheckpoint` takes this time between two saves."""
    ModelCheckpoint("", every=save_every)


def begin(gan: Model, data: Data, run: RunFolder, plan: dict[str, Any], words: list[str]) -> Any:
    """Train a new model in a folder; what an earlier run has left there goes once it has begun."""
    facts = plan | {"data_crc32": list(map(checksum, _learned(gan, data)))}
    return _train(gan, data, run, plan, config_for(gan, facts, words))


def config_for(gan: Model, facts: dict[str, Any], words: list[str]) -> dict[str, Any]:
    """Return what ``config.json`` says of a run: the model, the facts, the command."""
    seed = [] if "--seed" in words else ["--seed", str(gan.seed)]
    facts = facts | {"command": shlex.join(["ganc", *words, *seed])}
    return gan.describe().to_dict() | _versions() | {"run": facts}


def go_on(run: RunFolder, data: Data, plan: dict[str, Any]) -> dict[str, Any]:
    """Train the model of a folder until its plan is fulfilled."""
    sums = plan["data_crc32"]
    sums = [sums] if isinstance(sums, str) else sums  # of before there were labels
    if list(map(checksum, data.fields[: len(sums)])) != sums:
        raise ValueError(f"{plan['data']}: these are not the data that this run was trained on")
    gan = resume(run.path)
    if len(data.fields) < len(gan.FIELDS):
        raise ValueError(
            f"{plan['data']}: got {len(data.fields)} fields, the model learns from "
            f"{len(gan.FIELDS)}"
        )
    return _train(gan, data, run, plan, None)


def plan_of(folder: str) -> dict[str, Any]:
    """Return how the run of a folder was meant to go."""
    if os.path.isfile(folder):
        raise ValueError(
            f"{folder} is a file, expected the folder of a run of 'ganc train'; in Python, "
            "ganc.load and fit go on with a file"
        )
    path = os.path.join(folder, CONFIG)
    config = config_of(folder)
    try:
        plan = config["run"]
        if str(plan.get("command")).startswith("ganc demo"):
            raise ValueError("it is of 'ganc demo', which trains from the beginning each time")
        keys = ("data", "data_crc32", "batch_size", "epochs", "save_every")
        plan = {key: plan[key] for key in keys} | {"image_shape": plan.get("image_shape")}
        _check_plan(plan)
    except (AttributeError, ValueError, LookupError, TypeError) as error:
        reason = f"does not describe a run of 'ganc train' ({type(error).__name__}: {error})"
        raise FormatError(reason, file=path) from error
    return plan


def _check_plan(plan: dict[str, Any]) -> None:
    """Raise ValueError unless the values are such as `begin` writes; others may have changed."""
    sums, shape, epochs = plan["data_crc32"], plan["image_shape"], plan["epochs"]
    sums = sums if isinstance(sums, list) else [sums]
    fits = {
        "data": isinstance(plan["data"], str),
        "data_crc32": sums and all(isinstance(one, str) for one in sums),
        "batch_size": _is_count(plan["batch_size"]),
        "epochs": epochs is None or _is_count(epochs),
        "save_every": isinstance(plan["save_every"], str),
        "image_shape": shape is None
        or (isinstance(shape, list) and len(shape) == 3 and all(map(_is_count, shape))),
    }
    for name, right in fits.items():
        if not right:
            raise ValueError(f"got {name} {str(plan[name])[:100]!r}")
    check_interval(plan["save_every"])


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**31


def _learned(gan: Model, data: Data) -> tuple[np.ndarray, ...]:
    """Return the fields that a model is trained on."""
    return data.fields[: len(gan.FIELDS)]


def _versions() -> dict[str, str]:
    return {"ganc": __version__, "isa": core.get_isa(), "numpy": np.__version__}


def _train(
    gan: Model, data: Data, run: RunFolder, plan: dict[str, Any], config: dict[str, Any] | None
) -> dict[str, Any]:
    """Train, and write the folder whatever happens; return what was written."""
    save, log, first = Checkpoints(run, plan["save_every"], config), RunLog(run), gan.step
    try:
        gan.fit(
            *_learned(gan, data), epochs=plan["epochs"], initial_epoch=gan.epoch,
            batch_size=plan["batch_size"], budget=plan["budget"], callbacks=[log, save],
        )  # fmt: skip
    except ArithmeticError as error:  # not to be gone on from
        log.close(error)
        raise
    except BaseException as error:
        log.close(error)
        if run.begun and gan.step > first:
            save._save_last()
            _write(gan, run)
        raise
    finished = plan["epochs"] is not None and gan.epoch >= plan["epochs"]
    if gan.step == first and not finished:
        raise ValueError(f"no step was made in the budget of {plan['budget']} s; pass a longer one")
    log.close(None)
    last = {name: values[-1] for name, values in gan.history.history.items() if values}
    note = {} if gan.step > first else {"note": f"nothing was left to do: {gan.epoch} epochs done"}
    return _write(gan, run) | {"epochs": gan.epoch, "steps": gan.step} | note | last


def _write(gan: Model, run: RunFolder) -> dict[str, Any]:
    """Write model, history and pictures; return the paths."""
    paths = {"config": CONFIG, "model": MODEL, "history": HISTORY, "samples": SAMPLES}
    paths = {name: os.path.join(run.path, file) for name, file in paths.items()}
    gan.save(run.claim(MODEL))
    gan.history.to_csv(run.claim(HISTORY))
    try:
        grid = run.claim(f"{GRIDS}/{gan.step:09}.png")
        save_samples(gan.preview(64, seed=0), grid)
        with open(grid, "rb") as file:
            atomic_write(run.claim(SAMPLES), [file.read()])
        if len(gan.history):
            paths["losses"] = run.claim(LOSSES)
            save_losses(gan.history, paths["losses"])
    except ImportError:  # numbers are kept without matplotlib too
        paths = {k: v for k, v in paths.items() if k not in ("samples", "losses")}
    return paths


def history_of(run: str) -> History:
    """Return the losses of a run, or of a model's file."""
    path, history = os.path.join(run, HISTORY), History()
    if not os.path.exists(path):  # a file, the demo's folder, or nothing at all
        return resume(run).history
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST:
        raise FormatError("not a history", file=path)
    with reading(path), open(path, newline="", encoding="utf-8") as file:
        try:
            for row in csv.DictReader(file):
                epoch = int(row.pop("epoch"))
                history.on_epoch_end(epoch, {name: float(v) for name, v in row.items()})
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise FormatError(f"not a history ({error})", file=path) from error
    return history


def losses_of(run: str) -> str:
    """Return where the picture of the losses goes in the folder of a run."""
    path = os.path.join(run, LOSSES)
    try:
        own = LOSSES in config_of(run).get("files", [LOSSES])
    except (OSError, FormatError, TypeError):
        own = False
    if os.path.lexists(path) and (os.path.islink(path) or not own):
        raise ValueError(f"{path} was not written by this run; pass -o to name a picture")
    return path


def data_of(run: str) -> str | None:
    """Return the name of the data that a run was trained on, if its folder tells."""
    try:
        name = config_of(run)["run"]["data"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return name if isinstance(name, str) else None
