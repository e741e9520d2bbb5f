"""`Model`: what a GAN has in common with the models it is compared with.

Data come in, steps are made, samples go out, everything is saved. A subclass says which networks it
has, which optimizers train them and what a step is.
"""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ganc._backend import core
from ganc._options import choose, entropy, seed_word
from ganc.errors import DivergenceError
from ganc.gan import _door, _latents, _networks, _streams
from ganc.gan._average import Averaged
from ganc.gan._fit import Running, fit
from ganc.gan._interrupt import Interrupts
from ganc.gan._samples import Samples
from ganc.history import History
from ganc.nn import Module, Parameter

if TYPE_CHECKING:
    from ganc.callbacks import Callback
    from ganc.callbacks._base import CallbackList
    from ganc.gan._describe import Description
    from ganc.gan._estimate import Estimate

__all__ = ["Model"]


class Model(Averaged, Samples):
    """Networks that are trained step by step, one of which makes samples of latents."""

    OPTIMIZERS: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # attribute -> networks it trains
    MAKER: ClassVar[str] = ""  # the network that takes latents; the others take samples
    OPTIONS: ClassVar[tuple[str, ...]] = ("latent_dim", "latent", "pixel_range")  # plain data
    OWN: ClassVar[tuple[str, ...]] = ()  # attributes behind `_own_state`
    FIELDS: ClassVar[tuple[str, ...]] = ("x",)  # what a batch holds
    default_batch_size = 64

    def __init__(
        self,
        latent_dim: int | Sequence[int],
        latent: str,
        pixel_range: tuple[float, float],
        seed: int | None,
    ) -> None:
        self.latent_dim = _latents.shape_of(latent_dim)
        self.latent = choose("latent", latent, _latents.KINDS)
        self.pixel_range = _door.pixel_range(pixel_range)
        self.seed = entropy() if seed is None else seed_word("seed", seed)
        self.history = History()
        self.stop_training = False
        self._position = _door.Position()
        self._running = Running()
        self._step = 0
        self._drawn = 0  # samples asked for without a seed
        self._shape: tuple[int, ...] | None = None  # of a sample, once the networks are checked
        self._busy = False
        self._listening: CallbackList | None = None  # to `fit`, while it runs
        self._states: list[dict[str, Any]] = []  # of callbacks, for the next `fit`

    # ---- training ----

    def fit(
        self,
        x: Any,
        y: ArrayLike | None = None,
        *,
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
        x : array_like, Dataset or DataLoader
            uint8 images (N, H, W) or (N, H, W, C), float images (N, C, H, W) in [-1, 1], or float
            points (N, F). A data set such as `ganc.data.ImageFolder` gives such samples one by
            one, alone or as (sample, label); it is shuffled, and read and decoded in a background
            thread, so it need not fit into memory. A loader decides batch size, order and seed
            itself (without a seed it takes the model's); where in its epochs training is, the
            model knows, and a checkpoint holds.
        y : array_like of int, optional
            Labels, for models that take them.
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
        validation_data : array_like, Dataset or DataLoader, optional
            Held-out samples; D's mean answer to them is recorded as ``val_d_real``, a VAE's losses
            as ``val_loss``, ``val_recon`` and ``val_kl``.
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
            self, x, y, epochs=epochs, batch_size=batch_size, steps_per_epoch=steps_per_epoch,
            callbacks=callbacks, verbose=verbose, validation_data=validation_data,
            initial_epoch=initial_epoch, budget=budget,
        )  # fmt: skip

    def estimate(
        self,
        x: Any,
        *,
        epochs: int = 1,
        batch_size: int | None = None,
        steps_per_epoch: int | None = None,
    ) -> "Estimate":
        """Say beforehand how long `fit` will take, without callbacks.

        A few steps are made and taken back: parameters, optimizers, counters and history are what
        they were, to the bit. (Attributes that a `train_step` of your own changes are not.)

        In a virtual machine, whose cores its host may move apart, short steps take up to twice as
        long for seconds: a run of seconds can be that far from its estimate.

        Parameters
        ----------
        x, epochs, batch_size, steps_per_epoch
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
        from ganc.gan._estimate import estimate

        return estimate(self, x, epochs, batch_size, steps_per_epoch)

    def train_on_batch(self, x: ArrayLike) -> dict[str, float]:
        """Make one step: a GAN updates D once and, every `n_critic`-th time, G once.

        Parameters
        ----------
        x : array_like or Tensor
            A batch of real samples, in a form that `fit` takes.

        Returns
        -------
        dict of str to float
            Of a GAN: ``d_loss``, ``g_loss``; ``d_real``, ``d_fake``: D's mean answer to real and to
            fake samples (a probability, or the logit where the loss knows none); ``d_grad_norm``,
            ``g_grad_norm``: the 2-norms of the gradients. The values of G are those of its last
            update, NaN before the first. Of other models: what their `train_step` says.

        Raises
        ------
        DivergenceError
            If a loss becomes NaN or infinite.
        """
        batch = _door.batch_of(self, x)
        with Interrupts() as interrupts, interrupts.held():
            return self._update(batch)

    def train_step(self, batch: core.Tensor) -> dict[str, float]:
        """Make the step of `train_on_batch` in ganc's operations.

        Parameters
        ----------
        batch : Tensor, shape (N, C, H, W) or (N, F)
            Real samples.

        Returns
        -------
        dict of str to float
            What is recorded, averaged over each epoch.
        """
        raise NotImplementedError(f"{type(self).__name__} must define train_step(batch)")

    def noise(self, n: int) -> core.Tensor:
        """Draw latents for a training step.

        Parameters
        ----------
        n : int

        Returns
        -------
        Tensor, shape (n, latent_dim)
        """
        return _latents.draw(core.default_generator, n, self.latent_dim, self.latent)

    def schedule(self) -> None:
        """Set the optimizers' numbers before a step; presets override it.

        It must depend on ``self.step`` and ``self.epoch`` only, so that runs can be resumed.
        """

    @property
    def step(self) -> int:
        """Steps so far: D updates of a GAN."""
        return self._step

    @property
    def epoch(self) -> int:
        """Epochs completed so far."""
        return self._position.epoch

    def _update(self, batch: core.Tensor) -> dict[str, float]:
        """Make one step on a checked batch."""
        if self._busy:
            raise RuntimeError("this model is in the middle of a step; one step at a time")
        self._busy = True
        try:
            self.schedule()
            with _streams.drawing(self.seed, _streams.step_stream(self._step)):
                _networks.train_mode(*self._parts().values())
                logs = self._make_step(batch)
            self._step += 1
        finally:
            self._busy = False
        self._check_finite(logs)
        return logs

    def _make_step(self, batch: core.Tensor) -> dict[str, float]:
        average, before = self._current_average(), self._maker_updates()
        logs = {key: float(value) for key, value in self.train_step(batch).items()}
        if average is not None and self._maker_updates() != before:
            average.update()
        return logs

    def _maker_updates(self) -> list[int]:
        """Return how often the parameters of the network that makes samples were updated."""
        names = [name for name, parts in self.OPTIMIZERS.items() if self.MAKER in parts]
        return [optimizer.steps for name in names for optimizer in getattr(self, name).cores()]

    def _counted(self, logs: dict[str, float]) -> dict[str, float]:
        """Return the numbers of a step that are new."""
        return logs

    def _check_finite(self, logs: dict[str, float]) -> None:
        for name, value in self._counted(logs).items():
            if name.endswith("loss") and not math.isfinite(value):
                raise DivergenceError(
                    f"{name} is {value} after step {self.step} (epoch {self.epoch + 1}). The "
                    "weights may hold NaN now: load an earlier file or build the model anew, then "
                    "try a smaller learning rate, label_smoothing=0.1, or look at the data"
                )

    # ---- what a subclass adds ----

    def _parts(self) -> dict[str, Module]:
        """Return the networks by name."""
        return {name: getattr(self, name) for group in self.OPTIMIZERS.values() for name in group}

    def _trained_by(self, optimizer: str) -> list[Parameter]:
        """Return the parameters that an optimizer may hold, in the order that files count."""
        return _networks.parameters_of(*map(self._parts().get, self.OPTIMIZERS[optimizer]))

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise unless the networks fit samples of this shape."""
        _networks.check_maker(self.MAKER, self._maker(), self.latent_dim, shape)

    def _maker(self) -> Module:
        return self._parts()[self.MAKER]

    def _generate(self, z: np.ndarray, ema: bool | None = None) -> np.ndarray:
        """Return samples of latents, images in [-1, 1]."""
        samples = _networks.evaluate(self._sampler(ema), z)
        return _door.to_unit(samples, self.pixel_range)

    def _validate(self, inside: np.ndarray) -> dict[str, float]:
        """Return numbers of held-out samples, given as the networks see them."""
        return {}

    def _facts(self) -> dict[str, dict[str, Any]]:
        """Return entries of `describe`: "loss", and more for "training"."""
        return {"loss": {}, "training": {}}

    def _own_state(self) -> dict[str, Any]:
        """Return what a file holds of the attributes `OWN`, as plain data."""
        return {}

    def _restore_own(self, data: Mapping[str, Any]) -> None:
        """Take back what `_own_state` gave."""

    # ---- what it is ----

    def preview(self, n: int, *, seed: int) -> np.ndarray:
        """Return what grids, cards, logs and the command line show of this model.

        Parameters
        ----------
        n : int
            How many pictures or points.
        seed : int
            The same seed gives the same pictures.

        Returns
        -------
        ndarray of float32, shape (n, C, H, W) or (n, F)
            Images are in [-1, 1].
        """
        return self.sample(n, seed=seed)

    def summary(self) -> None:
        """Print the networks as tables."""
        _networks.print_summary(self)

    def describe(self) -> "Description":
        """Return what this model is: its source, every number, and where it deviates.

        Returns
        -------
        Description
            Prints as a text; ``.to_dict()`` gives the entries.
        """
        from ganc.gan._describe import Description

        return Description(self)

    def _repr_html_(self) -> str:
        from ganc.gan._card import card

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
        from ganc.gan._checkpoint import save

        save(self, path)

    def __repr__(self) -> str:
        counts = (f"{name}: {_networks.count(net):,}" for name, net in self._parts().items())
        loss = f", loss={self.loss!r}" if hasattr(self, "loss") else ""
        return (
            f"{type(self).__name__}({', '.join(counts)} parameters{loss}, step={self.step}, "
            f"seed={self.seed})"
        )
