"""A GAN whose discriminator compares the samples of a batch."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc._options import at_least
from ganc.models._dcgan import ladder, pyramid
from ganc.models._preset import Preset, widths
from ganc.models._toy import perceptron
from ganc.nn._inference import without_graph
from ganc.nn.utils import weight_norm
from ganc.train import Update, register

__all__ = ["MinibatchGAN"]

_STD, _LAST_STD = 0.05, 0.1  # of initial weights; of the outputs that last layers begin with


@register
class MinibatchGAN(Preset):
    """Minibatch discrimination, Salimans et al. 2016, with the CIFAR-10 networks of its code.

    D has nine weight-normalised convolutions, the mean over the image, and for each sample 100
    features that say how close it is to the others of its batch: a generator whose samples are all
    alike gives itself away. The first batch decides the scales that the normalised layers begin
    with. G is updated three times for each update of D. With ``features=2`` the networks are fully
    connected ones for points, 128-128, with batch norm in G and these features before D's last
    layer.

    Parameters
    ----------
    image_shape : tuple of int, default (3, 32, 32)
        (C, H, W). The sides are 4 to 7 times a power of two and at least 12, such as 28, 32 or 64.
    features : int, optional
        Values of a point; there is no image then.
    latent_dim : int, default 100
        Latents are U(-1, 1).
    g_channels : int, default 128
        Of G's layer next to the image; each one before has twice as many.
    d_channels : tuple of int, default (96, 192)
        Of D's first three convolutions and of the others.
    g_hidden, d_hidden : tuple of int, default (128, 128)
        Widths of the hidden layers for points.
    kernels, kernel_dim : int, default 100, 5
        Features that compare samples; numbers that are compared for each.
    noise, dropout : float, default 0.2, 0.5
        Of D for images: standard deviation of what is added to them, and dropout after each layer
        with a stride.
    slope : float, default 0.2
        Of leaky ReLU, in D for images.
    g_steps : int, default 3
        Updates of G for each one of D.
    loss : str or GANLoss, default "minimax"
    label_smoothing : float, default 0.0
    d_reduction : {"mean", "sum"}, default "mean"
    g_lr, d_lr : float, default 3e-4
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    decay_epochs : tuple of int, default (800, 1200)
        Between these epochs the learning rates fall to 0.
    batch_size : int, default 100
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents, noise, dropout and data order.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.MinibatchGAN(features=2, seed=0)
    >>> logs = gan.train_on_batch(ganc.datasets.toy.ring(100, seed=0))
    >>> gan.discriminator[-2]
    MinibatchDiscrimination(in_features=128, out_features=100, kernel_dim=5, bias=True)
    >>> ganc.models.MinibatchGAN((1, 28, 28), g_channels=8, seed=0).sample(2, seed=0).shape
    (2, 1, 28, 28)
    """

    source = (
        "Salimans et al. 2016, arXiv:1606.03498; github.com/openai/improved-gan, "
        "mnist_svhn_cifar10/train_cifar_minibatch_discrimination.py"
    )
    deviations = (
        "D has one logit and learns without labels; the code's has ten, whose log-sum-exp is that "
        "logit, and a loss of labelled images besides",
        "latents are U(-1, 1); the code's are U(0, 1)",
        "each batch of D is followed by three updates of G on fresh fakes of the same number",
        "normalised layers begin from the first batch; the code's from 500 images",
        "Adam adds eps to the root of the second moment; the code adds 1e-8 under the root",
        "samples come from running statistics; the code's pictures from those of their batch",
        "sides other than 32 change the number of G's layers",
        "the networks for points are ganc's",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        *,
        features: int | None = None,
        latent_dim: int = 100,
        g_channels: int = 128,
        d_channels: tuple[int, int] = (96, 192),
        g_hidden: tuple[int, ...] = (128, 128),
        d_hidden: tuple[int, ...] = (128, 128),
        kernels: int = 100,
        kernel_dim: int = 5,
        noise: float = 0.2,
        dropout: float = 0.5,
        slope: float = 0.2,
        g_steps: int = 3,
        loss: str = "minimax",
        label_smoothing: float = 0.0,
        d_reduction: str = "mean",
        g_lr: float = 3e-4,
        d_lr: float = 3e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        decay_epochs: tuple[int, int] = (800, 1200),
        batch_size: int = 100,
        seed: int | None = None,
    ) -> None:
        at_least("g_steps", g_steps, 1)
        if len(decay_epochs) != 2 or not 0 <= decay_epochs[0] < decay_epochs[1]:
            raise ValueError(
                f"decay_epochs: got {decay_epochs}, expected two numbers of epochs, the second "
                "larger, such as (800, 1200)"
            )
        super().__init__(locals())

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        if c.features is not None:
            return _for_points(c)
        shape, layers, first = pyramid(c.image_shape)
        if min(shape[1:]) < 12:
            raise ValueError(
                f"image_shape: got {shape}, expected sides of at least 12: D has two layers with "
                "stride 2 and a 3x3 kernel without padding after them"
            )
        return _generator(c, shape, layers, first), _discriminator(c, shape[0])

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"latent": "uniform", "d_reduction": c.d_reduction}

    def optimizers(self, c: SimpleNamespace) -> dict[str, Callable]:
        """Return what makes the optimizers, of what is not frozen; see `Preset.optimizers`."""
        return {name: _of_free(make) for name, make in super().optimizers(c).items()}

    def updates(self) -> tuple[Update, ...]:
        """Return D's update, then G's several times; see `GAN.updates`."""
        *d, g = super().updates()
        return (*d, *(g,) * self.config["g_steps"])

    def schedule(self) -> None:
        """Let the learning rates fall in the last epochs, then set what `ramps` change."""
        start, end = self.config["decay_epochs"]
        if self.epoch > start:
            left = max(end - self.epoch, 0) / (end - start)
            for name in ("g", "d"):
                for group in getattr(self, f"{name}_optimizer").param_groups:
                    group["lr"] = self.config[f"{name}_lr"] * left
        super().schedule()

    def d_objective(self, batch: tuple) -> Any:
        """Return what D minimises; the first batch sets the scales of normalised layers before."""
        if self.step == 0:
            real = batch[0]
            without_graph(_fit_scales, self.generator, self.noise(len(real)))
            without_graph(_fit_scales, self.discriminator, real)
        return super().d_objective(batch)


def _of_free(make: Callable) -> Callable:
    """Return a function that makes an optimizer of those parameters that learn."""
    return lambda parameters: make([p for p in parameters if p.requires_grad])


def _for_points(c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
    features = at_least("features", c.features, 1)
    layers, width = [], c.latent_dim
    for outputs in widths("g_hidden", c.g_hidden):
        norm = _shifting(nn.BatchNorm1d(outputs, eps=1e-6))
        layers += [nn.Linear(width, outputs, bias=False), norm, nn.ReLU()]
        width = outputs
    generator = nn.Sequential(*layers, nn.Linear(width, features))
    *hidden, _ = perceptron(features, widths("d_hidden", c.d_hidden), 1, nn.ReLU)
    return generator, nn.Sequential(*hidden, *_comparing(c, c.d_hidden[-1]))


def _comparing(c: SimpleNamespace, inputs: int) -> list[nn.Module]:
    """Return D's last two layers."""
    compare = nn.MinibatchDiscrimination(inputs, c.kernels, c.kernel_dim)
    nn.init.constant_(compare.bias, -1.0)
    head = _normalised(nn.Linear(inputs + c.kernels, 1), learn_length=True)
    return [weight_norm(compare), head]


