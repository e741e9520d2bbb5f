"""Gradient penalties: their own gradients, their values, what they look at, lazy ones.

What needs float64 is computed in a child process (`measure`).
"""

import math
import traceback

import numpy as np
import pytest
from alternating import OF_GRADIENTS, PENALTIES, Noise
from double import in_double
from harness import note
from pytorch import torch

import ganc
from ganc import losses, nn
from ganc._backend import core

SEED, BATCH = 11, 5


def penalty_of(name, **options):
    return type(losses.get_penalties(name)[0])(**options)


# ---- critics, in either library ----


def mlp(lib, act):
    return lib.Sequential(lib.Linear(4, 6), act(), lib.Linear(6, 5), act(), lib.Linear(5, 1))


def conv(lib, act):
    return lib.Sequential(
        lib.Conv2d(2, 3, 3, 2, 1), act(), lib.Conv2d(3, 4, 3, 1, 1), act(), lib.Flatten(),
        lib.Linear(4 * 9, 1),
    )  # fmt: skip


def batch_normed(lib, act):
    return lib.Sequential(lib.Conv2d(2, 3, 3, 2, 1), lib.BatchNorm2d(3), act(), lib.Flatten(),
                          lib.Linear(3 * 9, 1))  # fmt: skip


def group_normed(lib, act):
    return lib.Sequential(lib.Conv2d(2, 4, 3, 2, 1), lib.GroupNorm(2, 4), act(), lib.Flatten(),
                          lib.Linear(4 * 9, 1))  # fmt: skip


def layer_normed(lib, act):
    return lib.Sequential(lib.Linear(4, 6), lib.LayerNorm(6), act(), lib.Linear(6, 1))


ACTS = {
    "leaky_relu": lambda lib: lambda: lib.LeakyReLU(0.2),
    "softplus": lambda lib: lib.Softplus,
}
NETWORKS = {f.__name__: f for f in (mlp, conv, batch_normed, group_normed, layer_normed)}
CRITICS = [(net, act) for net in ("mlp", "conv") for act in ACTS]
CRITICS += [(net, "softplus") for net in ("batch_normed", "group_normed", "layer_normed")]
CASES = {f"{name}-{net}-{act}": (name, net, act) for name in PENALTIES for net, act in CRITICS}


def samples(net):
    """Return real and generated samples, the same each time."""
    rng = np.random.default_rng(3)
    shape = (BATCH, 4) if net in ("mlp", "layer_normed") else (BATCH, 2, 5, 5)
    return rng.normal(size=shape) + 0.5, rng.normal(size=shape)


# ---- against torch and against finite differences, in float64 ----


def value_at(penalty, critic, real, fake):
    core.default_generator.seed, core.default_generator.stream = SEED, 0
    return penalty(critic, real, fake)


def numeric(value, parameter, h):
    """Return the derivatives of a value in each number of a parameter: differences of order 4."""
    flat, found = parameter.detach().numpy().reshape(-1), []  # shares the memory
    for i, at in enumerate(flat.copy()):
        moved = []
        for k in (-2, -1, 1, 2):
            flat[i] = at + k * h
            moved.append(value())
        flat[i] = at
        found.append((moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * h))
    return np.array(found)


def relative(found, want, size):
    """Return an error relative to the largest number, or to `size` where all are 0."""
    largest = np.abs(want).max()
    return float(np.abs(found - want).max() / (largest if largest > 1e-6 * size else size))


def errors(name, net, act):
    """Return relative errors: of the value from torch's, of the gradients from differences."""
    ganc.manual_seed(4)
    critic, penalty = NETWORKS[net](nn, ACTS[act](nn)), penalty_of(name, weight=3.0)
    theirs = NETWORKS[net](torch.nn, ACTS[act](torch.nn))
    theirs.load_state_dict({k: torch.tensor(v.detach().numpy().copy())
                            for k, v in critic.state_dict().items()}, False)  # fmt: skip
    real, fake = samples(net)
    ours = [core.tensor(x) for x in (real, fake)]
    value = value_at(penalty, critic, *ours)
    want = 3.0 * PENALTIES[name](theirs, torch.tensor(real), torch.tensor(fake), Noise(SEED))
    params = list(critic.parameters())
    grads = ganc.grad(value, params, allow_unused=True)
    h = 1e-3 if act == "softplus" else 1e-5  # not across a kink
    numbers = [numeric(lambda: value_at(penalty, critic, *ours).item(), p, h) for p in params]
    found = [0.0 if g is None else g.numpy().reshape(-1) for g in grads]
    size = float(max(np.abs(n).max() for n in numbers))
    return {
        "value": abs(value.item() - want.item()) / want.item(),
        "gradient": max(relative(*pair, size) for pair in zip(found, numbers, strict=True)),
        "largest": size,
    }


