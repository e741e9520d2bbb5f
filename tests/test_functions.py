"""Functions made of others: values and derivatives of both orders are PyTorch's."""

import numpy as np
import pytest
from pytorch import torch

import ganc


def rows(lib):
    """Name -> function of one float tensor (3, 4) `x` and another `y` of the same shape."""
    index = lib.tensor([[2, 0, 1], [0, 3, 3]])
    once = lib.tensor([[2, 0, 1], [0, 3, 1]])
    low = lib.tensor([[0, 1, 2, 0]])
    cut = lib.tensor([[1, 0], [2, 1]])
    f = lib.nn.functional
    return {
        "scatter": lambda x, y: lib.scatter(x, 1, once, y[:2, :3]),
        "scatter of a number": lambda x, y: lib.scatter(x, 0, low, 2.5),
        "scatter_add": lambda x, y: lib.scatter_add(x, 1, index, y[1:, 1:]),
        "scatter_add of a corner": lambda x, y: x.scatter_add(1, cut, y[:2, :2]),
        "gather": lambda x, y: lib.gather(x, 1, index),
        "gather of a corner": lambda x, y: lib.gather(x * y, 0, low[:, :2]),
        "sort": lambda x, y: lib.sort(x, 1).values * y,
        "sort, descending": lambda x, y: x.sort(0, descending=True)[0] * y,
        "argsort": lambda x, y: lib.argsort(x, 1, descending=True),
        "nonzero": lambda x, y: lib.nonzero(x > 0),
        "masked_select": lambda x, y: lib.masked_select(x, y > 0),
        "diagonal": lambda x, y: lib.diagonal(x, 1) * 2,
        "diagonal below": lambda x, y: lib.diagonal(x * y, -1),
        "diagonal of three": lambda x, y: lib.diagonal((x * y).reshape(2, 3, 2), 0, 0, 2),
        "diag": lambda x, y: lib.diag(x[0], -1),
        "diag of a matrix": lambda x, y: lib.diag(x * y, 1),
        "trace": lambda x, y: lib.trace(x * x),
        "unbind": lambda x, y: lib.unbind(x, 1)[2] * y[:, 0],
        "select": lambda x, y: lib.select(x * y, 1, -1),
        "narrow": lambda x, y: lib.narrow(x * y, 1, -3, 2),
        "tensor_split": lambda x, y: lib.tensor_split(x, 3, 1)[0] * y[:, :2],
        "tensor_split at": lambda x, y: lib.tensor_split(x * y, (1, 3), 1)[1],
        "movedim": lambda x, y: lib.movedim((x * y).reshape(2, 3, 2), 0, -1),
        "swapaxes": lambda x, y: lib.swapaxes(x * y, 0, 1),
        "prod": lambda x, y: lib.prod(x),
        "prod along": lambda x, y: lib.prod(x * y, 1, keepdim=True),
        "prod with zeros": lambda x, y: lib.prod(x * (y > 0), 1),
        "cumprod": lambda x, y: lib.cumprod(x, 1) * y,
        "cumprod with zeros": lambda x, y: lib.cumprod(x * (y > 0), 0),
        "dot": lambda x, y: lib.dot(x[0], y[1]),
        "mv": lambda x, y: lib.mv(x, y[0]),
        "mm": lambda x, y: lib.mm(x, y.t()),
        "addmm": lambda x, y: lib.addmm(x[:, :3], x, y.t(), beta=0.5, alpha=2),
        "outer": lambda x, y: lib.outer(x[0], y[:, 1]),
        "lerp": lambda x, y: lib.lerp(x, y, 0.3),
        "lerp by a tensor": lambda x, y: lib.lerp(x, y, x * 0.1),
        "isclose": lambda x, y: lib.isclose(x, x + y * 1e-6),
        "isinf": lambda x, y: lib.isinf(x / 0.0),
        "logical_xor": lambda x, y: lib.logical_xor(x > 0, y > 0),
        "var, correction None": lambda x, y: lib.var(x * y, 1, correction=None),
        "std": lambda x, y: lib.std(x * y, 1, correction=0),
        "softmax": lambda x, y: lib.softmax(x, 1) * y,
        "softmax of nothing": lambda x, y: lib.softmax(x[:, :0], 1),
        "einsum with dots": lambda x, y: lib.einsum("...i,...i->...", x, y),
        "einsum of three": lambda x, y: lib.einsum("ij,kj,kl->il", x, y, x),
        "einsum that broadcasts": lambda x, y: lib.einsum("...ij,jk->...ik", x[None], y.t()),
        "einsum of a diagonal": lambda x, y: lib.einsum("ii->i", x @ y.t()),
        "circular": lambda x, y: f.pad((x * y)[None], (2, 1), mode="circular"),
        "circular images": lambda x, y: f.pad((x * y)[None, None], (1, 2, 2, 1), mode="circular"),
        "linear": lambda x, y: f.interpolate((x * y)[None], size=7, mode="linear"),
        "linear, corners": lambda x, y: f.interpolate(
            (x * y)[None], scale_factor=1.6, mode="linear", align_corners=True
        ),
        "nearest of lines": lambda x, y: f.interpolate((x * y)[None], scale_factor=2),
        "area of lines": lambda x, y: f.interpolate((x * y)[None], size=3, mode="area"),
    }


