"""Every op against torch in float64: values, shapes, and the fused kernels against their ref."""

import re

import numpy as np
import pytest
from harness import (
    CASES,
    _core,
    _core64,
    array,
    call,
    leaves,
    norm_error,
    note,
    rows,
    run,
    tensors,
    torch,
    torch_run,
    where,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("no_live_tensors")

NORMS = ("batch_norm", "batch_norm_eval", "group_norm", "layer_norm", "pixel_norm")
BOTH = pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])


def test_every_op_has_a_row():
    assert sorted(name for name, _, _ in _core.ops()) == sorted(CASES)
    assert _core.ops() == _core64.ops()


def test_ops_with_attributes_have_16_configurations():
    for name, signature, _ in _core.ops():
        if re.search(":", signature) or signature.count(",") >= 1:
            assert len(CASES[name].configs) >= 16, name
        assert len(CASES[name].configs) >= 6, name


@pytest.mark.parametrize("case, config", rows())
def test_float64(case, config):
    arrays = config.arrays(case.op)
    xs = tensors(_core64, config, arrays)
    y, want = call(_core64, case, xs, config), torch_run(case, config, arrays, torch.float64)
    assert y.shape == tuple(want.y.shape)
    assert y.requires_grad == (not case.constant and len(leaves(xs)) > 0)
    error = norm_error(array(y), want.y.numpy())
    assert note("forward float64", error, where(case, config)) <= (0 if case.exact else 1e-12)
    for x, w in zip(xs, want.xs, strict=True):  # running statistics move, nothing else does
        if x is not None:
            assert norm_error(array(x), w.detach().numpy()) <= 1e-12


@pytest.mark.parametrize("case, config", rows())
def test_float32(case, config):
    arrays = config.arrays(case.op)
    y = call(_core, case, tensors(_core, config, arrays), config)
    want = torch_run(case, config, arrays, torch.float64).y.numpy()
    if case.exact:
        assert norm_error(array(y), want) == 0
        return
    if case.sums:
        error, bound = np.abs(array(y) - want), sum_bound(case, config, arrays)
        worst = np.max(error / np.maximum(bound, 1e-30), initial=0)
        assert note("sums float32, of 8 u", worst, where(case, config)) <= 1
        return
    rival = norm_error(torch_run(case, config, arrays, torch.float32).y.double().numpy(), want)
    error = norm_error(array(y), want)
    assert note("forward float32", error, where(case, config)) <= max(2 * rival, 5e-7)


def sum_bound(case, config, arrays):
    """8 u sum |x|, or 8 u |a| |b|, element by element; u = 2^-24."""
    sizes = [None if a is None else np.abs(a) for a in arrays]
    return 8 * 2.0**-24 * torch_run(case, config, sizes, torch.float64).y.numpy()


@BOTH
@pytest.mark.parametrize(
    "case, config", [r for r in rows() if r.values[0].op in ("linear", "grid_sample", *NORMS)]
)
def test_fused_equals_its_definition(core, case, config):
    arrays = config.arrays(case.op)
    fused = run(core, case, config, arrays)
    was = core.set_fused(False)
    try:
        plain = run(core, case, config, arrays)
    finally:
        core.set_fused(was)
    bound = 1e-12 if core is _core64 else 3e-6
    pairs = [(fused.y, plain.y), *zip(fused.grads, plain.grads, strict=True)]
    pairs += [(a, b) for a, b in zip(fused.xs, plain.xs, strict=True) if a is not None]
    for got, want in pairs:
        size = max(np.linalg.norm(array(want)), 1)
        error = np.linalg.norm(array(got) - array(want)) / size
        assert note(f"fused {core.real}", error, where(case, config)) <= bound


@BOTH
def test_method_is_the_function(core):
    x = core.tensor([[1.0, -2.0], [3.0, 4.0]])
    equal = [
        (core.sum(x, 1), x.sum(1)), (core.sum(x, 1), x.sum(dim=1)), (x.reshape(4), x.reshape((4,))),
        (x.reshape(-1), x.reshape(4)), (x.permute(1, 0), x.transpose(0, 1)),
        (core.add(x, 1), x + 1), (core.add(1, x), 1 + x), (x.permute((1, 0)), x.permute([1, 0])),
    ]  # fmt: skip
    for a, b in equal:
        assert a.shape == b.shape and array(a).tolist() == array(b).tolist()
    assert not hasattr(core.Tensor, "cat")
