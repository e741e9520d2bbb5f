"""Saving a model to one file and loading it, so that training continues to the bit.

The file has the safetensors layout (`ganc.io`): arrays by name, and one JSON text, "ganc.model",
for everything else. `saved` and `DERIVED` name every attribute of a model; a test compares them
with what an instance has.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc import nn
from ganc.callbacks import _states
from ganc.gan import _architecture as architecture
from ganc.gan._door import Position
from ganc.io import FormatError, read_tensors, write_tensors

if TYPE_CHECKING:
    from ganc.gan._model import Model

__all__ = ["load", "save"]

FORMAT = 1
_KEY = "ganc.model"
# The phase and the last numbers of a trainer are in `_own_state`.
DERIVED = ("stop_training", "_trainer", "_trainer_key", "_shape", "_busy", "_listening")
_AVERAGED = "ema_generator"
_HINT = "Only files of GAN.save can be loaded."


class _NeedsModel(ValueError):
    """The file is fine, but holds parts that only the caller can build."""


def saved(model: "Model") -> set[str]:
    """Return the names of the attributes that a file holds."""
    own = {*model.OPTIONS, *model.OWN, *model._parts(), *model.OPTIMIZERS}
    return own | {
        "seed",
        "history",
        "config",
        "_position",
        "_running",
        "_step",
        "_drawn",
        "_average",
        "_states",
    }


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
    for name in model.OPTIMIZERS:
        optimizer, parameters = getattr(model, name), model._trained_by(name)
        data[name], slots = architecture.optimizer_to_data(name, optimizer, parameters)
        arrays |= slots
    listening = model._listening
    states = model._states if listening is None else listening.states()
    data["callbacks"], own = _states.to_data(states)
    return data, arrays | own


def _networks(model: "Model") -> dict[str, nn.Module]:
    averaged = {_AVERAGED: model.ema_generator} if model.ema_generator is not None else {}
    return model._parts() | averaged


def load(path: str | os.PathLike[str], gan: "Model | None" = None) -> "Model":
    """Load what `GAN.save` has written.

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
                f"got format {data['format']}, this ganc {_version()} reads up to {FORMAT}",
                hint="Install a newer ganc.",
            )
        if {"maxout", "pieces"} & set(data["config"] or ()):  # layers of 0.1.0 had a part "linear"
            arrays = {name.replace(".linear.", "."): array for name, array in arrays.items()}
        if gan is None:
            gan = _build(data)
            _check_fit(gan, data, arrays)
            _restore(gan, data, arrays)
        else:
            _check_fit(gan, data, arrays)
            _restore_or_undo(gan, data, arrays)
    except (_NeedsModel, MemoryError):
        raise
    except FormatError as error:
        raise FormatError(error.reason, file=file, hint=error.hint or _HINT) from error
    except Exception as error:
        reason = f"the description of the model is not readable ({type(error).__name__}: {error})"
        raise FormatError(reason, file=file, hint=_HINT) from error
    return gan


# ---- writing ----


def _to_data(model: "Model") -> dict[str, Any]:
    preset, average = _is_preset(model), model._average
    return {
        "format": FORMAT,
        "ganc": _version(),
        "class": type(model).__name__ if preset else "GAN",
        "own_class": None if preset or _is_plain(model) else type(model).__qualname__,
        "config": getattr(model, "config", None),
        "options": {name: getattr(model, name) for name in model.OPTIONS},
        "ema": average and {"decay": average.core.decay, "steps": average.core.steps},
        "seed": model.seed,
        "step": model.step,
        "drawn": model._drawn,
        "position": asdict(model._position),
        "running": model._running.sums,
        "epoch": model.history.epoch,
        "history": model.history.history,
        "loss_name": model.history.loss_name,
        **{part: architecture.module_to_data(net) for part, net in model._parts().items()},
        **model._own_state(),
    }


def _is_plain(model: "Model") -> bool:
    from ganc.gan import GAN

    return type(model) is GAN


