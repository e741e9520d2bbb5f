"""The checkpoints of a run of the command line."""

import os
from collections.abc import Mapping
from typing import Any

from ganc.callbacks import ModelCheckpoint
from ganc.cli._folder import CHECKPOINTS, RunFolder

__all__ = ["Checkpoints"]

_NAME, _KEEP = "{step:09}.ganc", 3


class Checkpoints(ModelCheckpoint):
    """Saves into the folder of a run, which knows what is its own; the last three stay.

    The first save, after the first step, makes the folder that of a new run.

    Parameters
    ----------
    run : RunFolder
    every : str
        As for `ModelCheckpoint`.
    config : dict, optional
        Of a new run.
    """

    def __init__(self, run: RunFolder, every: str, config: dict[str, Any] | None = None) -> None:
        folder = os.path.join(run.path, CHECKPOINTS).replace("{", "{{").replace("}", "}}")
        super().__init__(os.path.join(folder, _NAME), every=every, keep=_KEEP)
        self.on_error = "warn" if run.begun else "raise"
        self._run, self._config = run, config

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: the folder knows."""
        return {}

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Find the checkpoints that are there."""
        super().on_train_begin(logs)
        own = [name for name in self._run.files if name.startswith(CHECKPOINTS + "/")]
        names = sorted((name.rpartition("/")[2] for name in own), key=lambda n: (len(n), n))
        self._written = names if self._run.begun else []

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look whether it is time."""
        super().on_train_batch_end(batch, logs)
        self._due |= not self._run.begun

    def _make_folder(self) -> None:
        """The run does."""

    def _write(self, path: str) -> None:
        name = f"{CHECKPOINTS}/{os.path.basename(path)}"
        if self._run.begun:
            self.model.save(self._run.claim(name))
        else:
            self._run.begin(self._config or {}, name, self.model.save)
            self.on_error = "warn"

    def _remove(self, path: str) -> None:
        self._run.remove(f"{CHECKPOINTS}/{os.path.basename(path)}")
