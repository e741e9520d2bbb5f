"""A conditional GAN whose supervised discriminator is split in two: real or fake, and class."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least, finite
from ganc.gan import GAN
from ganc.gan._classify import Classifies
from ganc.models._dcgan import _falling, _rising, initialise, ladder, pyramid
from ganc.models._preset import Preset, adam
from ganc.nn import functional as F
from ganc.train import Update, register
from ganc.train._network import checked

__all__ = ["SDCGAN"]


class _Split(GAN):
    """A GAN with a third network, the classifier, and an optimizer of its own."""

    OPTIMIZERS = {**GAN.OPTIMIZERS, "c_optimizer": ("classifier",)}

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        classifier: nn.Module,
        *,
        c_optimizer: Any,
        **options: Any,
    ) -> None:
        self.classifier = checked("classifier", classifier)
        super().__init__(generator, discriminator, **options)
        self.c_optimizer = self._optimizer("c_optimizer", c_optimizer)


@register
class SDCGAN(Classifies, Preset, _Split):
    """A conditional GAN with a discriminator and a classifier, each a network of its own.

    An ACGAN's discriminator says of an image whether it is real, and its class. Here two networks
    share that: D learns to tell real from generated images without seeing labels, C learns the
    classes of real images. G is to make images that D takes for real and C for the class that was
    asked for. So C is a classifier that generated images never mislead.

    Networks are those of `DCGAN`: G takes the latent and the one-hot label, C is as D with an
    output for each class.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W). The sides decide how many layers there are: they are 4 to 7 times a power of
        two, such as 28, 32, 64, 96 or 128.
    classes : int, default 10
        Labels are 0 to classes - 1.
    latent_dim : int, default 100
        Latents are N(0, 1).
    g_channels, d_channels, c_channels : int, default 64
        Of the layers next to the image.
    slope : float, default 0.2
        Of leaky ReLU, in D and C.
    class_weight : float, default 1.0
        What the cross-entropy of C's answers weighs in G's loss.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
        Of real against generated.
    g_lr, d_lr, c_lr : float, default 2e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of the three Adams.
    batch_size : int, default 64
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.SDCGAN(g_channels=8, d_channels=8, c_channels=8, seed=0)
    >>> images = gan.sample(4, labels=[3, 3, 7, 7], seed=0)
    >>> images.shape, gan.classify(images).shape
    ((4, 1, 28, 28), (4,))
    """

    source = "ganc; the split discriminator of supervised GANs (ACGAN with two networks)"
    deviations = (
        "ACGAN's classifier shares D's layers and learns on generated images too; this one does "
        "neither",
    )
    _judges_labels = False

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        classes: int = 10,
        latent_dim: int = 100,
        g_channels: int = 64,
        d_channels: int = 64,
        c_channels: int = 64,
        slope: float = 0.2,
        class_weight: float = 1.0,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 2e-4,
        d_lr: float = 2e-4,
        c_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())
        self.config["class_weight"] = finite("class_weight", class_weight, 0.0)

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module, nn.Module]:
        """Return generator, discriminator and classifier for a configuration."""
        at_least("classes", c.classes, 2)
        made = _Labelled(c), _judge(c, "d_channels", 1), _judge(c, "c_channels", c.classes)
        initialise(*made)
        return made

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` and of the classifier besides networks and seed."""
        return super().options(c) | {
            "classes": c.classes,
            "c_optimizer": adam(c.c_lr, c, "c_lr"),
        }

    def updates(self) -> tuple[Update, ...]:
        """Return the updates of D, C and G."""
        *d, g = super().updates()
        return (*d, Update("c", "c_optimizer", self.c_objective), g)

    def c_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return what C minimises: the cross-entropy of the classes of real images.

        Parameters
        ----------
        batch : named tuple of Tensor

        Returns
        -------
        loss : Tensor
            A scalar.
        report : dict
            ``accuracy``.
        """
        logits = self.classifier(batch.x)
        right = core.argmax(logits.detach(), 1).float() == batch.y
        return F.cross_entropy(logits, batch.y), {"accuracy": core.mean(right.float())}

    def g_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return what G minimises: its loss, and the cross-entropy of C's answers."""
        n = len(batch.x)
        fake = self.passed.pop("shared", None)
        if fake is None:
            fake = self.generator(self.noise(n), batch.y)
        self.passed["shared"] = fake  # one pass through G for both
        found = super().g_objective(batch)
        loss, report = found if isinstance(found, tuple) else (found, {})
        told = F.cross_entropy(self._classes_of(fake), batch.y)
        report = {"g_loss": loss, "g_class_loss": told} | report
        return loss + told * self.config["class_weight"], report

    def _classes_of(self, fake: core.Tensor) -> core.Tensor:
        """Return C's logits as `classify` has them: fakes leave its running statistics alone."""
        self.classifier.eval()
        try:
            return self.classifier(fake)
        finally:
            self.classifier.train()

    def inputs_of(self, name: str) -> tuple[tuple[int, ...], ...]:
        """Return the shapes of one sample's inputs of a network; see `Model.inputs_of`."""
        return (self.config["image_shape"],) if name == "classifier" else super().inputs_of(name)

    def _facts(self) -> dict[str, dict[str, Any]]:
        facts = super()._facts()
        facts["loss"]["classes"] = (
            "C minimises the cross-entropy of real images' classes, G class_weight times that of "
            "C's answers to its own"
        )
        return facts


class _Labelled(nn.Module):
    """The generator of a DCGAN; the one-hot label goes beside the latent."""

    def __init__(self, c: SimpleNamespace) -> None:
        super().__init__()
        shape, layers, first = pyramid(c.image_shape)
        up = ladder("g_channels", c, layers)
        body = _rising(up, shape[0], lambda a, b: nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False))
        inputs = c.latent_dim + c.classes
        self.classes = c.classes
        self.layers = nn.Sequential(
            nn.Unflatten(1, (inputs, 1, 1)),
            nn.ConvTranspose2d(inputs, up[-1], first, bias=False),
            nn.BatchNorm2d(up[-1]), nn.ReLU(), *body,
        )  # fmt: skip

    def forward(self, z: core.Tensor, y: core.Tensor) -> core.Tensor:
        """Return images of latents (N, latent_dim) and labels (N,)."""
        return self.layers(core.cat([z, F.one_hot(y, self.classes).float()], 1))


def _judge(c: SimpleNamespace, channels: str, outputs: int) -> nn.Module:
    """Return the discriminator of a DCGAN, with so many outputs."""
    shape, layers, first = pyramid(c.image_shape)
    down = ladder(channels, c, layers)
    body = _falling(down, shape[0], c.slope, lambda a, b: nn.Conv2d(a, b, 4, 2, 1, bias=False))
    head = nn.Conv2d(down[-1], outputs, first, bias=False)
    return nn.Sequential(*body, head, nn.Flatten())
