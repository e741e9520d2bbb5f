"""Networks that are asked and not trained: evaluation mode, a chunk of samples at a time."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ganc._backend import core

from ._module import Module

__all__ = ["eval_mode", "evaluate", "exclusive"]

_CHUNK = 512  # samples generated at a time

exclusive = threading.RLock()  # held while a model draws or changes its mode
if hasattr(os, "register_at_fork"):  # a child must not wait for a thread that it has not got
    os.register_at_fork(
        before=exclusive.acquire,
        after_in_parent=exclusive.release,
        after_in_child=exclusive.release,
    )


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
