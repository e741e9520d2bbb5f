"""What the test_ops_* files share: calling a row on either core, derivatives, comparison."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from cases import Case, Config, all_cases
from pytorch import torch

from ganc import _core, _core64

torch.set_num_threads(1)

CASES = all_cases()
CORES = (_core, _core64)
INPUTS = {  # names of the tensors in each op's signature: those without an annotation
    name: [p for p in sig.split(", ") if p != "*" and ":" not in p] for name, sig, _ in _core.ops()
}
WORST: dict[str, tuple[float, str]] = {}  # printed at the end of the session (conftest.py)


def rows(small=False, smooth=False):
    """pytest parameters (case, config)."""
    return [
        pytest.param(case, config, id=f"{case.op}-{config.label()}")
        for case in CASES.values()
        for config in case.configs
        if not (small and config.big) and not (smooth and (case.constant or case.flat))
    ]


def note(check: str, error: float, where: str) -> float:
    if check not in WORST or not error <= WORST[check][0]:
        WORST[check] = (float(error), where)
    return error


def where(case: Case, config: Config) -> str:
    return f"{case.op}({config.label()})"


# ---- the core ------------------------------------------------------------------------------


def tensors(core, config, arrays, grad=True):
    return [
        None
        if a is None
        else core.tensor(a, grad and spec.grad, np.int64 if spec.kind == "int" else None)
        for spec, a in zip(config.inputs, arrays, strict=True)
    ]


def call(core, case, xs, config):
    f = getattr(core, case.op)
    if case.by_name:
        return f(**dict(zip(INPUTS[case.op], xs, strict=True)), **config.attrs)
    return f(xs, **config.attrs) if case.is_list else f(*xs, **config.attrs)


def leaves(xs):
    return [x for x in xs if x is not None and x.requires_grad]


def array(t):
    return np.array(t.detach().numpy(), dtype=np.float64) if t is not None else None


def cotangent(config, name, shape):
    rng = np.random.default_rng(len(name) + 1000 * len(config.label()))
    return rng.uniform(-1, 1, shape).astype(np.float32).astype(np.float64)


def contract(core, y, c):
    return core.sum(core.mul(y, core.tensor(c)))


def total(core, terms):
    loss = terms[0]
    for t in terms[1:]:
        loss = core.add(loss, t)
    return loss


def gradients(core, loss, xs, create=False):
    return core.grad([loss], xs, None, None, create, True)


def run(core, case, config, arrays, create=False, c=None):
    """Inputs, output and gradients of <y, c>; None where there is no gradient."""
    xs = tensors(core, config, arrays)
    y = call(core, case, xs, config)
    grads = []
    if y.requires_grad:
        c = cotangent(config, case.op, y.shape) if c is None else c
        grads = gradients(core, contract(core, y, c), leaves(xs), create)
    return SimpleNamespace(xs=xs, y=y, grads=grads)


def bits(core, case, config, arrays):
    """Everything the op computes, as bytes; NaN made one NaN."""
    r = run(core, case, config, arrays)
    moved = [x for x in r.xs if x is not None and not x.requires_grad]
    out = [r.y, *[g for g in r.grads if g is not None], *moved]
    return [canonical(t.detach().numpy()) for t in out]


def canonical(a):
    return np.where(np.isnan(a), np.nan, a).astype(a.dtype).tobytes()


# ---- torch ---------------------------------------------------------------------------------


def torch_run(case, config, arrays, dtype):
    xs = [
        None if a is None else torch.tensor(a, dtype=dtype, requires_grad=spec.grad)
        for spec, a in zip(config.inputs, arrays, strict=True)
    ]
    y = case.reference(*xs, **config.attrs)
    grads = []
    if y.requires_grad and not case.constant:
        c = torch.tensor(cotangent(config, case.op, tuple(y.shape)), dtype=dtype)
        some = torch.autograd.grad((y * c).sum(), leaves(xs), allow_unused=True)
        pairs = zip(some, leaves(xs), strict=True)
        grads = [torch.zeros_like(x) if g is None else g for g, x in pairs]
    return SimpleNamespace(xs=xs, y=y.detach(), grads=grads)


# ---- comparison ------------------------------------------------------------------------------


def norm_error(got, want):
    """|got - want| / |want|; where both are NaN, or the same infinity, there is no error."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape, f"shape {got.shape}, expected {want.shape}"
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    difference = np.where(same, 0, got - want)
    size = np.linalg.norm(np.where(np.isfinite(want), want, 0))
    error = np.linalg.norm(difference)
    return 0.0 if error == 0 else error / max(size, 1e-6)
