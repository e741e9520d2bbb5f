"""Each norm on 200 random shapes, attributes and subsets of weights, against torch."""

import numpy as np
import pytest
from cases import Config, Input
from harness import CASES, _core, _core64, array, norm_error, note, run, torch, torch_run, where

pytestmark = pytest.mark.usefixtures("no_live_tensors")

COUNT = 200
ACTS = ["none", "relu", "leaky_relu", "tanh", "sigmoid"]


def a_shape(rng, low=2):
    """(N, C, ...) of at most about 20,000 elements, with 3 values a statistic at least."""
    n, c = int(rng.integers(low, 20)), int(rng.integers(1, 40))
    sizes = [int(s) for s in rng.integers(1, 9, rng.integers(0, 4))]
    return n, c, *sizes


def weights(rng, shape):
    return tuple(Input(shape) if rng.random() < 0.7 else None for _ in range(2))


def common(rng):
    attrs = {"eps": float(rng.choice([1e-5, 1e-3, 1e-2])), "act": str(rng.choice(ACTS))}
    return attrs | ({"slope": float(rng.choice([0.0, 0.01, 0.3]))} if rng.random() < 0.5 else {})


def batch_norm(rng):
    shape = a_shape(rng, 4)
    c = shape[1:2]
    stats = (Input(c, grad=False), Input(c, 0.5, 2, grad=False))
    attrs = {"momentum": float(rng.random()), **common(rng)}
    if attrs["act"] in ("none", "relu", "leaky_relu") and rng.random() < 0.6:
        attrs["before"], attrs["act"] = attrs["act"], "none"
    running = stats if rng.random() < 0.5 else (None, None)
    return Config((Input(shape), *weights(rng, c), *running), attrs)


def batch_norm_eval(rng):
    shape = a_shape(rng, 1)
    c = shape[1:2]
    both = (Input(c), Input(c)) if rng.random() < 0.7 else (None, None)
    return Config((Input(shape), Input(c), Input(c, 0.5, 2), *both), common(rng))


def group_norm(rng):
    while True:
        shape = a_shape(rng, 1)
        groups = int(rng.choice([g for g in range(1, shape[1] + 1) if shape[1] % g == 0]))
        if np.prod(shape[1:]) >= 4 * groups:
            attrs = {"groups": groups, **common(rng)}
            return Config((Input(shape), *weights(rng, shape[1:2])), attrs)


def layer_norm(rng):
    while True:
        shape = a_shape(rng, 1)
        dims = int(rng.integers(1, len(shape) + 1))
        last = shape[len(shape) - dims :]
        if np.prod(last) >= 4:
            return Config((Input(shape), *weights(rng, last)), {"dims": dims, **common(rng)})


def pixel_norm(rng):
    shape = a_shape(rng, 1)
    shape = (shape[0], shape[1] + 2, *shape[2:])  # of a single channel the gradient is a rounding
    return Config((Input(shape),), {"eps": float(rng.choice([1e-8, 1e-3]))})


MAKERS = (batch_norm, batch_norm_eval, group_norm, layer_norm, pixel_norm)


def compare(case, config, core, bound):
    """`bound(rival)` is the largest error, given torch's own in the same precision."""
    arrays = config.arrays(case.op)
    ours = run(core, case, config, arrays)
    want = torch_run(case, config, arrays, torch.float64)
    rival = torch_run(case, config, arrays, torch.float32)
    triples = [(ours.y, want.y, rival.y), *zip(ours.grads, want.grads, rival.grads, strict=True)]
    for got, exact, other in triples:
        exact = exact.numpy()
        error = norm_error(array(got), exact)
        assert note(f"{case.op} {core.real}", error, where(case, config)) <= bound(
            norm_error(other.double().numpy(), exact)
        )


@pytest.mark.parametrize("maker", MAKERS, ids=lambda m: m.__name__)
@pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])
def test_random_configurations_equal_torch(maker, core):
    rng = np.random.default_rng(7)
    case = CASES[maker.__name__]
    for _ in range(COUNT):
        config = maker(rng)
        if core is _core64:
            compare(case, config, core, lambda rival: 1e-12)
        else:
            compare(case, config, core, lambda rival: max(2 * rival, 1e-6))
