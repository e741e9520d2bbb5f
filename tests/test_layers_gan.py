"""Layers that PyTorch does not have, against their formulas written in torch."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from rival import DOUBLE, close, numbers, same, torch

import ganc
import ganc.nn.functional as F
from ganc import nn

TOL = 2e-13 if DOUBLE else 1e-4  # gradients are compared with 5, second derivatives with 20 times


def against(ours, theirs, *arrays):
    """`ours` in ganc does what `theirs` does in torch, up to the second derivative."""
    same(lambda T, *x: (ours if T is ganc else theirs)(*x), *arrays, second=True, tol=TOL)
    if DOUBLE:
        inputs = [ganc.tensor(a, requires_grad=True) for a in arrays]
        assert ganc.gradgradcheck(ours, inputs, atol=1e-6, rtol=1e-6)


# ---- statistics of the batch --------------------------------------------------------------------
def stddev(x, group, parts):
    """Sample by sample; the groups are those of the reference code's reshape."""
    n = x.shape[0]
    step = n // group
    rows = []
    for i in range(n):
        members = x[i % step :: step]
        sigma = ((members - members.mean(0)).square().mean(0) + 1e-8).sqrt()
        levels = [part.mean() for part in sigma.chunk(parts)]
        rows.append(torch.stack(levels).reshape(-1, *(1,) * (x.ndim - 2)).expand(-1, *x.shape[2:]))
    return torch.cat([x, torch.stack(rows)], 1)


@pytest.mark.parametrize(
    ("shape", "group", "parts"),
    [
        ((8, 3, 2, 2), 4, 1),
        ((8, 4, 2, 2), 4, 2),
        ((6, 2, 3), 3, 1),
        ((5, 3), None, 3),
        ((3, 2, 1, 2), 4, 1),
        ((4, 2), 1, 1),
    ],
)
def test_minibatch_stddev(shape, group, parts):
    size = min(group or shape[0], shape[0])
    against(
        lambda x: F.minibatch_stddev(x, group, parts),
        lambda x: stddev(x, size, parts),
        numbers(shape, 1),
    )


def closeness(x, w, b, k):
    m = (x @ w.T).reshape(len(x), -1, k)
    rows = []
    for i in range(len(x)):
        others = [j for j in range(len(x)) if j != i]
        near = [torch.exp(-(m[i] - m[j]).abs().sum(1)) for j in others]
        rows.append(sum(near) + b)
    return torch.cat([x, torch.stack(rows)], 1)


@pytest.mark.parametrize(("n", "k"), [(5, 3), (2, 2), (4, 1)])
def test_minibatch_discrimination(n, k):
    against(
        lambda x, w, b: F.minibatch_discrimination(x, w, b, k),
        lambda x, w, b: closeness(x, w, b, k),
        numbers((n, 6), 2),
        numbers((4 * k, 6), 3, -0.4, 0.4),
        numbers((4,), 4),
    )


def test_minibatch_discrimination_starts_as_the_authors_code():
    layer = nn.MinibatchDiscrimination(500, 10)
    close(layer.weight.detach().norm(dim=1), np.ones(50), 1e-5)
    x = ganc.randn(32, 500) * 100
    assert layer(x)[:, 500:].abs().amax().item() < 1e-6  # every other sample is too far away
    layer.initialize(x)
    features = layer(x)[:, 500:].detach().numpy()
    assert np.abs(features.mean(0)).max() < 1e-4 and features.std(0).min() > 0.01
    m = (x @ layer.weight.detach().T).numpy().reshape(32, 10, 5)
    distances = np.abs(m[:, None] - m).sum(3) + 1e9 * np.eye(32)[:, :, None]
    np.testing.assert_allclose(distances.min(1).mean(0), 2, rtol=1e-4)
    normalised = nn.utils.weight_norm(layer)
    assert normalised.weight_g.shape == (50, 1)
    close(normalised(x)[:, 500:], features, 1e-4)
    layer = nn.MinibatchDiscrimination(3, 2, bias=False)
    layer.initialize(ganc.randn(4, 3))
    assert layer(ganc.ones(1, 3)).tolist() == [[1, 1, 1, 0, 0]]  # nobody else is there
    assert layer.bias is None and layer(ganc.zeros(2, 3)).tolist() == [[0, 0, 0, 1, 1]] * 2


