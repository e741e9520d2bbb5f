"""What is asked of the networks: shapes, modes, optimizers, counts, the core's trainer."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc import losses
from ganc._backend import core
from ganc.nn import Module, Parameter
from ganc.nn._inference import eval_mode, evaluate  # noqa: F401

if TYPE_CHECKING:
    from ganc.gan import GAN
    from ganc.gan._model import Model

_CORE_LOSSES = (losses.NonSaturating, losses.Minimax, losses.LSGAN, losses.WGAN, losses.Hinge)


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


def parameters_of(*networks: Module) -> list[Parameter]:
    """Return the parameters of several networks, in order."""
    return [p for network in networks for p in network.parameters()]


def optimizer(name: str, given: Any, **networks: Module) -> Any:
    """Return the optimizer of networks: the given one, one made by a function, or Adam."""
    parameters = parameters_of(*networks.values())
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
            f"make it of {' and '.join(networks)}.parameters()"
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


def check_maker(
    name: str, network: Module, latent_dim: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    """Raise unless a network makes samples of this shape of latents."""
    z = np.zeros((2, *latent_dim), np.float32)
    with _named(f"while trying the {name} on latents of shape {z.shape}"):
        made = evaluate(network, z).shape
    if made != (2, *shape):
        raise ValueError(
            f"the {name} makes samples of shape {made[1:]}, the data have {shape}; "
            + _shape_hint(name, made[1:], shape)
        )


def check_discriminator(network: Module, shape: tuple[int, ...]) -> None:
    """Raise unless the discriminator gives one answer or more for each sample."""
    x = np.zeros((2, *shape), np.float32)
    with _named(f"while trying the discriminator on samples of shape {x.shape}"):
        made = evaluate(network, x).shape
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


def print_summary(model: "Model") -> None:
    """Print the networks as tables."""
    shape = model._shape
    if shape is None:
        z = np.zeros((1, *model.latent_dim), np.float32)
        shape = evaluate(model._maker(), z).shape[1:]
    for name, network in model._parts().items():
        print(name.capitalize())
        text = network.summary(model.latent_dim if name == model.MAKER else shape)
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
        separate=gan.d_reduction == "separate",
        same_fakes=gan.same_fakes,
        d_scale=1.0 if gan.d_reduction == "sum" else 0.5,
        generator_rng=core.default_generator,
        average=gan._current_average(),
    )
