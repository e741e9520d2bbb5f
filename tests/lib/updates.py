"""What the tests of core.step share: small parameters, optimizers and updates."""

import pytest
from harness import _core, _core64

both = pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])


def parameter(core, *values):
    return core.tensor(list(values), requires_grad=True)


def sgd(core, *params, lr=0.25):
    return core.Optimizer("sgd", list(params), lr=lr)


def update(objective, *optimizers, name="u", every=1, clip=0.0, averages=()):
    return name, objective, optimizers, every, clip, averages


def square(core, p):
    """The objective sum p**2, whose gradient is 2 p."""
    return lambda batch: core.sum(core.square(p))
