"""The Wasserstein GAN: a critic whose weights are clipped."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ganc._options import at_least
from ganc.models._dcgan import DCGANNetworks
from ganc.models._preset import rmsprop, same
from ganc.train import register

__all__ = ["WGAN"]


@register
class WGAN(DCGANNetworks):
    """Wasserstein GAN, Arjovsky et al. 2017: DCGAN's networks, a clipped critic, RMSprop.

    -d_loss estimates the Wasserstein distance, up to a factor: a curve that falls as samples get
    better.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 64, 64)
        (C, H, W). Sides are 4 to 7 times a power of two, such as 28, 32, 64.
    latent_dim : int, default 100
        Latents are N(0, 1).
    g_channels, d_channels : int, default 64
        Of the layers next to the image.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "wgan"
    label_smoothing : float, default 0.0
    weight_clip : float, default 0.01
    n_critic : int, default 5
        D updates for each G update, but for
    n_critic_often : int, default 100
        of them before each of the first updates of G, and now and then:
    first, often : int, default 25, 500
        the first 25, and every 500th.
    lr : float, default 5e-5
        Of both RMSprops.
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.WGAN((1, 8, 8), g_channels=4, d_channels=4, seed=0)
    >>> [number for number in range(1, 2511) if number % gan.g_every(number) == 0][-3:]
    [2500, 2505, 2510]
    """

    source = "Arjovsky et al. 2017, arXiv:1701.07875; github.com/martinarjovsky/WassersteinGAN"
    deviations = (
        "sides other than 64 change the number of layers, and the size of the first maps",
        "samples come from running statistics; the code's pictures from those of their batch",
        "D's batch norm sees the real and the generated batch apart, as in the code",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 64, 64),
        *,
        latent_dim: int = 100,
        g_channels: int = 64,
        d_channels: int = 64,
        slope: float = 0.2,
        loss: str = "wgan",
        label_smoothing: float = 0.0,
        weight_clip: float = 0.01,
        n_critic: int = 5,
        n_critic_often: int = 100,
        first: int = 25,
        often: int = 500,
        lr: float = 5e-5,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        for name, low in (("n_critic_often", 1), ("first", 0), ("often", 2)):
            at_least(name, getattr(c, name), low)
        return super().options(c) | {"weight_clip": c.weight_clip, "n_critic": c.n_critic}

    def optimizers(self, c: SimpleNamespace) -> dict[str, Callable]:
        """Return what makes the optimizers; see `Preset.optimizers`."""
        return same(rmsprop(c.lr))

    def g_every(self, number: int) -> int:
        """Return 1 where G is due in step `number`, else a number that does not divide it."""
        return 1 if self._g_is_due(number) else number + 1

    def _g_is_due(self, number: int) -> bool:
        few, many, c = self.n_critic, self.config["n_critic_often"], self.config
        begin = many * c["first"]
        if number <= begin:
            return number % many == 0
        number -= begin + few * max(c["often"] - c["first"], 0)
        if number <= 0:
            return number % few == 0
        into = number % (many + few * (c["often"] - 1))
        return into == 0 or (into >= many and (into - many) % few == 0)
