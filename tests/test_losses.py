"""ganc.losses: values and gradients against torch's in float64, definitions, names, refusals.

What needs float64 is computed in a child process (`measure`).
"""

import numpy as np
import pytest
from alternating import d_loss, g_loss
from double import in_double
from harness import note
from pytorch import torch

import ganc
from ganc import losses, nn
from ganc._backend import core

RELATIVISTIC = [name for name in losses.list() if "relativistic" in name]
OTHERS = [name for name in losses.list() if name not in RELATIVISTIC]
CASES = [(name, 0.0) for name in losses.list()]
CASES += [(name, 0.2) for name in ("non_saturating", "minimax", "lsgan")]
SHAPES = ((7, 1), (1, 1), (5,), (3, 1, 2, 2))


# ---- the published formulas ----


def logits(shape):
    rng = np.random.default_rng(3)
    return [3 * rng.standard_normal(shape) for _ in range(2)]


def error_of(own, want):
    """Return the largest difference, as a share of what is larger than 1."""
    own, want = (np.asarray(x.detach().numpy(), np.float64) for x in (own, want))
    return float(np.abs(own - want).max() / max(1.0, np.abs(want).max()))


def errors(name, smoothing, shape):
    """Return the largest errors of both losses and of their gradients."""
    loss = losses.get(name, label_smoothing=smoothing)
    ours = [core.tensor(x, requires_grad=True) for x in logits(shape)]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in logits(shape)]
    given = [None, None] if name in OTHERS else [ours[0], theirs[0]]
    found = {"value": 0.0, "gradient": 0.0}
    for own, want, learns in (
        (loss.d_loss(*ours), d_loss(name, *theirs, smoothing), (0, 1)),
        (loss.g_loss(ours[1], given[0]), g_loss(name, theirs[1], given[1]), (1,)),
    ):
        assert own.shape == ()
        found["value"] = max(found["value"], error_of(own, want))
        mine = ganc.grad(own, [ours[i] for i in learns])
        for a, b in zip(mine, torch.autograd.grad(want, [theirs[i] for i in learns]), strict=True):
            found["gradient"] = max(found["gradient"], error_of(a, b))
    return found


def measure():
    return [[errors(*case, shape) for shape in SHAPES] for case in CASES]


@pytest.fixture(scope="module")
def measured():
    return in_double(__name__, "measure")


@pytest.mark.parametrize("case", range(len(CASES)), ids=map(str, CASES))
def test_values_and_gradients(case, measured):
    for shape, double in zip(SHAPES, measured[case], strict=True):
        single = errors(*CASES[case], shape)
        for what in ("value", "gradient"):
            assert note(f"losses float64, {what}", double[what], CASES[case]) < 1e-14, shape
            assert note(f"losses float32, {what}", single[what], CASES[case]) < 1e-6, shape


def test_every_loss_is_a_case():
    assert [name for name in losses.list() if losses.get(name).relativistic] == RELATIVISTIC
    assert [name for name, s in CASES if s] == [
        name for name in OTHERS[::-1] if losses.get(name).has_targets
    ]


def test_label_smoothing_mixes_the_targets():
    """D: (1 - s) sp(-r) + s sp(r), the cross-entropy with the target 1 - s; G is as without."""
    r, f = (core.tensor(x) for x in logits((6, 1)))
    plain, smooth = losses.NonSaturating(), losses.NonSaturating(label_smoothing=0.25)
    zero = core.tensor(np.full((6, 1), -100.0))
    as_real, as_fake = plain.d_loss(r, zero), plain.d_loss(core.tensor([[100.0]]), r)
    mixed = 0.75 * as_real + 0.25 * as_fake
    assert smooth.d_loss(r, zero).item() == pytest.approx(mixed.item(), rel=1e-5)
    assert smooth.g_loss(f).item() == plain.g_loss(f).item()


# ---- what relativistic means ----


