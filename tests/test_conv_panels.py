"""Gradients of filters whose number no width of a panel divides."""

import numpy as np
import pytest
from pytorch import torch

import ganc
import ganc.nn.functional as F


@pytest.mark.parametrize("filters", [128, 130, 250])
def test_filter_gradient_of_many_filters(filters):
    rng = np.random.default_rng(filters)
    x = rng.standard_normal((2, 64, 32, 32), np.float32)
    w = rng.standard_normal((filters, 64, 3, 3), np.float32)
    dy = rng.standard_normal((2, filters, 32, 32), np.float32)
    ours = ganc.tensor(w, requires_grad=True)
    theirs = torch.tensor(w, requires_grad=True)
    F.conv2d(ganc.tensor(x), ours, padding=1).backward(ganc.tensor(dy))
    torch.nn.functional.conv2d(torch.tensor(x), theirs, padding=1).backward(torch.tensor(dy))
    want = theirs.grad.numpy()
    np.testing.assert_allclose(ours.grad.numpy(), want, rtol=0, atol=1e-5 * np.abs(want).max())
