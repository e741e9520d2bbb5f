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

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganc import losses
from ganc._options import at_least, choose, finite
from ganc.gan import _architecture, _door, _networks
from ganc.gan._model import Model
from ganc.gan._updates import Updates

__all__ = ["GAN"]

_Optimizer = Any  # ganc.optim.Optimizer, or a callable that makes one of parameters


class GAN(Updates):
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
    ema : float, optional
        Decay of an exponential moving average of the generator, such as 0.999, which samples are
        then taken from; see `GAN.ema`.
    weight_clip : float, optional
        After each update D's parameters are clipped to [-weight_clip, weight_clip], as WGAN asks.
    d_reduction : {"sum", "mean", "separate"}, default "sum"
        D's loss is the sum of its real and its fake half, or their mean. "separate": D is updated
        twice, on the real half and then on the fake one; reported is their mean. For losses that
        are such a sum.
    same_fakes : bool, default False
        G learns on the fakes that D has just learned on, which saves making others; by default
        on fresh ones.
    pixel_range : tuple of float, default (-1.0, 1.0)
        What the generator's images span; (0, 1) for one that ends in a sigmoid. Images are
        converted at the door, so that `fit` and `sample` speak of [-1, 1] all the same.
    seed : int, optional
        Decides latents, dropout and the order of the data; the same seed gives the same bits with
        any number of threads. By default a fresh one, readable as ``gan.seed``.

    Attributes
    ----------
    generator, discriminator : Module
    ema_generator : Module or None
        The averaged generator, if `ema` is on.
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

    OPTIMIZERS = {"g_optimizer": ("generator",), "d_optimizer": ("discriminator",)}
    MAKER = "generator"
    OPTIONS = (*Model.OPTIONS, "n_critic", "weight_clip", "d_reduction", "same_fakes")
    OWN = ("loss",)

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
        ema: float | None = None,
        weight_clip: float | None = None,
        d_reduction: str = "sum",
        same_fakes: bool = False,
        pixel_range: tuple[float, float] = (-1.0, 1.0),
        seed: int | None = None,
    ) -> None:
        _door.refuse("penalty", penalty)
        super().__init__(latent_dim, latent, pixel_range, seed)
        self.loss = losses.get(loss, label_smoothing=finite("label_smoothing", label_smoothing, 0))
        self.n_critic = at_least("n_critic", n_critic, 1)
        self.weight_clip = None if weight_clip is None else finite("weight_clip", weight_clip, 0)
        self.d_reduction = choose("d_reduction", d_reduction, ("sum", "mean", "separate"))
        self.same_fakes = bool(same_fakes)
        self.generator = _networks.checked("generator", generator)
        self.discriminator = _networks.checked("discriminator", discriminator)
        _networks.warn_of_activation(self.discriminator, self.loss)
        self.g_optimizer = _networks.optimizer("g_optimizer", g_optimizer, generator=generator)
        self.d_optimizer = _networks.optimizer(
            "d_optimizer", d_optimizer, discriminator=discriminator
        )
        self.ema = ema

    @property
    def label_smoothing(self) -> float:
        """How far D's target for real samples is below 1."""
        return getattr(self.loss, "label_smoothing", 0.0)

    # ---- what Model asks for ----

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        super()._check_shape(shape)
        _networks.check_discriminator(self.discriminator, shape)

    def _validate(self, inside: np.ndarray) -> dict[str, float]:
        logits = _networks.evaluate(self.discriminator, inside)
        if self.loss.probability:
            logits = 1 / (1 + np.exp(-logits.astype(np.float64)))
        return {"val_d_real": float(logits.mean())}

    def _facts(self) -> dict[str, dict[str, Any]]:
        loss = {
            "name": getattr(self.loss, "name", type(self.loss).__name__),
            "label_smoothing": self.label_smoothing,
            "formula": (type(self.loss).__doc__ or "").strip().split("\n")[0],
            "source": getattr(self.loss, "source", ""),
            "d_reduction": self.d_reduction,
        }
        training = {
            "n_critic": self.n_critic,
            "weight_clip": self.weight_clip,
            "same_fakes": self.same_fakes,
        }
        return {"loss": loss, "training": training}

    def _own_state(self) -> dict[str, Any]:
        trainer = self._current_trainer()
        return {
            "loss": _architecture.loss_to_data(self.loss),
            "phase": trainer.phase,
            "last": list(trainer.last),
        }

    def _restore_own(self, data: Mapping[str, Any]) -> None:
        if data["loss"] is not None:
            self.loss = losses.get(**data["loss"])
        trainer = self._current_trainer()
        trainer.phase, trainer.last = data["phase"], tuple(data["last"])
