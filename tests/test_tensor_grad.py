"""Gradients of tensors, against torch, and bad input to their methods."""

from __future__ import annotations

import pytest
from rival import DOUBLE, numbers

import ganc


# ---- gradients --------------------------------------------------------------------------------
def test_grad():
    x = ganc.tensor([1.0, 2.0], requires_grad=True)
    y = ganc.tensor([3.0, 4.0], requires_grad=True)
    gx, gy = ganc.grad((x * y).sum(), [x, y])
    assert gx.tolist() == [3.0, 4.0] and gy.tolist() == [1.0, 2.0] and x.grad is None
    (g,) = ganc.grad(x * y, x, ganc.tensor([1.0, 10.0]))
    assert g.tolist() == [3.0, 40.0]
    (g,) = ganc.grad([x.sum(), (2 * x).sum()], x)
    assert g.tolist() == [3.0, 3.0]
    with pytest.raises((RuntimeError, ValueError)):
        ganc.grad(x.sum(), y)
    assert ganc.grad(x.sum(), y, allow_unused=True) == (None,)
    with pytest.raises((RuntimeError, ValueError)):
        ganc.grad(x * 2, x)  # not a single number
    with pytest.raises((RuntimeError, ValueError)):
        ganc.grad(ganc.ones(()), x)


def test_graph_is_used_once_unless_retained():
    x = ganc.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    ganc.grad(y, x, retain_graph=True)
    ganc.grad(y, x)
    with pytest.raises(RuntimeError):
        ganc.grad(y, x)


@pytest.mark.parametrize("make", [ganc.no_grad, ganc.enable_grad])
def test_switches(make):
    wanted = make is ganc.enable_grad
    with ganc.set_grad_enabled(not wanted):
        with make():
            assert ganc.is_grad_enabled() is wanted
            with make():
                pass
            assert ganc.is_grad_enabled() is wanted
        assert ganc.is_grad_enabled() is not wanted

        @make()
        def inside(x, y=1):
            """Doc."""
            return ganc.is_grad_enabled(), x + y

        @make
        def bare():
            return ganc.is_grad_enabled()

        assert inside(1, y=2) == (wanted, 3) and inside.__doc__ == "Doc."
        assert bare() is wanted
        assert ganc.is_grad_enabled() is not wanted
        with pytest.raises(ZeroDivisionError), make():
            raise ZeroDivisionError
        assert ganc.is_grad_enabled() is not wanted
    assert ganc.is_grad_enabled()


def test_set_grad_enabled_as_function_and_decorator():
    ganc.set_grad_enabled(False)
    assert not ganc.is_grad_enabled()
    ganc.set_grad_enabled(True)

    @ganc.set_grad_enabled(False)
    def inside():
        return ganc.is_grad_enabled()

    assert ganc.is_grad_enabled() and not inside() and ganc.is_grad_enabled()


def test_anomaly_names_the_operation():
    x = ganc.tensor([-1.0], requires_grad=True)
    with ganc.detect_anomaly(), pytest.raises(Exception, match="(?i)sqrt|nan"):
        ganc.sqrt(x).sum().backward()
    ganc.sqrt(x)


@pytest.mark.skipif(not DOUBLE, reason="needs GANC_DTYPE=float64")
def test_gradcheck_finds_errors():
    x = ganc.tensor(numbers((2, 3), 8), requires_grad=True)
    w = ganc.tensor(numbers((2, 3), 9), requires_grad=True)
    assert ganc.gradcheck(lambda a, b: (ganc.tanh(a) @ b.T, a.exp()), (x, w))
    assert ganc.gradgradcheck(lambda a, b: ganc.tanh(a) @ b.T, (x, w))

    def wrong(a):
        return a * a.detach()

    assert not ganc.gradcheck(wrong, x, raise_exception=False)
    with pytest.raises(RuntimeError, match="Jacobian"):
        ganc.gradcheck(wrong, x)
    with pytest.raises(ValueError, match="requires grad"):
        ganc.gradcheck(wrong, ganc.ones(2))


