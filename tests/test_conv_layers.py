"""Convolutional layers and functions against torch: values, gradients, refusals."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from rival import DOUBLE, close, numbers, same, torch

import ganc
import ganc.nn.functional as F
from ganc import nn
from ganc.nn.functional._conv import each

TOL = 1e-12 if DOUBLE else 5e-5
NAMES = ("Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d")


def functional(T):
    return torch.nn.functional if T is torch else F


def draw(name, seed):
    """Return arguments and an input shape that fit each other."""
    rng = np.random.default_rng(seed)
    dims, transposed = int(name[-2]), "Transpose" in name
    groups = int(rng.choice([1, 1, 2, 3]))
    i, o = (int(groups * rng.integers(1, 5)) for _ in range(2))
    if rng.random() < 0.2:
        groups = i
        o = i * int(rng.integers(1, 3))  # depthwise

    def pick(low, high):
        sizes = [int(n) for n in rng.integers(low, high + 1, dims)]
        return sizes[0] if rng.random() < 0.5 else tuple(sizes)

    options = {
        "kernel_size": pick(1, 5),
        "stride": pick(1, 3),
        "padding": pick(0, 2),
        "dilation": pick(1, 2),
        "groups": groups,
        "bias": bool(rng.random() < 0.7),
    }
    sizes = [int(n) for n in rng.integers(9, 13, dims)]
    if transposed:
        sizes = [int(n) for n in rng.integers(3, 7, dims)]
        options["padding"] = pick(0, 1)
        steps = zip(each(options["stride"], dims), each(options["dilation"], dims), strict=True)
        options["output_padding"] = int(rng.integers(0, min(map(max, steps))))
    elif rng.random() < 0.2:
        options["stride"], options["padding"] = 1, "same"
    batch = [] if rng.random() < 0.2 else [int(rng.integers(1, 4))]
    return (i, o), options, tuple(batch + [i] + sizes)


def pair(name, arguments, options):
    ours = getattr(nn, name)(*arguments, **options)
    theirs = getattr(torch.nn, name)(*arguments, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def compare(ours, theirs, x, **more):
    """Output, gradients of the input and of the parameters agree."""
    results = []
    for T, layer in ((ganc, ours), (torch, theirs)):
        a = T.tensor(x, requires_grad=True)
        y = layer(a, **more)
        (y * T.tensor(numbers(tuple(y.shape), 7))).sum().backward()
        results.append([y, a.grad, *[p.grad for p in layer.parameters()]])
    for k, (a, b) in enumerate(zip(*results, strict=True)):
        close(a, b, TOL, f"result {k}")


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("name", NAMES)
def test_random_layers(name, seed):
    arguments, options, shape = draw(name, seed)
    ours, theirs = pair(name, arguments, options)
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())
    compare(ours, theirs, numbers(shape, 300 + seed))
    again = nn.module_from_config(json.loads(json.dumps(nn.module_to_config(ours))))
    assert repr(again) == repr(ours) and nn.module_to_config(again) == nn.module_to_config(ours)
    again.load_state_dict(ours.state_dict())
    x = ganc.tensor(numbers(shape, 300 + seed))
    assert again(x).tolist() == ours(x).tolist()


# ---- functions ----------------------------------------------------------------------------------
FUNCTIONS = {
    "conv1d": ((2, 4, 7), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    "conv1d same": ((2, 3, 6), (4, 3, 4), {"padding": "same", "dilation": 2}),
    "conv2d": ((2, 3, 5, 6), (4, 3, 3, 2), {"stride": (2, 1), "padding": (1, 0)}),
    "conv2d valid": ((3, 5, 6), (4, 3, 3, 2), {"padding": "valid"}),
    "conv2d same": ((2, 3, 4, 5), (4, 3, 2, 3), {"padding": "same", "dilation": (1, 2)}),
    "conv_transpose1d": ((2, 4, 5), (4, 3, 4), {"stride": 2, "padding": 1, "groups": 2}),
    "conv_transpose2d": (
        (2, 4, 3, 3),
        (4, 2, 3, 3),
        {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2, "dilation": (1, 2)},
    ),
}


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    x, w, options = FUNCTIONS[name]
    kind = name.split()[0]
    rows = w[1] * options.get("groups", 1) if "transpose" in name else w[0]
    arrays = numbers(x, 1), numbers(w, 2), numbers((rows,), 3)
    same(
        lambda T, x, w, b: getattr(functional(T), kind)(x, w, b, **options),
        *arrays,
        second=True,
        tol=TOL,
    )


SIDES = (1, 3, 0, 2)  # left, right, top, bottom


def test_padding_of_each_side():
    same(
        lambda T, x, w: (
            F.conv2d(x, w, stride=2, padding=SIDES)
            if T is ganc
            else torch.nn.functional.conv2d(torch.nn.functional.pad(x, SIDES), w, stride=2)
        ),
        numbers((2, 3, 6, 5), 10),
        numbers((4, 3, 3, 3), 11),
        second=True,
        tol=TOL,
    )
    same(
        lambda T, x, w: (
            F.conv1d(x, w, padding=(0, 2))
            if T is ganc
            else torch.nn.functional.conv1d(torch.nn.functional.pad(x, (0, 2)), w)
        ),
        numbers((2, 3, 6), 12),
        numbers((4, 3, 3), 13),
        tol=TOL,
    )


def test_cropping_of_each_side():
    left, right, top, bottom = SIDES
    same(
        lambda T, x, w: (
            F.conv_transpose2d(x, w, stride=2, padding=SIDES)
            if T is ganc
            else torch.nn.functional.conv_transpose2d(x, w, stride=2)[
                :, :, top : 11 - bottom, left : 9 - right
            ]
        ),
        numbers((2, 3, 5, 4), 14),
        numbers((3, 4, 3, 3), 15),
        second=True,
        tol=TOL,
    )
    same(
        lambda T, x, w: (
            F.conv_transpose1d(x, w, padding=(0, 2))
            if T is ganc
            else torch.nn.functional.conv_transpose1d(x, w)[:, :, :-2]
        ),
        numbers((2, 3, 6), 16),
        numbers((3, 4, 3), 17),
        tol=TOL,
    )


def test_sides_of_layers():
    layer = nn.Conv2d(2, 3, 5, stride=2, padding=(1, 2, 0, 1))
    x = ganc.tensor(numbers((2, 2, 8, 9), 18))
    close(layer(x), F.conv2d(x, layer.weight, layer.bias, 2, (1, 2, 0, 1)))
    assert "padding=(1, 2, 0, 1)" in repr(layer)
    up = nn.ConvTranspose2d(2, 3, 5, stride=2, padding=(1, 2, 0, 1))
    close(up(x), F.conv_transpose2d(x, up.weight, up.bias, 2, (1, 2, 0, 1)))
    assert up(x, output_size=(19, 19)).shape == (2, 3, 19, 19)
    assert nn.Conv1d(2, 3, 2, padding=(1, 0))(x[0, :, 0].detach()).shape == (3, 9)


@pytest.mark.parametrize("mode", ["reflect", "replicate"])
@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("Conv2d", {"kernel_size": (3, 2), "padding": (2, 1), "stride": 2}, (2, 3, 5, 4)),
        ("Conv2d", {"kernel_size": (4, 3), "padding": "same"}, (2, 3, 5, 4)),
        ("Conv2d", {"kernel_size": 2, "padding": "valid"}, (2, 3, 5, 4)),
        ("Conv1d", {"kernel_size": 4, "padding": 2}, (2, 3, 5)),
    ],
)
def test_padding_modes(mode, name, options, shape):
    ours, theirs = pair(name, (3, 4), {**options, "padding_mode": mode})
    assert repr(ours) == repr(theirs)
    compare(ours, theirs, numbers(shape, 20))


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("size", [(13, 9), (14, 10), (14, 9)])
def test_output_size(size, full):
    ours, theirs = pair("ConvTranspose2d", (3, 4), {"kernel_size": 3, "stride": 2, "padding": 1})
    wanted = (2, 4, *size) if full else size
    compare(ours, theirs, numbers((2, 3, 7, 5), 21), output_size=wanted)
    compare(ours, theirs, numbers((3, 7, 5), 21), output_size=wanted[1:] if full else size)


# ---- beginning ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_initial_parameters(name):
    """Bounds and spread of weight and bias are torch's: U(-b, b)."""
    ganc.manual_seed(0)
    torch.manual_seed(0)
    ours = getattr(nn, name)(40, 50, 4, groups=2)
    theirs = getattr(torch.nn, name)(40, 50, 4, groups=2)
    fan = math.prod(theirs.weight.shape[1:])
    for a, b in ((ours.weight, theirs.weight), (ours.bias, theirs.bias)):
        assert a.shape == tuple(b.shape) and a.requires_grad
        a, b = (np.abs(p.detach().numpy()) for p in (a, b))
        bound = 1 / math.sqrt(fan)
        assert max(a.max(), b.max()) <= bound * (1 + 1e-6) and min(a.max(), b.max()) > 0.9 * bound
    assert abs(ours.weight.std().item() * math.sqrt(3 * fan) - 1) < 0.05
    before = ours.weight.tolist()
    ours.reset_parameters()
    assert ours.weight.tolist() != before


