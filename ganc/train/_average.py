"""Moving averages of networks, which samples are taken from."""

import copy
from typing import Any

from ganc._backend import core
from ganc._options import finite

__all__ = ["Average", "checked_decay"]


class Average:
    """A copy of a network whose parameters are exponential moving averages.

    After each update of the network, average += (1 - decay_t) * (parameter - average), where
    decay_t is the smaller of `decay` and (1 + t) / (10 + t) after t updates: TensorFlow's warm-up.
    Buffers are copied, as StyleGAN's training loop does.

    Parameters
    ----------
    network : Module
    decay : float

    Examples
    --------
    >>> import ganc
    >>> from ganc.train._average import Average
    >>> net = ganc.nn.Linear(2, 2)
    >>> average = Average(net, 0.999)
    >>> average.network is net, average.core.decay
    (False, 0.999)
    """

    def __init__(self, network: Any, decay: float) -> None:
        self.source = network
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self.core = _core_of(network, self.network, decay)

    def __getstate__(self) -> dict[str, Any]:
        return {"networks": (self.source, self.network), "now": (self.core.decay, self.core.steps)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        (self.source, self.network), (decay, steps) = state["networks"], state["now"]
        self.core = _core_of(self.source, self.network, decay)
        self.core.steps = steps


def _core_of(network: Any, average: Any, decay: float) -> core.Average:
    return core.Average(
        list(network.parameters()),
        list(average.parameters()),
        list(network.buffers()),
        list(average.buffers()),
        decay,
    )


def checked_decay(value: Any) -> float:
    """Return a decay in [0, 1)."""
    if isinstance(value, bool):
        raise TypeError(f"ema: got {value}, expected the decay as a number, for example 0.999")
    decay = finite("ema", value, 0.0)
    if not decay < 1:
        raise ValueError(f"ema: got {value}, expected a decay in [0, 1), for example 0.999")
    return decay
