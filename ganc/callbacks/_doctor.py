"""The doctor, while training runs."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from ganc._options import at_least
from ganc._warn import warn
from ganc.callbacks._base import Callback
from ganc.doctor import doctor
from ganc.errors import DivergenceError

if TYPE_CHECKING:
    from ganc.doctor._finding import Diagnosis

__all__ = ["Doctor"]


class Doctor(Callback):
    """Look at the run every few epochs and warn of what is wrong, of each trouble once.

    Where a loss becomes NaN, the epoch is repeated, and the error that `fit` raises is told which
    operation in which layer made the first one.

    Parameters
    ----------
    x : array_like, Dataset or DataLoader
        What `fit` is given.
    y : array_like of int, optional
        Labels.
    every : int, default 1
        Epochs between two visits.
    validation_data : array_like, Dataset or DataLoader, optional
        Samples that are not trained on.
    stop : bool, default False
        Stop training after an epoch with a finding.

    Attributes
    ----------
    diagnosis : Diagnosis or None
        What `ganc.doctor` has said last.
    log : list of tuple
        The epoch, from 0, and the name of each new finding.

    See Also
    --------
    ganc.doctor

    Examples
    --------
    >>> import ganc
    >>> x = ganc.datasets.toy.ring(512, seed=0)
    >>> watch = ganc.callbacks.Doctor(x)
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> _ = gan.fit(x, epochs=2, verbose=0, callbacks=[watch])
    >>> watch.diagnosis.verdict, watch.log
    ('too early', [])
    """

    def __init__(
        self,
        x: Any,
        y: ArrayLike | None = None,
        *,
        every: int = 1,
        validation_data: Any = None,
        stop: bool = False,
    ) -> None:
        super().__init__()
        self.x, self.y, self.validation_data = x, y, validation_data
        self.every, self.stop = at_least("every", every, 1), bool(stop)
        self.diagnosis: Diagnosis | None = None
        self.log: list[tuple[int, str]] = []
        self._rewind: Callable[[], None] | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return what has been told already."""
        return {"log": [list(entry) for entry in self.log]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Do not tell it again."""
        self.log = [(int(epoch), str(name)) for epoch, name in state["log"]]

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Keep the model, to be able to repeat the epoch."""
        try:
            self._rewind = self.model.snapshot()
        except TypeError:  # an optimizer of another library
            self._rewind = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look at the run."""
        if (epoch + 1) % self.every:
            return
        self.diagnosis = doctor(self.model, self.x, self.y, validation_data=self.validation_data)
        known = {name for _, name in self.log}
        for finding in self.diagnosis:
            if finding.name not in known:
                self.log.append((epoch, finding.name))
                warn(f"epoch {epoch + 1}: {finding}")
        self.model.stop_training |= self.stop and bool(self.diagnosis)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Let go of the copy."""
        self._rewind = None

    def _abandon(self) -> None:
        rewind, self._rewind = self._rewind, None
        error = sys.exc_info()[1]
        if not isinstance(error, DivergenceError) or rewind is None:
            return
        from ganc.doctor._replay import cause  # only now: a healthy run does without

        labels = [] if self.y is None or len(self.model.FIELDS) == 1 else [self.y]
        found = cause(self.model, rewind, [self.x, *labels])
        self.log.append((self.model.epoch, "not-finite"))
        if found:
            error.add_note(f"Doctor: the epoch was repeated{found}.")
