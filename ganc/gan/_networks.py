"""What is asked of the two networks: shapes, modes, optimizers, counts, the core's trainer."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc import losses
from ganc._backend import core
from ganc.gan._streams import exclusive
from ganc.nn import Module

if TYPE_CHECKING:
    from ganc.gan import GAN

_CORE_LOSSES = (losses.NonSaturating, losses.Minimax, losses.LSGAN, losses.WGAN, losses.Hinge)
_CHUNK = 512  # samples generated at a time


# ---- construction ----


def checked(name: str, network: Any) -> Any:
    """Return a network that is a module."""
    if isinstance(network, type):
        raise TypeError(
            f"{name}: got the class {network.__name__}, expected a module; call it first: "
            f"{network.__name__}(...)"
        )
    if not isinstance(network, Module):
        raise TypeError(
            f"{name}: got {type(network).__name__}, expected a ganc.nn.Module, for example "
            "nn.Sequential(...)"
        )
    if not list(network.parameters()):
        raise ValueError(f"{name}: got a module without parameters, expected one to train")
    return network


def optimizer(name: str, given: Any, network: Module) -> Any:
    """Return the optimizer of a network: the given one, one made by a function, or Adam."""
    parameters = list(network.parameters())
    if given is None or (callable(given) and not hasattr(given, "param_groups")):
        core.flatten(parameters)
        if given is not None:
            given = given(parameters)
        else:
            from ganc.optim import Adam

            given = Adam(parameters, lr=2e-4, betas=(0.5, 0.999))
    if not (hasattr(given, "param_groups") and hasattr(given, "minimize")):
        raise TypeError(
            f"{name}: got {type(given).__name__}, expected an optimizer of ganc.optim or a "
            "function that makes one of the parameters, such as lambda p: optim.Adam(p, lr=1e-4)"
        )
    held = {id(p) for group in given.param_groups for p in group["params"]}
    own = {id(p) for p in parameters}
    if not held <= own:
        raise ValueError(
            f"{name}: holds {len(held - own)} tensors that are not parameters of its network; "
            f"make it of {name[0] == 'g' and 'generator' or 'discriminator'}.parameters()"
        )
    return given


def warn_of_activation(discriminator: Module, loss: losses.GANLoss) -> None:
    """Warn of a discriminator that ends in a sigmoid or softmax."""
    leaves = [m for m in discriminator.modules() if not list(m.children())]
    last = type(leaves[-1]).__name__ if leaves else ""
    if last in ("Sigmoid", "Softmax", "LogSoftmax"):
        warnings.warn(
            f"the discriminator ends in {last}, but the loss {loss.name!r} takes logits and has "
            "the sigmoid inside; remove the last layer",
            UserWarning,
            stacklevel=4,
        )


# ---- shapes ----


def check_generator(gan: "GAN", shape: tuple[int, ...]) -> None:
    """Raise unless the generator makes samples of this shape of its latents."""
    z = np.zeros((2, *gan.latent_dim), np.float32)
    with _named(f"while trying the generator on latents of shape {z.shape}"):
        made = evaluate(gan.generator, z).shape
    if made != (2, *shape):
        raise ValueError(
            f"the generator makes samples of shape {made[1:]}, the data have {shape}; "
            + _shape_hint(made[1:], shape)
        )


def check_discriminator(gan: "GAN", shape: tuple[int, ...]) -> None:
    """Raise unless the discriminator gives one answer or more for each sample."""
    x = np.zeros((2, *shape), np.float32)
    with _named(f"while trying the discriminator on samples of shape {x.shape}"):
        made = evaluate(gan.discriminator, x).shape
    if not made or made[0] != 2:
        raise ValueError(
            f"the discriminator gives {made} for 2 samples, expected (2, 1): one logit for each"
        )


def _shape_hint(made: tuple[int, ...], shape: tuple[int, ...]) -> str:
    size = int(np.prod(shape))
    if len(made) == len(shape) == 3 and (made[1], made[2], made[0]) == shape:
        return "these are channels last: pass x.transpose(0, 3, 1, 2)"
    if np.prod(made) == size:
        if len(made) == 1:
            return f"end the generator with nn.Unflatten(1, {shape})"
        return f"reshape the data to {made}"
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


# ---- running them ----


def train_mode(*networks: Module) -> None:
    """Put networks into training mode."""
    for network in networks:
        if not network.training:
            network.train()


@contextmanager
def eval_mode(network: Module) -> Iterator[None]:
    """Keep a network in evaluation mode without gradients, then put back what was.

    Other threads neither train nor sample meanwhile.
    """
    with exclusive:
        kept = [(module, module.training) for module in network.modules()]
        previous = core.set_grad_enabled(False)
        try:
            network.eval()
            yield
        finally:
            core.set_grad_enabled(previous)
            for module, training in kept:
                module.training = training


def evaluate(network: Module, x: np.ndarray) -> np.ndarray:
    """Return what a network in evaluation mode makes of an array, a chunk at a time."""
    with eval_mode(network):
        # Nothing is asked of n = 0 but the shape, which one zero input tells.
        chunks = [x[i : i + _CHUNK] for i in range(0, len(x), _CHUNK)] or [
            np.zeros_like(x, shape=(1, *x.shape[1:]))
        ]
        made = [np.array(network(core.Tensor(chunk)).numpy(), np.float32) for chunk in chunks]
    return np.concatenate(made)[: len(x)]


def clip(network: Module, limit: float) -> None:
    """Clip all parameters to [-limit, limit]."""
    previous = core.set_grad_enabled(False)
    try:
        for p in network.parameters():
            p.copy_(core.clamp_scalar(p, -limit, limit))
    finally:
        core.set_grad_enabled(previous)


def answer(loss: losses.GANLoss, logits: core.Tensor) -> float:
    """Return D's mean answer: a probability, or the logit where the loss knows none."""
    previous = core.set_grad_enabled(False)
    try:
        logits = logits.detach()
        return core.mean(core.sigmoid(logits) if loss.probability else logits).item()
    finally:
        core.set_grad_enabled(previous)


