"""Saving a model to one file and loading it, so that training continues to the bit.

The file has the safetensors layout (`ganc.io`): arrays by name, and one JSON text, "ganc.model",
for everything else. `saved` and `DERIVED` name every attribute of a model; a test compares them
with what an instance has.

Format 1, of ganc 0.1.0, had the last numbers and the phase of the alternation as numbers of their
own, and one average, "ema_generator", whatever the network was called; `_newer` makes it format 2.
"""

import copy
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc import nn
from ganc._version import __version__
from ganc.callbacks import _states
from ganc.io import FormatError, read_tensors, write_tensors
from ganc.io._plain import from_plain, to_plain
from ganc.train import _serial
from ganc.train._batches import Position
from ganc.train._registry import MODELS, is_registered

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = ["NeedsModel", "keep", "load", "save"]

FORMAT = 2
_KEY = "ganc.model"
# Not in a file: what is checked or made anew, and what holds only while something runs.
DERIVED = (
    "FIELDS", "stop_training", "passed", "_shapes", "_updates", "_proven", "_stale", "_busy",
    "_listening",
)  # fmt: skip
_HINT = "Only files of `save` can be loaded."


class NeedsModel(ValueError):
    """The file is fine, but holds parts that only the caller can build."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"this file cannot be loaded alone: {why}. Build the model as before and pass it: "
            "ganc.load(path, gan)"
        )


def saved(model: "Model") -> set[str]:
    """Return the names of the attributes that a file holds."""
    own = {*model.OPTIONS, *model.OWN, *model._parts(), *model.OPTIMIZERS}
    return own | {
        "seed", "history", "config", "default_batch_size", "_position", "_running", "_step",
        "_drawn", "_ema", "_averages", "_last", "_states",
    }  # fmt: skip


def save(model: "Model", path: str | os.PathLike[str]) -> None:
    """Write a model to a file; see `Model.save`."""
    data, arrays = _collect(model)
    write_tensors(path, arrays, {_KEY: json.dumps(data)})


def _collect(model: "Model") -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return everything that a file holds: plain data, and copies of the arrays."""
    arrays: dict[str, np.ndarray] = {}
    for part, network in _networks(model).items():
        for name, tensor in network.state_dict().items():
            arrays[f"{part}.{name}"] = np.array(tensor.detach().numpy())
    data = _to_data(model)
    data["state"] = to_plain(model.state(), "state", arrays)
    for name in model.OPTIMIZERS:
        optimizer, parameters = getattr(model, name), model._trained_by(name)
        data[name], slots = _serial.optimizer_to_data(name, optimizer, parameters)
        arrays |= slots
    listening = model._listening
    states = model._states if listening is None else listening.states()
    data["callbacks"], own = _states.to_data(states)
    return data, arrays | own


def _networks(model: "Model") -> dict[str, nn.Module]:
    averages = {f"ema_{name}": average.network for name, average in model._averages.items()}
    return model._parts() | averages


def load(path: str | os.PathLike[str], gan: "Model | None" = None) -> "Model":
    """Load what `save` has written.

    Parameters
    ----------
    path : str or path-like
    gan : GAN or other model, optional
        One of the same architecture to load into, for classes and layers of your own, which a
        file cannot hold. By default the model is built anew.

    Returns
    -------
    GAN or other model
        Its next steps have the same bits as those of the one that was saved.

    Raises
    ------
    FormatError
        If the file is damaged or something else. A given `gan` is unchanged then.
    ValueError
        If the model needs `gan`, or does not fit it.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "toy.ganc")
    ...     gan.save(path)
    ...     again = ganc.load(path)
    >>> bool((gan.sample(5, seed=1) == again.sample(5, seed=1)).all())
    True
    """
    file = os.fspath(path)
    arrays, metadata = read_tensors(file, require_checksums=True)
    if _KEY not in metadata:
        raise FormatError("got tensors without a ganc model", file=file, hint=_HINT)
    try:
        data = json.loads(metadata[_KEY])
        if data["format"] > FORMAT:
            raise FormatError(
                f"got format {data['format']}, this ganc {__version__} reads up to {FORMAT}",
                hint="Install a newer ganc.",
            )
        data, arrays = _newer(data, arrays, gan)
        if gan is None:
            gan = _build(data)
            _check_fit(gan, data, arrays)
            _restore(gan, data, arrays)
        else:
            _check_fit(gan, data, arrays)
            _restore_or_undo(gan, data, arrays)
    except (NeedsModel, MemoryError):
        raise
    except FormatError as error:
        raise FormatError(error.reason, file=file, hint=error.hint or _HINT) from error
    except Exception as error:
        reason = f"the description of the model is not readable ({type(error).__name__}: {error})"
        raise FormatError(reason, file=file, hint=_HINT) from error
    return gan


# ---- writing ----


