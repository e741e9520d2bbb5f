"""What a file says of a model, checked and put back into one.

A file is data of a stranger: nothing of it is used before it was checked (`_checked`), no more
memory is allocated than its size calls for, and an error names the field.

Format 1, of ganc 0.1.0, had the last numbers and the phase of the alternation as numbers of their
own, and one average, "ema_generator", whatever the network was called; `_newer` makes it format 2.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc import nn
from ganc._backend import core
from ganc._version import __version__
from ganc.callbacks import _states
from ganc.io import FormatError
from ganc.io._plain import from_plain
from ganc.train import _serial
from ganc.train._average import checked_decay
from ganc.train._batches import Position
from ganc.train._checked import (
    NeedsModel,
    at,
    count,
    entry,
    list_of,
    real,
    table_of,
    text,
)  # fmt: skip
from ganc.train._registry import MODELS

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = ["FORMAT", "build", "check_fit", "current", "networks", "restore"]

FORMAT = 2
_SPARE = 24_000_000  # bytes that a model may take beyond what its weights call for
_STEPS, _PASSES, _SEEDS = 2**37, 2**40, 2**63  # below: the streams of random numbers reach so far


def networks(model: "Model") -> dict[str, nn.Module]:
    """Return a model's networks and averages by name."""
    averages = {f"ema_{name}": average.network for name, average in model._averages.items()}
    return model._parts() | averages


