"""Unrolled GANs: G learns on what D will be after some steps of its own."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least, choose, positive
from ganc._tensor._autograd import grad
from ganc.models._preset import Preset, widths
from ganc.models._toy import activation_of, initialise, perceptron
from ganc.nn._inference import without_graph
from ganc.nn.utils._functional_call import swapped
from ganc.train import Update, register

__all__ = ["UnrolledGAN"]

_SMALLEST = 1e-30  # second moments below are constants: a square root has no derivative at 0
_Weights = dict[str, core.Tensor]


@register
class UnrolledGAN(Preset):
    """Unrolled GAN, Metz et al. 2017, with the networks of the first author's notebook.

    G's loss is taken with the D that some steps of training from now, on the same batch, would
    give; its gradient flows through these steps, whose result is then thrown away. D makes one
    ordinary step, on the same samples and from where it was. For points: 256-128-128-2 and
    2-128-128-1.

    The paper's own numbers are keywords away: ``activation="relu", gain=0.8, g_lr=1e-4,
    unroll_steps=10``, on ``ganc.datasets.toy.ring(n, radius=2, std=0.02)``.

    Parameters
    ----------
    features : int, default 2
        Values of a point.
    latent_dim : int, default 256
        Latents are N(0, 1).
    g_hidden, d_hidden : tuple of int, default (128, 128)
        Widths of the hidden layers.
    activation : {"tanh", "relu", "leaky_relu"}, default "tanh"
    gain : float, default 1.4
        Of the orthogonal weights that training begins with.
    unroll_steps : int, default 5
        Steps of D that G looks ahead; 0 is a GAN without unrolling.
    unroll : {"adam", "sgd"}, default "adam"
        How D moves in these steps. Adam begins from the moments and the count of steps that D's
        optimizer has reached.
    unroll_lr : float, optional
        Learning rate of these steps; by default that of D's optimizer.
    saddle : bool, default True
        G minimises minus D's whole loss, whose real half depends on G through the unrolled D.
        False: G's half of `loss`, as in other GANs.
    loss : str or GANLoss, default "minimax"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 1e-3, 1e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams, and of the unrolled one.
    batch_size : int, default 512
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.UnrolledGAN(seed=0)
    >>> logs = gan.train_on_batch(ganc.datasets.toy.ring(64, seed=0))
    >>> gan.sample(4, seed=0).shape
    (4, 2)
    """

    source = (
        "Metz et al. 2017, arXiv:1611.02163; networks and numbers of github.com/poolio/unrolled_gan"
    )
    deviations = (
        "both updates of a step are computed from the same networks and samples, as in the "
        "notebook, but one after the other",
        "Adam is PyTorch's: eps is added after the correction of the second moment; Keras's, in "
        "the notebook's D, adds it before",
        "ganc's ring has 8 distinct modes; the notebook's 8 centres have two on one point",
    )

    def __init__(
        self,
        features: int = 2,
        *,
        latent_dim: int = 256,
        g_hidden: tuple[int, ...] = (128, 128),
        d_hidden: tuple[int, ...] = (128, 128),
        activation: str = "tanh",
        gain: float = 1.4,
        unroll_steps: int = 5,
        unroll: str = "adam",
        unroll_lr: float | None = None,
        saddle: bool = True,
        loss: str = "minimax",
        label_smoothing: float = 0.0,
        g_lr: float = 1e-3,
        d_lr: float = 1e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 512,
        seed: int | None = None,
    ) -> None:
        at_least("unroll_steps", unroll_steps, 0)
        choose("unroll", unroll, _RULES)
        if unroll_lr is not None:
            positive("unroll_lr", unroll_lr)
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        features, activation = at_least("features", c.features, 1), activation_of(c)
        generator = perceptron(c.latent_dim, widths("g_hidden", c.g_hidden), features, activation)
        discriminator = perceptron(features, widths("d_hidden", c.d_hidden), 1, activation)
        initialise(generator, "orthogonal", c.gain)
        initialise(discriminator, "orthogonal", c.gain)
        return generator, discriminator

    def updates(self) -> tuple[Update, ...]:
        """Return G's update, which looks ahead, then D's; see `GAN.updates`."""
        *d, g = super().updates()
        return (g, *d)

    def unroll(
        self,
        parameters: Mapping[str, core.Tensor],
        real: core.Tensor,
        fake: core.Tensor,
        *labels: core.Tensor,
    ) -> _Weights:
        """Return D's parameters after `unroll_steps` steps on one batch, differentiable.

        D minimises its loss alone: what penalties and tricks add to it is left out.

        Parameters
        ----------
        parameters : dict of str to Tensor
            Where it begins: tensors with a gradient, by the names of D's parameters.
        real, fake : Tensor
        *labels : Tensor

        Returns
        -------
        dict of str to Tensor
        """
        names, weights = list(parameters), list(parameters.values())
        own = dict(self.discriminator.named_parameters())
        move = _RULES[self.config["unroll"]](self, [own[name] for name in names])
        for _ in range(self.config["unroll_steps"]):
            loss = self._loss_with(dict(zip(names, weights, strict=True)), real, fake, labels)
            gradients = grad([loss], weights, create_graph=True, allow_unused=True)
            weights = move(weights, gradients)
        return dict(zip(names, weights, strict=True))

    def g_objective(self, batch: tuple) -> Any:
        """Return what G minimises, with the unrolled D; see `GAN.g_objective`."""
        real, *labels = batch
        fake = self.generator(self.noise(len(real)), *labels)
        self.passed["fakes"] = fake.detach()
        begin = {
            name: p.detach().requires_grad_() for name, p in self.discriminator.named_parameters()
        }
        ahead = self.unroll(begin, real, fake, *labels)
        if self.config["saddle"]:
            loss = -self._loss_with(ahead, real, fake, labels)
        else:
            with swapped(self.discriminator, ahead):
                r = without_graph(self.judge, real, *labels) if self._compares else None
                loss = self.loss.g_loss(self.judge(fake, *labels), r)
        terms = [t.g_term(self, real, fake, labels) for t in self.tricks]
        return self._with_terms("g", loss, terms, {})

    def _loss_with(
        self,
        parameters: Mapping[str, core.Tensor],
        real: core.Tensor,
        fake: core.Tensor,
        labels: Sequence[core.Tensor],
    ) -> core.Tensor:
        """Return D's loss with other parameters."""
        with swapped(self.discriminator, parameters):
            return self._d_loss(*self._judge_both(real, fake, labels))

    def _fakes(self, n: int, labels: Sequence[core.Tensor]) -> core.Tensor:
        """Return the samples that G has just learned on."""
        fake = self.passed.pop("fakes", None)
        if fake is None:
            return super()._fakes(n, labels)
        for trick in self.tricks:
            fake = trick.fakes(self, fake)
        return fake


