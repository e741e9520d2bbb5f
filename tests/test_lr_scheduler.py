"""Learning-rate schedules against torch, step by step."""

from __future__ import annotations

import math
import warnings

import pytest
from rival import torch

from ganc import nn, optim

schedules = optim.lr_scheduler

CASES = [
    ("StepLR", {"step_size": 3}),
    ("StepLR", {"step_size": 1, "gamma": 0.7}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 7}),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 8}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 1 / (1 + epoch)}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 0.9**epoch, lambda epoch: 2.0]}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 25}),
    ("OneCycleLR", {"max_lr": [0.3, 0.1], "epochs": 5, "steps_per_epoch": 6, "pct_start": 0.5}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 25, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 25, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 25, "cycle_momentum": False}),
]
STEPS = 24


def optimizers(kind="Adam"):
    made = []
    for N, library in ((nn, optim), (torch.nn, torch.optim)):
        tensor = torch.tensor if N is torch.nn else (lambda x: x)
        ps = [N.Parameter(tensor([1.0])), N.Parameter(tensor([2.0]))]
        groups = [{"params": [ps[0]]}, {"params": [ps[1]], "lr": 0.02}]
        extra = {"momentum": 0.9} if kind == "SGD" else {}
        made.append(getattr(library, kind)(groups, lr=0.1, **extra))
    return made


def rates(opt):
    keys = ("lr", "momentum", "betas")
    return [g[k] for g in opt.param_groups for k in keys if k in g]


def walk(ours, theirs, a, b, n):
    for _ in range(n):
        for x, y in zip(rates(ours), rates(theirs), strict=True):
            assert x == pytest.approx(y, rel=1e-10, abs=1e-15)
        assert a.get_last_lr() == pytest.approx(b.get_last_lr(), rel=1e-10, abs=1e-15)
        assert ours.cores()[1].get("lr") == ours.param_groups[1]["lr"]
        theirs.step()
        a.step()
        b.step()


@pytest.mark.parametrize("kind", ["Adam", "SGD"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_against_torch(name, options, kind):
    ours, theirs = optimizers(kind)
    a = getattr(schedules, name)(ours, **options)
    b = getattr(torch.optim.lr_scheduler, name)(theirs, **options)
    walk(ours, theirs, a, b, STEPS)
    assert a.last_epoch == b.last_epoch == STEPS


@pytest.mark.parametrize(("name", "options"), CASES)
def test_state_goes_on(name, options):
    ours, _ = optimizers()
    a = getattr(schedules, name)(ours, **options)
    for _ in range(6):
        a.step()
    other, _ = optimizers()
    b = getattr(schedules, name)(other, **options)
    other.load_state_dict(ours.state_dict())
    b.load_state_dict(a.state_dict())
    for _ in range(10):
        assert rates(ours) == rates(other) and a.get_last_lr() == b.get_last_lr()
        a.step()
        b.step()
    assert "optimizer" not in a.state_dict() and "lr_lambdas" not in a.state_dict()


@pytest.mark.parametrize("name", ["StepLR", "ExponentialLR", "CosineAnnealingLR", "LinearLR"])
def test_resume_by_last_epoch(name):
    options = dict(next(o for n, o in CASES if n == name))
    ours, theirs = optimizers()
    for opt in (ours, theirs):
        for group in opt.param_groups:
            group["initial_lr"] = 0.4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a = getattr(schedules, name)(ours, last_epoch=4, **options)
        b = getattr(torch.optim.lr_scheduler, name)(theirs, last_epoch=4, **options)
    walk(ours, theirs, a, b, 6)
    fresh, _ = optimizers()
    with pytest.raises(KeyError, match="initial_lr"):
        getattr(schedules, name)(fresh, last_epoch=4, **options)


def test_schedules_can_be_chained():
    ours, theirs = optimizers()
    T = torch.optim.lr_scheduler
    a = [schedules.LinearLR(ours, total_iters=4), schedules.ExponentialLR(ours, 0.9)]
    b = [T.LinearLR(theirs, total_iters=4), T.ExponentialLR(theirs, 0.9)]
    for _ in range(10):
        assert rates(ours)[0] == pytest.approx(rates(theirs)[0], rel=1e-10)
        theirs.step()
        for schedule in (*a, *b):
            schedule.step()


LOSSES = [1.0, 0.9, 0.9, 0.9, 0.95, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, math.nan, 0.8, 0.8, 0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 1},
        {"patience": 2, "cooldown": 2, "factor": 0.5},
        {"patience": 0, "threshold_mode": "abs", "threshold": 0.2},
        {"patience": 1, "mode": "max"},
        {"patience": 1, "mode": "max", "threshold_mode": "abs"},
        {"patience": 0, "min_lr": [0.01, 0.005]},
        {"patience": 0, "eps": 0.05},
    ],
)
def test_plateau(options):
    ours, theirs = optimizers()
    a = schedules.ReduceLROnPlateau(ours, **options)
    b = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    for i, loss in enumerate(LOSSES):
        a.step(loss)
        b.step(loss)
        assert rates(ours) == rates(theirs) and a.get_last_lr() == b.get_last_lr()
        if i == 7:  # continue in another one
            c = schedules.ReduceLROnPlateau(ours, **options)
            c.load_state_dict(a.state_dict())
            a = c


OPT = optim.RMSprop([nn.Parameter([1.0])])
ADAGRAD = optim.Adagrad([nn.Parameter([1.0])])
BAD = {
    "optimizer": (TypeError, lambda: schedules.StepLR(3, 1)),
    "plateau optimizer": (TypeError, lambda: schedules.ReduceLROnPlateau(3)),
    "step size": (ValueError, lambda: schedules.StepLR(OPT, 0)),
    "lambdas": (ValueError, lambda: schedules.LambdaLR(OPT, [abs, abs])),
    "start": (ValueError, lambda: schedules.LinearLR(OPT, start_factor=0)),
    "end": (ValueError, lambda: schedules.LinearLR(OPT, end_factor=1.5)),
    "factor": (ValueError, lambda: schedules.ReduceLROnPlateau(OPT, factor=1.0)),
    "factor nan": (ValueError, lambda: schedules.ReduceLROnPlateau(OPT, factor=math.nan)),
    "mode": (ValueError, lambda: schedules.ReduceLROnPlateau(OPT, mode="low")),
    "threshold": (ValueError, lambda: schedules.ReduceLROnPlateau(OPT, threshold_mode="x")),
    "min_lr": (ValueError, lambda: schedules.ReduceLROnPlateau(OPT, min_lr=[1, 2])),
    "steps": (ValueError, lambda: schedules.OneCycleLR(OPT, 0.1)),
    "no steps": (ValueError, lambda: schedules.OneCycleLR(OPT, 0.1, total_steps=0)),
    "share": (ValueError, lambda: schedules.OneCycleLR(OPT, 0.1, 10, pct_start=2)),
    "strategy": (ValueError, lambda: schedules.OneCycleLR(OPT, 0.1, 10, anneal_strategy="x")),
    "max_lr": (ValueError, lambda: schedules.OneCycleLR(OPT, [0.1, 0.2], 10)),
    "no momentum": (ValueError, lambda: schedules.OneCycleLR(ADAGRAD, 0.1, 10)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    error, call = BAD[name]
    with pytest.raises(error):
        call()


def test_one_step_too_many():
    opt = optim.Adam([nn.Parameter([1.0])])
    schedule = schedules.OneCycleLR(opt, 0.1, total_steps=3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(ValueError, match="total_steps"):
        schedule.step()
