"""core.step: what may go wrong. The error says where, and the next step works."""

import math
import signal

import numpy as np
import pytest
from harness import _core, _core64, array
from updates import both, parameter, sgd, square, update

pytestmark = pytest.mark.usefixtures("no_live_tensors")


class Unwilling:
    def __float__(self):
        raise KeyError("own")


@both
@pytest.mark.parametrize(
    ("report", "error", "words"),
    [
        (lambda core: [("a", 1.0)], TypeError, "update 'u': its objective must report a dict"),
        (lambda core: "text", TypeError, "must report a dict"),
        (lambda core: None, TypeError, "must report a dict"),
        (lambda core: 1.0, TypeError, "must report a dict"),
        (lambda core: {"a": "1.0"}, TypeError, "reports 'a', which is no number"),
        (lambda core: {"a": None}, TypeError, "'a', which is no number"),
        (lambda core: {"a": core.tensor([1.0, 2.0])}, TypeError, "'a', which is no number"),
        (lambda core: {"a": np.ones(2)}, TypeError, "'a', which is no number"),
        (lambda core: {"b": 1.0, 1: 1.0}, TypeError, "reports under 1, which is no text"),
        (lambda core: {"a": Unwilling()}, KeyError, "own"),
        (lambda core: {"a": 10**400}, OverflowError, "too large"),
    ],
)
def test_wrong_reports(core, report, error, words):
    p = parameter(core, 2.0)
    optimizer = sgd(core, p)

    def wrong(batch):
        return core.sum(p), report(core)

    with pytest.raises(error, match=words):
        core.step((update(wrong, optimizer),), None, 1)
    assert optimizer.steps == 0 and array(p).tolist() == [2.0]
    assert core.step((update(square(core, p), optimizer),), None, 1) == [(4.0, 4.0, {})]


# ---- errors ----


class OwnError(Exception):
    pass


@both
@pytest.mark.parametrize("error", [OwnError, KeyboardInterrupt, MemoryError, SystemExit])
def test_an_objective_raises(core, error):
    """What it raised comes through; the update before it is made, those after it are not."""
    p, after = parameter(core, 2.0), []
    optimizer, raised = sgd(core, p), error("own")

    def raising(batch):
        core.sin(core.square(p))
        raise raised

    updates = (
        update(square(core, p), optimizer),
        update(raising, optimizer),
        update(after.append, optimizer),
    )
    live = core.live_tensors()
    with pytest.raises(error) as caught:
        core.step(updates, None, 1)
    assert caught.value is raised and not after
    raised.__traceback__ = None
    del caught
    assert core.live_tensors() == live
    assert array(p).tolist() == [1.0] and optimizer.steps == 1
    assert core.step(updates[:1], None, 2) == [(1.0, 2.0, {})]


@both
def test_an_op_in_an_objective_fails(core):
    p = parameter(core, 1.0, 2.0)
    with pytest.raises(ValueError, match="reshape"):
        core.step((update(lambda b: core.reshape(p, (3,)), sgd(core, p)),), None, 1)
    assert core.sum(p).item() == 3.0


@both
@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        (lambda core, p: None, TypeError, "update 'u': its objective returned NoneType"),
        (lambda core, p: 1.0, TypeError, "returned float"),
        (lambda core, p: (), TypeError, "returned tuple"),
        (lambda core, p: (core.sum(p),), TypeError, "returned tuple"),
        (lambda core, p: (core.sum(p), {}, {}), TypeError, "returned tuple"),
        (lambda core, p: [core.sum(p), {}], TypeError, "returned list"),
        (lambda core, p: ({}, core.sum(p)), TypeError, "returned dict"),
        (lambda core, p: p, ValueError, r"update 'u': its objective returned shape \(2,\)"),
        (lambda core, p: (core.reshape(p, (2, 1)), {}), ValueError, r"\(2, 1\), expected a scalar"),
        (lambda core, p: core.tensor([]), ValueError, r"shape \(0,\)"),
        (lambda core, p: core.sum(p).detach(), RuntimeError, "requires? grad"),
        (lambda core, p: core.tensor(1.0), RuntimeError, "requires? grad"),
    ],
)
def test_wrong_results(core, result, error, words):
    p = parameter(core, 1.0, 2.0)
    optimizer = sgd(core, p)
    with pytest.raises(error, match=words):
        core.step((update(lambda batch: result(core, p), optimizer),), None, 1)
    assert optimizer.steps == 0 and array(p).tolist() == [1.0, 2.0]
    assert core.step((update(square(core, p), optimizer),), None, 1)[0][0] == 5.0


@both
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_number_is_a_scalar(core, shape):
    p = parameter(core, 2.0)
    objective = update(lambda b: core.reshape(core.square(p), shape), sgd(core, p))
    assert core.step((objective,), None, 1) == [(4.0, 4.0, {})]


@both
def test_a_loss_of_other_parameters(core):
    """Nothing to learn: no gradient, no change."""
    p, q = parameter(core, 2.0), parameter(core, 3.0)
    found = core.step((update(square(core, q), sgd(core, p)),), None, 1)
    assert found == [(9.0, 0.0, {})] and array(p).tolist() == [2.0]