def measure():
    """Return the errors of each case, or what it raised."""
    torch.set_default_dtype(torch.float64)
    found = {}
    for label, case in CASES.items():
        try:
            found[label] = errors(*case)
        except Exception:
            found[label] = traceback.format_exc()
    return found


@pytest.fixture(scope="module")
def measured():
    return in_double(__name__, "measure")


@pytest.mark.parametrize("case", CASES)
def test_gradient_in_every_parameter(case, measured):
    found = measured[case]
    assert isinstance(found, dict), found
    assert found["largest"] > 1e-3
    assert note("penalty: gradient, differences", found["gradient"], case) < 1e-7
    assert note("penalty: value, torch", found["value"], case) < 1e-12


# ---- what they look at ----


class Seen:
    """The critic x -> sum c x, whose gradient is c everywhere; it keeps what it was shown."""

    def __init__(self, c):
        self.c, self.x = core.tensor(c), None

    def __call__(self, x):
        self.x = np.array(x.detach().numpy(), np.float64)
        return (x * self.c).flatten(1).sum(1, keepdim=True)


def images(seed, n=BATCH):
    return np.random.default_rng(seed).normal(size=(n, 2, 3, 4)).astype(np.float32)


def look(name, real, fake, c=None, **options):
    """Return the penalty's value and the samples that the critic was shown."""
    critic = Seen(np.ones(real.shape[1:]) if c is None else c)
    value = penalty_of(name, **options)(critic, core.tensor(real), core.tensor(fake))
    return value.item(), critic.x


@pytest.mark.parametrize("name", OF_GRADIENTS)
def test_the_norm_is_over_all_axes_but_the_batch(name):
    """And the mean over the batch alone: the value does not depend on its size."""
    c = images(0, 1)[0]
    square = float((c.astype(np.float64) ** 2).sum())
    want = {"r1": square / 2, "r2": square / 2, "zero_centered": square}
    for n in (1, 2, 7):
        value, _ = look(name, images(1, n), images(2, n), c, weight=1.5)
        assert value == pytest.approx(1.5 * want.get(name, (math.sqrt(square) - 1) ** 2), rel=1e-5)


@pytest.mark.parametrize("name", ["wgan_gp", "zero_centered"])
def test_one_share_of_each_sample(name):
    """x = fake + e (real - fake), e in [0, 1) the same in all of a sample, another in each."""
    real, fake = images(1, 400), images(2, 400)
    _, x = look(name, real, fake)
    share = ((x - fake) * (real - fake)).sum((1, 2, 3)) / ((real - fake) ** 2).sum((1, 2, 3))
    np.testing.assert_allclose(x, fake + share[:, None, None, None] * (real - fake), atol=1e-5)
    assert share.min() >= 0 and share.max() <= 1 and len(set(share.round(6))) > 390
    assert abs(share.mean() - 1 / 2) < 0.05 and abs(share.var() - 1 / 12) < 0.02


def test_a_critic_whose_gradient_tells_the_share():
    """D(x) = |x|**2 / 2 has the gradient x; from 0 to a unit vector its norm is the share."""
    real, fake = core.tensor(np.eye(4)[:1]), core.tensor(np.zeros((1, 4)))
    for seed in range(5):
        ganc.manual_seed(seed)
        value = losses.GradientPenalty(weight=10)(lambda x: x.square().sum() * 0.5, real, fake)
        share = core.rand_uniform((1, 1), seed, 0, 0.0, 1.0).item()
        assert value.item() == pytest.approx(10 * (share - 1) ** 2, rel=1e-5)


