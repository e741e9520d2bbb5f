"""Second derivatives where the first sweep was for one input only, as a gradient penalty's is.

The gradient in x depends on w, too, though nobody asked for the gradient in w.
"""

import numpy as np
import pytest
from harness import CASES, _core64, array, call, contract, cotangent, leaves, norm_error, tensors

pytestmark = pytest.mark.usefixtures("no_live_tensors")


def seconds(case, config, first, alone):
    """The gradients of <dy/dx[first], c> in all inputs; the first sweep for that input alone."""
    xs = tensors(_core64, config, config.arrays(case.op))
    y = call(_core64, case, xs, config)
    some = leaves(xs)
    if not y.requires_grad or first >= len(some):
        return None
    loss = contract(_core64, _core64.square(y), cotangent(config, case.op, y.shape))
    wanted = [some[first]] if alone else some
    g = _core64.grad([loss], wanted, None, None, True, True)[0 if alone else first]
    if g is None or not g.requires_grad:
        return []
    c = np.random.default_rng(1).uniform(-1, 1, g.shape)
    found = _core64.grad([contract(_core64, g, c)], some, None, None, False, True)
    return [None if d is None else array(d) for d in found]


def small(case):
    return [
        c for c in case.configs if not c.big and all(not i or 0 not in i.shape for i in c.inputs)
    ]


@pytest.mark.parametrize("op", sorted(op for op, case in CASES.items() if not case.constant))
def test_one_input_at_a_time(op):
    case = CASES[op]
    for config in small(case):
        for first in range(len(config.inputs)):
            want = seconds(case, config, first, alone=False)
            if not want:
                continue
            for got, d in zip(seconds(case, config, first, alone=True), want, strict=True):
                if d is None or not d.any():
                    assert got is None or not got.any(), config.label()
                else:
                    assert got is not None, (config.label(), first)
                    assert norm_error(got, d) < 1e-12, config.label()