def evaluate(lib, name, arrays):
    """The value, the gradients of a sum of squares, and those of a sum of their squares."""
    xs = [lib.tensor(a, requires_grad=True) for a in arrays]
    value = rows(lib)[name](*xs)
    found = [value]
    if value.requires_grad:
        first = lib.autograd.grad if lib is torch else lib.grad
        options = {"create_graph": True, "allow_unused": True}
        grads = first((value * value * value).sum(), xs, **options)
        found += grads
        known = [g for g in grads if g is not None and g.requires_grad]
        if known:
            found += first(sum((g * g).sum() for g in known), xs, allow_unused=True)
    return found


ARRAYS = np.random.default_rng(3).normal(size=(2, 3, 4))


@pytest.mark.parametrize("name", rows(torch))
def test_values_and_derivatives(name):
    ours = evaluate(ganc, name, ARRAYS.astype("f4"))
    theirs = evaluate(torch, name, ARRAYS.astype("f4"))
    assert len(ours) == len(theirs)
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert (a is None) == (b is None), k
        if a is not None:
            a, b = a.detach().numpy(), b.detach().numpy()
            assert a.shape == b.shape and a.dtype == b.dtype, k
            np.testing.assert_allclose(a, b, 2e-4, 2e-5, err_msg=str(k))


def test_in_place_forms():
    for library in (ganc, torch):
        x = library.zeros(3, 4)
        y = library.tensor(ARRAYS[0].astype("f4"))
        x.scatter_(1, library.tensor([[1], [2], [0]]), 2.0)
        x.scatter_add_(0, library.tensor([[0, 0, 1, 2]]), y)
        x.lerp_(y, 0.25)
        if library is ganc:
            want = x.numpy().copy()
    np.testing.assert_allclose(want, x.numpy(), 1e-6)


@pytest.mark.parametrize("kind", ["BatchNorm1d", "BatchNorm2d", "InstanceNorm2d", "GroupNorm"])
def test_norms_without_a_bias(kind):
    size = (2, 4) if kind == "GroupNorm" else (4,)
    shape = (5, 4) if kind == "BatchNorm1d" else (5, 4, 3, 3)
    x = np.random.default_rng(0).normal(size=shape).astype("f4")
    more = {"affine": True} if kind == "InstanceNorm2d" else {}
    layers = [getattr(library.nn, kind)(*size, **more) for library in (ganc, torch)]
    scale_only = getattr(ganc.nn, kind)(*size, **more, bias=False)
    assert scale_only.bias is None and [n for n, _ in scale_only.named_parameters()] == ["weight"]
    ours, theirs = (
        layer(library.tensor(x)).detach().numpy()
        for layer, library in zip([scale_only, layers[1]], (ganc, torch), strict=True)
    )
    np.testing.assert_allclose(ours, theirs, 1e-4, 1e-5)  # a bias begins at 0


def test_what_other_libraries_hold():
    for array in (np.arange(6.0).reshape(2, 3), np.arange(3), np.array([True, False])):
        ours = ganc.from_dlpack(torch.tensor(array).to(torch.tensor(array).dtype))
        np.testing.assert_array_equal(ours.numpy(), array.astype(ours.numpy().dtype))
    with pytest.raises(TypeError, match="__dlpack__"):
        ganc.from_dlpack([1, 2])
    assert ganc.Generator().manual_seed(3) is not None