@pytest.mark.parametrize("name", RELATIVISTIC)
def test_only_differences_count(name):
    """A number added to all logits changes nothing; G's loss is D's with both exchanged."""
    loss = losses.get(name)
    r, f = (core.tensor(x) for x in logits((6, 1)))
    value = loss.d_loss(r, f).item()
    assert loss.d_loss(r + 2.5, f + 2.5).item() == pytest.approx(value, rel=1e-5)
    assert loss.d_loss(r + 2.5, f).item() != pytest.approx(value, rel=1e-2)
    assert loss.g_loss(f, r).item() == loss.d_loss(f, r).item()


@pytest.mark.parametrize("name", RELATIVISTIC)
def test_pairs_or_means(name):
    """Paired: each real sample against the fake in its place. Average: their order is no matter."""
    loss, (r, f) = losses.get(name), logits((6, 1))
    value = loss.d_loss(core.tensor(r), core.tensor(f)).item()
    turned = loss.d_loss(core.tensor(r), core.tensor(np.roll(f, 1))).item()
    assert (turned == pytest.approx(value, rel=1e-5)) == ("average" in name)
    if "average" not in name:  # a mean over the pairs
        each = [loss.d_loss(core.tensor(a), core.tensor(b)).item()
                for a, b in zip(r[:, None], f[:, None], strict=True)]  # fmt: skip
        assert value == pytest.approx(np.mean(each), rel=1e-5)
    else:  # each sample against the mean of the other kind, which may be put in for all of them
        for high, low in ((r, f), (f, r)):
            whole = loss.d_loss(core.tensor(high), core.tensor(low)).item()
            half = losses.get(name.replace("_average", ""))
            above = half.d_loss(core.tensor(high), core.tensor(np.full_like(r, low.mean())))
            below = half.d_loss(core.tensor(np.full_like(r, high.mean())), core.tensor(low))
            assert whole == pytest.approx(above.item() + below.item(), rel=1e-5)


# ---- in a GAN ----


class Spy:
    """Any object with the two methods is a loss; notes what it is given."""

    def __init__(self, relativistic=None):
        self.given = []
        if relativistic is not None:
            self.relativistic = relativistic

    def d_loss(self, real, fake):
        return fake.mean() - real.mean()

    def g_loss(self, fake, real):
        self.given.append(real)
        return -fake.mean()


def small_gan(loss, **options):
    return ganc.GAN(nn.Linear(1, 2), nn.Linear(2, 1), 1, loss=loss, seed=0, **options)


def test_real_logits_are_for_relativistic_losses():
    """Those of D after its update, without a graph; others get None."""
    x = core.tensor([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]])
    for loss in (Spy(), Spy(False)):
        small_gan(loss).train_on_batch(x)
        assert loss.given == [None]
    loss = Spy(True)
    gan = small_gan(loss, n_critic=2)
    for _ in range(4):
        logs = gan.train_on_batch(x)
    assert len(loss.given) == 2 and not any(r.requires_grad for r in loss.given)
    assert np.array_equal(loss.given[-1].numpy(), gan.discriminator(x).detach().numpy())
    assert {"d_loss", "g_loss", "d_real"} <= logs.keys()


@pytest.mark.parametrize("relativistic", [None, True])
def test_a_loss_of_the_users_equals_the_name(relativistic):
    """The same bits; and that G gets real logits costs nothing but the pass."""
    x = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    found = []
    for loss in ("wgan", Spy(relativistic)):
        ganc.manual_seed(0)
        gan = small_gan(loss)
        logs = [gan.train_on_batch(x) for _ in range(3)]
        state = [p.tolist() for net in gan._parts().values() for p in net.parameters()]
        found.append((logs, state))
    assert found[0] == found[1]