def current(
    data: Any, arrays: dict[str, np.ndarray], gan: "Model | None"
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a file's contents as this version writes them."""
    with at("the description of the model"):
        data = table_of(lambda value: value)(data)
        version = entry(data, "format", count)
        if version > FORMAT:
            raise FormatError(
                f"got format {version}, this ganc {__version__} reads up to {FORMAT}",
                hint="Install a newer ganc.",
            )
        return (data, arrays) if version > 1 else _newer(data, arrays, gan)


def _newer(
    data: dict[str, Any], arrays: dict[str, np.ndarray], gan: "Model | None"
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a file's contents as format 2 has them."""
    generator = "generator" if "g_optimizer" in data else "decoder"
    data = {"state": {}, "penalties": [], **data}
    g_loss, g_norm = data.pop("last", (None, None))
    data["last"] = {} if g_loss is None else {"g": {"g_loss": g_loss, "g_grad_norm": g_norm}}
    ema = data.get("ema")
    if ema:
        data["ema"] = {"decay": ema["decay"], "steps": {generator: ema["steps"]}}
    old, new = "ema_generator.", f"ema_{generator}."
    renamed = {
        new + name[len(old) :] if name.startswith(old) else name: array
        for name, array in arrays.items()
    }
    if {"maxout", "pieces"} & set(data["config"] or ()):  # these layers had a part "linear"
        renamed = {name.replace(".linear.", "."): array for name, array in renamed.items()}
    if gan is not None and data["own_class"] is None and data["class"] == "GAN":
        data["class"] = type(gan).__name__
    return data, renamed


def build(data: dict[str, Any], arrays: dict[str, np.ndarray]) -> "Model":
    """Build a model, with fresh weights, in no more memory than the file's size calls for.

    So a file that claims a giant layer is refused before that is allocated. Its weights are there
    once, once more while they are moved together, and some once more as computed of others.
    """
    held = sum(array.size for array in arrays.values()) * core.Tensor(0.0).numpy().itemsize
    core.alloc_budget(3 * held + _SPARE)
    try:
        return _build(data)
    except Exception as error:
        if not core.alloc_budget(-1):
            raise
        raise FormatError(
            f"the layers it describes take far more memory than the {held} bytes of its arrays",
            hint="If that is right, build the model and pass it: ganc.load(path, gan).",
        ) from error
    finally:
        core.alloc_budget(-1)


def _build(data: dict[str, Any]) -> "Model":
    if data.get("own_class") is not None:
        raise NeedsModel(f"its class {entry(data, 'own_class', text)} is your own")
    name = entry(data, "class", text)
    cls = MODELS.get(name)
    if cls is None:
        raise FormatError(f"got a model {name!r:.80} that ganc {__version__} lacks")
    with at("its networks" if data.get("config") is None else "config"):
        model = cls.rebuild(_serial.tuples(data))
    for name in model.OPTIMIZERS:
        parameters = model._trained_by(name)
        with at(name):
            if not _serial.is_like(getattr(model, name), data[name], parameters):
                made = _serial.optimizer_from_data(data[name], parameters)
                setattr(model, name, made)
    return model


def check_fit(model: "Model", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Raise unless the file has exactly the weights of the model."""
    parts = model._parts()
    averaged = _ema_of(data)[1]
    for name in averaged:
        if name not in model.GENERATORS:
            raise FormatError(f"got an average of {name!r}, which {type(model).__name__} lacks")
    nets = parts | {f"ema_{name}": parts[name] for name in averaged}
    own = {
        f"{part}.{name}": tuple(tensor.shape)
        for part, network in nets.items()
        for name, tensor in network.state_dict().items()
    }
    known = {*parts, *(f"ema_{name}" for name in parts)}
    stored = {name: array.shape for name, array in arrays.items() if name.split(".", 1)[0] in known}
    for name in sorted(own.keys() | stored.keys()):
        if own.get(name) != stored.get(name):
            raise FormatError(
                f"{name}: got {stored.get(name, 'nothing')} in the file, expected "
                f"{own.get(name, 'nothing')} for {type(model).__name__}"
            )


def _ema_of(data: Mapping[str, Any]) -> tuple[float | None, dict[str, int]]:
    """Return decay and updates of the averages; files of ganc 0.1.0 may not mention them."""
    ema = data.get("ema")
    if not ema:
        return None, {}
    with at("ema"):
        ema = table_of(lambda value: value)(ema)
        return entry(ema, "decay", checked_decay), entry(ema, "steps", table_of(count))


def _position_of(value: Any) -> dict[str, int]:
    position = {f.name: entry(value, f.name, count) for f in fields(Position)}
    if position["pass_"] >= _PASSES:
        raise FormatError(f"pass_: got {position['pass_']}, expected less than {_PASSES}")
    n, size = position["n"], max(position["batch_size"], 1)
    if position["index"] > -(-n // size):
        raise FormatError(f"index: got {position['index']} in passes of {n} samples by {size}")
    return position


def _sum_of(value: Any) -> list[float]:
    total, n = value
    return [real(total), count(n)]


def _plan(model: "Model", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> SimpleNamespace:
    """Return what a file says besides networks and optimizers, all of it checked."""
    plan = SimpleNamespace(
        seed=entry(data, "seed", lambda value: count(value, _SEEDS)),
        step=entry(data, "step", lambda value: count(value, _STEPS)),
        drawn=entry(data, "drawn", count),
        position=entry(data, "position", _position_of),
        sums=entry(data, "running", table_of(_sum_of)),
        last=entry(data, "last", table_of(table_of(real))),
        epochs=entry(data, "epoch", list_of(count)),
        history=entry(data, "history", table_of(list_of(real))),
        loss_name=entry(data, "loss_name", text),
        options=entry(data, "options", table_of(_serial.tuples)),
    )
    plan.decay, plan.averaged = _ema_of(data)
    if any(len(column) != len(plan.epochs) for column in plan.history.values()):
        raise FormatError("history: got columns of different lengths")
    with at("options"):
        plan.options = {
            name: model._checked_option(name, value)
            for name, value in plan.options.items()
            if name in model.OPTIONS
        }
    with at("callbacks"):
        plan.waiting = _states.from_data(data.get("callbacks", []), arrays)
    with at("state"):
        plan.state = from_plain(data["state"], arrays)
    return plan


def restore(model: "Model", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Put what a file says into a model that has its weights' shapes."""
    plan = _plan(model, data, arrays)
    for name, value in plan.options.items():
        setattr(model, name, value)
    if model.ema != plan.decay:
        model.ema = plan.decay
    for name, average in model._averages.items():
        with at("ema.steps"):
            average.core.steps = plan.averaged[name]
    for part, network in networks(model).items():
        prefix = f"{part}."
        state = {k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)}
        with at(part):
            network.load_state_dict(state)
    model.seed, model._drawn, model._step = plan.seed, plan.drawn, plan.step
    vars(model._position).update(plan.position)  # the same object: a `fit` that goes on holds it
    model._running.sums, model._last = plan.sums, plan.last
    with at("step"):
        _schedule_again(model)
    for name in model.OPTIMIZERS:
        with at(name):
            _serial.restore_optimizer(name, getattr(model, name), data[name], arrays)
    with at("loss"):
        model._restore_described(data)
    with at("state"):
        model.restore(plan.state)
    if model._listening is None:  # else the callbacks that listen have their states
        model._states = plan.waiting
    model.history.epoch, model.history.history = plan.epochs, plan.history
    model.history.loss_name = plan.loss_name


def _schedule_again(model: "Model") -> None:
    """Set what the schedule had set for the step made last: a file does not hold stages."""
    step, at = model._step, model._position
    model._step = max(step - 1, 0)
    if at.epoch and not at.step:  # that step has ended an epoch
        model._position = replace(at, epoch=at.epoch - 1)
    try:
        model.schedule()
    finally:
        model._step, model._position = step, at
