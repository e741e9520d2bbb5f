"""`GAN`: two networks, a loss, two optimizers, and the loop that trains them.

>>> import numpy as np, ganc
>>> from ganc import nn
>>> generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
>>> discriminator = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
>>> gan = ganc.GAN(generator, discriminator, latent_dim=4, seed=0)
>>> history = gan.fit(ganc.datasets.toy.ring(256, seed=0), epochs=2, batch_size=64, verbose=0)
>>> history.epoch
[0, 1]
>>> gan.sample(5, seed=1).shape
(5, 2)
"""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from ganc import losses
from ganc._options import at_least, choose, entropy, finite, seed_word
from ganc.gan import _door, _latents, _networks
from ganc.gan._fit import Running, fit
from ganc.gan._samples import Samples
from ganc.gan._updates import Updates
from ganc.history import History

if TYPE_CHECKING:
    from ganc.callbacks import Callback
    from ganc.gan._describe import Description

__all__ = ["GAN"]

_Optimizer = Any  # ganc.optim.Optimizer, or a callable that makes one of parameters


class GAN(Updates, Samples):
    """A generator and a discriminator that are trained against each other.

    Parameters
    ----------
    generator : Module
        Takes latents (N, latent_dim), gives samples: images (N, C, H, W) or points (N, F).
    discriminator : Module
        Takes samples, gives logits (N, 1). Without a sigmoid: that is part of the loss.
    latent_dim : int or tuple of int, default 100
        Shape of one latent.
    loss : str or GANLoss, default "non_saturating"
        A name of `ganc.losses.list`, or an object with ``d_loss`` and ``g_loss``.
    penalty : None
        Not offered yet.
    g_optimizer, d_optimizer : Optimizer or callable, optional
        An optimizer of `ganc.optim` over the network's parameters, or a function that makes one
        of them. By default ``Adam(parameters, lr=2e-4, betas=(0.5, 0.999))``.
    n_critic : int, default 1
        D updates for each G update.
    label_smoothing : float, default 0.0
        D's target for real samples is 1 - label_smoothing.
    latent : {"normal", "uniform"}, default "normal"
        Latents from N(0, 1) or U(-1, 1).
    ema : None
        Not offered yet.
    weight_clip : float, optional
        After each update D's parameters are clipped to [-weight_clip, weight_clip], as WGAN asks.
    d_reduction : {"sum", "mean"}, default "sum"
        D's loss is the sum of its real and its fake half, or their mean.
    pixel_range : tuple of float, default (-1.0, 1.0)
        What the generator's images span; (0, 1) for one that ends in a sigmoid. Images are
        converted at the door, so that `fit` and `sample` speak of [-1, 1] all the same.
    seed : int, optional
        Decides latents, dropout and the order of the data; the same seed gives the same bits with
        any number of threads. By default a fresh one, readable as ``gan.seed``.

    Attributes
    ----------
    generator, discriminator : Module
    g_optimizer, d_optimizer : Optimizer
    history : History
        What `fit` has recorded so far.
    step : int
        D updates so far.
    epoch : int
        Epochs completed so far.
    stop_training : bool
        Set it in a callback to end `fit` after the current step.

    Raises
    ------
    TypeError, ValueError
        If an option is not as described.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn, optim
    >>> gan = ganc.GAN(nn.Linear(2, 2), nn.Linear(2, 1), latent_dim=2, loss="wgan", n_critic=5,
    ...                weight_clip=0.01, d_optimizer=lambda p: optim.RMSprop(p, lr=5e-5), seed=0)
    >>> sorted(gan.train_on_batch([[0.5, 0.5]] * 8))
    ['d_fake', 'd_grad_norm', 'd_loss', 'd_real', 'g_grad_norm', 'g_loss']
    """

    default_batch_size = 64

    def __init__(
        self,
        generator: Any,
        discriminator: Any,
        latent_dim: int | Sequence[int] = 100,
        *,
        loss: str | losses.GANLoss = "non_saturating",
        penalty: None = None,
        g_optimizer: _Optimizer | None = None,
        d_optimizer: _Optimizer | None = None,
        n_critic: int = 1,
        label_smoothing: float = 0.0,
        latent: str = "normal",
        ema: None = None,
        weight_clip: float | None = None,
        d_reduction: str = "sum",
        pixel_range: tuple[float, float] = (-1.0, 1.0),
        seed: int | None = None,
    ) -> None:
        _door.refuse("penalty", penalty)
        _door.refuse("ema", ema)
        self.latent_dim = _latents.shape_of(latent_dim)
        self.latent = choose("latent", latent, _latents.KINDS)
        self.loss = losses.get(loss, label_smoothing=finite("label_smoothing", label_smoothing, 0))
        self.n_critic = at_least("n_critic", n_critic, 1)
        self.weight_clip = None if weight_clip is None else finite("weight_clip", weight_clip, 0)
        self.d_reduction = choose("d_reduction", d_reduction, ("sum", "mean"))
        self.pixel_range = _door.pixel_range(pixel_range)
        self.seed = entropy() if seed is None else seed_word("seed", seed)
        self.generator = _networks.checked("generator", generator)
        self.discriminator = _networks.checked("discriminator", discriminator)
        _networks.warn_of_activation(self.discriminator, self.loss)
        self.g_optimizer = _networks.optimizer("g_optimizer", g_optimizer, generator)
        self.d_optimizer = _networks.optimizer("d_optimizer", d_optimizer, discriminator)
        self.history = History()
        self.stop_training = False
        self._position = _door.Position()
        self._running = Running()
        self._step = 0
        self._drawn = 0  # samples asked for without a seed
        self._trainer: Any = None
        self._trainer_key: tuple = ()
        self._shape: tuple[int, ...] | None = None  # of a sample, once the networks are checked
        self._busy = False

    @property
    def label_smoothing(self) -> float:
        """How far D's target for real samples is below 1."""
        return getattr(self.loss, "label_smoothing", 0.0)

    # ---- training ----

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        steps_per_epoch: int | None = None,
        callbacks: Iterable["Callback"] = (),
        verbose: str | int = "auto",
        validation_data: ArrayLike | None = None,
        initial_epoch: int = 0,
        budget: float | str | None = None,
    ) -> History:
        """Train on data.

        Called again, it goes on where it stopped, in the middle of an epoch too. Ctrl-C ends it
        with KeyboardInterrupt after the current step: the model is usable, `history` has what was
        done.

        Parameters
        ----------
        x : array_like
            uint8 images (N, H, W) or (N, H, W, C), float images (N, C, H, W) in [-1, 1], or float
            points (N, F).
        y : array_like of int, optional
            Labels, for GANs that take them.
        epochs : int, optional
            Train until this epoch, counted from `initial_epoch`. By default 1, or as many as fit
            into `budget`.
        batch_size : int, optional
            Real samples an update; by default 64, or what the preset states.
        steps_per_epoch : int, optional
            D updates an epoch; by default one pass over the data, without a smaller last batch.
        callbacks : iterable of Callback, optional
        verbose : {"auto", 0, 1, 2}, default "auto"
            0 is silent, 1 a progress line with the time left, 2 one line an epoch; "auto" is 1 in
            a terminal and 2 elsewhere. All on standard error.
        validation_data : array_like, optional
            Held-out samples; D's mean answer to them is recorded as ``val_d_real``.
        initial_epoch : int, default 0
            Number of the first epoch. To finish an interrupted ``fit(x, epochs=20)``, call
            ``fit(x, epochs=20, initial_epoch=gan.epoch)``.
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
        size = self.default_batch_size if batch_size is None else batch_size
        return fit(
            self, x, y, epochs=epochs, batch_size=size, steps_per_epoch=steps_per_epoch,
            callbacks=callbacks, verbose=verbose, validation_data=validation_data,
            initial_epoch=initial_epoch, budget=budget,
        )  # fmt: skip

    # ---- what it is ----

    def summary(self) -> None:
        """Print both networks as tables."""
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

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save everything to one file; `ganc.load` continues from it to the bit.

        The file holds both networks, optimizers, counters, the position in the data, the history
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
        g, d = _networks.count(self.generator), _networks.count(self.discriminator)
        return (
            f"{type(self).__name__}(generator: {g:,} parameters, discriminator: {d:,}, "
            f"loss={self.loss!r}, step={self.step}, seed={self.seed})"
        )
