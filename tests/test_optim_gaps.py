"""Optimizers whose parameters have no gradient in some steps, their state, and failing memory."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from harness import _core, _core64, array, note
from rival import close, torch
from test_core_optim import OPTIONS, pair
from test_optim import CASES, agree, loss_of, nets, steps

import ganc
from ganc import optim
from ganc._backend import core

MORE = [
    ("adam", {"lr": 0.01, "amsgrad": True}),
    ("adam", {"lr": 0.01, "amsgrad": True, "weight_decay": 0.1, "betas": (0.0, 0.99)}),
    ("adamw", {"lr": 0.01, "amsgrad": True, "maximize": True, "weight_decay": 0.1}),
    ("sgd", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3, "maximize": True}),
    ("sgd", {"lr": 0.01, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("rmsprop", {"lr": 0.01, "momentum": 0.9, "centered": True, "maximize": True}),
    ("adagrad", {"lr": 0.1, "lr_decay": 0.1, "eps": 1e-10, "maximize": True}),
]
IDS = [f"{kind}-{'-'.join(o)}" for kind, o in OPTIONS + MORE]


@pytest.mark.parametrize("kind, options", OPTIONS + MORE, ids=IDS)
def test_gradients_missing_in_random_steps(kind, options):
    """Fifty steps in float64; one parameter joins late, all are without gradient now and then."""
    mine, opt, theirs, rival = pair(kind, options)
    rng = np.random.default_rng(5)
    worst = 0.0
    for step in range(50):
        for i, (p, t) in enumerate(zip(mine, theirs, strict=True)):
            missing = rng.random() < 0.4 or (i == 1 and step < 20)
            g = rng.normal(size=p.shape) * rng.choice([1e-3, 1.0, 30.0])
            p.grad = None if missing else _core64.tensor(g)
            t.grad = None if missing else torch.tensor(g)
        opt.step()
        rival.step()
        for p, t in zip(mine, theirs, strict=True):
            t = t.detach().numpy()
            worst = max(worst, np.abs(array(p) - t).max() / np.abs(t).max())
    assert note("optimizer with gaps", worst, f"{kind} {options}") <= 1e-12
    for i, t in enumerate(theirs):
        for name, slots in opt.slots().items():
            assert np.allclose(array(slots[i]), rival.state[t][name].numpy(), rtol=1e-11)
        if "step" in rival.state[t]:
            assert opt.counts[i] == rival.state[t]["step"].item()


def numpy_state(state, convert):
    """The same state with each tensor by way of NumPy in the other library."""
    return {
        "state": {
            i: {
                name: convert(np.asarray(v)) if hasattr(v, "shape") else v
                for name, v in values.items()
            }
            for i, values in state["state"].items()
        },
        "param_groups": state["param_groups"],
    }


@pytest.mark.parametrize("name, options", CASES)
def test_state_goes_to_torch_and_back(name, options):
    ours, theirs = nets()
    made = [getattr(N, name)(net.parameters(), **options)
            for N, net in ((optim, ours), (torch.optim, theirs))]  # fmt: skip
    steps(ganc, ours, made[0], 5)
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in ours.state_dict().items()})
    made[1].load_state_dict(numpy_state(made[0].state_dict(), torch.tensor))
    steps(ganc, ours, made[0], 5)
    steps(torch, theirs, made[1], 5)
    agree(ours, theirs)
    state = made[1].state_dict()
    made[0].load_state_dict(numpy_state(state, lambda a: a))
    steps(ganc, ours, made[0], 5)
    steps(torch, theirs, made[1], 5)
    agree(ours, theirs)
    ganc_state = made[0].state_dict()
    assert ganc_state.keys() == state.keys()
    assert set(state["param_groups"][0]) - set(ganc_state["param_groups"][0]) <= {
        "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay",
        "amsgrad", "maximize",
    }  # fmt: skip


def test_state_is_made_when_it_is_needed():
    ours, _ = nets()
    before = core.live_tensors()
    opt = optim.Adam(ours.parameters(), amsgrad=True)
    opt.load_state_dict(optim.Adam(ours.parameters(), lr=0.5).state_dict())
    assert core.live_tensors() == before
    steps(ganc, ours, opt, 1)
    assert len(opt.state_dict()["state"]) == 4 and core.live_tensors() >= before + 12


def state_of(params, opts):
    slots = [t for o in opts for name in o.slots() for t in o.slots()[name]]
    return [array(t).tobytes() for t in (*params, *slots)], [o.counts for o in opts]


@pytest.mark.parametrize("with_loss", [False, True], ids=["step", "minimize"])
@pytest.mark.parametrize("sticky", [False, True], ids=["once", "sticky"])
def test_memory_that_ends_leaves_no_half_of_an_update(with_loss, sticky):
    """The n-th allocation fails: all optimizers have made their update, or none."""

    def fresh():
        rng = np.random.default_rng(0)
        params = [_core.tensor(rng.normal(size=(3, 2)), requires_grad=True) for _ in range(4)]
        opts = (
            _core.Optimizer("adam", params[:2], lr=0.1, amsgrad=True),
            _core.Optimizer("sgd", params[2:], lr=0.1, momentum=0.9),
        )
        return params, opts

    def loss_of(params):
        return _core.sum(_core.square(_core.cat(params, 0)))

    def update(params, opts, n=-1):
        loss = loss_of(params)
        if not with_loss:
            for p in params:
                p.grad = None
            loss.backward()
        _core.alloc_fail_at(n, sticky)
        try:
            _core.update(opts, loss) if with_loss else _core.update(opts)
        finally:
            _core.alloc_fail_at(-1)

    wanted = fresh()
    update(*wanted)
    for n in range(300):
        params, opts = fresh()
        values = [array(p).tobytes() for p in params]
        try:
            update(params, opts, n)
            break
        except MemoryError:
            assert [array(p).tobytes() for p in params] == values, n
            assert [o.counts for o in opts] == [[0, 0], [0, 0]], n
        update(params, opts)
        assert state_of(params, opts) == state_of(*wanted), n
    assert state_of(params, opts) == state_of(*wanted) and n > 5


def test_numbers_set_where_memory_ends():
    w = [_core.tensor(np.ones(3), requires_grad=True)]
    opt = _core.Optimizer("sgd", w, lr=0.1)
    _core.alloc_fail_at(0, True)
    opt.set("momentum", 0.9)
    with pytest.raises(MemoryError):
        opt.slots()
    _core.alloc_fail_at(-1)
    w[0].grad = _core.tensor(np.ones(3))
    opt.step()
    assert [s.shape for s in opt.slots()["momentum_buffer"]] == [(3,)]


def test_grad_that_another_thread_takes_away():
    """A step holds the gradients that it reads."""
    p = ganc.nn.Parameter(np.zeros(200_000))
    opt, stop = optim.Adam([p], lr=0.1), threading.Event()
    fresh = [ganc.ones(200_000) for _ in range(3)]

    def swap():
        while not stop.is_set():
            for g in fresh:
                p.grad = g
                p.grad = None

    thread = threading.Thread(target=swap)
    thread.start()
    for _ in range(200):
        opt.step()
    stop.set()
    thread.join()
    assert np.isfinite(p.detach().numpy()).all()


def test_maximize_goes_uphill():
    ours, _ = nets()
    opt = optim.SGD(ours.parameters(), lr=1e-2, maximize=True)
    before = loss_of(ganc, ours).item()
    opt.minimize(loss_of(ganc, ours))
    assert loss_of(ganc, ours).item() > before
    opt.param_groups[0]["maximize"] = False
    close(opt.cores()[0].get("maximize"), 0, 0)
