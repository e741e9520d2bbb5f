"""core.step, a list of updates: which are due, in what order, what follows, what is reported."""

import math

import numpy as np
import pytest
from harness import _core, _core64, array
from updates import both, parameter, sgd, square, update

pytestmark = pytest.mark.usefixtures("no_live_tensors")


# ---- which are due, in what order ----


@both
def test_every_update_in_its_steps(core):
    p, made = parameter(core, 1.0), []

    def noting(name):
        def objective(batch):
            made.append((batch, name))
            return core.sum(core.square(p))

        return objective

    optimizer = sgd(core, p, lr=0.01)
    intervals = (1, 2, 3, 5, 13)
    updates = tuple(update(noting(k), optimizer, name=f"every {k}", every=k) for k in intervals)
    for number in range(1, 13):
        found = core.step(updates, number, number)
        due = [number % k == 0 for k in intervals]
        assert [result is not None for result in found] == due
        assert [k for batch, k in made if batch == number] == [
            k for k, yes in zip(intervals, due, strict=True) if yes
        ]
    assert optimizer.steps == 12 + 6 + 4 + 2 and len(made) == optimizer.steps


@both
def test_what_an_update_returns(core):
    p = parameter(core, 3.0, -4.0)
    ((loss, norm, report),) = core.step((update(square(core, p), sgd(core, p)),), None, 1)
    assert (loss, norm, report) == (25.0, 10.0, {}) and type(loss) is type(norm) is float
    assert array(p).tolist() == [1.5, -2.0]


@both
def test_the_batch_is_handed_on_as_it_is(core):
    p, batch, seen = parameter(core, 1.0), object(), []

    def objective(*arguments):
        seen.append(arguments)
        return core.sum(p)

    core.step((update(objective, sgd(core, p)),) * 2, batch, 1)
    assert seen == [(batch,), (batch,)] and seen[0][0] is batch


@both
def test_a_later_update_sees_the_earlier_one(core):
    p, q = parameter(core, 8.0), parameter(core, 1.0)
    updates = (
        update(square(core, p), sgd(core, p)),  # 8 -> 4
        update(lambda batch: core.sum(core.mul(p, q)), sgd(core, q)),  # 1 - 4 / 4
        update(square(core, p), sgd(core, p)),  # 4 -> 2
    )
    first, second, third = core.step(updates, None, 1)
    assert [first[:2], second[:2], third[:2]] == [(64.0, 16.0), (4.0, 4.0), (16.0, 8.0)]
    assert array(p).tolist() == [2.0] and array(q).tolist() == [0.0]


@both
def test_nobody_else_learns(core):
    p, q = parameter(core, 1.0), parameter(core, 1.0)
    core.step((update(lambda b: core.sum(core.mul(p, q)), sgd(core, p)),), None, 1)
    assert array(p).tolist() == [0.75] and array(q).tolist() == [1.0]
    assert p.grad is None and q.grad is None


@both
def test_the_graph_is_gone_before_the_next_update(core):
    p, live = parameter(core, *[1.0] * 4), []

    def objective(batch):
        live.append(core.live_tensors())
        y = p
        for _ in range(20):
            y = core.sin(y)
        return core.sum(y), {"y": core.mean(y)}

    core.step((update(objective, sgd(core, p)),) * 3, None, 1)
    assert len(set(live)) == 1


@both
def test_groups_of_parameters(core):
    """One gradient for all optimizers of an update, each with its own rate; a norm over all."""
    p, q, r = parameter(core, 3.0), parameter(core, 4.0), parameter(core, 5.0)
    groups = (sgd(core, p, lr=0.5), sgd(core, q, r, lr=0.25))

    def objective(batch):
        return core.add(core.sum(core.square(p)), core.sum(core.square(q)))

    ((loss, norm, _),) = core.step((update(objective, *groups),), None, 1)
    assert (loss, norm) == (25.0, 10.0)
    assert [array(t).tolist() for t in (p, q, r)] == [[0.0], [2.0], [5.0]]
    assert [o.steps for o in groups] == [1, 1]


