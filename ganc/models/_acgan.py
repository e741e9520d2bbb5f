"""ACGAN: a discriminator that also says which class a sample is of."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least
from ganc.gan._classify import Classifies
from ganc.models import _keras
from ganc.models._heads import TwoHeads
from ganc.models._preset import Preset, image_size, widths
from ganc.nn import functional as F
from ganc.nn._inference import without_graph
from ganc.nn.functional._conditional import by_label
from ganc.train import register

__all__ = ["ACGAN"]


@register
class ACGAN(Classifies, Preset):
    """Auxiliary Classifier GAN, Odena et al. 2017: the Keras code's MNIST networks.

    G's latent is multiplied by the label's vector. D says real or generated, and which class; both
    networks minimise the cross-entropy of the class besides, on labels drawn at random.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W); sides are multiples of 4.
    classes : int, default 10
        Labels are 0 to classes - 1.
    latent_dim : int, default 100
        Latents are U(-1, 1).
    g_hidden : int, default 1024
    g_channels : tuple of int, default (128, 256, 128)
        Of G's first maps and the convolutions behind them.
    d_channels : tuple of int, default (32, 64, 128, 256)
        Every other convolution halves the maps.
    slope, dropout : float, default 0.3
        Of D's layers.
    class_weight : float, default 1.0
        Times the cross-entropy of the class, in both.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    g_batch : int, default 2
        G learns on so many times the batch.
    batch_size : int, default 100
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents, labels, dropout and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ACGAN(g_hidden=8, g_channels=(4, 4, 4), d_channels=(4, 4, 4, 4), seed=0)
    >>> gan.sample(2, labels=[3, 7], seed=0).shape
    (2, 1, 28, 28)
    """

    source = "Odena et al. 2017, arXiv:1610.09585; github.com/lukedeo/keras-acgan, mnist_acgan.py"
    deviations = (
        "D gives logits; sigmoid, softmax and cross-entropies are one operation",
        "initial weights are Glorot's uniform ones everywhere; the code has normal ones in some "
        "layers",
    )
    _judges_labels = False

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        classes: int = 10,
        latent_dim: int = 100,
        g_hidden: int = 1024,
        g_channels: tuple[int, ...] = (128, 256, 128),
        d_channels: tuple[int, ...] = (32, 64, 128, 256),
        slope: float = 0.3,
        dropout: float = 0.3,
        class_weight: float = 1.0,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        g_batch: int = 2,
        batch_size: int = 100,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, _ = image_size(c.image_shape)
        size, classes = _keras.start_size(shape, 2, "generator"), at_least("classes", c.classes, 1)
        up = widths("g_channels", c.g_channels)
        if len(up) != 3:
            raise ValueError(f"g_channels: got {up}, expected three widths")
        hidden = at_least("g_hidden", c.g_hidden, 1)
        generator = _OfClass(
            nn.Embedding(classes, c.latent_dim),
            nn.Sequential(
                nn.Linear(c.latent_dim, hidden), nn.ReLU(),
                nn.Linear(hidden, up[0] * size[0] * size[1]), nn.ReLU(),
                nn.Unflatten(1, (up[0], *size)),
                nn.Upsample(scale_factor=2), nn.Conv2d(up[0], up[1], 5, 1, 2), nn.ReLU(),
                nn.Upsample(scale_factor=2), nn.Conv2d(up[1], up[2], 5, 1, 2), nn.ReLU(),
                nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(up[2], shape[0], 2), nn.Tanh(),
            ),
        )  # fmt: skip
        layers, channels, maps = [], shape[0], shape[1:]
        for i, width in enumerate(widths("d_channels", c.d_channels)):
            layer, maps = _keras.conv(channels, width, 3, 1 + (i % 2 == 0), maps)
            layers += [layer, nn.LeakyReLU(c.slope), nn.Dropout(c.dropout)]
            channels = width
        discriminator = TwoHeads(
            nn.Sequential(*layers, nn.Flatten()), channels * maps[0] * maps[1], classes
        )
        _keras.glorot(generator, discriminator)
        nn.init.xavier_normal_(generator.of_class.weight)
        return generator, discriminator

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        at_least("g_batch", c.g_batch, 1)
        return super().options(c) | {
            "latent": "uniform",
            "classes": c.classes,
            "d_reduction": "mean",
        }

    @property
    def classifier(self) -> nn.Module:
        """D's second head on its trunk."""
        return nn.Sequential(self.discriminator.features, self.discriminator.of_class)

    def g_size(self, n: int) -> int:
        """Return how many samples G learns on, where a batch has n real ones."""
        return n * self.config["g_batch"]

    def d_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return D's loss and the cross-entropies of classes, means over real and generated."""
        real, y = batch
        asked = self.random_labels(len(real))
        fake = without_graph(self.generator, self.noise(len(real)), asked)
        r, real_classes = self.discriminator.both(self._seen(real))
        f, fake_classes = self.discriminator.both(self._seen(fake))
        of_class = F.cross_entropy(real_classes, y) + F.cross_entropy(fake_classes, asked)
        report = self._answers(r, f) | {"d_class_loss": of_class * 0.5}
        loss = self._d_loss(r, f) + of_class * self.config["class_weight"]
        return loss * 0.5, report

    def g_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return G's loss and the cross-entropy of the classes that it was asked for."""
        n = self.g_size(len(batch[0]))
        asked = self.random_labels(n)
        f, classes = self.discriminator.both(self._seen(self.generator(self.noise(n), asked)))
        of_class = F.cross_entropy(classes, asked)
        loss = self.loss.g_loss(f, None) + of_class * self.config["class_weight"]
        return loss, {"g_class_loss": of_class}

    def random_labels(self, n: int) -> core.Tensor:
        """Draw labels for a training step.

        Parameters
        ----------
        n : int

        Returns
        -------
        Tensor, shape (n,)
        """
        drawn = core.rand_uniform((n,), *core.default_generator.next(), 0.0, 1.0).numpy()
        return core.Tensor((drawn * self.classes).astype(int) % self.classes)


class _OfClass(nn.Module):
    """Layers of a latent that is multiplied by the label's vector."""

    def __init__(self, of_class: nn.Module, layers: nn.Module) -> None:
        super().__init__()
        self.of_class, self.layers = of_class, layers

    def forward(self, z: core.Tensor, y: core.Tensor) -> core.Tensor:
        """Return images of latents (N, L) and labels (N,), or rows of the classes' shares."""
        return self.layers(z * by_label(y, self.of_class.weight)[0])
