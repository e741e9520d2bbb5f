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
from ganc._backend import core
from ganc._options import at_least, choose, finite, positive
from ganc._tensor._creation import zeros_like
from ganc.gan import _described, _labels, _networks
from ganc.gan._latent_model import LatentModel
from ganc.gan._lazy_penalty import LazyPenalty
from ganc.gan._networks import without_graph
from ganc.losses import Penalty
from ganc.nn._inference import evaluate
from ganc.train import Field, Update, register
from ganc.train._network import checked, is_per_sample, optimizer

__all__ = ["GAN"]

_Optimizer = Any  # ganc.optim.Optimizer, or a callable that makes one of parameters
_Batch = tuple[core.Tensor, ...]  # samples, and labels if there are any
_Scalar = core.Tensor
_SAMPLES, _LABELS = Field("x", "image"), Field("y", "label")


@register
class GAN(LatentModel):
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
        *LatentModel.OPTIONS, "n_critic", "weight_clip", "d_reduction", "same_fakes",
    )  # fmt: skip
    OWN = ("loss", "penalties")

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
        d_reduction: str = "sum",
        same_fakes: bool = False,
        pixel_range: tuple[float, float] = (-1.0, 1.0),
        classes: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(latent_dim, latent, pixel_range, seed)
        self.loss = losses.get(loss, label_smoothing=finite("label_smoothing", label_smoothing, 0))
        self.penalties = losses.get_penalties(penalty)
        self.n_critic = at_least("n_critic", n_critic, 1)
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
        _networks.warn_of_activation(self.discriminator, self.loss)
        self.g_optimizer = optimizer("g_optimizer", g_optimizer, generator=generator)
        self.d_optimizer = optimizer("d_optimizer", d_optimizer, discriminator=discriminator)
        self.ema = ema

    @property
    def label_smoothing(self) -> float:
        """How far D's target for real samples is below 1."""
        return getattr(self.loss, "label_smoothing", 0.0)

    # ---- the updates ----

    def updates(self) -> tuple[Update, ...]:
        """Return D's updates, those of lazy penalties, and G's.

        Returns
        -------
        tuple of Update
        """
        if self.d_reduction == "separate":
            objectives = (self.real_objective, self.fake_objective)
        else:
            objectives = (self.d_objective,)
        d = [Update("d", "d_optimizer", o, clip=self.weight_clip) for o in objectives]
        lazy = [
            Update(p.name, "d_optimizer", LazyPenalty(self, p), p.every, self.weight_clip)
            for p in self.penalties
            if self._is_lazy(p)
        ]
        g = Update("g", "g_optimizer", self.g_objective, self.n_critic)
        return (*d, *lazy, g)

    def d_objective(self, batch: _Batch) -> tuple[_Scalar, dict[str, Any]]:
        """Return what D minimises, and its mean answers.

        Parameters
        ----------
        batch : named tuple of Tensor

        Returns
        -------
        loss : Tensor
            A scalar.
        report : dict
            ``d_real``, ``d_fake``, and the values of penalties.
        """
        real, *labels = batch
        fake = self._fakes(len(real), labels)
        due = [p for p in self.penalties if not self._is_lazy(p)]
        if any(p.at_samples for p in due):
            real, fake = (x.detach().requires_grad_() for x in (real, fake))
            r, f = self.discriminator(real, *labels), self.discriminator(fake, *labels)
        else:
            r, f = self._judge(real, fake, labels)
        loss = self.loss.d_loss(r, f)
        if self.d_reduction == "mean":
            loss = loss * 0.5
        report = self._answers(r, f)
        critic = _networks.Critic(self.discriminator, labels, (real, r), (fake, f))
        for penalty in due:
            report[f"{penalty.name}_loss"] = value = penalty(
                critic, real, fake if penalty.on_fakes else None
            )
            loss = loss + value
        return loss, report

    def real_objective(self, batch: _Batch) -> _Scalar:
        """Return the half of D's loss that real samples have.

        The logits that an update is not about are constants: in a loss that is the sum of a real
        and a fake half they leave the gradient of the other half alone.

        Parameters
        ----------
        batch : named tuple of Tensor

        Returns
        -------
        Tensor
            A scalar.
        """
        real, *labels = batch
        fake, r = self._fakes(len(real), labels), self.discriminator(real, *labels)
        self.passed |= {"fake": fake, "r": r.detach()}
        return self.loss.d_loss(r, zeros_like(r))

    def fake_objective(self, batch: _Batch) -> tuple[_Scalar, dict[str, Any]]:
        """Return the half of D's loss that generated samples have.

        Parameters
        ----------
        batch : named tuple of Tensor

        Returns
        -------
        loss : Tensor
            A scalar.
        report : dict
            ``d_real``, ``d_fake``, and ``d_loss``, the mean of both halves.
        """
        fake, r = self.passed["fake"], self.passed["r"]
        f = self.discriminator(fake, *batch[1:])
        total = self.loss.d_loss(r, f.detach()) * 0.5
        return self.loss.d_loss(zeros_like(f), f), {"d_loss": total} | self._answers(r, f)

    def g_objective(self, batch: _Batch) -> _Scalar:
        """Return what G minimises.

        Parameters
        ----------
        batch : named tuple of Tensor

        Returns
        -------
        Tensor
            A scalar.
        """
        real, *labels = batch
        fake = self.passed.pop("shared", None)  # its graph serves once
        if fake is None:
            fake = self.generator(self.noise(len(real)), *labels)
        r = without_graph(self.discriminator, real, *labels) if self._compares else None
        return self.loss.g_loss(self.discriminator(fake, *labels), r)

    @property
    def _compares(self) -> bool:
        return getattr(self.loss, "relativistic", False)

    def _is_lazy(self, penalty: Penalty) -> bool:
        """Whether a penalty has an update of its own; with two updates of D each one has."""
        return penalty.every > 1 or self.d_reduction == "separate"

    def _fakes(self, n: int, labels: Sequence[core.Tensor]) -> core.Tensor:
        """Return generated samples for D: constants, or those that G is about to learn on too."""
        if not (self.same_fakes and (self.step + 1) % self.n_critic == 0):
            return without_graph(self.generator, self.noise(n), *labels)
        fake = self.passed["shared"] = self.generator(self.noise(n), *labels)
        return fake.detach()

    def _judge(
        self, real: core.Tensor, fake: core.Tensor, labels: Sequence[core.Tensor]
    ) -> tuple[core.Tensor, core.Tensor]:
        """Return D's logits of both, from one pass where D treats samples one by one."""
        if not is_per_sample(self.discriminator):
            return self.discriminator(real, *labels), self.discriminator(fake, *labels)
        n = len(real)
        twice = (core.cat([part, part], 0) for part in labels)
        both = self.discriminator(core.cat([real, fake], 0), *twice)
        if both.ndim == 0 or len(both) != 2 * n:
            raise ValueError(
                f"the discriminator returned shape {tuple(both.shape)} for a batch of {2 * n}, "
                "expected one row a sample"
            )
        return core.narrow(both, 0, 0, n), core.narrow(both, 0, n, n)

    def _answers(self, r: core.Tensor, f: core.Tensor) -> dict[str, core.Tensor]:
        """Return D's mean answers: probabilities, or logits where the loss knows none."""
        probability = getattr(self.loss, "probability", False)
        previous = core.set_grad_enabled(False)
        try:
            return {
                name: core.mean(core.sigmoid(logits) if probability else logits)
                for name, logits in (("d_real", r), ("d_fake", f))
            }
        finally:
            core.set_grad_enabled(previous)

    # ---- what Model asks for ----

    def _checked_option(self, name: str, value: Any) -> Any:
        check = _described.OPTIONS.get(name)
        return check(value) if check else super()._checked_option(name, value)

    def _check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super()._check_shapes(shapes)
        _networks.check_discriminator(self.discriminator, shapes["x"], _labels.two(self))

    def _validate(self, held_out: tuple[np.ndarray, ...]) -> dict[str, float]:
        logits = evaluate(self.discriminator, *held_out)
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
        return facts

    def _described(self) -> dict[str, Any]:
        return _described.to_data(self.loss, self.penalties)

    def _restore_described(self, data: Mapping[str, Any]) -> None:
        loss, penalties = _described.loss(data), _described.penalties(data)
        self.loss = self.loss if loss is None else loss
        self.penalties = self.penalties if penalties is None else penalties

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> "GAN":
        """Return a GAN of the networks that a file describes; see `Model.rebuild`."""
        _described.refuse_own(data)
        networks = _described.networks(data, "generator", "discriminator")
        return cls(*networks, **data["options"], seed=data["seed"])


def _first_line(thing: Any) -> str:
    return (type(thing).__doc__ or "").strip().split("\n")[0]
