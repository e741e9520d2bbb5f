"""The first GAN, of 2014, as its released configuration has it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc.models._preset import Preset, decaying_sgd, image_size, same, sgd, uniform_init, widths
from ganc.train import register

__all__ = ["Goodfellow2014"]


@register
class Goodfellow2014(Preset):
    """Generative Adversarial Nets, Goodfellow et al. 2014: the MNIST networks.

    G has two ReLU layers and ends in a sigmoid, so images are in [0, 1] inside; `fit` and `sample`
    convert. D has two maxout layers, with dropout of its input and of both. Stochastic gradient
    descent whose learning rate decays with each step and whose momentum rises with the epochs.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W).
    latent_dim : int, default 100
    latent : {"uniform", "normal"}, default "uniform"
        U(-1, 1) or N(0, 1).
    g_hidden : tuple of int, default (1200, 1200)
    d_hidden : tuple of int, default (240, 240)
        Maxout units.
    pieces : int, default 5
        Linear functions of which a maxout unit takes the largest.
    g_range, d_range : float, default 0.05, 0.005
        Weights begin in U(-range, range), biases at 0.
    input_dropout, dropout : float, default 0.2, 0.5
        Of D's input and of its hidden layers.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    lr, lr_decay, lr_min : float, default 0.1, 1.000004, 1e-6
        The rate of step t is max(lr / lr_decay**t, lr_min).
    momentum, final_momentum, momentum_epochs : default 0.5, 0.7, 250
        Momentum rises linearly from epoch 1 to epoch `momentum_epochs`.
    d_reduction : {"mean", "sum"}, default "mean"
    batch_size : int, default 100
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents, dropout and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.Goodfellow2014(seed=0)
    >>> images = gan.sample(2, seed=0)
    >>> images.shape, bool(abs(images).max() <= 1)
    ((2, 1, 28, 28), True)
    """

    source = "Goodfellow et al. 2014, arXiv:1406.2661; github.com/goodfeli/adversarial, mnist.yaml"
    deviations = (
        "G's output biases begin at 0; the original sets them from the mean image",
        "latents are U(-1, 1); the released mnist.yaml leaves pylearn2's code at N(0, 1): "
        "latent='normal'",
        "D and G are updated one after the other on fresh fakes; the original updates both at "
        "once on the same ones",
        "momentum follows PyTorch's rule, in which the learning rate multiplies the whole sum; "
        "pylearn2 puts it inside. They differ by the decay of one step",
        "D gives logits; the sigmoid and the cross-entropy are one operation",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 100,
        latent: str = "uniform",
        g_hidden: tuple[int, ...] = (1200, 1200),
        d_hidden: tuple[int, ...] = (240, 240),
        pieces: int = 5,
        g_range: float = 0.05,
        d_range: float = 0.005,
        input_dropout: float = 0.2,
        dropout: float = 0.5,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        lr: float = 0.1,
        lr_decay: float = 1.000004,
        lr_min: float = 1e-6,
        momentum: float = 0.5,
        final_momentum: float = 0.7,
        momentum_epochs: int = 250,
        d_reduction: str = "mean",
        batch_size: int = 100,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, size = image_size(c.image_shape)
        g_hidden, d_hidden = widths("g_hidden", c.g_hidden), widths("d_hidden", c.d_hidden)
        layers, width = [], c.latent_dim
        for hidden in g_hidden:
            layers += [nn.Linear(width, hidden), nn.ReLU()]
            width = hidden
        layers += [nn.Linear(width, size), nn.Sigmoid(), nn.Unflatten(1, shape)]
        generator = nn.Sequential(*layers)
        layers, width = [nn.Flatten(), nn.Dropout(c.input_dropout)], size
        for hidden in d_hidden:
            layers += [nn.Maxout(width, hidden, c.pieces), nn.Dropout(c.dropout)]
            width = hidden
        discriminator = nn.Sequential(*layers, nn.Linear(width, 1))
        uniform_init(generator, [c.g_range] * (len(g_hidden) + 1))
        uniform_init(discriminator, [c.d_range] * (len(d_hidden) + 1))
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {
            "latent": c.latent,
            "d_reduction": c.d_reduction,
            "pixel_range": (0.0, 1.0),
        }

    def optimizers(self, c: SimpleNamespace) -> dict[str, Callable]:
        """Return what makes the optimizers; see `Preset.optimizers`."""
        return same(sgd(c))

    def schedule(self) -> None:
        """Decay the learning rate with the steps, raise the momentum with the epochs."""
        decaying_sgd(self)