def _to_data(model: "Model") -> dict[str, Any]:
    known = is_registered(model)
    return {
        "format": FORMAT,
        "ganc": __version__,
        "class": type(model).__name__,
        "own_class": None if known else type(model).__qualname__,
        "config": getattr(model, "config", None),
        "options": {name: getattr(model, name) for name in model.OPTIONS},
        "ema": model.ema
        and {
            "decay": model.ema,
            "steps": {name: average.core.steps for name, average in model._averages.items()},
        },
        "seed": model.seed,
        "step": model.step,
        "drawn": model._drawn,
        "last": model._last,
        "position": asdict(model._position),
        "running": model._running.sums,
        "epoch": model.history.epoch,
        "history": model.history.history,
        "loss_name": model.history.loss_name,
        **{part: _serial.module_to_data(net) for part, net in model._parts().items()},
        **model._described(),
    }


# ---- reading ----


def _newer(
    data: dict[str, Any], arrays: dict[str, np.ndarray], gan: "Model | None"
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a file's contents as format 2 has them."""
    if data["format"] > 1:
        return data, arrays
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


def _build(data: dict[str, Any]) -> "Model":
    """Make the model that a file describes, with fresh weights."""
    if data["own_class"] is not None:
        raise NeedsModel(f"its class {data['own_class']} is your own")
    cls = MODELS.get(data["class"])
    if cls is None:
        raise FormatError(f"got a model {data['class']!r} that ganc {__version__} lacks")
    model = cls.rebuild(_serial.tuples(data))
    for name in model.OPTIMIZERS:
        if type(getattr(model, name)).__name__ != data[name]["class"] or data["config"] is None:
            made = _serial.optimizer_from_data(name, data[name], model._trained_by(name))
            setattr(model, name, made)
    return model


def _check_fit(model: "Model", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Raise unless the file has exactly the weights of the model."""
    parts = model._parts()
    averaged = data["ema"]["steps"] if data.get("ema") else {}
    for name in averaged:
        if name not in model.GENERATORS:
            raise FormatError(f"got an average of {name!r}, which {type(model).__name__} lacks")
    networks = parts | {f"ema_{name}": parts[name] for name in averaged}
    own = {
        f"{part}.{name}": tuple(tensor.shape)
        for part, network in networks.items()
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


def _restore_or_undo(model: "Model", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Restore a model that is in use: all of it, or nothing."""
    undo = keep(model)
    try:
        _restore(model, data, arrays)
    except BaseException:
        undo()
        raise


def keep(model: "Model") -> Callable[[], None]:
    """Return a function that makes a model what it is now, to the bit."""
    data, arrays = _collect(model)
    data = copy.deepcopy(data)  # sums and last numbers go on changing
    averages = dict(model._averages)
    names = (*model.OWN, *model._parts(), *model.OPTIMIZERS, "_ema")
    own = {name: getattr(model, name) for name in names}

    def undo() -> None:
        model._averages = dict(averages)
        vars(model).update(own)
        _restore(model, data, arrays)
        vars(model).update(own)

    return undo


def _restore(model: "Model", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    position = {field.name: _count(data["position"][field.name]) for field in fields(Position)}
    sums = {str(name): [float(s), _count(n)] for name, (s, n) in data["running"].items()}
    last = {str(name): _numbers(entry) for name, entry in data["last"].items()}
    epochs = [_count(epoch) for epoch in data["epoch"]]
    history = {str(name): [float(v) for v in column] for name, column in data["history"].items()}
    waiting = _states.from_data(data.get("callbacks", []), arrays)
    if any(len(column) != len(epochs) for column in history.values()):
        raise FormatError("got a history whose columns have different lengths")
    for name, value in data["options"].items():
        if name in model.OPTIONS:
            setattr(model, name, _serial.tuples(value))
    _restore_averages(model, data.get("ema"))
    for part, network in _networks(model).items():
        prefix = f"{part}."
        state = {k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)}
        network.load_state_dict(state)
    model.seed, model._drawn, model._step = (_count(data[n]) for n in ("seed", "drawn", "step"))
    vars(model._position).update(position)  # the same object: a `fit` that goes on holds it
    model._running.sums, model._last = sums, last
    _schedule_again(model)
    for name in model.OPTIMIZERS:
        _serial.restore_optimizer(name, getattr(model, name), data[name], arrays)
    model._restore_described(data)
    model.restore(from_plain(data["state"], arrays))
    if model._listening is None:  # else the callbacks that listen have their states
        model._states = waiting
    model.history.epoch, model.history.history = epochs, history
    model.history.loss_name = str(data["loss_name"])


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


def _restore_averages(model: "Model", ema: Mapping[str, Any] | None) -> None:
    decay = ema["decay"] if ema else None  # files of ganc 0.1.0 may not mention it
    if model.ema != decay:
        model.ema = decay
    for name, average in model._averages.items():
        average.core.steps = _count(ema["steps"][name])


def _numbers(entry: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in entry.items()}


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise FormatError(f"got {value!r} where a count is expected")
    return value