@both
def test_bad_calls(core):
    p = parameter(core, 1.0)
    o, mean = sgd(core, p), core.Average([p], [core.tensor([1.0])], [], [], 0.5)
    f = square(core, p)
    good = update(f, o)
    assert core.step((), None, 1) == []
    for error, words, updates in [
        (TypeError, "tuple", [good]), (TypeError, "tuple", None), (TypeError, "tuple", (1,)),
        (TypeError, "tuple", ([*good],)), (TypeError, "6 arguments", (good[:5],)),
        (TypeError, "6 arguments", ((*good, 1),)),
        (TypeError, "str", ((b"u", *good[1:]),)), (TypeError, "str", ((None, *good[1:]),)),
        (UnicodeEncodeError, "surrogates", ((chr(0xD800), *good[1:]),)),
        (ValueError, "needs an optimizer", (update(f),)),
        (TypeError, "tuple of core Optimizers", (update(f, o, 1),)),
        (TypeError, "tuple of core Optimizers", (update(f, mean),)),
        (ValueError, "at most 16 core Optimizers", (update(f, *[o] * 17),)),
        (ValueError, "tuple of at most 16 core Optimizers", (("u", f, [o], 1, 0.0, ()),)),
        (ValueError, "update 'u': expected every >= 1", (update(f, o, every=0),)),
        (ValueError, "every >= 1", (update(f, o, every=-1),)),
        (TypeError, "integer", (update(f, o, every=1.0),)),
        (OverflowError, "int", (update(f, o, every=2**63),)),
        (ValueError, "clip >= 0", (update(f, o, clip=-0.1),)),
        (ValueError, "clip >= 0", (update(f, o, clip=math.nan),)),
        (TypeError, "number", (update(f, o, clip=None),)),
        (TypeError, "tuple of core Averages", (update(f, o, averages=(o,)),)),
        (ValueError, "tuple of at most 16 core Averages", (update(f, o, averages=[mean]),)),
        (ValueError, "at most 16 core Averages", (update(f, o, averages=(mean,) * 17),)),
    ]:  # fmt: skip
        with pytest.raises(error, match=words):
            core.step(updates, None, 1)
        if isinstance(updates, tuple):  # the list is read as a whole before anything is done
            with pytest.raises(error, match=words):
                core.step((good, *updates), None, 1)
    with pytest.raises(TypeError, match="not callable"):
        core.step((update(None, o),), None, 1)
    assert o.steps == 0 and mean.steps == 0
    for arguments in [(), ((good,),), ((good,), None), ((good,), None, 1.5), ((good,), None, "1")]:
        with pytest.raises(TypeError):
            core.step(*arguments)
    assert o.steps == 0


@both
def test_sixteen_are_allowed(core):
    params = [parameter(core, float(i)) for i in range(16)]
    optimizers = [sgd(core, p) for p in params]
    averages = [core.Average([p], [core.tensor([0.0])], [], [], 0.0) for p in params]

    def objective(batch):
        return core.sum(core.square(core.cat(params, 0)))

    core.step((update(objective, *optimizers, averages=tuple(averages)),), None, 1)
    assert [array(p)[0] for p in params] == [i / 2 for i in range(16)]
    assert all(a.steps == 1 for a in averages)


@both
def test_optimizers_of_the_other_core_are_refused(core):
    other = _core64 if core is _core else _core
    p, q = parameter(core, 1.0), parameter(other, 1.0)
    with pytest.raises(TypeError, match="core Optimizers"):
        core.step((update(square(core, p), sgd(other, q)),), None, 1)
    with pytest.raises(TypeError, match="returned Tensor"):
        core.step((update(square(other, q), sgd(core, p)),), None, 1)


# ---- steps inside steps, Ctrl-C ----


@both
def test_a_step_inside_a_step(core):
    p, q = parameter(core, 2.0), parameter(core, 3.0)
    inner = (update(square(core, q), sgd(core, q), name="inner"),)

    def objective(batch):
        ((loss, *_),) = core.step(inner, batch, 1)
        return core.sum(core.square(p)), {"inner": loss}

    outer = (update(objective, sgd(core, p), name="outer"),)
    assert core.step(outer, None, 1) == [(4.0, 4.0, {"inner": 9.0})]
    assert array(p).tolist() == [1.0] and array(q).tolist() == [1.5]

    def failing(batch):
        core.step((update(lambda b: 1, sgd(core, q), name="inner"),), batch, 1)

    with pytest.raises(TypeError, match="update 'inner'"):
        core.step((update(failing, sgd(core, p), name="outer"),), None, 1)
    assert core.step(outer, None, 1) == [(1.0, 2.0, {"inner": 2.25})]


@both
def test_a_signal_in_an_objective(core):
    """Python answers it there; the step passes it on and ops can be interrupted afterwards."""
    p = parameter(core, 2.0)
    optimizer = sgd(core, p)

    def objective(batch):
        signal.raise_signal(signal.SIGINT)
        return core.sum(core.square(p))

    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            core.step((update(objective, optimizer),), None, 1)
    finally:
        signal.signal(signal.SIGINT, old)
    assert optimizer.steps == 0 and array(p).tolist() == [2.0]
    assert core.step((update(square(core, p), optimizer),), None, 1) == [(4.0, 4.0, {})]
