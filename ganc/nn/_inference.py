"""Networks that are asked and not trained: evaluation mode, a chunk of samples at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ganc._backend import core
from ganc._tensor._random import exclusive
from ganc.nn._module import Module

__all__ = ["eval_mode", "evaluate", "without_graph"]

_CHUNK = 512  # samples generated at a time


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


def evaluate(network: Module, *inputs: np.ndarray) -> np.ndarray:
    """Return what a network in evaluation mode makes of arrays, a chunk of rows at a time."""
    n = len(inputs[0])
    with eval_mode(network):
        # Nothing is asked of n = 0 but the shape, which one zero input tells.
        chunks = [[x[i : i + _CHUNK] for x in inputs] for i in range(0, n, _CHUNK)] or [
            [np.zeros_like(x, shape=(1, *x.shape[1:])) for x in inputs]
        ]
        made = [np.array(network(*map(core.Tensor, chunk)).numpy(), np.float32) for chunk in chunks]
    return np.concatenate(made)[:n]


def without_graph(network: Any, *inputs: core.Tensor) -> core.Tensor:
    """Return what a network, or a function of tensors, makes: a constant."""
    previous = core.set_grad_enabled(False)
    try:
        return network(*inputs)
    finally:
        core.set_grad_enabled(previous)