# ---- facts ----


def is_rowwise(network: Module) -> bool:
    """Whether a network is known to treat the samples of a batch one by one.

    Modules of the user may do anything in their forward, so they count as coupled.
    """
    return all(
        type(m).__module__.startswith("ganc.") and not m.batch_coupled for m in network.modules()
    )


def count(network: Module, *, trainable: bool | None = None) -> int:
    """Return how many numbers a network has: parameters and running statistics."""
    weights = sum(p.numel() for p in network.parameters())
    kept = sum(b.numel() for name, b in network.named_buffers() if "num_batches" not in name)
    return {None: weights + kept, True: weights, False: kept}[trainable]


def print_summary(gan: "GAN") -> None:
    """Print both networks as tables."""
    shape = gan._shape
    if shape is None:
        z = np.zeros((1, *gan.latent_dim), np.float32)
        shape = evaluate(gan.generator, z).shape[1:]
    for title, network, inputs in (
        ("Generator", gan.generator, gan.latent_dim),
        ("Discriminator", gan.discriminator, shape),
    ):
        print(title)
        text = network.summary(inputs)
        if text is not None:
            print(text)


def trainer(gan: "GAN") -> Any:
    """Return the core's trainer for a GAN."""
    in_core = type(gan.loss) in _CORE_LOSSES
    generator: Callable = gan.generator
    return core.Trainer(
        generator,
        gan.discriminator,
        gan.g_optimizer.cores(),
        gan.d_optimizer.cores(),
        loss=gan.loss.name if in_core else gan.loss,
        n_critic=gan.n_critic,
        label_smoothing=gan.loss.label_smoothing if in_core else 0.0,
        weight_clip=gan.weight_clip or 0.0,
        latent=gan.latent,
        latent_shape=gan.latent_dim,
        joint=is_rowwise(gan.discriminator),
        d_scale=0.5 if gan.d_reduction == "mean" else 1.0,
        generator_rng=core.default_generator,
    )