# ---- with other parts ---------------------------------------------------------------------------
@pytest.mark.parametrize("act", [nn.ReLU(), nn.LeakyReLU(0.2), nn.Tanh(), nn.Sigmoid()])
@pytest.mark.parametrize("name", [*NAMES, "EqualizedConv2d"])
def test_an_activation_is_part_of_the_layer_before(name, act):
    layer = getattr(nn, name)(3, 4, 3, stride=2, padding=1)
    net = nn.Sequential(layer, act)
    shape = (2, 3, 6, 5) if "2d" in name else (2, 3, 6)
    results = []
    for call in (net, lambda x: act(layer(x))):
        x = ganc.tensor(numbers(shape, 22), requires_grad=True)
        y = call(x)
        results.append([y, *ganc.grad((y * y).sum(), [x, *net.parameters()])])
    for a, b in zip(*results, strict=True):
        close(a, b, TOL)
    assert len(net._plan[1]) == 1


def test_in_a_summary():
    net = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1))
    table = net.summary((3, 16, 16))
    assert [row[2] for row in table.rows] == [(2, 8, 8, 8), (2, 8, 8, 8), (2, 3, 16, 16)]
    assert [row[3] for row in table.rows] == [392, 0, 387]


def test_equalized_conv2d():
    options = {"stride": 2, "padding": 1, "groups": 2}
    arrays = numbers((2, 4, 5, 6), 23), numbers((6, 2, 3, 3), 24), numbers((6,), 25)
    same(
        lambda T, x, w, b: (
            F.equalized_conv2d(x, w, b, **options)
            if T is ganc
            else torch.nn.functional.conv2d(x, w * (2 / 18) ** 0.5, b, **options)
        ),
        *arrays,
        second=True,
        tol=TOL,
    )
    layer = nn.EqualizedConv2d(4, 6, 3, **options, gain=1.0)
    x = ganc.tensor(arrays[0])
    close(layer(x), F.equalized_conv2d(x, layer.weight, layer.bias, **options, gain=1.0))
    many = nn.EqualizedConv2d(64, 64, 3)
    assert abs(many.weight.std().item() - 1) < 0.02 and many.bias.abs().amax().item() == 0
    assert abs(many(ganc.randn(4, 64, 12, 12)).std().item() - math.sqrt(2)) < 0.1
    again = nn.module_from_config(json.loads(json.dumps(nn.module_to_config(layer))))
    assert repr(again) == repr(layer) and "gain=1" in repr(layer)


