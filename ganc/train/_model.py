"""`Model`: networks that are trained update by update; what they are for, it does not know.

Data come in by fields, steps are lists of updates, whatever is made goes out through `generate`,
and everything is saved. A subclass says its fields, its optimizers and the networks they train, its
updates, and how it generates.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ganc._keywords import keywords_named
from ganc.callbacks import History
from ganc.train._batches import Position, given
from ganc.train._card import card
from ganc.train._checkpoint import NeedsModel, keep, save
from ganc.train._describe import Description
from ganc.train._estimate import Estimate, estimate
from ganc.train._field import evaluation_array
from ganc.train._fit import Running, fit, repeat
from ganc.train._network import count
from ganc.train._steps import Steps

if TYPE_CHECKING:
    from ganc.callbacks import Callback
    from ganc.callbacks._base import CallbackList

__all__ = ["Model"]


class Model(Steps):
    """Networks that are trained step by step, each step a list of updates.

    A subclass sets its networks and optimizers as attributes and says `FIELDS`, `OPTIMIZERS`,
    `updates` and `generate`; see `ganc.train.Update` for an example.

    Parameters
    ----------
    pixel_range : tuple of float, default (-1.0, 1.0)
        What images span inside. They are converted when they come in and go out, so that `fit` and
        `generate` speak of [-1, 1] all the same.
    seed : int, optional
        Decides noise, dropout and the order of the data; the same seed gives the same bits with any
        number of threads. By default a fresh one, readable as ``model.seed``.

    Attributes
    ----------
    FIELDS : tuple of Field
        What a batch holds.
    OPTIMIZERS : dict of str to tuple of str
        Attributes that are optimizers, and the names of the networks they train.
    OPTIONS : tuple of str
        Attributes that are plain data: files hold them.
    GENERATORS : tuple of str
        The networks that results are asked of: their moving averages `ema` keeps.
    classes : int or None
        Labels are below it, where there are any.
    passed : dict
        What an update leaves for later ones of the same step, such as fakes that D learns on after
        G; empty between steps.
    history : History
        What `fit` has recorded so far.
    stop_training : bool
        Set it in a callback to end `fit` after the current step.

    See Also
    --------
    ganc.train.Update : With an example of a model of one's own.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> isinstance(gan, ganc.Model), gan.FIELDS
    (True, (Field(name='x', kind='image', paired=True),))
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("pixel_range", "classes")
    OWN: ClassVar[tuple[str, ...]] = ()  # attributes behind `_described`
    default_batch_size = 64

    def __init__(
        self, *, pixel_range: Sequence[float] = (-1.0, 1.0), seed: int | None = None
    ) -> None:
        super().__init__(pixel_range, seed)
        self.history = History()
        self.stop_training = False
        self._position = Position()
        self._running = Running()
        self._drawn = 0  # samples asked for without a seed
        self._states: list[dict[str, Any]] = []  # of callbacks, for the next `fit`
        self._listening: CallbackList | None = None  # to `fit`, while it runs

    def generate(self, n: int, *, seed: int | None = None, **given: Any) -> np.ndarray:
        """Make n results; what the model's own verbs (`sample`, `translate` ...) rest on.

        Parameters
        ----------
        n : int
        seed : int, optional
            The same seed gives the same results.
        **given
            What the model generates from.

        Returns
        -------
        ndarray of float32, shape (n, C, H, W) or (n, F)
            Images are in [-1, 1].
        """
        raise NotImplementedError(f"{type(self).__name__} must define generate(n, *, seed)")

    def preview(self, n: int, *, seed: int | None = None) -> np.ndarray:
        """Return what grids, cards, logs and the command line show of this model.

        Parameters
        ----------
        n : int
            How many pictures or points; a model whose pictures belong together in rows may give
            more, to fill them. The array's ``ncol`` is then the length of a row.
        seed : int, optional
            The same seed gives the same pictures.

        Returns
        -------
        ndarray of float32, shape (n, C, H, W) or (n, F)
            Images are in [-1, 1].
        """
        return self.generate(n, seed=seed)

    # ---- training ----

    @keywords_named
    def fit(
        self,
        x: Any,
        y: Any = None,
        *more: Any,
        epochs: int | None = None,
        batch_size: int | None = None,
        steps_per_epoch: int | None = None,
        callbacks: Iterable["Callback"] = (),
        verbose: str | int = "auto",
        validation_data: Any = None,
        initial_epoch: int = 0,
        budget: float | str | None = None,
    ) -> History:
        """Train on data.

        Called again, it goes on where it stopped, in the middle of an epoch too.

        Ctrl-C, or a notebook's stop button, lets the current step end and then raises
        KeyboardInterrupt. The model is as after any other step, and `history` has the epochs that
        were made, the last one as far as it came.

        Parameters
        ----------
        x, y, *more : array_like, Dataset or DataLoader
            The fields of a batch in their order (`FIELDS`): of a GAN the samples, of a conditional
            one samples and labels, of a model of pairs the one and the other. Arrays, or one data
            set that gives such tuples. Samples are uint8 images (N, H, W) or (N, H, W, C), float
            images (N, C, H, W) in [-1, 1], or float points (N, F); labels whole numbers (N,). A
            data set such as `ganc.data.ImageFolder` gives them one by one; what its tuples hold
            beyond the fields is left. It is shuffled, and read and decoded in a background thread,
            so it need not fit into memory. A loader decides batch size, order and seed itself
            (without a seed it takes the model's); where in its epochs training is, the model knows,
            and a checkpoint holds.
        epochs : int, optional
            Train until this epoch, counted from `initial_epoch`. By default 1, or as many as fit
            into `budget`.
        batch_size : int, optional
            Real samples an update; by default 64, or what the preset states. Not with a loader.
        steps_per_epoch : int, optional
            Steps an epoch; by default one pass over the data, without a smaller last batch.
        callbacks : iterable of Callback or learning rate scheduler, optional
            See `ganc.callbacks`; a scheduler is stepped at the end of each epoch.
        verbose : {"auto", 0, 1, 2}, default "auto"
            0 is silent, 1 a progress line with the time left, 2 one line an epoch; "auto" is 1 in
            terminals and notebooks, 2 elsewhere. On standard error, or below a notebook's cell.
        validation_data : array_like, tuple, Dataset or DataLoader, optional
            Held-out samples, several fields as a tuple; D's mean answer to them is recorded as
            ``val_d_real``, a VAE's losses as ``val_loss``, ``val_recon`` and ``val_kl``.
        initial_epoch : int, default 0
            Number of the first epoch. To finish an interrupted ``fit(x, epochs=20)``, call
            ``fit(x, epochs=20, initial_epoch=gan.epoch)``: it ends with the same bits. Without
            `initial_epoch`, 20 epochs are made from the one that was begun.
        budget : float or str, optional
            Seconds, or a text such as "10 min", after which training stops.

        Returns
        -------
        History
            ``gan.history``; it grows from call to call.

        Raises
        ------
        DivergenceError
            If a loss becomes NaN or infinite.
        KeyboardInterrupt
            After Ctrl-C, at the end of a step.
        TypeError, ValueError
            If data or options are not as described.

        Examples
        --------
        >>> import ganc
        >>> gan = ganc.models.ToyGAN(seed=0)
        >>> history = gan.fit(ganc.datasets.toy.ring(512, seed=0), epochs=3, verbose=0)
        >>> len(history.history["d_loss"])
        3
        """
        return fit(
            self, given(x, y, *more), epochs=epochs, batch_size=batch_size,
            steps_per_epoch=steps_per_epoch, callbacks=callbacks, verbose=verbose,
            validation_data=validation_data, initial_epoch=initial_epoch, budget=budget,
        )  # fmt: skip

    @keywords_named
    def estimate(
        self,
        x: Any,
        y: Any = None,
        *more: Any,
        epochs: int = 1,
        batch_size: int | None = None,
        steps_per_epoch: int | None = None,
    ) -> Estimate:
        """Say beforehand how long `fit` will take, without callbacks.

        A few steps are made and taken back: parameters, optimizers, counters and history are what
        they were, to the bit. (Attributes that a `train_step` of your own changes are not.)

        In a virtual machine, whose cores its host may move apart, short steps take up to twice as
        long for seconds: a run of seconds can be that far from its estimate.

        Parameters
        ----------
        x, y, *more : array_like, Dataset or DataLoader
            As for `fit`.
        epochs : int, default 1
        batch_size, steps_per_epoch : int, optional
            As for `fit`.

        Returns
        -------
        Estimate
            A float, the seconds; it prints as a text and has ``steps`` and ``step_seconds``.

        Examples
        --------
        >>> import ganc
        >>> gan = ganc.models.ToyGAN(seed=0)
        >>> gan.estimate(ganc.datasets.toy.ring(512, seed=0), epochs=50)    # doctest: +ELLIPSIS
        about 0:0... for 100 steps of ... ms
        """
        return estimate(self, given(x, y, *more), epochs, batch_size, steps_per_epoch)

    @property
    def epoch(self) -> int:
        """Epochs completed so far."""
        return self._position.epoch

    def _validate(self, held_out: tuple[np.ndarray, ...]) -> dict[str, float]:
        """Return numbers of held-out samples, given as the networks see them."""
        return {}

    def _facts(self) -> dict[str, dict[str, Any]]:
        """Return entries of `describe`: "loss", and more for "training" and "data"."""
        return {"loss": {}, "training": {}, "data": {}}

    def _described(self) -> dict[str, Any]:
        """Return what a file says of the attributes `OWN`, as plain data."""
        return {}

    def _restore_described(self, data: Mapping[str, Any]) -> None:
        """Take back what `_described` gave; `data` is all that the file says."""

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> "Model":
        """Return a new model, with fresh weights, of what a file says.

        Parameters
        ----------
        data : dict
            Among it "config", "options", "seed" and what `_described` gave.

        Returns
        -------
        Model

        Raises
        ------
        NeedsModel
            If only the caller can build it.
        """
        raise NeedsModel(f"its class {cls.__name__} is your own")

    @property
    def _can_show(self) -> bool:
        """Whether there is something to preview."""
        return type(self).generate is not Model.generate

    def _generator_inputs(self, n: int, seed: int) -> tuple[np.ndarray, ...]:
        """Return what its first generator makes n samples of; nothing where that is no noise."""
        return ()

    def _repeat(self, data: Sequence[Any], last: int) -> None:
        """Make the steps up to a number again."""
        repeat(self, list(data), last)

    # ---- what it is ----

    def summary(self) -> None:
        """Print the networks as tables."""
        for name, network in self._parts().items():
            print(name.capitalize())
            print(network.summary(list(self.inputs_of(name))))

    def snapshot(self) -> Callable[[], None]:
        """Return a function that makes the model what it is now, to the bit.

        Returns
        -------
        callable
            Without arguments; it may be called more than once.

        Raises
        ------
        TypeError
            If a part cannot be described in a file, such as an optimizer of another library.

        Examples
        --------
        >>> import ganc
        >>> gan = ganc.models.ToyGAN(seed=0)
        >>> undo = gan.snapshot()
        >>> logs = gan.train_on_batch([[0.0, 1.0]] * 4)
        >>> undo()
        >>> gan.step
        0
        """
        return keep(self)

    def real_samples(self, x: Any, n: int) -> np.ndarray:
        """Return up to n samples of data as floats, as metrics compare them with results.

        Parameters
        ----------
        x : array_like
            The first field, in a form that `fit` takes.
        n : int

        Returns
        -------
        ndarray of float32, shape (n, C, H, W) or (n, F)
            In their order, images in [-1, 1]; fewer than all are chosen at random, always the same.
        """
        return evaluation_array(self, x, n)

    def describe(self) -> Description:
        """Return what this model is: its source, every number, and where it deviates.

        Returns
        -------
        Description
            Prints as a text; ``.to_dict()`` gives the entries.
        """
        return Description(self)

    def _repr_html_(self) -> str:
        return card(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save everything to one file; `ganc.load` continues from it to the bit.

        The file holds the networks, optimizers, counters, the position in the data, the history
        and the configuration, each with a checksum, and is never half written.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        OSError
            With `path`, if the file cannot be written.
        TypeError
            If a part cannot be described in a file, such as an optimizer of another library.
        """
        save(self, path)

    def __repr__(self) -> str:
        counts = (f"{name}: {count(net):,}" for name, net in self._parts().items())
        loss = f", loss={self.loss!r}" if hasattr(self, "loss") else ""
        return (
            f"{type(self).__name__}({', '.join(counts)} parameters{loss}, step={self.step}, "
            f"seed={self.seed})"
        )