def _generator(c: SimpleNamespace, shape: tuple, layers: int, first: tuple) -> nn.Module:
    up = ladder("g_channels", c, layers)[::-1]

    def doubling(a: int, b: int, bias: bool = False) -> nn.Module:
        return nn.ConvTranspose2d(a, b, 5, 2, 2, 1, bias=bias)

    size = first[0] * first[1]
    begin = nn.Linear(c.latent_dim, up[0] * size, bias=False)
    rising: list[nn.Module] = [begin, _shifting(nn.BatchNorm1d(up[0] * size, eps=1e-6)), nn.ReLU()]
    rising.append(nn.Unflatten(1, (up[0], *first)))
    for a, b in zip(up, up[1:], strict=False):
        rising += [doubling(a, b), _shifting(nn.BatchNorm2d(b, eps=1e-6)), nn.ReLU()]
    for layer in rising:
        if isinstance(layer, (nn.Linear, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, _STD)
    last = _normalised(doubling(up[-1], shape[0], True), learn_length=True)
    return nn.Sequential(*rising, last, nn.Tanh())


def _discriminator(c: SimpleNamespace, inputs: int) -> nn.Module:
    narrow, wide = widths("d_channels", c.d_channels)
    layers: list[nn.Module] = [nn.GaussianNoise(c.noise)]

    def add(outputs: int, kernel: int = 3, stride: int = 1, padding: int = 1) -> None:
        nonlocal inputs
        layer = _normalised(nn.Conv2d(inputs, outputs, kernel, stride, padding))
        layers.extend([layer, nn.LeakyReLU(c.slope)])
        inputs = outputs

    for width in (narrow, wide):
        for stride in (1, 1, 2):
            add(width, stride=stride)
        layers.append(nn.Dropout(c.dropout))
    add(wide, padding=0)
    add(wide, 1, padding=0)
    add(wide, 1, padding=0)
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, *_comparing(c, wide))


