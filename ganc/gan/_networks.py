"""What is asked of a generator and a discriminator: shapes, logits, labels, answers."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from ganc import losses
from ganc._backend import core
from ganc._warn import warn
from ganc.losses import Penalty
from ganc.nn import BatchNorm1d, BatchNorm2d, Module, Sequential
from ganc.nn._inference import evaluate

__all__ = [
    "Critic",
    "check_discriminator",
    "check_generator",
    "features",
    "takes_labels",
    "warn_of_activation",
    "warn_of_batch_norm",
]


def warn_of_activation(discriminator: Module, loss: losses.GANLoss) -> None:
    """Warn of a discriminator that ends in a sigmoid or softmax."""
    leaves = [m for m in discriminator.modules() if not list(m.children())]
    last = type(leaves[-1]).__name__ if leaves else ""
    if last in ("Sigmoid", "Softmax", "LogSoftmax"):
        warn(
            f"the discriminator ends in {last}, but the loss {loss.name!r} takes logits and has "
            "the sigmoid inside; remove the last layer"
        )


def warn_of_batch_norm(discriminator: Module, penalties: Sequence[Penalty]) -> None:
    """Warn of penalties of each sample's gradient where batch norm mixes the samples."""
    if any(isinstance(m, (BatchNorm1d, BatchNorm2d)) for m in discriminator.modules()):
        for penalty in penalties:
            if penalty.of_gradient:
                warn(
                    f"penalty {penalty.name!r}: it bounds D's gradient in each sample, but batch "
                    "norm in the discriminator lets each sample change the answers to all others; "
                    "take nn.LayerNorm, nn.InstanceNorm2d or no normalisation there"
                )


def check_generator(
    name: str,
    network: Module,
    latent_dim: tuple[int, ...],
    shape: tuple[int, ...],
    labels: tuple[np.ndarray, ...] = (),
) -> None:
    """Raise unless a network makes samples of this shape of latents (and two labels)."""
    z = np.zeros((2, *latent_dim), np.float32)
    with _named(f"while trying the {name} on latents of shape {z.shape}"):
        made = evaluate(network, z, *labels).shape
    if made != (2, *shape):
        raise ValueError(
            f"the {name} makes samples of shape {made[1:]}, the data have {shape}; "
            + _shape_hint(name, made[1:], shape)
        )


def check_discriminator(
    network: Module, shape: tuple[int, ...], labels: tuple[np.ndarray, ...] = ()
) -> None:
    """Raise unless the discriminator gives one answer or more for each of its inputs."""
    x = np.zeros((2, *shape), np.float32)
    with _named(f"while trying the discriminator on samples of shape {x.shape}"):
        made = evaluate(network, x, *labels).shape
    if not made or made[0] != 2:
        raise ValueError(
            f"the discriminator gives {made} for 2 samples, expected (2, 1): one logit for each"
        )


def _shape_hint(name: str, made: tuple[int, ...], shape: tuple[int, ...]) -> str:
    size = int(np.prod(shape))
    if len(made) == len(shape) == 3 and (made[1], made[2], made[0]) == shape:
        return "these are channels last: pass x.transpose(0, 3, 1, 2)"
    if np.prod(made) == size:
        if len(made) == 1:
            return f"end the {name} with nn.Unflatten(1, {shape})"
        if len(shape) == 1:
            return f"end the {name} with nn.Flatten()"
        return f"end the {name} with nn.Unflatten(1, {shape}) where it takes the shape {made} now"
    if len(shape) == 3:
        return f"give the model image_shape={shape}, or its last layer {size} outputs"
    return f"its last layer needs {size} outputs"


@contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(what)
        raise


def takes_labels(network: Module) -> bool:
    """Whether a network's ``forward`` takes labels beside latents or samples."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = inspect.signature(network.forward).parameters.values()
    return sum(p.kind in kinds and p.default is p.empty for p in found) > 1


class Critic:
    """D as a function of samples; of those it has judged already, the same answer again.

    Parameters
    ----------
    judge : callable
        `GAN.judge`.
    labels : sequence of Tensor
    *known : tuple of (samples, logits)
    """

    def __init__(
        self,
        judge: Callable[..., core.Tensor],
        labels: Sequence[core.Tensor],
        *known: tuple[core.Tensor, core.Tensor],
    ) -> None:
        self._judge, self._labels, self._known = judge, labels, known

    def __call__(self, x: core.Tensor) -> core.Tensor:
        for samples, logits in self._known:
            if samples is x:
                return logits
        return self._judge(x, *self._labels)


def features(network: Module, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
    """Return a discriminator's last hidden layer: its own ``features``, or all but the last."""
    own = getattr(network, "features", None)
    if callable(own):
        return own(x, *labels)
    if type(network) is not Sequential or len(network) < 2:
        raise TypeError(
            f"the discriminator {type(network).__name__} does not say what its features are: give "
            "it a method features(x), or make it an nn.Sequential whose last layer gives the logit"
        )
    for layer in list(network.children())[:-1]:
        x = layer(x)
    return x
