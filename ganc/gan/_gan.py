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
from copy import deepcopy
from typing import Any

import numpy as np

from ganc import augment as augmentations
from ganc import losses
from ganc import tricks as all_tricks
from ganc._options import at_least, choose, finite, positive
from ganc.gan import _described, _labels, _networks, _ramps
from ganc.gan._latent_model import LatentModel
from ganc.gan._objectives import Objectives
from ganc.losses import Penalty
from ganc.nn._inference import evaluate
from ganc.train import Field, Ramp, register
from ganc.train._network import checked, optimizer

__all__ = ["GAN"]

_Optimizer = Any  # ganc.optim.Optimizer, or a callable that makes one of parameters
_SAMPLES, _LABELS = Field("x", "image"), Field("y", "label")


@register
class GAN(Objectives):
    """A generator and a discriminator that are trained against each other.

    Parameters
    ----------
    generator : Module
        Takes latents (N, latent_dim), gives samples: images (N, C, H, W) or points (N, F). Where
        its ``forward`` takes two arguments the GAN is conditional: the second are labels (N,).
    discriminator : Module
        Takes samples, of a conditional GAN labels as well, and gives logits (N, 1). Without a
        sigmoid: that is part of the loss.
    latent_dim : int or tuple of int, default 100
        Shape of one latent.
    loss : str or GANLoss, default "non_saturating"
        A name of `ganc.losses.list`, or an object with ``d_loss`` and ``g_loss``.
    penalty : str, Penalty or list of them, optional
        What D minimises besides: a name of `ganc.losses.penalties`, or objects such as
        ``ganc.losses.R1(weight=10, every=16)``. One with ``every`` above 1 is an update of its own.
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
    augment : str, Augmentation or list of them, optional
        Random changes of what D sees, real and generated alike: "diffaugment", "ada", or some of
        `ganc.augment`.
    packing : int, default 1
        D judges so many samples at a time, laid together along their first axis (PacGAN, Lin et al.
        2018): it has one logit for them. A batch is a multiple of it.
    tricks : str, Trick or list of them, optional
        Names of `ganc.tricks.list`, or objects such as ``ganc.tricks.InstanceNoise(0.1)``.
    ramps : dict of str to Ramp, optional
        Numbers that change with the steps: "lr", "g_lr", "d_lr", "beta2", "penalty" (the weights),
        "augment" (the probabilities), "ema" (the half-life in images).
    d_reduction : {"sum", "mean", "separate"}, default "sum"
        D's loss is the sum of its real and its fake half, or their mean. "separate": D is updated
        twice, on the real half and then on the fake one; reported is their mean. For losses that
        are such a sum.
    same_fakes : bool, default False
        G learns on the fakes that D has just learned on, which saves making others; by default
        on fresh ones.
    pixel_range : tuple of float, default (-1.0, 1.0)
        What the generator's images span; (0, 1) for one that ends in a sigmoid. Images are
        converted when they come in and go out, so that `fit` and `sample` speak of [-1, 1] all the
        same.
    classes : int, optional
        Of a conditional GAN: labels are 0 to classes - 1. By default counted by the first `fit`.
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

    Another alternation is another list of updates:

    >>> class TwoToOne(ganc.GAN):
    ...     "Two updates of G for one of D."
    ...     def updates(self):
    ...         d, g = super().updates()
    ...         return d, g, g
    >>> gan = TwoToOne(ganc.nn.Linear(2, 2), ganc.nn.Linear(2, 1), latent_dim=2, seed=0)
    >>> logs = gan.train_on_batch([[0.0, 1.0]] * 4)
    """

    OPTIMIZERS = {"g_optimizer": ("generator",), "d_optimizer": ("discriminator",)}
    GENERATORS = ("generator",)
    OPTIONS = (
        *LatentModel.OPTIONS, "n_critic", "weight_clip", "packing", "d_reduction", "same_fakes",
    )  # fmt: skip
    OWN = ("loss", "penalties", "augment", "tricks", "ramps")

    def __init__(
        self,
        generator: Any,
        discriminator: Any,
        latent_dim: int | Sequence[int] = 100,
        *,
        loss: str | losses.GANLoss = "non_saturating",
        penalty: str | Penalty | Sequence[str | Penalty] | None = None,
        g_optimizer: _Optimizer | None = None,
        d_optimizer: _Optimizer | None = None,
        n_critic: int = 1,
        label_smoothing: float = 0.0,
        latent: str = "normal",
        ema: float | None = None,
        weight_clip: float | None = None,
        augment: Any = None,
        packing: int = 1,
        tricks: Any = None,
        ramps: Mapping[str, Ramp] | None = None,
        d_reduction: str = "sum",
        same_fakes: bool = False,
        pixel_range: tuple[float, float] = (-1.0, 1.0),
        classes: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(latent_dim, latent, pixel_range, seed)
        self.loss = losses.get(loss, label_smoothing=finite("label_smoothing", label_smoothing, 0))
        self.penalties = tuple(map(deepcopy, losses.get_penalties(penalty)))
        self.augment = tuple(map(deepcopy, augmentations.get(augment)))
        self.tricks = tuple(map(deepcopy, all_tricks.get(tricks)))
        self.ramps = _ramps.checked(ramps)
        self.n_critic = at_least("n_critic", n_critic, 1)
        self.packing = at_least("packing", packing, 1)
        self.weight_clip = None if weight_clip is None else positive("weight_clip", weight_clip)
        self.d_reduction = choose("d_reduction", d_reduction, ("sum", "mean", "separate"))
        if self.d_reduction == "separate" and self._compares:
            raise ValueError(
                f"d_reduction: got 'separate', but {self.loss!r} compares real and generated "
                "samples, so it has no halves; take 'sum' or 'mean'"
            )
        self.same_fakes = bool(same_fakes)
        self.generator = checked("generator", generator)
        self.discriminator = checked("discriminator", discriminator)
        self.classes = None if classes is None else at_least("classes", classes, 1)
        if classes is not None or _networks.takes_labels(self.generator):
            self.FIELDS = (_SAMPLES, _LABELS)
        else:
            self.FIELDS = (_SAMPLES,)
        if self.packing > 1 and len(self.FIELDS) > 1:
            raise ValueError(
                f"packing: got {self.packing}, but a conditional GAN's D judges one sample and its "
                "label at a time; leave packing at 1"
            )
        _networks.warn_of_activation(self.discriminator, self.loss)
        _networks.warn_of_batch_norm(self.discriminator, self.penalties)
        self.g_optimizer = self._optimizer("g_optimizer", g_optimizer)
        self.d_optimizer = self._optimizer("d_optimizer", d_optimizer)
        self.ema = ema

    @property
    def label_smoothing(self) -> float:
        """How far D's target for real samples is below 1."""
        return getattr(self.loss, "label_smoothing", 0.0)

    def _optimizer(self, name: str, given: Any) -> Any:
        """Return the optimizer of the networks that `OPTIMIZERS` says, of those that are there."""
        networks = {n: getattr(self, n) for n in self.OPTIMIZERS[name] if hasattr(self, n)}
        return optimizer(name, given, **networks)

    # ---- what Model asks for ----

    def _checked_option(self, name: str, value: Any) -> Any:
        check = _described.OPTIONS.get(name)
        return check(value) if check else super()._checked_option(name, value)

    def _check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super()._check_shapes(shapes)
        (channels, *rest) = shapes["x"]
        packed = (channels * self.packing, *rest)
        _networks.check_discriminator(self.discriminator, packed, self._told(_labels.two(self)))

    def inputs_of(self, name: str) -> tuple[tuple[int, ...], ...]:
        """Return the shapes of one sample's inputs of a network; see `Model.inputs_of`."""
        found = super().inputs_of(name)
        if name != "discriminator" or self.packing == 1:
            return found
        (channels, *rest), *labels = found
        return ((channels * self.packing, *rest), *labels)

    def judged(self, samples: Any, *labels: Any) -> tuple[Any, ...]:
        """Return what D takes of samples and labels: packed, and labels where it knows any.

        Parameters
        ----------
        samples : ndarray or Tensor
            As the networks see them; those that fill no pack are left out.
        *labels : ndarray or Tensor

        Returns
        -------
        tuple
        """
        whole = len(samples) // self.packing * self.packing
        return (self._packed(samples[:whole]), *self._told(labels))

    def schedule(self) -> None:
        """Set what `ramps` change; a class of your own that overrides it calls this one."""
        _ramps.apply(self)

    def state(self) -> dict[str, Any]:
        """Return what tricks remember; see `Model.state`."""
        states = {trick.name: trick.state() for trick in self.tricks}
        return {"tricks": {name: state for name, state in states.items() if state}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Give tricks back what they remember; see `Model.restore`."""
        for trick in self.tricks:
            trick.restore(state.get("tricks", {}).get(trick.name, {}))

    def _validate(self, held_out: tuple[np.ndarray, ...]) -> dict[str, float]:
        logits = evaluate(self.discriminator, *self.judged(*held_out))
        if getattr(self.loss, "probability", False):
            logits = 1 / (1 + np.exp(-logits.astype(np.float64)))
        return {"val_d_real": float(logits.mean())}

    def _facts(self) -> dict[str, dict[str, Any]]:
        facts = super()._facts()
        facts["loss"] |= {
            "name": getattr(self.loss, "name", type(self.loss).__name__),
            "label_smoothing": self.label_smoothing,
            "formula": _first_line(self.loss),
            "source": getattr(self.loss, "source", ""),
            "d_reduction": self.d_reduction,
        }
        if self.penalties:
            facts["loss"]["penalties"] = [f"{p!r}: {_first_line(p)}" for p in self.penalties]
        facts["training"] |= {
            "n_critic": self.n_critic,
            "weight_clip": self.weight_clip,
            "same_fakes": self.same_fakes,
        }
        if self.packing > 1:
            facts["training"]["packing"] = self.packing
        for name in ("augment", "tricks"):
            if getattr(self, name):
                facts["training"][name] = list(map(repr, getattr(self, name)))
        if self.ramps:
            facts["training"]["ramps"] = {name: repr(r) for name, r in self.ramps.items()}
        return facts

    def _described(self) -> dict[str, Any]:
        return _described.to_data(self)

    def _restore_described(self, data: Mapping[str, Any]) -> None:
        vars(self).update(_described.from_data(data))

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> "GAN":
        """Return a GAN of the networks that a file describes; see `Model.rebuild`."""
        _described.refuse_own(data)
        networks = _described.networks(data, "generator", "discriminator")
        return cls(*networks, **data["options"], seed=data["seed"])


def _first_line(thing: Any) -> str:
    return (type(thing).__doc__ or "").strip().split("\n")[0]
