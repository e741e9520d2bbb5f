"""The first conditional GAN, of 2014: the label is an input of both networks."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least
from ganc.gan._labels import rows_of
from ganc.models._preset import Preset, decaying_sgd, image_size, same, sgd, uniform_init
from ganc.train import register

__all__ = ["CGAN"]


@register
class CGAN(Preset):
    """Conditional Generative Adversarial Nets, Mirza and Osindero 2014: the MNIST networks.

    G maps latents to 200 units and the one-hot label to 1,000, both to 1,200, all ReLU, and those
    to an image through a sigmoid. D has maxout layers: 240 units of the image, 50 of the label, 240
    of both. Stochastic gradient descent whose rate decays with each step and whose momentum rises
    with the epochs.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W).
    classes : int, default 10
        Labels are 0 to classes - 1.
    latent_dim : int, default 100
        Latents are U(-1, 1).
    g_latent, g_label, g_hidden : int, default 200, 1000, 1200
        Widths of G's layers.
    d_image, d_label, d_hidden : int, default 240, 50, 240
        Maxout units of D's layers.
    pieces, joint_pieces : int, default 5, 4
        Linear functions of which a maxout unit takes the largest, in D's first and joint layers.
    dropout : float, default 0.5
        After the hidden layers of both networks.
    g_range, d_range : float, default 0.05, 0.005
        Weights begin in U(-range, range), biases at 0.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    lr, lr_decay, lr_min : float, default 0.1, 1.00004, 1e-6
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
    >>> gan = ganc.models.CGAN(seed=0)
    >>> gan.sample(4, labels=[3, 3, 7, 7], seed=0).shape
    (4, 1, 28, 28)
    """

    source = "Mirza and Osindero 2014, arXiv:1411.1784, section 4.1"
    deviations = (
        "the paper gives no initial weights and no momentum schedule: those of its predecessor's "
        "released mnist.yaml (Goodfellow2014), to which it points",
        "latents are U(-1, 1); the paper says uniform within the unit hypercube",
        "D gives logits; the sigmoid and the cross-entropy are one operation",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        classes: int = 10,
        latent_dim: int = 100,
        g_latent: int = 200,
        g_label: int = 1000,
        g_hidden: int = 1200,
        d_image: int = 240,
        d_label: int = 50,
        d_hidden: int = 240,
        pieces: int = 5,
        joint_pieces: int = 4,
        dropout: float = 0.5,
        g_range: float = 0.05,
        d_range: float = 0.005,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        lr: float = 0.1,
        lr_decay: float = 1.00004,
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
        classes = at_least("classes", c.classes, 1)

        def relu(inputs: int, width: int) -> list[nn.Module]:
            return [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(c.dropout)]

        def maxout(inputs: int, width: int, pieces: int) -> list[nn.Module]:
            return [nn.Maxout(inputs, width, pieces), nn.Dropout(c.dropout)]

        generator = _WithLabel(
            classes,
            nn.Sequential(*relu(c.latent_dim, c.g_latent)),
            nn.Sequential(*relu(classes, c.g_label)),
            nn.Sequential(
                *relu(c.g_latent + c.g_label, c.g_hidden),
                nn.Linear(c.g_hidden, size),
                nn.Sigmoid(),
                nn.Unflatten(1, shape),
            ),
        )
        discriminator = _WithLabel(
            classes,
            nn.Sequential(nn.Flatten(), *maxout(size, c.d_image, c.pieces)),
            nn.Sequential(*maxout(classes, c.d_label, c.pieces)),
            nn.Sequential(
                *maxout(c.d_image + c.d_label, c.d_hidden, c.joint_pieces),
                nn.Linear(c.d_hidden, 1),
            ),
        )
        uniform_init(generator, [c.g_range] * 4)
        uniform_init(discriminator, [c.d_range] * 4)
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {
            "latent": "uniform",
            "pixel_range": (0.0, 1.0),
            "d_reduction": c.d_reduction,
            "classes": c.classes,
        }

    def optimizers(self, c: SimpleNamespace) -> dict[str, Callable]:
        """Return what makes the optimizers; see `Preset.optimizers`."""
        return same(sgd(c))

    def schedule(self) -> None:
        """Decay the learning rate with the steps, raise the momentum with the epochs."""
        decaying_sgd(self)


class _WithLabel(nn.Module):
    """A network of an input and a label: each has layers of its own before the joint ones."""

    def __init__(self, classes: int, first: nn.Module, label: nn.Module, joint: nn.Module) -> None:
        super().__init__()
        self.classes = classes
        self.first, self.label, self.joint = first, label, joint

    def forward(self, x: core.Tensor, y: core.Tensor) -> core.Tensor:
        """Return what the joint layers make of inputs (N, ...) and labels (N,)."""
        label = self.label(rows_of(y, self.classes))
        return self.joint(core.cat([self.first(x), label], 1))