class _SGD:
    """A step against the gradient, without momentum."""

    def __init__(self, gan: UnrolledGAN, parameters: Sequence[core.Tensor]) -> None:
        groups = _groups(gan)
        self._lr = [gan.config["unroll_lr"] or groups[id(p)]["lr"] for p in parameters]

    def __call__(self, weights: Sequence[core.Tensor], gradients: Sequence[Any]) -> list:
        return [
            w if g is None else w - g * lr
            for w, g, lr in zip(weights, gradients, self._lr, strict=True)
        ]


class _Adam(_SGD):
    """Adam's step, from where D's optimizer is."""

    def __init__(self, gan: UnrolledGAN, parameters: Sequence[core.Tensor]) -> None:
        super().__init__(gan, parameters)
        groups, states, c = _groups(gan), gan.d_optimizer.state, gan.config
        self._moments = []
        for p in parameters:
            group, state = groups[id(p)], states.get(p, {})
            betas, eps = group.get("betas", c["betas"]), group.get("eps", c["eps"])
            m, v = state.get("exp_avg", 0.0), state.get("exp_avg_sq", 0.0)
            self._moments.append([m, v, state.get("step", 0), tuple(betas), eps])

    def __call__(self, weights: Sequence[core.Tensor], gradients: Sequence[Any]) -> list:
        return [
            w if g is None else w - self._step(moments, g) * lr
            for w, g, lr, moments in zip(weights, gradients, self._lr, self._moments, strict=True)
        ]

    @staticmethod
    def _step(moments: list, g: core.Tensor) -> core.Tensor:
        m, v, count, (b1, b2), eps = moments
        m, v, count = m * b1 + g * (1 - b1), v * b2 + core.square(g) * (1 - b2), count + 1
        moments[:3] = m, v, count
        root = core.sqrt(core.clamp_scalar(v, _SMALLEST, float("inf")))
        return m / (root * (1 - b2**count) ** -0.5 + eps) * (1 / (1 - b1**count))


def _groups(gan: UnrolledGAN) -> dict[int, Mapping[str, Any]]:
    """Return the group of D's optimizer that each parameter is in."""
    return {id(p): group for group in gan.d_optimizer.param_groups for p in group["params"]}


_RULES = {"adam": _Adam, "sgd": _SGD}