def _is_preset(model: "Model") -> bool:
    from ganc import models

    return type(model) is models.get(type(model).__name__, None)


def _version() -> str:
    import ganc

    return getattr(ganc, "__version__", "?")


# ---- reading ----


def _build(data: dict[str, Any]) -> "Model":
    """Make the model that a file describes, with fresh weights."""
    from ganc import models
    from ganc.gan import GAN

    if data["own_class"] is not None:
        raise _needs_gan(f"its class {data['own_class']} is your own")
    if data.get("loss", True) is None:
        raise _needs_gan("its loss is your own")
    if data["class"] != "GAN":
        cls = models.get(data["class"], None)
        if cls is None:
            raise FormatError(f"got a model {data['class']!r} that ganc {_version()} lacks")
        gan = cls(**_tuples(data["config"]))
    else:
        if data["generator"] is None or data["discriminator"] is None:
            raise _needs_gan("it has layers of your own")
        generator = _network(data["generator"])
        discriminator = _network(data["discriminator"])
        gan = GAN(generator, discriminator, **_tuples(data["options"]), seed=data["seed"])
    for name in gan.OPTIMIZERS:
        if type(getattr(gan, name)).__name__ != data[name]["class"] or data["class"] == "GAN":
            made = architecture.optimizer_from_data(name, data[name], gan._trained_by(name))
            setattr(gan, name, made)
    return gan


def _network(described: Any) -> nn.Module:
    try:
        return nn.module_from_config(described)
    except ValueError as error:
        raise FormatError(f"a network cannot be built: {error}") from error


def _needs_gan(why: str) -> _NeedsModel:
    return _NeedsModel(
        f"this file cannot be loaded alone: {why}. Build the model as before and pass it: "
        "ganc.load(path, gan)"
    )


def _check_fit(model: "Model", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Raise unless the file has exactly the weights of the model."""
    parts = model._parts() | ({_AVERAGED: model._maker()} if data.get("ema") else {})
    own = {
        f"{part}.{name}": tuple(tensor.shape)
        for part, network in parts.items()
        for name, tensor in network.state_dict().items()
    }
    known = {*parts, _AVERAGED}
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
    kept = _collect(model)
    own = {name: getattr(model, name) for name in (*model.OWN, "_average")}

    def undo() -> None:
        _restore(model, *kept)
        vars(model).update(own)

    return undo


def _restore(model: "Model", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    position = {field.name: _count(data["position"][field.name]) for field in fields(Position)}
    sums = {str(name): [float(s), _count(n)] for name, (s, n) in data["running"].items()}
    epochs = [_count(epoch) for epoch in data["epoch"]]
    history = {str(name): [float(v) for v in column] for name, column in data["history"].items()}
    waiting = _states.from_data(data.get("callbacks", []), arrays)
    if any(len(column) != len(epochs) for column in history.values()):
        raise FormatError("got a history whose columns have different lengths")
    for name, value in data["options"].items():
        if name in model.OPTIONS:
            setattr(model, name, _tuples(value))
    ema = data.get("ema") or {"decay": None}  # files of ganc 0.1.0 do not mention it
    if model.ema != ema["decay"]:
        model.ema = ema["decay"]
    if model._average is not None:
        model._average.core.steps = _count(ema["steps"])
    for part, network in _networks(model).items():
        prefix = f"{part}."
        state = {k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)}
        network.load_state_dict(state)
    for name in model.OPTIMIZERS:
        architecture.restore_optimizer(name, getattr(model, name), data[name], arrays)
    model.seed, model._drawn, model._step = (_count(data[n]) for n in ("seed", "drawn", "step"))
    model._restore_own(data)
    model._position, model._running.sums = Position(**position), sums
    model._states = waiting
    model.history.epoch, model.history.history = epochs, history
    model.history.loss_name = str(data["loss_name"])


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise FormatError(f"got {value!r} where a count is expected")
    return value


def _tuples(value: Any) -> Any:
    """Return JSON data with tuples for lists, as the constructors have them."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value
