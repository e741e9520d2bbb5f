"""A penalty that D learns from now and then, in an update of its own."""

from typing import Any

from ganc._backend import core
from ganc.gan._networks import Critic
from ganc.losses import Penalty
from ganc.nn._inference import without_graph

__all__ = ["LazyPenalty"]


class LazyPenalty:
    """The objective of a penalty that has an update of its own."""

    def __init__(self, gan: Any, penalty: Penalty) -> None:
        self._gan, self._penalty = gan, penalty

    def __call__(self, batch: tuple[core.Tensor, ...]) -> tuple[core.Tensor, dict[str, Any]]:
        (real, *labels), gan, penalty = batch, self._gan, self._penalty
        fake = None
        if penalty.on_fakes:
            fake = without_graph(gan.generator, gan.noise(len(real)), *labels)
        if penalty.at_samples:
            real, fake = (x if x is None else x.detach().requires_grad_() for x in (real, fake))
        value = penalty(Critic(gan.judge, labels), real, fake)
        return value * float(penalty.every), {f"{penalty.name}_loss": value}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LazyPenalty) and vars(self) == vars(other)

    __hash__ = None