def test_what_couples_a_batch():
    for layer in (
        nn.MinibatchStdDev(),
        nn.MinibatchDiscrimination(3),
        nn.ConditionalBatchNorm2d(3, 2),
    ):
        assert layer.batch_dependent and nn.utils.is_batch_dependent(nn.Sequential(layer))
    for layer in (nn.AdaIN(3, 2), nn.EqualizedLinear(3, 2), nn.SelfAttention2d(3)):
        assert not nn.utils.is_batch_dependent(layer)


# ---- the channels of a pixel --------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 2, 2)])
def test_pixel_norm(shape):
    def theirs(x):
        return x / (x.square().mean(1, keepdim=True) + 1e-3).sqrt()

    against(lambda x: F.pixel_norm(x, 1e-3), theirs, numbers(shape, 27))
    x = ganc.tensor(numbers(shape, 28))
    y = nn.PixelNorm()(x)
    assert y.tolist() == F.pixel_norm(x).tolist()
    close(y.square().mean(1), np.ones((shape[0], *shape[2:])), 1e-5)


# ---- a label or a style -------------------------------------------------------------------------
def test_conditional_batch_norm():
    labels, x = [1, 0, 1, 2], numbers((4, 3, 2, 3), 5)

    def normalised(x):
        d = x - x.mean((0, 2, 3), keepdim=True)
        return d / (d.square().mean((0, 2, 3), keepdim=True) + 1e-5).sqrt()

    def theirs(x, w, b):
        return normalised(x) * w[labels][:, :, None, None] + b[labels][:, :, None, None]

    tables = numbers((3, 3), 6), numbers((3, 3), 7)
    against(
        lambda *a: F.conditional_batch_norm(a[0], labels, *a[1:], training=True), theirs, x, *tables
    )
    shares = numbers((4, 3), 8, 0.0, 1.0)

    def mixed(x, shares, w, b):
        return normalised(x) * (shares @ w)[:, :, None, None] + (shares @ b)[:, :, None, None]

    against(
        lambda x, s, w, b: F.conditional_batch_norm(x, s, w, b, training=True),
        mixed,
        x,
        shares,
        *tables,
    )


def test_conditional_batch_norm_as_a_layer():
    layer, plain = nn.ConditionalBatchNorm2d(3, 4), torch.nn.BatchNorm2d(3, affine=False)
    with ganc.no_grad():
        layer.weight.copy_(ganc.tensor(numbers((4, 3), 9)))
        layer.bias.copy_(ganc.tensor(numbers((4, 3), 10)))
    labels = np.array([3, 0, 0, 1, 2])
    w, b = (torch.tensor(numbers((4, 3), 9 + i))[labels][:, :, None, None] for i in (0, 1))
    for step in range(4):
        x = numbers((5, 3, 2, 2), 11 + step)
        if step == 3:
            layer.eval(), plain.eval()
        y = layer(ganc.tensor(x), labels)
        close(y, plain(torch.tensor(x)) * w + b, TOL)
        close(
            F.conditional_batch_norm(
                ganc.tensor(x),
                np.eye(4)[labels],
                layer.weight,
                layer.bias,
                layer.norm.running_mean.clone(),
                layer.norm.running_var.clone(),
                layer.training,
            ),
            y,
            TOL,
        )
    close(layer.norm.running_mean, plain.running_mean)
    close(layer.norm.running_var, plain.running_var)
    assert list(layer.state_dict())[:2] == ["weight", "bias"]
    fresh = nn.ConditionalBatchNorm2d(3, 4)  # starts as batch norm
    close(fresh(ganc.tensor(x), labels), torch.nn.BatchNorm2d(3)(torch.tensor(x)))


