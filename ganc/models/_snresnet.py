"""SN-GAN and its conditional sister, the projection discriminator, on residual networks."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._options import at_least
from ganc.models._preset import Preset, doubled
from ganc.models._residual import Critic, Generator
from ganc.train import Ramp, register

__all__ = ["ProjectionGAN", "SNResNetGAN"]


class _Residual(Preset):
    """What both have: networks, rates that fall to 0, a larger batch for G."""

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, doublings, _ = doubled(c.image_shape)
        classes = at_least("classes", getattr(c, "classes", 0), 0)
        width = at_least("g_channels", c.g_channels, 1)
        generator = Generator(shape, c.latent_dim, width, doublings, classes)
        return generator, Critic(shape, at_least("d_channels", c.d_channels, 1), classes)

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        at_least("g_batch", c.g_batch, 1)
        steps = at_least("decay_steps", c.decay_steps, 0) * at_least("n_critic", c.n_critic, 1)
        ramps = {"g_lr": c.g_lr, "d_lr": c.d_lr} if steps else {}
        return super().options(c) | {
            "n_critic": c.n_critic,
            "ramps": {name: Ramp(lr, 0.0, steps, "linear") for name, lr in ramps.items()},
        }

    def g_size(self, n: int) -> int:
        """Return how many samples G learns on, where a batch has n real ones."""
        return n * self.config["g_batch"]


@register
class SNResNetGAN(_Residual):
    """SN-GAN on residual networks, Miyato et al. 2018: the CIFAR-10 networks, hinge loss.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 32, 32)
        (C, H, W); sides are multiples of 8, or of 4 with one block less in G.
    latent_dim : int, default 128
        Latents are N(0, 1).
    g_channels, d_channels : int, default 256, 128
    loss : str or GANLoss, default "hinge"
    label_smoothing : float, default 0.0
    n_critic : int, default 5
    g_batch : int, default 2
        G learns on so many times the batch.
    decay_steps : int, default 50_000
        G's updates in which the rates fall linearly to 0; 0: they stay.
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.0, 0.9), 1e-8
        Of both Adams.
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.SNResNetGAN((1, 28, 28), g_channels=4, d_channels=4, seed=0)
    >>> gan.sample(2, seed=0).shape
    (2, 1, 28, 28)
    """

    source = "Miyato et al. 2018, arXiv:1802.05957; github.com/pfnet-research/sngan_projection"
    deviations = (
        "images are not dequantised with noise of 1/128",
        "sides that are multiples of 4 only, such as 28, have two doublings instead of three",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        *,
        latent_dim: int = 128,
        g_channels: int = 256,
        d_channels: int = 128,
        loss: str = "hinge",
        label_smoothing: float = 0.0,
        n_critic: int = 5,
        g_batch: int = 2,
        decay_steps: int = 50_000,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.0, 0.9),
        eps: float = 1e-8,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())


@register
class ProjectionGAN(_Residual):
    """cGANs with Projection Discriminator, Miyato and Koyama 2018: the label times the features.

    D's logit is linear in the features plus the product of the features with a vector of the
    label's own; G has a batch norm for each class.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 32, 32)
        (C, H, W); sides are multiples of 8, or of 4 with one block less in G.
    classes : int, default 10
        Labels are 0 to classes - 1.
    latent_dim : int, default 128
        Latents are N(0, 1).
    g_channels, d_channels : int, default 256, 128
    loss : str or GANLoss, default "hinge"
    label_smoothing : float, default 0.0
    n_critic : int, default 5
    g_batch : int, default 2
        G learns on so many times the batch, on the labels of the batch again and again.
    decay_steps : int, default 50_000
        G's updates in which the rates fall linearly to 0; 0: they stay.
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.0, 0.9), 1e-8
        Of both Adams.
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ProjectionGAN((1, 28, 28), g_channels=4, d_channels=4, seed=0)
    >>> gan.sample(2, labels=[3, 7], seed=0).shape
    (2, 1, 28, 28)
    """

    source = (
        "Miyato and Koyama 2018, arXiv:1802.05637; github.com/pfnet-research/sngan_projection, "
        "resnet_32.py and snresnet_32.py"
    )
    deviations = (
        "images are not dequantised with noise of 1/128",
        "sides that are multiples of 4 only, such as 28, have two doublings instead of three",
        "G's samples have the labels of the batch; the code draws labels at random",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        *,
        classes: int = 10,
        latent_dim: int = 128,
        g_channels: int = 256,
        d_channels: int = 128,
        loss: str = "hinge",
        label_smoothing: float = 0.0,
        n_critic: int = 5,
        g_batch: int = 2,
        decay_steps: int = 50_000,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.0, 0.9),
        eps: float = 1e-8,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"classes": at_least("classes", c.classes, 1)}