def test_probabilities_are_reported_where_there_are_any():
    for name in losses.list():
        gan = small_gan(name)
        with ganc.no_grad():
            gan.discriminator.weight.zero_()
            gan.discriminator.bias.fill_(2.0)
        logs = gan.train_on_batch([[0.0, 1.0]] * 4)
        known = name in ("non_saturating", "minimax")
        want = 1 / (1 + np.exp(-2.0)) if known else 2.0
        assert logs["d_real"] == pytest.approx(want) and logs["d_fake"] == pytest.approx(want)
        assert losses.get(name).probability == known


# ---- signs, limits ----


@pytest.mark.parametrize("name", losses.list())
def test_signs(name):
    """A D that is right has a small loss, a G that fools it too."""
    loss, half = losses.get(name), {"lsgan": 0.5, "energy": -4.0}.get(name, 4.0)
    sure, fooled = ganc.tensor([[half]]), ganc.tensor([[-half]])
    assert loss.d_loss(sure, fooled).item() < loss.d_loss(fooled, sure).item()
    assert loss.g_loss(sure, fooled).item() < loss.g_loss(fooled, sure).item()


def test_least_squares_are_0_at_their_targets():
    one, zero = ganc.ones(3, 1), ganc.zeros(3, 1)
    for name in ("lsgan", "relativistic_ls", "relativistic_average_ls"):
        loss = losses.get(name)
        assert loss.d_loss(one, zero).item() == 0 and loss.g_loss(one, zero).item() == 0


@pytest.mark.parametrize("name", losses.list())
def test_extreme_logits_stay_finite(name):
    loss = losses.get(name)
    big = ganc.tensor([[1e4], [-1e4]], requires_grad=True)
    other = ganc.tensor([[-1e4], [1e4]])
    for value in (loss.d_loss(big, other), loss.d_loss(other, big), loss.g_loss(big, other)):
        assert np.isfinite(value.item())
        (g,) = ganc.grad(value, [big])
        assert np.isfinite(g.numpy()).all()


def test_equilibrium():
    zero = ganc.zeros(4, 1)
    loss = losses.get("gan")
    assert loss.d_loss(zero, zero).item() == pytest.approx(2 * np.log(2))
    assert loss.g_loss(zero).item() == pytest.approx(np.log(2))


# ---- names ----


def test_names():
    aliases = {
        "GAN": "non_saturating", "ns": "non_saturating", "bce": "non_saturating",
        "RpGAN": "relativistic", "ragan": "relativistic_average",
        "Relativistic-LS": "relativistic_ls",
    }  # fmt: skip
    for alias, name in aliases.items():
        assert type(losses.get(alias)) is type(losses.get(name))
    assert losses.get(losses.LSGAN, label_smoothing=0.5).label_smoothing == 0.5
    spy = Spy()
    assert losses.get(spy) is spy


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: losses.get("hinges"), ValueError, "did you mean 'hinge'"),
        (lambda: losses.get(3), TypeError, "d_loss"),
        (lambda: losses.get(object()), TypeError, "d_loss"),
        (lambda: losses.get("wgan", label_smoothing=0.1), ValueError, "no targets"),
        (lambda: losses.get("gan", label_smoothing=1.0), ValueError, "label_smoothing"),
        (lambda: losses.get("gan", label_smoothing=float("nan")), ValueError, "label_smoothing"),
        (lambda: losses.get(losses.Hinge(), label_smoothing=0.1), ValueError, "object"),
        (lambda: losses.register("wgan"), ValueError, "exists"),
        (lambda: losses.get("relativistic", label_smoothing=0.1), ValueError, "no targets"),
        (lambda: losses.register("rpgan"), ValueError, "exists"),
        (lambda: losses.GANLoss().d_loss(None, None), NotImplementedError, "d_loss"),
        (lambda: losses.GANLoss().g_loss(None), NotImplementedError, "g_loss"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_documented():
    for name in losses.list():
        cls = type(losses.get(name))
        assert cls.__doc__ and cls.source and cls.name == name
