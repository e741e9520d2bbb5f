"""core.Optimizer against torch.optim in float64: 20 steps of every algorithm and option."""

import numpy as np
import pytest
from harness import _core, _core64, array, note, torch

pytestmark = pytest.mark.usefixtures("no_live_tensors")

SHAPES = [(4, 3), (7,), (), (2, 1, 3)]
TORCH = {
    "sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad,
}  # fmt: skip
OPTIONS = [
    ("sgd", {"lr": 0.1}), ("sgd", {"lr": 0.1, "weight_decay": 0.1}),
    ("sgd", {"lr": 0.05, "momentum": 0.9}),
    ("sgd", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3}),
    ("sgd", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("sgd", {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05}),
    ("adam", {"lr": 0.01}), ("adam", {"lr": 0.01, "betas": (0.5, 0.999)}),
    ("adam", {"lr": 0.01, "betas": (0.0, 0.9)}), ("adam", {"lr": 0.01, "weight_decay": 0.1}),
    ("adam", {"lr": 0.1, "eps": 1e-3}),
    ("adamw", {"lr": 0.01, "weight_decay": 0.01}), ("adamw", {"lr": 0.1, "weight_decay": 0.5}),
    ("rmsprop", {"lr": 0.01}), ("rmsprop", {"lr": 0.01, "alpha": 0.9, "eps": 1e-4}),
    ("rmsprop", {"lr": 0.01, "momentum": 0.9}), ("rmsprop", {"lr": 0.01, "centered": True}),
    ("rmsprop", {"lr": 0.01, "centered": True, "momentum": 0.5, "weight_decay": 0.1}),
    ("adagrad", {"lr": 0.1, "eps": 1e-10}), ("adagrad", {"lr": 0.1, "lr_decay": 0.1, "eps": 1e-10}),
    ("adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-10}),
    ("adagrad", {"lr": 0.1, "weight_decay": 0.1, "eps": 1e-10}),
]  # fmt: skip
IDS = [f"{kind}-{'-'.join(o)}" for kind, o in OPTIONS]


def hyper(options):
    out = dict(options)
    if "betas" in out:
        out["beta1"], out["beta2"] = out.pop("betas")
    return out


def pair(kind, options, core=_core64):
    rng = np.random.default_rng(1)
    values = [rng.normal(size=s) for s in SHAPES]
    mine = [core.tensor(v, requires_grad=True) for v in values]
    theirs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values]
    opt = core.Optimizer(kind, mine, **hyper(options))
    return mine, opt, theirs, TORCH[kind](theirs, **options)


