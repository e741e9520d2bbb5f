"""Optimizers against torch: 20 steps, groups, state, refusals."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from rival import DOUBLE, close, numbers, torch

import ganc
from ganc import nn, optim

CASES = [
    ("SGD", {}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.0, "momentum": 0.5}),
    ("Adam", {}),
    ("Adam", {"lr": 2e-2, "betas": (0.5, 0.999), "eps": 1e-6}),
    ("Adam", {"lr": 2e-2, "weight_decay": 0.1}),
    ("Adam", {"lr": 2e-2, "betas": (0.0, 0.9)}),
    ("Adam", {"lr": 2e-2, "amsgrad": True}),
    ("Adam", {"lr": 2e-2, "maximize": True, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("AdamW", {"lr": 2e-2, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 2e-2, "weight_decay": 0.3, "betas": (0.8, 0.95)}),
    ("SGD", {"lr": 1e-3, "maximize": True, "momentum": 0.9, "weight_decay": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 1e-3, "maximize": True, "momentum": 0.5}),
    ("RMSprop", {"lr": 5e-3, "alpha": 0.9, "momentum": 0.7}),
    ("RMSprop", {"lr": 5e-3, "centered": True, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 5e-3, "centered": True, "momentum": 0.5, "eps": 1e-3}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 1e-2, "maximize": True, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-6}),
]
TOL = 1e-11 if DOUBLE else 2e-5
X, Y = numbers((16, 5), 1), numbers((16, 2), 2)


def nets():
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    rng = np.random.default_rng(3)
    with torch.no_grad():
        for p in theirs.parameters():
            p.copy_(torch.tensor(rng.normal(0, 0.4, tuple(p.shape))))
    ours = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def loss_of(T, net):
    return ((net(T.tensor(X)) - T.tensor(Y)) ** 2).mean()


def steps(T, net, opt, n=20, minimize=False):
    for _ in range(n):
        loss = loss_of(T, net)
        if minimize:
            opt.minimize(loss)
        else:
            opt.zero_grad()
            loss.backward()
            opt.step()


def agree(ours, theirs, tol=TOL):
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        close(a, b, tol)


@pytest.mark.parametrize("minimize", [False, True])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_twenty_steps(name, options, minimize):
    ours, theirs = nets()
    opt = getattr(optim, name)(ours.parameters(), **options)
    ref = getattr(torch.optim, name)(theirs.parameters(), **options)
    steps(ganc, ours, opt, minimize=minimize)
    steps(torch, theirs, ref)
    agree(ours, theirs)
    for number, values in ref.state_dict()["state"].items():
        for slot, value in values.items():
            if value is not None:
                close(opt.state_dict()["state"][number][slot], value, 10 * TOL, slot)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_state_goes_on(name, options):
    """Ten steps, save, a new optimizer, ten more: the bits of twenty."""
    ours, _ = nets()
    opt = getattr(optim, name)(ours.parameters(), **options)
    steps(ganc, ours, opt, 10)
    again = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))
    again.load_state_dict({k: v.clone() for k, v in ours.state_dict().items()})
    other = getattr(optim, name)(again.parameters(), **options)
    other.load_state_dict(copy.deepcopy(opt.state_dict()))
    steps(ganc, ours, opt, 10)
    steps(ganc, again, other, 10)
    for a, b in zip(ours.parameters(), again.parameters(), strict=True):
        assert a.tolist() == b.tolist()


@pytest.mark.parametrize(("name", "options"), CASES)
def test_state_of_torch_is_understood(name, options):
    ours, theirs = nets()
    ref = getattr(torch.optim, name)(theirs.parameters(), **options)
    steps(torch, theirs, ref, 7)
    ours.load_state_dict(theirs.state_dict())
    opt = getattr(optim, name)(ours.parameters(), lr=0.5)
    opt.load_state_dict(ref.state_dict())
    assert opt.param_groups[0]["lr"] == ref.param_groups[0]["lr"]
    steps(ganc, ours, opt, 7)
    steps(torch, theirs, ref, 7)
    agree(ours, theirs)


@pytest.mark.parametrize("minimize", [False, True])
def test_groups(minimize):
    ours, theirs = nets()
    made = []
    for N, net in ((optim, ours), (torch.optim, theirs)):
        groups = [
            {"params": net[0].parameters(), "lr": 0.05},
            {"params": [net[2].weight], "betas": (0.5, 0.9), "weight_decay": 0.1},
        ]
        opt = N.Adam(groups, lr=1e-2)
        opt.add_param_group({"params": net[2].bias, "eps": 1e-2})
        made.append(opt)
    assert [g["lr"] for g in made[0].param_groups] == [0.05, 1e-2, 1e-2]
    for T, net, opt in ((ganc, ours, made[0]), (torch, theirs, made[1])):
        steps(T, net, opt, 5, minimize and T is ganc)
        opt.param_groups[1]["lr"] = 0.2
        opt.param_groups[0]["betas"] = (0.6, 0.99)
        steps(T, net, opt, 5, minimize and T is ganc)
    agree(ours, theirs)
    state, reference = (o.state_dict() for o in made)
    assert [g["params"] for g in state["param_groups"]] == [
        g["params"] for g in reference["param_groups"]
    ]
    assert len(made[0].cores()) == 3 and len(made[0].state) == 4


def test_minimize_touches_its_own_parameters_only():
    a, b = nn.Parameter([2.0]), nn.Parameter([3.0])
    b.grad = ganc.tensor([7.0])
    a.grad = ganc.tensor([5.0])
    opt = optim.SGD([a], lr=0.1)
    assert opt.minimize((a * b).sum()) == pytest.approx(3)
    assert b.tolist() == [3.0] and b.grad.tolist() == [7.0] and a.grad.tolist() == [5.0]
    assert a.tolist() == pytest.approx([1.7])
    two = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.0}], lr=0.1)
    norm = two.minimize((a * b).sum())
    assert norm == pytest.approx(np.hypot(3, a.item() + 0.3), rel=1e-5)
    assert b.tolist() == [3.0] and b.grad.tolist() == [7.0] and a.grad.tolist() == [5.0]


def test_parameters_without_gradient_are_left_alone():
    a, b = nn.Parameter([1.0]), nn.Parameter([1.0])
    opt = optim.Adam([a, b], lr=0.1)
    a.grad = ganc.tensor([1.0])
    opt.step()
    assert a.item() == pytest.approx(0.9) and b.item() == 1
    opt.zero_grad(set_to_none=False)
    assert a.grad.tolist() == [0.0] and b.grad is None
    opt.zero_grad()
    assert a.grad is None


def test_closure():
    x = nn.Parameter([3.0])
    opt = optim.SGD([x], lr=0.5)

    def closure():
        opt.zero_grad()
        loss = (x**2).sum()
        loss.backward()
        return loss

    with ganc.no_grad():
        assert opt.step(closure).item() == 9
    assert x.item() == 0


@pytest.mark.parametrize(
    ("name", "option", "values"),
    [("SGD", "momentum", (0, 0.9, 0)), ("SGD", "momentum", (0.9, 0, 0.9)),
     ("RMSprop", "momentum", (0.9, 0, 0.9)), ("SGD", "maximize", (False, True, False))],
)  # fmt: skip
def test_options_that_change_what_state_there_is(name, option, values):
    ours, theirs = nets()
    for T, net, N in ((ganc, ours, optim), (torch, theirs, torch.optim)):
        opt = getattr(N, name)(net.parameters(), lr=0.05, **{option: values[0]})
        for value in values:
            opt.param_groups[0][option] = value
            steps(T, net, opt, 3)
    agree(ours, theirs)


def test_group_is_a_dict():
    opt = optim.Adam([nn.Parameter([1.0])], lr=0.1)
    group = opt.param_groups[0]
    assert isinstance(group, dict)
    group.update(lr=0.2, note="text")
    group |= {"eps": 1e-3}
    assert group.setdefault("initial_lr", 0.2) == 0.2
    (core,) = opt.cores()
    assert core.get("lr") == 0.2 and core.get("eps") == 1e-3 and group["note"] == "text"
    for wrong in (-1.0, float("nan"), float("inf"), "fast"):
        with pytest.raises((ValueError, TypeError)):
            group["lr"] = wrong
    assert group["lr"] == 0.2 and core.get("lr") == 0.2
    with pytest.raises(ValueError):
        group["betas"] = (0.5, 1.0)
    with pytest.raises(ValueError):
        group["params"] = []
    for remove in (lambda: group.pop("lr"), group.clear, group.popitem):
        with pytest.raises(TypeError):
            remove()
    assert copy.deepcopy(group)["lr"] == 0.2 and "lr: 0.2" in repr(opt)


P = nn.Parameter([1.0])
BAD = {
    "no parameters": (ValueError, lambda: optim.SGD([], lr=0.1)),
    "a tensor": (TypeError, lambda: optim.SGD(P, lr=0.1)),
    "an array": (TypeError, lambda: optim.SGD([np.ones(2)], lr=0.1)),
    "a set": (TypeError, lambda: optim.SGD([{"params": {P}}], lr=0.1)),
    "not a leaf": (ValueError, lambda: optim.SGD([P * 2], lr=0.1)),
    "twice": (ValueError, lambda: optim.SGD([P, P], lr=0.1)),
    "in two groups": (ValueError, lambda: optim.SGD([{"params": [P]}, {"params": [P]}])),
    "no params": (ValueError, lambda: optim.SGD([{"lr": 1}])),
    "unknown option": (ValueError, lambda: optim.SGD([{"params": [P], "lrr": 1}])),
    "group": (TypeError, lambda: optim.SGD([P]).add_param_group([P])),
    "lr": (ValueError, lambda: optim.Adam([P], lr=-1e-3)),
    "lr nan": (ValueError, lambda: optim.Adam([P], lr=float("nan"))),
    "lr inf": (ValueError, lambda: optim.Adam([P], lr=float("inf"))),
    "lr text": (TypeError, lambda: optim.Adam([P], lr="1e-3")),
    "betas": (ValueError, lambda: optim.Adam([P], betas=(0.5, 1.0))),
    "betas nan": (ValueError, lambda: optim.Adam([P], betas=(float("nan"), 0.9))),
    "betas number": (TypeError, lambda: optim.Adam([P], betas=0.5)),
    "eps": (ValueError, lambda: optim.Adam([P], eps=-1)),
    "decay": (ValueError, lambda: optim.AdamW([P], weight_decay=-1)),
    "momentum": (ValueError, lambda: optim.SGD([P], momentum=-1)),
    "nesterov": (ValueError, lambda: optim.SGD([P], nesterov=True)),
    "alpha": (ValueError, lambda: optim.RMSprop([P], alpha=-1)),
    "accumulator": (ValueError, lambda: optim.Adagrad([P], initial_accumulator_value=-1)),
    "differentiable": (ValueError, lambda: optim.RMSprop([P], differentiable=True)),
    "misspelt": (TypeError, lambda: optim.Adam([P], beta=(0.5, 0.9))),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    error, call = BAD[name]
    with pytest.raises(error):
        call()


def test_bad_state_changes_nothing():
    ours, _ = nets()
    opt = optim.Adam(ours.parameters(), lr=0.1)
    steps(ganc, ours, opt, 3)
    before = opt.state_dict()
    wrong = []
    for change in (
        lambda s: s.pop("state"),
        lambda s: s["param_groups"].append(s["param_groups"][0]),
        lambda s: s["param_groups"][0]["params"].pop(),
        lambda s: s["state"][3].update(exp_avg_sq=ganc.zeros(9)),
        lambda s: s["param_groups"][0].update(lr=-1),
        lambda s: s["param_groups"][0].update(betas=(2, 3)),
        lambda s: s["param_groups"][0].update(amsgrad=True),  # and no max_exp_avg_sq
        lambda s: s["param_groups"][0].update(differentiable=True),
        lambda s: s["param_groups"][0].update(params=[0, 1, 2, "3"]),
        lambda s: s["param_groups"].__setitem__(0, 3),
        lambda s: s["state"][3].pop("exp_avg"),
        lambda s: s["state"][3].update(exp_avg="text"),
        lambda s: s["state"][3].update(step=-1),
        lambda s: s["state"][3].update(step=float("nan")),
        lambda s: s["state"][3].update(step=2**63),
        lambda s: s["state"][3].update(step=1.5),
        lambda s: s["state"].update({3: 7}),
    ):
        state = copy.deepcopy(before)
        change(state)
        wrong.append(state)
    for state in [*wrong, None, {}, 3]:
        with pytest.raises(ValueError):
            opt.load_state_dict(state)
    after = opt.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for number, values in before["state"].items():
        for slot, value in values.items():
            close(after["state"][number][slot], value, 0)


def test_hints_are_accepted():
    optim.Adam([P], foreach=True, fused=True, capturable=True)
    optim.AdamW([P], foreach=False)
    optim.SGD([P], fused=False)