KINDS = {
    "sgd": {"lr": 0.1, "momentum": 0.9},
    "adam": {"lr": 0.1, "beta1": 0.5},
    "rmsprop": {"lr": 0.1},
    "adagrad": {"lr": 0.1, "clip": 0.5},
}


@both
@pytest.mark.parametrize("kind", KINDS)
def test_an_update_is_minimize(core, kind):
    """The same bits as `Optimizer.minimize` makes."""
    rng = np.random.default_rng(0)
    shapes, x = ((5, 3), (5,)), core.tensor(rng.normal(size=(4, 3)))
    values = [rng.normal(size=s) for s in shapes]
    found = []
    for in_a_step in (True, False):
        params = [core.tensor(v, requires_grad=True) for v in values]
        optimizer = core.Optimizer(kind, params, **KINDS[kind])

        def objective(batch, params=params):
            return core.mean(core.square(core.linear(batch, *params)))

        norms = [
            core.step((update(objective, optimizer),), x, n)[0][1]
            if in_a_step
            else optimizer.minimize(objective(x))
            for n in range(1, 5)
        ]
        found.append((norms, [p.numpy().tobytes() for p in (p.detach() for p in params)]))
    assert found[0] == found[1]


# ---- what follows ----


@both
def test_clip(core):
    values = np.random.default_rng(0).normal(size=70_000)
    p, q, free = (core.tensor(values, requires_grad=True) for _ in range(3))
    optimizers = sgd(core, p, lr=0.1), sgd(core, q, lr=0.2)

    def objective(batch):
        return core.sum(core.square(core.add(core.add(p, q), free)))

    core.step((update(objective, *optimizers, clip=0.5),), None, 1)
    gradient = 6 * array(free)
    for t, lr in ((p, 0.1), (q, 0.2)):
        assert np.abs(array(t)).max() == 0.5
        np.testing.assert_allclose(
            array(t), np.clip(array(free) - lr * gradient, -0.5, 0.5), rtol=0, atol=1e-6
        )
    assert np.abs(array(free)).max() > 3


@both
def test_clip_counts_as_a_write(core):
    """A graph of the parameters before the step is refused afterwards."""
    p = parameter(core, 1.0)
    old = core.sum(core.square(p))
    core.step((update(lambda b: core.sum(p), sgd(core, p, lr=0.0), clip=2.0),), None, 1)
    with pytest.raises(RuntimeError):
        old.backward()


@both
def test_averages_follow_the_clipped_parameters_of_their_update(core):
    p, mean = parameter(core, 4.0), core.tensor([4.0])
    buffer, copy = core.tensor([7.0]), core.tensor([0.0])
    average = core.Average([p], [mean], [buffer], [copy], 0.5)
    want = 4.0
    updates = (
        update(square(core, p), sgd(core, p), every=2, clip=1.5, averages=(average,)),
        update(lambda b: core.sum(p), sgd(core, p)),
    )
    at = 4.0
    for number in range(1, 7):
        core.step(updates, None, number)
        if number % 2 == 0:
            at = min(at * 0.5, 1.5)
            decay = min(0.5, (1 + average.steps - 1) / (10 + average.steps - 1))
            want = decay * want + (1 - decay) * at
        at -= 0.25
        assert array(p).tolist() == [at] and average.steps == number // 2
        assert array(mean)[0] == pytest.approx(want, rel=1e-6)
    assert array(copy).tolist() == [7.0]


@both
def test_several_averages(core):
    p, means = parameter(core, 4.0), [core.tensor([4.0]) for _ in range(2)]
    averages = tuple(core.Average([p], [m], [], [], 0.0) for m in means)
    core.step((update(square(core, p), sgd(core, p), averages=averages),), None, 1)
    assert [array(m).tolist() for m in means] == [[2.0], [2.0]]


# ---- reports ----


