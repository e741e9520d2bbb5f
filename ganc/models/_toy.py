"""GANs for points in the plane, which train in seconds."""

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._options import at_least, choose, finite
from ganc.losses import get_penalties
from ganc.models._preset import Preset, widths
from ganc.train import register

__all__ = ["ToyGAN"]

_ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.2), "tanh": nn.Tanh}


@register
class ToyGAN(Preset):
    """Two small fully connected networks for 2-D data: 2-128-128-2 and 2-128-128-1.

    The networks of two papers are keywords away, their data and schedules come with
    ``ganc.datasets.toy`` and `fit`:

    - WGAN-GP's toy networks: ``g_hidden=(512,) * 3, d_hidden=(512,) * 3, init="he", g_lr=1e-4,
      d_lr=1e-4, betas=(0.5, 0.9), n_critic=5, loss="wgan",
      penalty="wgan_gp", penalty_weight=0.1``.
    - PacGAN's ring without packing: ``g_hidden=(400,) * 4, batch_norm=True, d_hidden=(200,) * 3,
      maxout=5, g_lr=1e-4, d_lr=1e-4, betas=(0.8, 0.999), batch_size=100``.

    Parameters
    ----------
    features : int, default 2
        Values of a point.
    latent_dim : int, default 2
        Latents are N(0, 1).
    g_hidden, d_hidden : tuple of int, default (128, 128)
        Widths of the hidden layers.
    activation : {"relu", "leaky_relu", "tanh"}, default "relu"
        Of hidden layers; leaky_relu has the slope 0.2.
    batch_norm : bool, default False
        Batch norm before G's activations.
    maxout : int, default 0
        D's hidden layers are maxout units of so many pieces instead.
    init : {"default", "he", "orthogonal"}, default "default"
        Weights begin as in PyTorch, as N(0, 2 / inputs), or orthogonal.
    gain : float, default 1.0
        Of orthogonal weights.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    penalty : str or tuple of str, optional
        Names of `ganc.losses.penalties`, such as "wgan_gp", or ("r1", "r2").
    penalty_weight : float, optional
        Of each; by default its own.
    n_critic : int, default 1
    weight_clip : float, optional
    g_lr, d_lr : float, default 1e-3
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 256
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> history = gan.fit(ganc.datasets.toy.ring(2560, seed=0), epochs=2, verbose=0)
    >>> gan.sample(4, seed=0).shape
    (4, 2)
    """

    source = (
        "ganc; shapes of Metz et al. 2017, arXiv:1611.02163 (128-128), with keywords for "
        "github.com/igul222/improved_wgan_training, gan_toy.py, and github.com/fjxmlzn/PacGAN"
    )

    def __init__(
        self,
        features: int = 2,
        *,
        latent_dim: int = 2,
        g_hidden: tuple[int, ...] = (128, 128),
        d_hidden: tuple[int, ...] = (128, 128),
        activation: str = "relu",
        batch_norm: bool = False,
        maxout: int = 0,
        init: str = "default",
        gain: float = 1.0,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        penalty: str | tuple[str, ...] | None = None,
        penalty_weight: float | None = None,
        n_critic: int = 1,
        weight_clip: float | None = None,
        g_lr: float = 1e-3,
        d_lr: float = 1e-3,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 256,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        features = at_least("features", c.features, 1)
        activation = activation_of(c)
        layers, width = [], c.latent_dim
        for hidden in widths("g_hidden", c.g_hidden):
            norm = [nn.BatchNorm1d(hidden)] if c.batch_norm else []
            layers += [nn.Linear(width, hidden), *norm, activation()]
            width = hidden
        generator = nn.Sequential(*layers, nn.Linear(width, features))
        layers, width = [], features
        for hidden in widths("d_hidden", c.d_hidden):
            if c.maxout:
                layers.append(nn.Maxout(width, hidden, at_least("maxout", c.maxout, 2)))
            else:
                layers += [nn.Linear(width, hidden), activation()]
            width = hidden
        discriminator = nn.Sequential(*layers, nn.Linear(width, 1))
        for network in (generator, discriminator):
            initialise(network, choose("init", c.init, ("default", "he", "orthogonal")), c.gain)
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        penalties = get_penalties(c.penalty)
        for penalty in penalties if c.penalty_weight is not None else ():
            penalty.weight = finite("penalty_weight", c.penalty_weight, 0.0)
        return super().options(c) | {
            "penalty": penalties,
            "n_critic": c.n_critic,
            "weight_clip": c.weight_clip,
        }


def activation_of(c: SimpleNamespace) -> Callable[[], nn.Module]:
    """Return what makes the activations of a configuration."""
    return _ACTIVATIONS[choose("activation", c.activation, _ACTIVATIONS)]


def perceptron(
    inputs: int, hidden: Iterable[int], outputs: int, activation: Callable[[], nn.Module]
) -> nn.Sequential:
    """Return linear layers with an activation between."""
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), activation()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def initialise(network: nn.Module, how: str, gain: float) -> None:
    if how == "default":
        return
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Maxout)):
            if how == "he":
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            else:
                nn.init.orthogonal_(module.weight, gain)
            nn.init.zeros_(module.bias)
