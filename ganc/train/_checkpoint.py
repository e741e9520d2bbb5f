"""Saving a model to one file and loading it, so that training continues to the bit.

The file has the safetensors layout (`ganc.io`): arrays by name, and one JSON text, "ganc.model",
for everything else. `saved` and `DERIVED` name every attribute of a model; a test compares them
with what an instance has. `_restore` puts what a file says back into a model.
"""

import copy
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc._version import __version__
from ganc.callbacks import _states
from ganc.io import FormatError, read_tensors, write_tensors
from ganc.io._plain import to_plain
from ganc.train import _restore, _serial
from ganc.train._checked import NeedsModel, at
from ganc.train._registry import is_registered

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = ["NeedsModel", "keep", "load", "save"]

_KEY = "ganc.model"
# Not in a file: what is checked or made anew, and what holds only while something runs.
DERIVED = (
    "FIELDS", "stop_training", "passed", "_shapes", "_updates", "_proven", "_stale", "_busy",
    "_listening",
)  # fmt: skip
_HINT = "Only files of `save` can be loaded."


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
    for part, network in _restore.networks(model).items():
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
        with at("the description of the model"):
            described = json.loads(metadata[_KEY])
        data, arrays = _restore.current(described, arrays, gan)
        if gan is None:
            gan = _restore.build(data, arrays)
            _restore.check_fit(gan, data, arrays)
            _restore.restore(gan, data, arrays)
        else:
            _restore.check_fit(gan, data, arrays)
            _restore_or_undo(gan, data, arrays)
    except FormatError as error:
        raise FormatError(error.reason, file=file, hint=error.hint or _HINT) from error
    return gan


# ---- writing ----


def _to_data(model: "Model") -> dict[str, Any]:
    known = is_registered(model)
    return {
        "format": _restore.FORMAT,
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


def _restore_or_undo(model: "Model", data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Restore a model that is in use: all of it, or nothing."""
    undo = keep(model)
    try:
        _restore.restore(model, data, arrays)
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
        _restore.restore(model, data, arrays)
        vars(model).update(own)

    return undo
