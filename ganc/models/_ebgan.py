"""Energy-based GANs, whose discriminator is an autoencoder."""

from types import SimpleNamespace
from typing import Any

from ganc import losses, nn
from ganc._options import finite
from ganc.models._energy import AutoencodingPreset, EnergyAutoencoder
from ganc.models._preset import image_size, widths
from ganc.train import register
from ganc.tricks import PullingAway

__all__ = ["EBGAN"]


@register
class EBGAN(AutoencodingPreset):
    """Energy-based GAN, Zhao et al. 2017, with fully connected networks for MNIST.

    D is an autoencoder: its answer is the error with which it reconstructs a sample, low for real
    ones and pushed up to a margin for generated ones. G makes samples that D reconstructs well.
    ``pulling_away=0.1`` is the paper's EBGAN-PT: the codes of G's samples are kept apart.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W).
    latent_dim : int, default 100
        Latents are N(0, 1).
    g_hidden : tuple of int, default (1600, 1600, 1600, 1600)
        Widths of G's hidden layers, with batch norm and ReLU; tanh at the end.
    e_hidden : tuple of int, default (1024,)
        Widths of the encoder's layers, ReLU, with batch norm but in the first; the last is the
        code. The decoder is one linear layer.
    energy : {"norm", "mean_square", "mean_abs"}, default "norm"
        The error of a reconstruction: the root of the sum of its squares over a sample, their mean,
        or the mean of absolute values.
    margin : float, default 10.0
        Up to which D pushes the energy of generated samples.
    pulling_away : float, default 0.0
        Weight of `ganc.tricks.PullingAway` on the code.
    g_std, d_std : float, default 0.02, 0.002
        Weights begin as N(0, std), biases at 0.
    loss : str or GANLoss, default "energy"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 1e-3
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 128
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.EBGAN(g_hidden=(64,), e_hidden=(32,), pulling_away=0.1, seed=0)
    >>> gan.loss, gan.tricks
    (EnergyLoss(margin=10.0), (PullingAway(weight=0.1),))
    >>> logs = gan.train_on_batch(ganc.zeros(4, 1, 28, 28))
    >>> gan.reconstruct(ganc.zeros(3, 1, 28, 28)).shape
    (3, 1, 28, 28)
    """

    source = "Zhao et al. 2017, arXiv:1609.03126, section 4.1 and figure 9"
    deviations = (
        "widths and number of layers are those of figure 9, a study of the margin; those of the "
        "best models of the grid search stand in an appendix that was not at hand",
        "initial weights, batch norm and tanh are those of the paper's larger networks",
        "the paper does not say the latents, Adam's betas and the batch size",
        "the paper pads MNIST to 32x32 in the grid search",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 100,
        g_hidden: tuple[int, ...] = (1600, 1600, 1600, 1600),
        e_hidden: tuple[int, ...] = (1024,),
        energy: str = "norm",
        margin: float = 10.0,
        pulling_away: float = 0.0,
        g_std: float = 0.02,
        d_std: float = 0.002,
        loss: str = "energy",
        label_smoothing: float = 0.0,
        g_lr: float = 1e-3,
        d_lr: float = 1e-3,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, size = image_size(c.image_shape)
        layers, width = [], c.latent_dim
        for hidden in widths("g_hidden", c.g_hidden):
            layers += [nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU()]
            width = hidden
        generator = nn.Sequential(
            *layers, nn.Linear(width, size), nn.Tanh(), nn.Unflatten(1, shape)
        )
        layers, width = [nn.Flatten()], size
        for i, hidden in enumerate(widths("e_hidden", c.e_hidden)):
            norm = [nn.BatchNorm1d(hidden)] if i else []
            layers += [nn.Linear(width, hidden), *norm, nn.ReLU()]
            width = hidden
        decoder = nn.Sequential(nn.Linear(width, size), nn.Unflatten(1, shape))
        discriminator = EnergyAutoencoder(nn.Sequential(*layers), decoder, c.energy)
        for network, name in ((generator, "g_std"), (discriminator, "d_std")):
            _initialise(network, finite(name, getattr(c, name), 0.0))
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        found = super().options(c)
        if c.loss == "energy":
            found["loss"] = losses.EnergyLoss(c.margin, c.label_smoothing)
            found["label_smoothing"] = 0.0
        weight = finite("pulling_away", c.pulling_away, 0.0)
        return found | ({"tricks": PullingAway(weight)} if weight else {})


def _initialise(network: nn.Module, std: float) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0.0, std)
            nn.init.zeros_(layer.bias)