def test_each_call_draws_anew():
    real, fake = images(1), images(2)
    for name in ("wgan_gp", "dragan", "zero_centered"):
        ganc.manual_seed(3)
        first, second = look(name, real, fake)[1], look(name, real, fake)[1]
        ganc.manual_seed(3)
        assert np.array_equal(look(name, real, fake)[1], first)
        assert not np.array_equal(first, second)


def test_dragan_perturbs_real_samples_only():
    """By up to half the standard deviation of the batch, upwards as in its code."""
    real = images(1, 400)
    values = []
    for fake in (core.tensor(images(2, 400)), None):
        ganc.manual_seed(1)
        critic = Seen(np.ones((2, 3, 4)))
        values.append(losses.DRAGAN()(critic, core.tensor(real), fake).item())
    assert values[0] == values[1]
    moved = (critic.x - real) / (0.5 * real.std())
    assert moved.min() > -1e-5 and moved.max() < 1 + 1e-5
    assert abs(moved.mean() - 1 / 4) < 0.02  # a product of two uniform numbers
    most = moved.max((1, 2, 3))  # near e: the largest of 24 numbers e u
    assert 0.35 < most.mean() < 0.6 and most.min() < 0.05 and most.max() > 0.9


def test_r1_is_at_real_and_r2_at_generated_samples():
    real, fake = images(1), images(2)
    assert np.array_equal(look("r1", real, fake)[1], real)
    assert np.array_equal(look("r2", real, fake)[1], fake)
    assert [name for name in losses.penalties() if penalty_of(name).on_fakes] == [
        "r2", "wgan_gp", "zero_centered",
    ]  # fmt: skip


def test_weight_and_target():
    real, fake = images(1), images(2)
    for name in PENALTIES:
        assert look(name, real, fake, weight=0.0)[0] == 0.0
        assert look(name, real, fake, weight=8.0)[0] == 8 * look(name, real, fake, weight=1.0)[0]
    zero = look("wgan_gp", real, fake, target=0.0)[0]
    assert zero == pytest.approx(look("zero_centered", real, fake)[0])


# ---- a gradient of 0 ----

FLAT = {
    "zero weights": (lambda: nn.Sequential(nn.Linear(4, 1)), 0.0),
    "zero weights of two": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1)), 0),
    "dead units": (lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)), -100.0),
}


@pytest.mark.parametrize("kind", FLAT)
@pytest.mark.parametrize("name", OF_GRADIENTS)
def test_a_flat_critic(name, kind):
    """The norm's derivative at 0 is 0: no NaN in a gradient."""
    build, bias = FLAT[kind]
    critic = build()
    with ganc.no_grad():
        if bias:
            critic[0].bias.fill_(bias)
        else:
            for p in critic.parameters():
                p.zero_()
    rng = np.random.default_rng(0)
    real, fake = (core.tensor(rng.normal(size=(BATCH, 4))) for _ in range(2))
    value = penalty_of(name, weight=3.0)(critic, real, fake)
    assert value.item() == (3.0 if name in ("wgan_gp", "dragan") else 0.0)
    for g in ganc.grad(value, list(critic.parameters()), allow_unused=True):
        assert g is None or not g.numpy().any()


def test_one_flat_sample_among_others():
    """Where one norm is 0 the others keep their gradients."""
    critic = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    with ganc.no_grad():
        critic[0].weight.fill_(3.0)
        critic[0].bias.zero_()
    real = core.tensor([[1.0], [-1.0]])
    value = losses.GradientPenalty(weight=1)(critic, real, real)
    assert value.item() == pytest.approx(((3 - 1) ** 2 + 1) / 2)
    (g,) = ganc.grad(value, [critic[0].weight])
    assert g.item() == pytest.approx((3 - 1) * 2 / 2)


# ---- lazy ones ----


class Nothing(losses.GANLoss):
    """D learns nothing of its loss."""

    def d_loss(self, real, fake):
        return (real.mean() - fake.mean()) * 0.0

    def g_loss(self, fake, real=None):
        return fake.mean() * 0.0


