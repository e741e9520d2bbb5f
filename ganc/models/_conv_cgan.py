"""A convolutional conditional GAN: the label is an input of every layer."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least
from ganc.gan._labels import rows_of
from ganc.models import _keras
from ganc.models._dcgan import initialise
from ganc.models._preset import Preset, image_size
from ganc.train import register

__all__ = ["ConvCGAN"]


@register
class ConvCGAN(Preset):
    """The conditional DCGAN of Radford et al.'s code for MNIST: labels enter at every layer.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W); sides are multiples of 4.
    classes : int, default 10
        Labels are 0 to classes - 1.
    latent_dim : int, default 100
        Latents are U(-1, 1).
    channels : int, default 64
        Of the layers next to the image; twice as many in the others.
    hidden : int, default 1024
        Of the fully connected layers.
    slope : float, default 0.2
        Of leaky ReLU, in D.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    weight_decay : float, default 2.5e-5
    batch_size : int, default 128
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ConvCGAN(channels=4, hidden=16, seed=0)
    >>> gan.sample(2, labels=[3, 7], seed=0).shape
    (2, 1, 28, 28)
    """

    source = "github.com/Newmu/dcgan_code, mnist/train_cond_dcgan.py; Radford et al. 2016"
    deviations = (
        "each batch updates D, then G on fresh fakes; the code updates them on different batches",
        "the code lets the rates fall linearly in 100 more epochs; here they stay",
        "samples come from running statistics; the code has none and uses those of the batch",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        classes: int = 10,
        latent_dim: int = 100,
        channels: int = 64,
        hidden: int = 1024,
        slope: float = 0.2,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 2.5e-5,
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, _ = image_size(c.image_shape)
        size = _keras.start_size(shape, 2, "generator")
        y, width, hidden = (
            at_least(k, getattr(c, k), 1) for k in ("classes", "channels", "hidden")
        )
        area, wide = size[0] * size[1], 2 * width
        half = (2 * size[0], 2 * size[1])

        def lrelu(norm: type | None, n: int) -> list[nn.Module]:
            return [*([norm(n)] if norm else []), nn.LeakyReLU(c.slope)]

        generator = _Labelled(
            y,
            nn.Sequential(
                nn.Linear(c.latent_dim + y, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()
            ),
            nn.Sequential(
                nn.Linear(hidden + y, wide * area, bias=False), nn.BatchNorm1d(wide * area),
                nn.ReLU(), nn.Unflatten(1, (wide, *size)),
            ),
            nn.Sequential(
                _keras.conv_transpose(wide + y, width, 5, 2, bias=False), nn.BatchNorm2d(width),
                nn.ReLU(),
            ),
            nn.Sequential(_keras.conv_transpose(width + y, shape[0], 5, 2), nn.Sigmoid()),
        )  # fmt: skip
        discriminator = _Labelled(
            y,
            nn.Sequential(_keras.conv(shape[0] + y, width, 5, 2, shape[1:])[0], *lrelu(None, 0)),
            nn.Sequential(
                _keras.conv(width + y, wide, 5, 2, half)[0], *lrelu(nn.BatchNorm2d, wide),
                nn.Flatten(),
            ),
            nn.Sequential(nn.Linear(wide * area + y, hidden), *lrelu(nn.BatchNorm1d, hidden)),
            nn.Linear(hidden + y, 1),
        )  # fmt: skip
        initialise(generator, discriminator)
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {
            "latent": "uniform",
            "pixel_range": (0.0, 1.0),
            "classes": c.classes,
        }


class _Labelled(nn.Module):
    """Layers one after the other; each also gets the label: one-hot, or planes of it."""

    def __init__(self, classes: int, *parts: nn.Module) -> None:
        super().__init__()
        self.classes = classes
        self.parts = nn.ModuleList(parts)

    def features(self, x: core.Tensor, y: core.Tensor) -> core.Tensor:
        """Return what the last layer is given."""
        return self._through(list(self.parts)[:-1], x, y)

    def forward(self, x: core.Tensor, y: core.Tensor) -> core.Tensor:
        """Return what the last layer gives for inputs (N, ...) and labels (N,)."""
        return self._through(self.parts, x, y)

    def _through(self, parts: Any, x: core.Tensor, y: core.Tensor) -> core.Tensor:
        label = rows_of(y, self.classes)
        for part in parts:
            x = part(with_label(x, label))
        return x


def with_label(x: core.Tensor, label: core.Tensor) -> core.Tensor:
    """Return features (N, F) or maps (N, C, H, W) with the rows of `label` behind them."""
    if x.ndim == 4:
        n, classes = label.shape
        label = label.reshape(n, classes, 1, 1).expand(n, classes, *x.shape[2:])
    return core.cat([x, label], 1)
