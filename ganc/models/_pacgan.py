"""PacGAN: a discriminator that sees several samples at once."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._options import at_least
from ganc.models._preset import Preset, widths
from ganc.train import register

__all__ = ["PacGAN"]


@register
class PacGAN(Preset):
    """PacGAN, Lin et al. 2018: D judges m samples together, so that too few kinds are noticed.

    The networks of its 2-D experiments. Images are packed by ``ganc.GAN(..., packing=2)``.

    Parameters
    ----------
    features : int, default 2
        Values of a point.
    packing : int, default 2
        m; the batch is a multiple of it.
    latent_dim : int, default 2
        Latents are N(0, 1).
    g_hidden : tuple of int, default (400, 400, 400, 400)
        Widths of G's hidden layers, batch norm and ReLU behind each.
    d_hidden : tuple of int, default (200, 200, 200)
        Widths of D's hidden layers, maxout units.
    pieces : int, default 5
        Linear functions of which a unit takes the largest.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 1e-4
    betas, eps : default (0.8, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 200
        What `fit` uses if it is not told: 100 packs of two.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.PacGAN(seed=0)
    >>> gan.packing, gan.inputs_of("discriminator")
    (2, ((4,),))
    """

    source = "Lin et al. 2018, arXiv:1712.04086; github.com/fjxmlzn/PacGAN, 2-D experiments"
    deviations = (
        "weights begin as PyTorch's; the code draws them from normal distributions of its own",
    )

    def __init__(
        self,
        features: int = 2,
        *,
        packing: int = 2,
        latent_dim: int = 2,
        g_hidden: tuple[int, ...] = (400, 400, 400, 400),
        d_hidden: tuple[int, ...] = (200, 200, 200),
        pieces: int = 5,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 1e-4,
        d_lr: float = 1e-4,
        betas: tuple[float, float] = (0.8, 0.999),
        eps: float = 1e-8,
        batch_size: int = 200,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        features = at_least("features", c.features, 1)
        layers, width = [], c.latent_dim
        for hidden in widths("g_hidden", c.g_hidden):
            layers += [nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU()]
            width = hidden
        generator = nn.Sequential(*layers, nn.Linear(width, features))
        layers, width = [], features * at_least("packing", c.packing, 1)
        for hidden in widths("d_hidden", c.d_hidden):
            layers.append(nn.Maxout(width, hidden, at_least("pieces", c.pieces, 2)))
            width = hidden
        return generator, nn.Sequential(*layers, nn.Linear(width, 1))

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"packing": c.packing}
