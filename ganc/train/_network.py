"""What training asks of networks: that they are modules, optimizers, modes, counts."""

from typing import Any

from ganc._backend import core
from ganc.nn import Module, Parameter
from ganc.nn._hooks import structure
from ganc.optim import Adam

__all__ = ["checked", "count", "is_per_sample", "optimizer", "parameters_of", "train_mode"]


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


def train_mode(*networks: Module) -> None:
    """Put networks into training mode."""
    for network in networks:
        if not network.training:
            network.train()


def is_per_sample(network: Module) -> bool:
    """Whether a network is known to treat the samples of a batch one by one.

    Modules of the user may do anything in their forward, so they count as batch-dependent. The
    answer is kept until the structure of a network changes.
    """
    known = network.__dict__.get("_per_sample")
    if known is None or known[0] != structure.version:
        answer = all(
            type(m).__module__.startswith("ganc.") and not m.batch_dependent
            for m in network.modules()
        )
        known = network.__dict__["_per_sample"] = (structure.version, answer)
    return known[1]


def count(network: Module, *, trainable: bool | None = None) -> int:
    """Return how many numbers a network has: parameters and running statistics."""
    weights = sum(p.numel() for p in network.parameters())
    kept = sum(b.numel() for name, b in network.named_buffers() if "num_batches" not in name)
    return {None: weights + kept, True: weights, False: kept}[trainable]
