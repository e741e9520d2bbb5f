"""Running the same expression in torch and in ganc, and comparing values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pytorch import torch

import ganc
from ganc._backend import core

DOUBLE = np.dtype(core.real) == np.float64
DTYPE = torch.float64 if DOUBLE else torch.float32
TOL = 1e-10 if DOUBLE else 2e-5
torch.set_default_dtype(DTYPE)


def numbers(shape: tuple[int, ...], seed: int = 0, low: float = -2.0, high: float = 2.0) -> Any:
    """Return random numbers as an array of the core's type."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype(core.real)


def array(x: Any) -> np.ndarray:
    """Return a result of either library as an array."""
    if isinstance(x, torch.Tensor):
        x = x.numpy(force=True)
    return np.asarray(x.detach().numpy() if hasattr(x, "detach") else x, dtype=np.float64)


def flat(result: Any) -> list[Any]:
    """Return the tensors of a result; namedtuples and lists are walked."""
    if isinstance(result, (tuple, list)):
        return [x for part in result for x in flat(part)]
    return [result]


def close(ours: Any, theirs: Any, tol: float = TOL, what: str = "") -> None:
    """Assert equal shapes and, but for rounding, equal values."""
    ours, theirs = array(ours), array(theirs)
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, torch {theirs.shape}"
    scale = max(1.0, float(np.abs(theirs[np.isfinite(theirs)]).max(initial=0)))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol * scale, err_msg=what)


def same(
    fn: Callable[..., Any],
    *arrays: np.ndarray,
    tol: float = TOL,
    gradients: bool = True,
    second: bool = False,
) -> None:
    """Assert that ``fn(library, *tensors)`` agrees: values, gradients, second derivatives."""
    ours = [ganc.tensor(a, requires_grad=gradients) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=gradients) for a in arrays]
    y, t = flat(fn(ganc, *ours)), flat(fn(torch, *theirs))
    assert len(y) == len(t)
    for a, b in zip(y, t, strict=True):
        close(a, b, tol, "value")
    if not gradients:
        return
    # contracted with random numbers: a plain sum hides errors
    loss = [0.0, 0.0]
    for k, (a, b) in enumerate(zip(y, t, strict=True)):
        if b.requires_grad:
            c = numbers(tuple(b.shape), 100 + k)
            assert a.requires_grad, f"output {k} lost its gradient"
            loss[0] = loss[0] + (a * ganc.tensor(c)).sum()
            loss[1] = loss[1] + (b * torch.tensor(c)).sum()
    g = ganc.grad(loss[0], ours, create_graph=second, allow_unused=True)
    h = torch.autograd.grad(loss[1], theirs, create_graph=second, allow_unused=True)
    for k, (a, b) in enumerate(zip(g, h, strict=True)):
        assert (a is None) == (b is None), f"gradient {k}: {a} and {b}"
        if b is not None:
            close(a, b, 5 * tol, f"gradient {k}")
    if second:
        pairs = [(a, b) for a, b in zip(g, h, strict=True) if b is not None and b.requires_grad]
        if pairs:
            weights = [numbers(tuple(b.shape), 200 + k) for k, (_, b) in enumerate(pairs)]
            p = sum((a * ganc.tensor(w)).sum() for (a, _), w in zip(pairs, weights, strict=True))
            q = sum((b * torch.tensor(w)).sum() for (_, b), w in zip(pairs, weights, strict=True))
            gg = [None] * len(ours)  # abs, sign: the core knows that the derivative is 0
            if p.requires_grad:
                gg = ganc.grad(p, ours, allow_unused=True)
            hh = torch.autograd.grad(q, theirs, allow_unused=True)
            for k, (a, b) in enumerate(zip(gg, hh, strict=True)):
                if b is not None:
                    close(
                        torch.zeros_like(b) if a is None else a,
                        b,
                        20 * tol,
                        f"second derivative {k}",
                    )