def test_adain():
    def theirs(x, scale, shift):
        y = torch.nn.functional.instance_norm(x)
        return y * scale[:, :, None, None] + shift[:, :, None, None]

    style = numbers((2, 3), 21), numbers((2, 3), 22)
    against(F.adain, theirs, numbers((2, 3, 2, 4), 20), *style)
    content, image = (ganc.tensor(numbers((2, 3, 5, 4), 23 + i)) for i in (0, 1))
    y = F.adain(content, image.var((2, 3), 0).sqrt(), image.mean((2, 3)), eps=0.0)
    close(y.mean((2, 3)), image.mean((2, 3)), 1e-5)  # the statistics of the style image
    close(y.var((2, 3)), image.var((2, 3)), 1e-5)
    layer, fc = nn.AdaIN(3, 5), torch.nn.Linear(5, 6)
    layer.fc.load_state_dict(fc.state_dict())

    def starganv2(x, s):
        gamma, beta = fc(s).chunk(2, 1)
        return theirs(x, 1 + gamma, beta)

    against(layer, starganv2, numbers((2, 3, 2, 4), 25), numbers((2, 5), 26))


# ---- equalised learning rate --------------------------------------------------------------------
@pytest.mark.parametrize("gain", [1.0, math.sqrt(2)])
def test_equalized_linear(gain):
    against(
        lambda x, w, b: F.equalized_linear(x, w, b, gain),
        lambda x, w, b: torch.nn.functional.linear(x, w * gain / 5**0.5, b),
        numbers((4, 5), 30),
        numbers((3, 5), 31),
        numbers((3,), 32),
    )
    layer = nn.EqualizedLinear(5, 3, gain=gain)
    x = ganc.tensor(numbers((4, 5), 30))
    close(layer(x), F.equalized_linear(x, layer.weight, layer.bias, gain))
    net = nn.Sequential(layer, nn.LeakyReLU(0.2))
    close(net(x), F.leaky_relu(layer(x), 0.2))
    assert len(net._plan[1]) == 1  # one operation
    many = nn.EqualizedLinear(300, 200, gain=gain)
    assert abs(many.weight.std().item() - 1) < 0.02 and many.bias.abs().amax().item() == 0
    assert abs(many(ganc.randn(500, 300)).std().item() - gain) < 0.05 * gain


# ---- attention ----------------------------------------------------------------------------------
def attention(q, k, v):
    n, _, h, w = q.shape
    weights = torch.softmax(q.flatten(2).transpose(1, 2) @ k.flatten(2), -1)
    return (v.flatten(2) @ weights.transpose(1, 2)).reshape(n, -1, h, w)


def test_self_attention():
    arrays = [numbers(s, 33 + i) for i, s in enumerate([(2, 3, 2, 3), (2, 3, 2, 1), (2, 4, 2, 1)])]
    against(F.self_attention2d, attention, *arrays)


def test_self_attention_as_a_layer():
    layer = nn.SelfAttention2d(16)
    x = numbers((2, 16, 4, 5), 36)
    assert layer(ganc.tensor(x)).tolist() == x.tolist()  # gamma is 0
    sizes = {name: w.shape[:2] for name, w in layer.named_parameters() if w.ndim}
    assert sizes == {
        "query.weight": (2, 16),
        "key.weight": (2, 16),
        "value.weight": (8, 16),
        "out.weight": (16, 8),
    }
    with ganc.no_grad():
        layer.gamma.fill_(0.7)
    names = list(sizes)

    def theirs(x, gamma, *weights):
        w = dict(zip(names, weights, strict=True))
        conv, pool = torch.nn.functional.conv2d, torch.nn.functional.max_pool2d
        q, k, v = (conv(x, w[f"{name}.weight"]) for name in ("query", "key", "value"))
        return gamma * conv(attention(q, pool(k, 2), pool(v, 2)), w["out.weight"]) + x

    mine = [
        ganc.tensor(x, requires_grad=True),
        layer.gamma,
        *(layer.get_parameter(n) for n in names),
    ]
    other = [torch.tensor(p.detach().numpy(), requires_grad=True) for p in mine]
    results = []
    for T, y, inputs in ((ganc, layer(mine[0]), mine), (torch, theirs(*other), other)):
        grad = ganc.grad if T is ganc else torch.autograd.grad
        first = grad((y * T.tensor(numbers((2, 16, 4, 5), 37))).sum(), inputs, create_graph=True)
        second = grad(first[0].square().sum(), inputs)  # as a gradient penalty does
        results.append([y, *first, *second])
    for a, b in zip(*results, strict=True):
        close(a, b, 1e-12 if DOUBLE else 1e-4)


