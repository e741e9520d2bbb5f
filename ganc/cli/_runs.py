"""Runs of the command line: a folder with the model, its history and its pictures.

``config.json`` says what was trained, on what and how, and the command that repeats it;
``checkpoints/`` has the last states to go on from; ``model.ganc``, ``history.csv``, ``losses.png``,
``samples.png`` and ``samples/`` what came out; ``log.txt`` what happened when.
"""

import csv
import inspect
import json
import os
import shlex
import shutil
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np

from ganc._backend import core
from ganc._version import __version__
from ganc.callbacks import History, ModelCheckpoint
from ganc.cli._data import Data
from ganc.cli._pictures import save_losses, save_samples
from ganc.cli._run_log import RunLog
from ganc.data._conversion import sample_shape
from ganc.io import FormatError, atomic_write
from ganc.train import Model, resume

__all__ = ["begin", "build", "check_interval", "data_of", "go_on", "history_of", "plan_of"]

MODEL, HISTORY, CONFIG, LOG = "model.ganc", "history.csv", "config.json", "log.txt"
SAMPLES, LOSSES = "samples.png", "losses.png"
CHECKPOINTS, GRIDS = "checkpoints", "samples"
_NAME, _KEEP = "{step:09}.ganc", 3


def build(model: type, data: Data, options: dict[str, Any]) -> Model:
    """Return a model for data, with options of its constructor."""
    shape = sample_shape(data.x)
    if model.__name__ == "ToyGAN":
        if len(shape) != 1:
            raise ValueError(f"ToyGAN trains on points, these data are images {shape}")
        return model(**{"features": shape[0]} | options)
    if len(shape) != 3:
        raise ValueError(f"{model.__name__} trains on images, these data are points; try toy")
    if len(data.fields) < len(model.FIELDS):
        raise ValueError(
            f"{model.__name__} learns from {len(model.FIELDS)} fields, these data have "
            f"{len(data.fields)}; the sub-folders of a folder of pictures give labels"
        )
    found: dict[str, Any] = {"image_shape": shape}
    if data.classes is not None and "classes" in inspect.signature(model).parameters:
        found["classes"] = data.classes
    return model(**found | options)


def check_interval(save_every: str) -> None:
    """Raise unless `ModelCheckpoint` takes this time between two saves."""
    ModelCheckpoint("", every=save_every)


def begin(
    gan: Model, data: Data, folder: str, plan: dict[str, Any], words: list[str]
) -> dict[str, Any]:
    """Train a new model in a folder; what an earlier run has left there is removed."""
    for old in (CHECKPOINTS, GRIDS):
        shutil.rmtree(os.path.join(folder, old), ignore_errors=True)
    for old in (MODEL, HISTORY, LOG, SAMPLES, LOSSES):
        if os.path.exists(os.path.join(folder, old)):
            os.unlink(os.path.join(folder, old))
    os.makedirs(os.path.join(folder, CHECKPOINTS))
    seed = [] if "--seed" in words else ["--seed", str(gan.seed)]
    run = plan | {
        "data_crc32": _crc(_learned(gan, data)),
        "command": shlex.join(["ganc", *words, *seed]),
    }
    text = json.dumps(gan.describe().to_dict() | _versions() | {"run": run}, indent=2)
    atomic_write(os.path.join(folder, CONFIG), [text.encode()])
    gan.save(os.path.join(folder, CHECKPOINTS, _NAME.format(step=0)))
    return _train(gan, data, folder, plan)


def go_on(folder: str, data: Data, plan: dict[str, Any]) -> dict[str, Any]:
    """Train the model of a folder until its plan is fulfilled."""
    sums = plan["data_crc32"]
    sums = [sums] if isinstance(sums, str) else sums  # of before there were labels
    if _crc(data.fields[: len(sums)]) != sums:
        raise ValueError(f"{plan['data']}: these are not the data that this run was trained on")
    return _train(resume(folder), data, folder, plan)


def plan_of(folder: str) -> dict[str, Any]:
    """Return how the run of a folder was meant to go."""
    path = os.path.join(folder, CONFIG)
    try:
        with open(path, encoding="utf-8") as file:
            plan = json.load(file)["run"]
        keys = ("data", "data_crc32", "batch_size", "epochs", "save_every")
        return {key: plan[key] for key in keys} | {"image_shape": plan.get("image_shape")}
    except (ValueError, KeyError, TypeError) as error:
        reason = f"does not describe a run of 'ganc train' ({type(error).__name__}: {error})"
        raise FormatError(reason, file=path) from error


def _learned(gan: Model, data: Data) -> tuple[np.ndarray, ...]:
    """Return the fields that a model is trained on."""
    return data.fields[: len(gan.FIELDS)]


def _crc(fields: Sequence[np.ndarray]) -> list[str]:
    parts = (np.ascontiguousarray(field).reshape(-1).view(np.uint8) for field in fields)
    return [f"{crc32(part):08x}" for part in parts]


def _versions() -> dict[str, str]:
    return {"ganc": __version__, "isa": core.get_isa(), "numpy": np.__version__}


def _train(gan: Model, data: Data, folder: str, plan: dict[str, Any]) -> dict[str, Any]:
    """Train, and write the folder whatever happens; return what was written."""
    path = os.path.join(folder, CHECKPOINTS, _NAME)
    save = ModelCheckpoint(path, every=plan["save_every"], keep=_KEEP)
    save.load_state_dict({"name": _NAME, "best": None, "written": [_NAME.format(step=0)]})
    log = RunLog(folder)
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
        save._save_last()
        _write(gan, folder)
        raise
    log.close(None)
    last = {name: values[-1] for name, values in gan.history.history.items() if values}
    return _write(gan, folder) | {"epochs": gan.epoch, "steps": gan.step} | last


def _write(gan: Model, folder: str) -> dict[str, Any]:
    """Write model, history and pictures; return the paths."""
    paths = {"config": CONFIG, "model": MODEL, "history": HISTORY, "samples": SAMPLES}
    paths = {name: os.path.join(folder, file) for name, file in paths.items()}
    gan.save(paths["model"])
    gan.history.to_csv(paths["history"])
    try:
        os.makedirs(os.path.join(folder, GRIDS), exist_ok=True)
        grid = os.path.join(folder, GRIDS, f"{gan.step:09}.png")
        save_samples(gan.preview(64, seed=0), grid)
        shutil.copyfile(grid, paths["samples"])
        if len(gan.history):
            paths["losses"] = os.path.join(folder, LOSSES)
            save_losses(gan.history, paths["losses"])
    except ImportError:  # numbers are kept without matplotlib too
        paths = {k: v for k, v in paths.items() if k not in ("samples", "losses")}
    return paths


def history_of(run: str) -> History:
    """Return the losses of a run, or of a model's file."""
    path, history = os.path.join(run, HISTORY), History()
    if not os.path.exists(path):  # a file, the demo's folder, or nothing at all
        return resume(run).history
    with open(path, newline="", encoding="utf-8") as file:
        try:
            for row in csv.DictReader(file):
                epoch = int(row.pop("epoch"))
                history.on_epoch_end(epoch, {name: float(v) for name, v in row.items()})
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"not a history ({error})", file=path) from error
    return history


def data_of(run: str) -> str | None:
    """Return the name of the data that a run was trained on, if its folder tells."""
    try:
        with open(os.path.join(run, CONFIG), encoding="utf-8") as file:
            return json.load(file)["run"]["data"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