def _normalised(layer: nn.Module, learn_length: bool = False) -> nn.Module:
    """Return a layer with weight norm, length 1 and no bias; it learns the length, or not."""
    nn.init.normal_(layer.weight, 0.0, _STD)
    nn.init.zeros_(layer.bias)
    weight_norm(layer, dim=int(isinstance(layer, nn.ConvTranspose2d)))
    nn.init.ones_(layer.weight_g)
    layer.weight_g.requires_grad_(learn_length)
    return layer


def _shifting(norm: nn.Module) -> nn.Module:
    """Return a batch norm that learns a shift and no gain."""
    norm.weight.requires_grad_(False)
    return norm


def _fit_scales(network: nn.Sequential, x: core.Tensor) -> core.Tensor:
    """Give each normalised layer outputs of mean 0 and a set deviation on a batch."""
    for layer in network:
        if isinstance(layer, nn.MinibatchDiscrimination):
            _fit_comparing(layer, x)
        elif hasattr(layer, "weight_g"):
            _fit_scale(layer, x, _LAST_STD if layer.weight_g.requires_grad else 1.0)
        x = layer(x)
    return x


def _fit_scale(layer: nn.Module, x: core.Tensor, std: float) -> None:
    y = layer(x)
    axes = (0, *range(2, y.ndim))
    mean, square = y.mean(axes), core.square(y).mean(axes)
    found = square - core.square(mean)
    scale = std / core.sqrt(core.clamp_scalar(found, 1e-12, math.inf))
    layer.bias.data.copy_((layer.bias - mean) * scale)
    layer.weight_g.data.copy_(layer.weight_g * scale.reshape(layer.weight_g.shape))


def _fit_comparing(layer: nn.MinibatchDiscrimination, x: core.Tensor) -> None:
    plain = nn.MinibatchDiscrimination(**layer.get_config())
    plain.weight.data.copy_(layer.weight_v / layer.weight_v.norm(dim=1, keepdim=True))
    try:
        plain.initialize(x)
    except ValueError:  # samples that are all equal say nothing of the scale
        return
    layer.weight_v.data.copy_(plain.weight)
    layer.weight_g.data.copy_(plain.weight.norm(dim=1, keepdim=True))
    layer.bias.data.copy_(plain.bias)