def test_self_attention_with_spectral_norm():
    layer = nn.SelfAttention2d(16, spectral_norm=True)
    x = ganc.tensor(numbers((2, 16, 4, 4), 38))
    for _ in range(200):
        layer(x)
    for conv in (layer.query, layer.key, layer.value, layer.out):
        weight = conv.weight.detach().numpy().reshape(conv.out_channels, -1)
        assert np.linalg.norm(weight, 2) == pytest.approx(1, abs=1e-2)


# ---- architecture and refusals ------------------------------------------------------------------
LAYERS = {
    "stddev": (lambda: nn.MinibatchStdDev(2, 3, 1e-6), lambda: [numbers((4, 6, 2, 2), 40)]),
    "stddev whole": (lambda: nn.MinibatchStdDev(None), lambda: [numbers((3, 6), 40)]),
    "discrimination": (lambda: nn.MinibatchDiscrimination(6, 4, 3), lambda: [numbers((5, 6), 41)]),
    "no bias": (lambda: nn.MinibatchDiscrimination(6, bias=False), lambda: [numbers((5, 6), 41)]),
    "conditional": (
        lambda: nn.ConditionalBatchNorm2d(3, 2, 1e-3, None),
        lambda: [numbers((4, 3, 2, 2), 42), np.array([0, 1, 1, 0])],
    ),
    "adain": (
        lambda: nn.AdaIN(3, 5, 1e-4),
        lambda: [numbers((2, 3, 2, 2), 43), numbers((2, 5), 44)],
    ),
    "pixel": (lambda: nn.PixelNorm(1e-5), lambda: [numbers((3, 6), 47)]),
    "linear": (lambda: nn.EqualizedLinear(6, 4, False, 1.0), lambda: [numbers((5, 6), 45)]),
    "attention": (lambda: nn.SelfAttention2d(9), lambda: [numbers((2, 9, 3, 2), 46)]),
    "attention SN": (
        lambda: nn.SelfAttention2d(9, True).eval(),
        lambda: [numbers((2, 9, 3, 2), 46)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_architecture_as_data(name):
    make, arrays = LAYERS[name]
    layer, inputs = make(), [ganc.tensor(x) for x in arrays()]
    again = nn.module_from_config(json.loads(json.dumps(nn.module_to_config(layer))))
    assert type(again) is type(layer) and repr(again) == repr(layer)
    assert nn.module_to_config(again) == nn.module_to_config(layer)
    again.load_state_dict(layer.state_dict())
    again.train(layer.training)
    assert again(*inputs).tolist() == layer(*inputs).tolist()


Z = ganc.zeros(6, 4)
IMAGE = ganc.ones(2, 3, 2, 2)
BAD = {
    "stddev batch": (ValueError, lambda: F.minibatch_stddev(Z, 4)),
    "stddev group": (ValueError, lambda: F.minibatch_stddev(Z, 0)),
    "stddev channels": (ValueError, lambda: F.minibatch_stddev(Z, 2, 3)),
    "stddev no channels": (ValueError, lambda: F.minibatch_stddev(Z, 2, 0)),
    "stddev shape": (ValueError, lambda: F.minibatch_stddev(ganc.zeros(4))),
    "stddev empty": (ValueError, lambda: F.minibatch_stddev(ganc.zeros(0, 4))),
    "stddev layer": (ValueError, lambda: nn.MinibatchStdDev(0)),
    "stddev float": (TypeError, lambda: nn.MinibatchStdDev(2.5)),
    "stddev eps": (ValueError, lambda: nn.MinibatchStdDev(eps=-1)),
    "discrimination weight": (ValueError, lambda: F.minibatch_discrimination(Z, ganc.ones(7, 4))),
    "discrimination shape": (ValueError, lambda: F.minibatch_discrimination(Z, ganc.ones(5, 3))),
    "discrimination dim": (
        ValueError,
        lambda: F.minibatch_discrimination(Z, ganc.ones(5, 4), kernel_dim=0),
    ),
    "discrimination bias": (
        ValueError,
        lambda: F.minibatch_discrimination(Z, ganc.ones(5, 4), ganc.ones(5)),
    ),
    "discrimination images": (ValueError, lambda: nn.MinibatchDiscrimination(4)(IMAGE)),
    "discrimination zero": (ValueError, lambda: nn.MinibatchDiscrimination(4, 0)),
    "initialize one": (ValueError, lambda: nn.MinibatchDiscrimination(4).initialize(Z[:1])),
    "initialize equal": (ValueError, lambda: nn.MinibatchDiscrimination(4).initialize(Z)),
    "initialize shape": (ValueError, lambda: nn.MinibatchDiscrimination(3).initialize(Z)),
    "pixel shape": (ValueError, lambda: F.pixel_norm(ganc.zeros(4))),
    "pixel eps": (ValueError, lambda: nn.PixelNorm(-1e-8)),
    "label": (IndexError, lambda: nn.ConditionalBatchNorm2d(3, 2)(IMAGE, [0, 2])),
    "label negative": (IndexError, lambda: nn.ConditionalBatchNorm2d(3, 2)(IMAGE, [0, -1])),
    "label half": (ValueError, lambda: nn.ConditionalBatchNorm2d(3, 2)(IMAGE, [0, 0.5])),
    "labels too few": (ValueError, lambda: nn.ConditionalBatchNorm2d(3, 2)(IMAGE, [0])),
    "labels wide": (ValueError, lambda: nn.ConditionalBatchNorm2d(3, 2)(IMAGE, [[0, 1, 0]] * 2)),
    "labels scalar": (ValueError, lambda: nn.ConditionalBatchNorm2d(3, 2)(IMAGE, 1)),
    "no classes": (ValueError, lambda: nn.ConditionalBatchNorm2d(3, 0)),
    "tables": (
        ValueError,
        lambda: F.conditional_batch_norm(IMAGE, [0, 1], ganc.ones(2, 3), ganc.ones(3)),
    ),
    "adain scale": (ValueError, lambda: F.adain(IMAGE, ganc.ones(2, 4), ganc.ones(2, 3))),
    "adain shift": (ValueError, lambda: F.adain(IMAGE, ganc.ones(2, 3), ganc.ones(3))),
    "adain style": (ValueError, lambda: nn.AdaIN(3, 5)(IMAGE, ganc.ones(2, 4))),
    "attention channels": (ValueError, lambda: nn.SelfAttention2d(4)(IMAGE)),
    "attention shape": (ValueError, lambda: nn.SelfAttention2d(3)(IMAGE[0])),
    "attention small": (ValueError, lambda: nn.SelfAttention2d(3)(ganc.ones(1, 3, 1, 4))),
    "attention none": (ValueError, lambda: nn.SelfAttention2d(0)),
    "attention keys": (
        ValueError,
        lambda: F.self_attention2d(IMAGE, ganc.ones(2, 4, 1, 1), ganc.ones(2, 4, 1, 1)),
    ),
    "attention values": (ValueError, lambda: F.self_attention2d(IMAGE, IMAGE, IMAGE[:, :, :1])),
    "equalized": (ValueError, lambda: nn.EqualizedLinear(3, 5)(Z)),
    "equalized zero": (ValueError, lambda: nn.EqualizedLinear(0, 5)),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    error, call = BAD[name]
    with pytest.raises(error, match=r"expected|must be|all equal|does not fit"):
        call()