@pytest.mark.parametrize("kind, options", OPTIONS, ids=IDS)
def test_twenty_steps(kind, options):
    mine, opt, theirs, rival = pair(kind, options)
    rng = np.random.default_rng(2)
    for step in range(20):
        for p, t in zip(mine, theirs, strict=True):
            g = rng.normal(size=p.shape)
            p.grad, t.grad = _core64.tensor(g), torch.tensor(g)
        opt.step()
        rival.step()
        assert opt.steps == step + 1
        for p, t in zip(mine, theirs, strict=True):
            error = np.abs(array(p) - t.detach().numpy()).max() / np.abs(t.detach().numpy()).max()
            assert note("optimizer float64", error, f"{kind} {options}") <= 1e-12
    names = {"momentum_buffer", "exp_avg", "exp_avg_sq", "square_avg", "grad_avg", "sum"}
    for name, slots in opt.slots().items():
        assert name in names
        for slot, t in zip(slots, theirs, strict=True):
            assert np.allclose(array(slot), rival.state[t][name].numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("kind, options", OPTIONS, ids=IDS)
def test_minimize_is_backward_and_step(kind, options):
    def loss(core, ps):
        terms = [core.sum(core.sin(core.square(p))) for p in ps]
        out = terms[0]
        for t in terms[1:]:
            out = core.add(out, t)
        return out

    a, opt_a, _, _ = pair(kind, options)
    b, opt_b, _, _ = pair(kind, options)
    for _ in range(3):
        norm = opt_a.minimize(loss(_core64, a))
        opt_b.zero_grad()
        loss(_core64, b).backward()
        size = np.sqrt(sum(np.sum(array(p.grad) ** 2) for p in b))
        opt_b.step()
        assert np.isclose(norm, size, rtol=1e-13)
        assert all(np.array_equal(array(p), array(q)) for p, q in zip(a, b, strict=True))
    assert a[0].grad is None
    opt_b.zero_grad()
    assert b[0].grad is None


def test_clipping():
    mine, opt, theirs, rival = pair("sgd", {"lr": 0.1})
    opt.set("clip", 0.5)
    for _ in range(3):
        norm = opt.minimize(_core64.mul(_core64.sum(_core64.square(mine[0])), 3.0))
        rival.zero_grad()
        (theirs[0].square().sum() * 3).backward()
        want = torch.nn.utils.clip_grad_norm_([theirs[0]], 0.5)
        rival.step()
        assert np.isclose(norm, float(want), rtol=1e-12)
        assert np.allclose(array(mine[0]), theirs[0].detach().numpy(), rtol=1e-12)


def test_parameters_without_gradient_are_left_alone():
    mine, opt, _, _ = pair("adam", {"lr": 0.1})
    before = [array(p) for p in mine]
    mine[1].grad = _core64.tensor(np.ones(7))
    opt.step()
    same = [np.array_equal(array(p), b) for p, b in zip(mine, before, strict=True)]
    assert same == [True, False, True, True]


def test_state_can_be_restored():
    mine, opt, _, _ = pair("adam", {"lr": 0.1})

    def step(o, ps):
        total = _core64.add(_core64.sum(_core64.square(ps[0])), _core64.sum(_core64.exp(ps[1])))
        for p in ps[2:]:
            total = _core64.add(total, _core64.sum(p))
        return o.minimize(total)

    for _ in range(3):
        step(opt, mine)
    values = [array(p) for p in mine]
    copies = [_core64.tensor(v, requires_grad=True) for v in values]
    other = _core64.Optimizer("adam", copies, lr=0.1)
    for name, slots in other.slots().items():
        for to, value in zip(slots, opt.slots()[name], strict=True):
            to.copy_(value)
    other.steps = opt.steps
    for _ in range(3):
        assert step(opt, mine) == step(other, copies)
    assert all(np.array_equal(array(p), array(q)) for p, q in zip(mine, copies, strict=True))


def test_large_parameters_any_threads_and_isa():
    rng = np.random.default_rng(0)
    value, g = rng.normal(size=100_003), rng.normal(size=100_003)
    isas = [i for i in ("portable", "avx2", "avx512") if offered(i)]
    was = _core.get_isa()
    for kind, options in OPTIONS[3::4]:
        seen = set()
        for isa, threads in [*((i, 1) for i in isas), (was, 2), (was, 3), (was, 5)]:
            _core.set_isa(isa)
            _core.set_num_threads(threads)
            p = _core.tensor(value, requires_grad=True)
            opt = _core.Optimizer(kind, [p], **hyper(options))
            for _ in range(3):
                p.grad = _core.tensor(g)
                opt.step()
            seen.add(array(p).tobytes())
        _core.set_num_threads(1)
        _core.set_isa(was)
        assert len(seen) == 1, kind


def offered(isa):
    was = _core.get_isa()
    try:
        _core.set_isa(isa)
    except ValueError:
        return False
    _core.set_isa(was)
    return True


def test_bad_options():
    p = _core64.tensor([1.0], requires_grad=True)
    for error, args, options in [
        (ValueError, ("momentum", [p]), {}), (TypeError, ("sgd", p), {}),
        (TypeError, ("sgd", [1.0]), {}),
        (ValueError, ("sgd", [p]), {"lr": -1.0}), (ValueError, ("sgd", [p]), {"lr": float("nan")}),
        (TypeError, ("sgd", [p]), {"speed": 1.0}), (TypeError, ("sgd", [p]), {"lr": "fast"}),
        (ValueError, ("adam", [p]), {"eps": float("inf")}),
    ]:  # fmt: skip
        with pytest.raises(error):
            _core64.Optimizer(*args, **options)
    opt = _core64.Optimizer("sgd", [p], lr=0.1, momentum=0.9)
    opt.set("momentum", 0.0)
    opt.slots()
    with pytest.raises(ValueError):
        opt.set("lr", -1.0)
    with pytest.raises(ValueError):
        opt.steps = -1
    with pytest.raises(TypeError):
        opt.minimize(1.0)
    with pytest.raises(RuntimeError):
        opt.minimize(_core64.tensor(1.0))
    assert opt.get("lr") == 0.1 and opt.steps == 0


@pytest.mark.parametrize("kind", ["sgd", "adam", "rmsprop", "adagrad"])
def test_each_parameter_counts_its_own_updates(kind):
    """One without a gradient is left alone; its first update is the first, however late."""
    options = {"lr": 0.1, "momentum": 0.9} if kind in ("sgd", "rmsprop") else {"lr": 0.1}
    late, early = (_core64.tensor([2.0]) for _ in range(2))
    alone = _core64.tensor([2.0])
    both = _core64.Optimizer(kind, [p.requires_grad_() for p in (early, late)], **options)
    one = _core64.Optimizer(kind, [alone.requires_grad_()], **options)
    for _ in range(3):
        both.minimize(_core64.square(early))
    assert late.item() == 2.0 and both.counts == [3, 0] and both.steps == 3
    both.minimize(_core64.add(_core64.square(early), _core64.square(late)))
    one.minimize(_core64.square(alone))
    assert late.item() == alone.item() and both.counts == [4, 1] and both.steps == 4
    both.counts = [2, 5]
    assert both.counts == [2, 5] and both.steps == 5
    both.steps = 7
    assert both.counts == [7, 7]
    for wrong in ([1], 3, [1, -1], None):
        with pytest.raises((ValueError, TypeError)):
            both.counts = wrong