@pytest.mark.skipif(DOUBLE, reason="the float32 build refuses")
def test_gradcheck_needs_float64():
    with pytest.raises(RuntimeError, match="GANC_DTYPE=float64"):
        ganc.gradcheck(ganc.tanh, ganc.ones(2, requires_grad=True))
    with pytest.raises(RuntimeError, match="GANC_DTYPE=float64"):
        ganc.gradgradcheck(ganc.tanh, ganc.ones(2, requires_grad=True))


# ---- bad input ---------------------------------------------------------------------------------
X = ganc.zeros(2, 3)
BAD = {
    "negative size": (ValueError, lambda: ganc.zeros(2, -1)),
    "float size": (TypeError, lambda: ganc.zeros(2.5)),
    "text size": (TypeError, lambda: ganc.ones("ab")),
    "arange zero step": (ValueError, lambda: ganc.arange(0, 1, 0)),
    "arange wrong way": (ValueError, lambda: ganc.arange(1, 0)),
    "arange nan": (ValueError, lambda: ganc.arange(float("nan"))),
    "linspace": (ValueError, lambda: ganc.linspace(0, 1, -1)),
    "clamp": (ValueError, lambda: ganc.clamp(X)),
    "stack nothing": (ValueError, lambda: ganc.stack([])),
    "stack shapes": (ValueError, lambda: ganc.stack([X, ganc.zeros(2)])),
    "cat nothing": (ValueError, lambda: ganc.cat([])),
    "split sizes": (ValueError, lambda: ganc.split(X, [1, 1], 1)),
    "split zero": (ValueError, lambda: ganc.split(X, 0)),
    "split dim": (IndexError, lambda: ganc.split(X, 1, 2)),
    "chunk": (ValueError, lambda: ganc.chunk(X, 0)),
    "unsqueeze": (IndexError, lambda: ganc.unsqueeze(X, 4)),
    "squeeze": (IndexError, lambda: X.squeeze(2)),
    "flatten": (ValueError, lambda: ganc.flatten(X, 1, 0)),
    "repeat": (ValueError, lambda: X.repeat(2)),
    "repeat negative": (ValueError, lambda: X.repeat(1, -1)),
    "roll": (ValueError, lambda: ganc.roll(X, (1, 2), 0)),
    "tril": (ValueError, lambda: ganc.tril(ganc.zeros(2))),
    "bmm": (ValueError, lambda: ganc.bmm(X, X)),
    "matmul": (ValueError, lambda: X @ X),
    "view": (ValueError, lambda: X.view(4)),
    "expand": (ValueError, lambda: X.expand(3, 3)),
    "expand -1": (ValueError, lambda: X.expand(-1, 2, 3)),
    "topk": (ValueError, lambda: X.topk(4)),
    "norm": (ValueError, lambda: X.norm("nuc")),
    "max dim": (IndexError, lambda: X.max(2)),
    "t": (ValueError, lambda: ganc.zeros(2, 2, 2).t()),
    "einsum operands": (ValueError, lambda: ganc.einsum("ij,jk,kl->il", X, X, X)),
    "einsum sizes": (ValueError, lambda: ganc.einsum("ij,jk->ik", X, X)),
    "einsum dims": (ValueError, lambda: ganc.einsum("ijk->i", X)),
    "einsum letters": (ValueError, lambda: ganc.einsum("i.->i", X)),
    "einsum unknown": (ValueError, lambda: ganc.einsum("ij->k", X)),
    "randint": (ValueError, lambda: ganc.randint(3, 3, (1,))),
    "threads": (ValueError, lambda: ganc.set_num_threads(0)),
    "add shapes": (ValueError, lambda: X + ganc.zeros(4)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    error, call = BAD[name]
    with pytest.raises(error):
        call()