@both
def test_reports(core):
    p = parameter(core, 2.0)

    class Number:
        def __float__(self):
            return 0.25

    given = {
        "tensor": core.tensor(1.5), "of one": core.tensor([[2.5]]), "of the graph": core.mean(p),
        "float": 0.1, "int": 3, "bool": True, "numpy": np.float32(0.5), "array": np.array(4.0),
        "nan": math.nan, "own": Number(), "": -1,
    }  # fmt: skip
    ((loss, _, report),) = core.step(
        (update(lambda batch: (core.mean(p), given), sgd(core, p)),), None, 1
    )
    assert loss == 2.0 and all(type(v) is float for v in report.values())
    assert math.isnan(report.pop("nan")) and list(report) == [k for k in given if k != "nan"]
    assert list(report.values()) == [1.5, 2.5, 2.0, 0.1, 3.0, 1.0, 0.5, 4.0, 0.25, -1.0]


@both
def test_what_is_reported_was_so_before_the_update(core):
    p = parameter(core, 2.0)
    objective = square(core, p)
    ((_, _, report),) = core.step(
        (update(lambda b: (objective(b), {"p": p}), sgd(core, p)),), None, 1
    )
    assert report == {"p": 2.0} and array(p).tolist() == [1.0]


class Odd(dict):
    def items(self):
        raise AssertionError("not asked")


@both
def test_a_dict_is_a_dict(core):
    p = parameter(core, 2.0)
    ((*_, report),) = core.step((update(lambda b: (core.sum(p), Odd(a=1)), sgd(core, p)),), None, 1)
    assert report == {"a": 1.0}


# ---- the same bits ----


def networks(core, seed=4):
    """A generator and a discriminator with their updates; the parameters of both."""
    rng = np.random.default_rng(seed)
    shapes = (((40, 3), (40,), (20, 40), (20,)), ((60, 20), (60,), (1, 60), (1,)))
    g, d = ([core.tensor(rng.normal(size=s) / 4, requires_grad=True) for s in half]
            for half in shapes)  # fmt: skip
    z = core.tensor(rng.normal(size=(70, 3)))

    def generator():
        return core.linear(core.linear(z, g[0], g[1], act="tanh"), g[2], g[3])

    def discriminator(x):
        return core.linear(core.linear(x, d[0], d[1], act="leaky_relu", slope=0.2), d[2], d[3])

    def d_objective(x):
        r, f = discriminator(x), discriminator(generator().detach())
        loss = core.add(core.mean(core.relu(core.sub(1.0, r))),
                        core.mean(core.relu(core.add(1.0, f))))  # fmt: skip
        return loss, {"d_real": core.mean(r)}

    def g_objective(x):
        return core.neg(core.mean(discriminator(generator())))

    means = [core.tensor(array(p)) for p in g]
    average = core.Average(g, means, [], [], 0.9)
    updates = (
        update(d_objective, core.Optimizer("adam", d, lr=0.01, beta1=0.5), name="d", clip=0.3),
        update(g_objective, core.Optimizer("adam", g, lr=0.01, beta1=0.5), name="g", every=2,
               averages=(average,)),
    )  # fmt: skip
    return updates, g + d + means, core.tensor(rng.normal(size=(70, 20)) + 1)


def trained(core):
    updates, state, x = networks(core)
    numbers = [core.step(updates, x, n) for n in range(1, 5)]
    return repr(numbers), b"".join(t.detach().numpy().tobytes() for t in state)


@both
def test_any_number_of_threads_and_isa(core):
    was, seen = core.get_isa(), set()
    for isa in ("portable", "avx2", "avx512"):
        try:
            core.set_isa(isa)
        except ValueError:
            continue
        for threads in (1, 2, 3):
            core.set_num_threads(threads)
            seen.add(trained(core))
    core.set_num_threads(1)
    core.set_isa(was)
    assert len(seen) == 1


def test_float32_stays_near_float64():
    state = [networks(core) for core in (_core, _core64)]
    for (updates, _, x), core in zip(state, (_core, _core64), strict=True):
        for number in range(1, 11):
            core.step(updates, x, number)
    for p, q in zip(state[0][1], state[1][1], strict=True):
        assert np.abs(array(p) - array(q)).max() < 1e-3
