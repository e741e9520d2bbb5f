"""The losses of nn.functional against torch.nn.functional."""

from __future__ import annotations

import numpy as np
import pytest
from rival import DOUBLE, close, numbers, same, torch

import ganc
import ganc.nn.functional as F


def functional(T):
    return torch.nn.functional if T is torch else F


REDUCTIONS = ["mean", "sum", "none"]
LOGITS, LABELS = numbers((6, 5), 27, -4, 4), numbers((6, 5), 28, 0, 1)
WEIGHT = numbers((5,), 29, 0.1, 2)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    "call",
    [
        lambda f, x, t, r: f.mse_loss(x, t, reduction=r),
        lambda f, x, t, r: f.l1_loss(x, t, reduction=r),
        lambda f, x, t, r: f.smooth_l1_loss(x, t, reduction=r),
        lambda f, x, t, r: f.smooth_l1_loss(x, t, reduction=r, beta=0.3),
        lambda f, x, t, r: f.smooth_l1_loss(x, t, reduction=r, beta=0.0),
        lambda f, x, t, r: f.binary_cross_entropy_with_logits(x, t, reduction=r),
        lambda f, x, t, r: f.binary_cross_entropy_with_logits(x * 100, t, reduction=r),
        lambda f, x, t, r: f.binary_cross_entropy_with_logits(
            x, t, weight=t.detach() + 1, reduction=r
        ),
        lambda f, x, t, r: f.binary_cross_entropy_with_logits(
            x, t, pos_weight=t.detach()[0], reduction=r
        ),
        lambda f, x, t, r: f.binary_cross_entropy(f.sigmoid(x), t, reduction=r),
        lambda f, x, t, r: f.binary_cross_entropy(
            f.sigmoid(x), t, weight=t.detach()[:, :1], reduction=r
        ),
        lambda f, x, t, r: f.kl_div(f.log_softmax(x, 1), f.softmax(t, 1), reduction=r),
        lambda f, x, t, r: f.kl_div(
            f.log_softmax(x, 1), f.log_softmax(t, 1), reduction=r, log_target=True
        ),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_losses(call, reduction):
    same(
        lambda T, x, t: call(functional(T), x, t, reduction),
        LOGITS,
        LABELS,
        second=reduction == "mean",
        tol=1e-9 if DOUBLE else 1e-4,
    )


def test_kl_div_batchmean_and_zero_targets():
    t = np.array([[0.0, 0.4, 0.6], [1.0, 0.0, 0.0]], LOGITS.dtype)
    same(
        lambda T, x: functional(T).kl_div(
            functional(T).log_softmax(x, 1), T.tensor(t), reduction="batchmean"
        ),
        numbers((2, 3), 30),
    )


@pytest.mark.parametrize("target", [0.0, 1.0, 0.3])
@pytest.mark.parametrize("p", [0.0, 1.0, 1e-7, 0.5])
def test_binary_cross_entropy_at_the_edges(p, target):
    """The logarithm is limited to -100, the gradient to 1e12."""
    p, target = np.array([p], LOGITS.dtype), np.array([target], LOGITS.dtype)
    results = []
    for T in (ganc, torch):
        x = T.tensor(p, requires_grad=True)
        loss = functional(T).binary_cross_entropy(x, T.tensor(target))
        loss.backward()
        results.append((loss.item(), x.grad.tolist()[0]))
    np.testing.assert_allclose(results[0], results[1], rtol=2e-3)
    mixed = ganc.tensor([0.0, 0.25, 1.0], requires_grad=True)
    F.binary_cross_entropy(mixed, ganc.tensor([1.0, 1.0, 1.0]), reduction="sum").backward()
    np.testing.assert_allclose(mixed.grad.numpy(), [-1e12, -4, 0], rtol=1e-5)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("ignore", [-100, 2])
def test_cross_entropy(reduction, weighted, smoothing, ignore):
    target = [0, 2, 4, 1, 2, 3]

    def call(T, x):
        weight = T.tensor(WEIGHT) if weighted else None
        labels = target if T is ganc else torch.tensor(target)
        return functional(T).cross_entropy(
            x,
            labels,
            weight=weight,
            ignore_index=ignore,
            reduction=reduction,
            label_smoothing=smoothing,
        )

    same(call, LOGITS, second=reduction == "mean")


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_nll_loss(reduction, weighted):
    def call(T, x):
        weight = T.tensor(WEIGHT) if weighted else None
        labels = np.array([0, 2, 4, 1, 2, 3])
        labels = ganc.tensor(labels) if T is ganc else torch.tensor(labels)
        return functional(T).nll_loss(x, labels, weight=weight, reduction=reduction)

    same(call, LOGITS)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_with_probabilities(smoothing, weighted, reduction):
    def call(T, x, t):
        weight = T.tensor(WEIGHT) if weighted else None
        p = functional(T).softmax(t, 1)
        return functional(T).cross_entropy(
            x, p, weight=weight, reduction=reduction, label_smoothing=smoothing
        )

    same(call, LOGITS, LABELS)


def test_cross_entropy_shapes():
    x, labels = numbers((2, 5, 3, 4), 31), np.arange(24).reshape(2, 3, 4) % 5

    def call(T, x):
        return functional(T).cross_entropy(
            x, ganc.tensor(labels) if T is ganc else torch.tensor(labels)
        )

    same(call, x)
    single = F.cross_entropy(ganc.tensor(LOGITS[0]), 3)
    close(single, torch.nn.functional.cross_entropy(torch.tensor(LOGITS[0]), torch.tensor(3)))


@pytest.mark.parametrize("shape", [(1, 4), (5, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_cells(shape, bias):
    x, h, c = numbers(shape, 32), numbers((*shape[:-1], 3), 33), numbers((*shape[:-1], 3), 34)
    for gates, name in ((3, "gru_cell"), (4, "lstm_cell")):
        weights = [numbers((gates * 3, 4), 35), numbers((gates * 3, 3), 36)]
        weights += [numbers((gates * 3,), 37), numbers((gates * 3,), 38)] if bias else []

        def call(T, x, h, c, *w, name=name):
            function = getattr(T if T is torch else F, name)
            return function(x, h if name == "gru_cell" else (h, c), *w)

        same(call, x, h, c, *weights, second=True)
