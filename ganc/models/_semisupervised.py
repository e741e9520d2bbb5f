"""The semi-supervised GAN: a classifier that also learns from images without labels."""

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least, finite
from ganc._tensor._creation import ones, zeros
from ganc.gan._classify import Classifies
from ganc.models._preset import Preset, adam, image_size, same, widths
from ganc.nn import functional as F
from ganc.nn._inference import without_graph
from ganc.nn.init._plain import fill
from ganc.train import Field, register
from ganc.tricks import FeatureMatching

__all__ = ["SemiSupervisedGAN"]


@register
class SemiSupervisedGAN(Classifies, Preset):
    """Salimans et al. 2016: few labels, many images, feature matching; the MNIST networks.

    D gives a logit l for each class. With Z = sum exp(l) it takes an image for real with
    probability Z / (Z + 1), which it learns from all images, and those with labels it also learns
    to classify. G makes images whose mean features are those of real ones.

    ``fit(x, y)`` takes -1 for an image without a label. Labelled images come as they fall: where
    they are few, repeat them in the data until each batch has some.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W). Images are in [0, 1] inside.
    classes : int, default 10
        Labels are 0 to classes - 1, or -1.
    latent_dim : int, default 100
        Latents are uniform.
    g_hidden : tuple of int, default (500, 500)
        Widths of G's hidden layers: batch norm, softplus.
    d_hidden : tuple of int, default (1000, 500, 250, 250, 250)
        Widths of D's hidden layers: weight norm, ReLU.
    d_noise, hidden_noise : float, default 0.3, 0.5
        Deviation of the noise that D adds to images and to each hidden layer.
    unlabelled_weight : float, default 1.0
        What telling real from generated images weighs beside the classes.
    loss : str or GANLoss, default "non_saturating"
        What D minimises of log Z, the logit of Z / (Z + 1): the mean of a real and a fake half.
    label_smoothing : float, default 0.0
        Of real against generated.
    lr : float, default 3e-3
    betas, eps : default (0.5, 0.999), 1e-4
        Of both Adams.
    batch_size : int, default 100
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents, noise and data order.

    Examples
    --------
    >>> import numpy as np
    >>> import ganc
    >>> x, y = ganc.datasets.load_embedded(200)
    >>> gan = ganc.models.SemiSupervisedGAN(seed=0)
    >>> history = gan.fit(x, np.where(np.arange(200) < 100, y.astype(int), -1), verbose=0)
    >>> gan.classify(x[:3]).shape, gan.sample(2, seed=0).shape
    ((3,), (2, 1, 28, 28))
    """

    source = (
        "Salimans et al. 2016, arXiv:1606.03498, section 5; github.com/openai/improved-gan, "
        "mnist_svhn_cifar10/train_mnist_feature_matching.py"
    )
    deviations = (
        "labelled images are those of the batch, and G is held to the same batch; the code draws "
        "a batch of labelled ones, one for D and one for G",
        "classes come from D itself; the code's from averages of its parameters",
        "latents are U(-1, 1), the code's U(0, 1), which batch norm makes the same",
        "G's batch norm has gains",
        "Adam adds eps to the root; 1e-4 is what the code's 1e-8 is, which stands under the root",
    )
    _conditional = False
    _judges_labels = False

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        classes: int = 10,
        latent_dim: int = 100,
        g_hidden: tuple[int, ...] = (500, 500),
        d_hidden: tuple[int, ...] = (1000, 500, 250, 250, 250),
        d_noise: float = 0.3,
        hidden_noise: float = 0.5,
        unlabelled_weight: float = 1.0,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        lr: float = 3e-3,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-4,
        batch_size: int = 100,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())
        self.config["unlabelled_weight"] = finite("unlabelled_weight", unlabelled_weight, 0.0)
        self.FIELDS = (Field("x", "image"), Field("y", "partial_label"))

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, size = image_size(c.image_shape)
        at_least("classes", c.classes, 2)
        return _generator(c, shape, size), _Classifying(c, size)

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {
            "latent": "uniform",
            "pixel_range": (0.0, 1.0),
            "d_reduction": "mean",
            "classes": c.classes,
        }

    def optimizers(self, c: SimpleNamespace) -> dict[str, Callable]:
        """Return what makes the optimizers; see `Preset.optimizers`."""
        return same(adam(c.lr, c))

    @property
    def classifier(self) -> nn.Module:
        """What gives the logits of the classes: D before Z is made of them."""
        return nn.Sequential(self.discriminator.trunk, self.discriminator.head)

    def judge(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return log Z of samples; the logits of the classes are kept for D's objective."""
        logits = self.discriminator.classes(self._seen(x))
        self.passed.setdefault("classes", []).append(logits)
        return core.logsumexp(logits, (1,), True)

    def d_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return what D minimises: the cross-entropy of known classes, and real against fake."""
        if self.step == 0:
            without_graph(self.discriminator.begin, self._seen(batch.x))
        self.passed["classes"] = []
        apart, report = super().d_objective((batch.x,))
        logits = self.passed.pop("classes")[0][: len(batch.x)]  # real samples come first
        told = known_cross_entropy(logits, batch.y)
        report = {"d_loss": apart, "class_loss": told} | report
        return told + apart * self.config["unlabelled_weight"], report

    def g_objective(self, batch: Any) -> core.Tensor:
        """Return what G minimises: how far mean features of fakes and real images are apart."""
        fake = self.passed.pop("shared", None)
        if fake is None:
            fake = self.generator(self.noise(len(batch.x)))
        return FeatureMatching().g_term(self, batch.x, fake, ())

    def _facts(self) -> dict[str, dict[str, Any]]:
        facts = super()._facts()
        facts["loss"] |= {
            "classes": "D also minimises the cross-entropy of the classes of labelled images",
            "generator": "mean (E f(x) - E f(G(z)))**2, f being D's last hidden layer",
        }
        return facts


def known_cross_entropy(logits: core.Tensor, labels: core.Tensor) -> core.Tensor:
    """Return the mean cross-entropy of samples with labels; 0 where all are -1."""
    known = (labels >= 0).float()
    total = F.cross_entropy(logits, labels, ignore_index=-1, reduction="sum")
    return total / core.clamp_scalar(core.sum(known), 1.0, float("inf"))


class _Classifying(nn.Module):
    """D: noisy layers with weight norm, logits of classes, and log Z of those."""

    def __init__(self, c: SimpleNamespace, size: int) -> None:
        super().__init__()
        hidden = widths("d_hidden", c.d_hidden)
        noises = (c.d_noise, *[c.hidden_noise] * len(hidden))
        layers: list[nn.Module] = [nn.Flatten()]
        for noise, inputs, width in zip(noises, (size, *hidden), hidden, strict=False):
            layers += [nn.GaussianNoise(noise), _WeightNormed(inputs, width), nn.ReLU()]
        self.trunk = nn.Sequential(*layers)
        last = _WeightNormed(hidden[-1], c.classes, scales=True)
        self.head = nn.Sequential(nn.GaussianNoise(noises[-1]), last)

    def features(self, x: core.Tensor) -> core.Tensor:
        """Return the last hidden layer, before its noise."""
        return self.trunk(x)

    def classes(self, x: core.Tensor) -> core.Tensor:
        """Return the logits of the classes."""
        return self.head(self.trunk(x))

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Return log Z, the logit that images are real."""
        return core.logsumexp(self.classes(x), (1,), True)

    def begin(self, x: core.Tensor) -> None:
        """Set scales and biases so that each layer's answers to a batch have mean 0, deviation 1.

        Parameters
        ----------
        x : Tensor
        """
        layers: Iterable[nn.Module] = (*self.trunk.children(), *self.head.children())
        for layer in layers:
            if isinstance(layer, _WeightNormed):
                layer.begin(x)
            x = layer(x)


class _WeightNormed(nn.Module):
    """A linear layer whose weights have directions that are learned, and given lengths.

    Salimans and Kingma 2016, arXiv:1602.07868; with `scales` the lengths are learned too.
    """

    def __init__(self, inputs: int, width: int, *, scales: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.normal_(zeros(width, inputs), 0.0, 0.1))
        self.bias = nn.Parameter(zeros(width))
        if scales:
            self.scale = nn.Parameter(ones(width))
        else:
            self.register_buffer("scale", ones(width))

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Return scale * (x . direction) + bias."""
        return self._along(x) * self.scale + self.bias

    def begin(self, x: core.Tensor) -> None:
        """Set scale and bias from a batch."""
        made = self._along(x)
        mean = core.mean(made, (0,))
        deviation = core.sqrt(core.mean(core.square(made - mean), (0,)))
        scale = 1.0 / core.clamp_scalar(deviation, 1e-6, float("inf"))
        fill(self.scale, scale)
        fill(self.bias, -mean * scale)

    def _along(self, x: core.Tensor) -> core.Tensor:
        return F.linear(x, F.normalize(self.weight, dim=1))


def _generator(c: SimpleNamespace, shape: tuple[int, int, int], size: int) -> nn.Module:
    layers: list[nn.Module] = []
    inputs = c.latent_dim
    for width in widths("g_hidden", c.g_hidden):
        linear = nn.Linear(inputs, width, bias=False)
        nn.init.xavier_uniform_(linear.weight)
        layers += [linear, nn.BatchNorm1d(width, eps=1e-6), nn.Softplus()]
        inputs = width
    last = _WeightNormed(inputs, size, scales=True)
    nn.init.xavier_uniform_(last.weight)
    return nn.Sequential(*layers, last, nn.Sigmoid(), nn.Unflatten(1, shape))
