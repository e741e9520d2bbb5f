"""Saving a GAN to one file and loading it, so that training continues to the bit.

The file has the safetensors layout (`ganc.io`): arrays by name, and one JSON text, "ganc.model",
for everything else. `SAVED` and `DERIVED` name every attribute of a GAN; a test compares them with
what an instance has.
"""

import json
import os
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc import losses, nn
from ganc.gan import _architecture as architecture
from ganc.gan._door import Position
from ganc.io import FormatError, read_tensors, write_tensors

if TYPE_CHECKING:
    from ganc.gan import GAN

__all__ = ["load", "save"]

FORMAT = 1
_KEY = "ganc.model"
_OPTIONS = ("latent_dim", "latent", "n_critic", "weight_clip", "d_reduction", "pixel_range")
SAVED = (
    *_OPTIONS, "loss", "seed", "generator", "discriminator", "g_optimizer", "d_optimizer",
    "history", "config", "_position", "_running", "_step", "_drawn", "_trainer",
)  # fmt: skip
DERIVED = ("stop_training", "_trainer_key", "_shape", "_busy")
_HINT = "Only files of GAN.save can be loaded."


class _NeedsModel(ValueError):
    """The file is fine, but holds parts that only the caller can build."""


def save(gan: "GAN", path: str | os.PathLike[str]) -> None:
    """Write a GAN to a file; see `GAN.save`."""
    data, arrays = _collect(gan)
    write_tensors(path, arrays, {_KEY: json.dumps(data)})


def _collect(gan: "GAN") -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return everything that a file holds: plain data, and copies of the arrays."""
    arrays: dict[str, np.ndarray] = {}
    for part in ("generator", "discriminator"):
        for name, tensor in getattr(gan, part).state_dict().items():
            arrays[f"{part}.{name}"] = np.array(tensor.detach().numpy())
    data = _to_data(gan)
    for part, network in (("g_optimizer", gan.generator), ("d_optimizer", gan.discriminator)):
        data[part], slots = architecture.optimizer_to_data(part, getattr(gan, part), network)
        arrays |= slots
    return data, arrays


def load(path: str | os.PathLike[str], gan: "GAN | None" = None) -> "GAN":
    """Load what `GAN.save` has written.

    Parameters
    ----------
    path : str or path-like
    gan : GAN, optional
        A model of the same architecture to load into, for classes and layers of your own, which a
        file cannot hold. By default the model is built anew.

    Returns
    -------
    GAN
        The model; its next steps have the same bits as those of the one that was saved.

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
        if gan is None:
            gan = _build(data)
            _check_fit(gan, arrays)
            _restore(gan, data, arrays)
        else:
            _check_fit(gan, arrays)
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


def _to_data(gan: "GAN") -> dict[str, Any]:
    return {
        "format": FORMAT,
        "ganc": _version(),
        "class": type(gan).__name__ if _is_preset(gan) else "GAN",
        "own_class": None if _is_preset(gan) or _is_plain(gan) else type(gan).__qualname__,
        "config": getattr(gan, "config", None),
        "generator": architecture.module_to_data(gan.generator),
        "discriminator": architecture.module_to_data(gan.discriminator),
        "loss": _loss_to_data(gan.loss),
        "options": {name: getattr(gan, name) for name in _OPTIONS},
        "seed": gan.seed,
        "step": gan.step,
        "phase": gan._current_trainer().phase,
        "last": list(gan._current_trainer().last),
        "drawn": gan._drawn,
        "position": asdict(gan._position),
        "running": gan._running.sums,
        "epoch": gan.history.epoch,
        "history": gan.history.history,
        "loss_name": gan.history.loss_name,
    }


def _is_plain(gan: "GAN") -> bool:
    from ganc.gan import GAN

    return type(gan) is GAN


def _is_preset(gan: "GAN") -> bool:
    from ganc import models

    return type(gan) is models.get(type(gan).__name__, None)


def _loss_to_data(loss: Any) -> dict[str, Any] | None:
    name = getattr(loss, "name", "")
    if name in losses.list() and type(losses.get(name)) is type(loss):
        return {"loss": name, "label_smoothing": loss.label_smoothing}
    return None


def _version() -> str:
    import ganc

    return getattr(ganc, "__version__", "?")


# ---- reading ----


def _build(data: dict[str, Any]) -> "GAN":
    """Make the model that a file describes, with fresh weights."""
    from ganc import models
    from ganc.gan import GAN

    if data["own_class"] is not None:
        raise _needs_gan(f"its class {data['own_class']} is your own")
    if data["loss"] is None:
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
    for part, network in (("g_optimizer", gan.generator), ("d_optimizer", gan.discriminator)):
        if type(getattr(gan, part)).__name__ != data[part]["class"] or data["class"] == "GAN":
            made = architecture.optimizer_from_data(part, data[part], network)
            setattr(gan, part, made)
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


def _check_fit(gan: "GAN", arrays: dict[str, np.ndarray]) -> None:
    """Raise unless the file has exactly the weights of the model."""
    own = {
        f"{part}.{name}": tuple(tensor.shape)
        for part in ("generator", "discriminator")
        for name, tensor in getattr(gan, part).state_dict().items()
    }
    stored = {
        name: array.shape
        for name, array in arrays.items()
        if name.split(".", 1)[0] in ("generator", "discriminator")
    }
    for name in sorted(own.keys() | stored.keys()):
        if own.get(name) != stored.get(name):
            raise FormatError(
                f"{name}: got {stored.get(name, 'nothing')} in the file, expected "
                f"{own.get(name, 'nothing')} for {type(gan).__name__}"
            )


def _restore_or_undo(gan: "GAN", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Restore a model that is in use: all of it, or nothing."""
    kept = _collect(gan)
    loss = gan.loss
    try:
        _restore(gan, data, arrays)
    except BaseException:
        _restore(gan, *kept)
        gan.loss = loss
        raise


def _restore(gan: "GAN", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    position = {field.name: _count(data["position"][field.name]) for field in fields(Position)}
    sums = {str(name): [float(s), _count(n)] for name, (s, n) in data["running"].items()}
    epochs = [_count(epoch) for epoch in data["epoch"]]
    history = {str(name): [float(v) for v in column] for name, column in data["history"].items()}
    if any(len(column) != len(epochs) for column in history.values()):
        raise FormatError("got a history whose columns have different lengths")
    for name, value in data["options"].items():
        if name in _OPTIONS:
            setattr(gan, name, _tuples(value))
    if data["loss"] is not None:
        gan.loss = losses.get(**data["loss"])
    for part in ("generator", "discriminator"):
        prefix = f"{part}."
        state = {k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)}
        getattr(gan, part).load_state_dict(state)
    for part in ("g_optimizer", "d_optimizer"):
        architecture.restore_optimizer(part, getattr(gan, part), data[part], arrays)
    gan.seed, gan._drawn, gan._step = (_count(data[name]) for name in ("seed", "drawn", "step"))
    trainer = gan._current_trainer()
    trainer.phase, trainer.last = _count(data["phase"]), tuple(data["last"])
    gan._position, gan._running.sums = Position(**position), sums
    gan.history.epoch, gan.history.history = epochs, history
    gan.history.loss_name = str(data["loss_name"])


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