# ---- refusals -----------------------------------------------------------------------------------
IMAGE, ROW = ganc.zeros(2, 3, 6, 5), ganc.zeros(2, 3, 6)
W, V = ganc.zeros(4, 3, 3, 3), ganc.zeros(4, 3, 3)
BAD = {
    "no channels": lambda: nn.Conv2d(0, 4, 3),
    "channels and groups": lambda: nn.Conv2d(3, 4, 3, groups=2),
    "outputs and groups": lambda: nn.Conv1d(4, 3, 3, groups=2),
    "no groups": lambda: nn.ConvTranspose2d(3, 4, 3, groups=0),
    "no kernel": lambda: nn.Conv2d(3, 4, (3, 0)),
    "no stride": lambda: nn.Conv2d(3, 4, 3, stride=0),
    "no dilation": lambda: nn.ConvTranspose1d(3, 4, 3, dilation=0),
    "three numbers": lambda: nn.Conv2d(3, 4, 3, padding=(1, 2, 3)),
    "four strides": lambda: nn.Conv2d(3, 4, 3, stride=(1, 1, 1, 1)),
    "negative padding": lambda: nn.Conv2d(3, 4, 3, padding=-1),
    "named": lambda: nn.Conv2d(3, 4, 3, padding="full"),
    "same": lambda: nn.Conv2d(3, 4, 3, stride=(1, 2), padding="same"),
    "same transposed": lambda: nn.ConvTranspose2d(3, 4, 3, padding="same"),
    "padding mode": lambda: nn.Conv2d(3, 4, 3, padding=1, padding_mode="round"),
    "reflect transposed": lambda: nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"),
    "output padding": lambda: nn.ConvTranspose2d(3, 4, 3, 2, output_padding=2)(IMAGE),
    "output size": lambda: nn.ConvTranspose2d(3, 4, 3, 2)(IMAGE, (12, 11)),
    "output sizes": lambda: nn.ConvTranspose2d(3, 4, 3, 2)(IMAGE, (13, 11, 1)),
    "channels": lambda: nn.Conv2d(4, 4, 3)(IMAGE),
    "dimensions": lambda: nn.Conv2d(3, 4, 3)(ganc.zeros(6, 5)),
    "dimensions 1-D": lambda: nn.Conv1d(3, 4, 3)(IMAGE),
    "too small": lambda: nn.Conv2d(3, 4, 7)(IMAGE),
    "function same": lambda: F.conv2d(IMAGE, W, stride=2, padding="same"),
    "function named": lambda: F.conv1d(ROW, V, padding="causal"),
    "function channels": lambda: F.conv2d(IMAGE, ganc.zeros(4, 2, 3, 3)),
    "function bias": lambda: F.conv2d(IMAGE, W, ganc.zeros(3)),
    "function stride": lambda: F.conv1d(ROW, V, stride=0),
    "function groups": lambda: F.conv_transpose2d(IMAGE, ganc.zeros(3, 4, 3, 3), groups=2),
    "function dimensions": lambda: F.conv_transpose1d(IMAGE, V),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    with pytest.raises(ValueError):
        BAD[name]()


def test_bad_types():
    for call in (
        lambda: nn.Conv2d(3, 4, 3.5),
        lambda: nn.Conv2d(3, 4, (3, "a")),
        lambda: nn.Conv2d(3, 4, 3, stride=None),
        lambda: nn.Conv2d(3, 4, 3)("image"),
        lambda: F.conv2d(IMAGE, W, padding=0.5),
    ):
        with pytest.raises(TypeError):
            call()