def lazy_gan(penalty, **options):
    critic = nn.Linear(2, 1, bias=False)
    with ganc.no_grad():
        critic.weight.copy_(core.tensor([[0.6, -0.8]]))
    return ganc.GAN(
        nn.Linear(1, 2), critic, 1, loss=Nothing(), penalty=penalty, seed=0,
        d_optimizer=lambda p: ganc.optim.SGD(p, lr=0.1), **options,
    )  # fmt: skip


def test_a_lazy_penalty_counts_for_the_steps_it_leaves_out():
    """value * every is minimised, the value is what is reported."""
    gan = lazy_gan(losses.R1(weight=2.0, every=4))
    assert [(u.name, u.every) for u in gan.updates()] == [("d", 1), ("r1", 4), ("g", 1)]
    size = 1.0  # of D's weight w; R1 is w**2, its gradient 2 w, four times: 8 w
    for number in range(1, 13):
        logs = gan.train_on_batch([[0.0, 1.0]] * 4)
        if number % 4 == 0:
            assert logs["r1_loss"] == pytest.approx(size**2, rel=1e-5)
            assert logs["r1_grad_norm"] == pytest.approx(8 * size, rel=1e-5)
            size *= 1 - 0.1 * 8
        assert np.linalg.norm(gan.discriminator.weight.tolist()) == pytest.approx(size, rel=1e-5)
        assert math.isnan(logs["r1_loss"]) == (number < 4)
        assert logs["d_loss"] == logs["d_grad_norm"] == 0.0


def test_an_eager_penalty_is_a_part_of_the_loss():
    gan = lazy_gan(losses.R1(weight=2.0))
    assert [u.name for u in gan.updates()] == ["d", "g"]
    logs = gan.train_on_batch([[0.0, 1.0]] * 4)
    assert logs["d_loss"] == logs["r1_loss"] == pytest.approx(1.0)
    assert logs["d_grad_norm"] == pytest.approx(2.0)
    assert np.linalg.norm(gan.discriminator.weight.tolist()) == pytest.approx(0.8)


class Told(losses.Penalty):
    """Notes what it is given."""

    name = "told"

    def value(self, critic, real, fake):
        assert real.shape == (4, 2) and not real.requires_grad
        assert (fake is not None) == self.on_fakes
        if fake is not None:
            assert fake.shape == real.shape and not fake.requires_grad
        return critic(real).square().mean()


@pytest.mark.parametrize("options", [{}, {"d_reduction": "separate"}, {"same_fakes": True}])
@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("on_fakes", [False, True])
def test_a_penalty_of_the_users(on_fakes, every, options):
    penalty = Told(1.0, every)
    penalty.on_fakes = on_fakes
    gan = lazy_gan(penalty, **options)
    for _ in range(2):
        logs = gan.train_on_batch([[0.0, 1.0]] * 4)
    assert logs["told_loss"] > 0


# ---- names ----


def test_names_and_objects():
    assert losses.penalties() == sorted([*PENALTIES, "consistency"])
    assert losses.get_penalties(None) == ()
    found = losses.get_penalties(["WGAN-GP", losses.R1, losses.R2(weight=1, every=2)])
    assert found == (losses.GradientPenalty(), losses.R1(), losses.R2(1, 2))
    assert losses.R1() != losses.R2() and losses.R1() != losses.R1(every=2)
    assert losses.R1(2.5, 16).__repr__() == "R1(weight=2.5, every=16)"
    for name in losses.penalties():
        cls = type(losses.get_penalties(name)[0])
        assert cls.__doc__ and cls.source and cls.name == name


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: losses.get_penalties("wgan_pg"), ValueError, "did you mean 'wgan_gp'"),
        (lambda: losses.get_penalties(3), TypeError, "got int, expected a name"),
        (lambda: losses.get_penalties(["r1", None]), TypeError, "got NoneType"),
        (lambda: losses.get_penalties(["r1", losses.R1(1)]), ValueError, "got 'r1' twice"),
        (lambda: losses.R1(weight=-1), ValueError, "weight"),
        (lambda: losses.R1(weight=math.nan), ValueError, "weight"),
        (lambda: losses.R1(every=0), ValueError, "every"),
        (lambda: losses.GradientPenalty(target=-1.0), ValueError, "target"),
        (lambda: losses.register_penalty(losses.R1), ValueError, "exists"),
        (lambda: losses.Penalty()(None, None), NotImplementedError, "value"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
