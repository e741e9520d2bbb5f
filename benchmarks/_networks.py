"""The networks of the benchmarks, each written once: every contender interprets these lists.

Strided layers are padded as Keras's 'same' does it, or not at all. Where that is one pixel more on
one side than on the other (an odd number in all), PyTorch's symmetric padding gives the mirror
image of the network without a copy, at the same cost: `Layer.padding` is that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One layer; a field that its kind does not have keeps its default."""

    kind: str
    out: int = 0
    kernel: int = 1
    stride: int = 1
    same: bool = True
    bias: bool = True
    value: float = 0.0  # slope, probability
    eps: float = 1e-5
    momentum: float = 0.1  # weight of the new statistic, as in PyTorch
    cut: int = 0  # rows and columns less than 'same' gives, of a transposed convolution
    shape: tuple[int, ...] = ()
    normed: bool = False  # its weight is divided by its spectral norm

    @property
    def padding(self) -> int:
        return (self.kernel - self.stride + 1) // 2 if self.same else 0

    @property
    def output_padding(self) -> int:
        """For a transposed convolution; 1 where the padding is odd in all and nothing is cut."""
        return 2 * self.padding - (self.kernel - self.stride) - self.cut if self.same else 0

    def result(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of a sample behind the layer."""
        if self.kind == "dense":
            return (self.out,)
        if self.kind == "flatten":
            return (math.prod(shape),)
        if self.kind == "reshape":
            return self.shape
        if self.kind == "conv":
            k, s, p = self.kernel, self.stride, self.padding
            return (self.out, *((n + 2 * p - k) // s + 1 for n in shape[1:]))
        if self.kind == "conv_t":
            k, s, p, extra = self.kernel, self.stride, self.padding, self.output_padding
            return (self.out, *((n - 1) * s - 2 * p + k + extra for n in shape[1:]))
        return shape

    def parameters(self, shape: tuple[int, ...]) -> int:
        """How many numbers it learns on samples of a shape."""
        if self.kind in ("dense", "conv", "conv_t"):
            return self.out * (shape[0] * self.kernel**2 + self.bias)
        return 2 * shape[0] if self.kind == "bn" else 0


def dense(out: int, **kw) -> Layer:
    return Layer("dense", out, **kw)


def conv(out: int, kernel: int, stride: int = 1, **kw) -> Layer:
    return Layer("conv", out, kernel, stride, **kw)


def conv_t(out: int, kernel: int, stride: int = 1, **kw) -> Layer:
    return Layer("conv_t", out, kernel, stride, **kw)


def leaky(slope: float) -> Layer:
    return Layer("leaky", value=slope)


def dropout(p: float) -> Layer:
    return Layer("dropout", value=p)


def reshape(*shape: int) -> Layer:
    return Layer("reshape", shape=shape)


RELU, TANH, SIGMOID, FLATTEN = (Layer(kind) for kind in ("relu", "tanh", "sigmoid", "flatten"))
BN, KERAS_BN = Layer("bn"), Layer("bn", eps=1e-3, momentum=0.01)


def walk(layers: list[Layer], shape: tuple[int, ...]) -> Iterator[tuple[Layer, tuple, tuple]]:
    """(layer, shape of its input, shape of its output), without the batch."""
    for layer in layers:
        before, shape = shape, layer.result(shape)
        yield layer, before, shape


def count(layers: list[Layer], shape: tuple[int, ...]) -> int:
    """How many numbers a network learns."""
    return sum(layer.parameters(before) for layer, before, _ in walk(layers, shape))


@dataclass(frozen=True)
class Spec:
    """One GAN and how it is trained; images and latents are shapes of a sample."""

    batch: int
    image: tuple[int, ...]
    latent: tuple[int, ...]
    generator: list[Layer]
    discriminator: list[Layer]
    lr: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    eps: float = 1e-8
    d_reduction: str = "sum"  # of D's two cross-entropies; "mean"; "separate": an update for each
    joint: bool = False  # its recipe shows D real and fake samples in one pass
    same_fakes: bool = False  # G learns on the fakes of D's update
    loss: str = "bce"  # or "wgan", "relativistic" (paired)
    penalties: tuple[tuple[str, float], ...] = ()  # what D minimises besides, and its weight
    n_critic: int = 1  # a step is so many updates of D and one of G

    @property
    def normed(self) -> bool:
        """Whether D has spectral norms."""
        return any(layer.normed for layer in self.discriminator)

    @property
    def d_scale(self) -> float:
        return 1.0 if self.d_reduction == "sum" else 0.5

    @property
    def parameters(self) -> list[int]:
        """Of generator and discriminator."""
        return [count(self.generator, self.latent), count(self.discriminator, self.image)]


def vanilla_gan() -> Spec:
    up, down = (256, 512, 1024), (1024, 512, 256)
    g = [x for n in up for x in (dense(n), leaky(0.2))] + [dense(784), TANH, reshape(1, 28, 28)]
    d = [x for n in down for x in (dense(n), leaky(0.2), dropout(0.3))]
    return Spec(100, (1, 28, 28), (100,), g, [FLATTEN, *d, dense(1)], betas=(0.9, 0.999))


def dense_gan() -> Spec:
    g = [x for n in (128, 256, 512) for x in (dense(n), RELU, KERAS_BN)]
    g += [dense(784), TANH, reshape(1, 28, 28)]
    d = [FLATTEN, dense(512), leaky(0.2), dense(256), leaky(0.2), dense(1)]
    return Spec(128, (1, 28, 28), (100,), g, d, eps=1e-7, d_reduction="mean", joint=True)


def toy_gan() -> Spec:
    hidden = [dense(128), RELU, dense(128), RELU]
    return Spec(256, (2,), (2,), [*hidden, dense(2)], [*hidden, dense(1)], lr=1e-3)


def cnn_gan() -> Spec:
    g = [dense(7 * 7 * 128), RELU, reshape(128, 7, 7)]
    g += [conv_t(128, 4, 2), RELU, KERAS_BN] * 2 + [conv(1, 7), SIGMOID]
    d = [conv(64, 3, 2), RELU, conv(128, 3, 2), RELU, KERAS_BN, FLATTEN, dense(1)]
    return Spec(64, (1, 28, 28), (100,), g, d, betas=(0.9, 0.999), eps=1e-7, d_reduction="separate")


def tf_dcgan() -> Spec:
    act = leaky(0.3)
    g = [dense(7 * 7 * 256, bias=False), KERAS_BN, act, reshape(256, 7, 7)]
    g += [conv_t(128, 5, 1, bias=False), KERAS_BN, act, conv_t(64, 5, 2, bias=False), KERAS_BN, act]
    g += [conv_t(1, 5, 2, bias=False), TANH]
    d = [conv(64, 5, 2), act, dropout(0.3), conv(128, 5, 2), act, dropout(0.3), FLATTEN, dense(1)]
    return Spec(
        256, (1, 28, 28), (100,), g, d, lr=1e-4, betas=(0.9, 0.999), eps=1e-7, same_fakes=True
    )


def dcgan(width: int = 64) -> Spec:
    """The 4x4 network everybody runs, 64 x 64 RGB, without biases."""
    g = [conv_t(8 * width, 4, 1, same=False, bias=False), BN, RELU]
    for n in (4, 2, 1):
        g += [conv_t(n * width, 4, 2, bias=False), BN, RELU]
    g += [conv_t(3, 4, 2, bias=False), TANH]
    d = [conv(width, 4, 2, bias=False), leaky(0.2)]
    for n in (2, 4, 8):
        d += [conv(n * width, 4, 2, bias=False), BN, leaky(0.2)]
    d += [conv(1, 4, 1, same=False, bias=False), FLATTEN]
    return Spec(32, (3, 64, 64), (100, 1, 1), g, d, same_fakes=True)


def wgan_gp(dim: int = 64) -> Spec:
    """Gulrajani's networks for MNIST; his crop of 8 x 8 to 7 x 7 is `cut`."""
    g = [dense(4 * 4 * 4 * dim), RELU, reshape(4 * dim, 4, 4), conv_t(2 * dim, 5, 2, cut=1), RELU]
    g += [conv_t(dim, 5, 2), RELU, conv_t(1, 5, 2), SIGMOID]
    d = [x for n in (1, 2, 4) for x in (conv(n * dim, 5, 2), leaky(0.2))] + [FLATTEN, dense(1)]
    learning = {"lr": 1e-4, "betas": (0.5, 0.9), "loss": "wgan", "n_critic": 5}
    return Spec(50, (1, 28, 28), (128,), g, d, penalties=(("wgan_gp", 10.0),), **learning)


def r1_r2(width: int = 64) -> Spec:
    """R3GAN's loss, both penalties in each update, on plain networks for 32 x 32 RGB."""
    act = leaky(0.2)
    g = [dense(4 * 4 * 4 * width), act, reshape(4 * width, 4, 4)]
    g += [conv_t(2 * width, 4, 2), act, conv_t(width, 4, 2), act, conv_t(3, 4, 2)]
    d = [x for n in (1, 2, 4) for x in (conv(n * width, 4, 2), act)] + [FLATTEN, dense(1)]
    learning = {"betas": (0.0, 0.99), "loss": "relativistic"}
    return Spec(64, (3, 32, 32), (64,), g, d, penalties=(("r1", 1.0), ("r2", 1.0)), **learning)


def sn_dcgan(width: int = 64) -> Spec:
    """Miyato's plain networks for 32 x 32 RGB: every layer of D has a spectral norm of 1."""
    act = leaky(0.1)
    g = [dense(8 * width * 16), BN, RELU, reshape(8 * width, 4, 4)]
    for n in (4, 2, 1):
        g += [conv_t(n * width, 4, 2), BN, RELU]
    g += [conv_t(3, 3, 1), TANH]
    d = [conv(width, 3, normed=True), act]
    for n in (2, 4, 8):
        d += [conv(n * width, 4, 2, normed=True), act, conv(n * width, 3, normed=True), act]
    return Spec(64, (3, 32, 32), (128,), g, [*d, FLATTEN, dense(1, normed=True)])


SPECS = {
    "VanillaGAN": vanilla_gan(),
    "DenseGAN": dense_gan(),
    "ToyGAN": toy_gan(),
    "CNNGAN": cnn_gan(),
    "TFDCGAN": tf_dcgan(),
    "DCGAN-64": dcgan(),
    "WGAN-GP": wgan_gp(),
    "R1+R2": r1_r2(),
    "SNGAN": sn_dcgan(),
}
