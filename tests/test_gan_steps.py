"""ganc.GAN against the alternating loop written in torch, float64, ten steps with the same noise.

The steps are made in a child process in float64 (`measure`); each test looks at one case of it.
"""

import itertools
import math
import traceback

import numpy as np
import pytest
from alternating import ADAM, Loop
from double import in_double
from harness import note
from pytorch import torch

import ganc
from ganc import losses, nn, optim
from ganc._backend import core
from ganc.train._network import is_per_sample

STEPS, BATCH, CLASSES, SEED = 10, 6, 3, 7


# ---- networks, in either library ----


def mlp(lib):
    generator = lib.Sequential(lib.Linear(3, 8), lib.Tanh(), lib.Linear(8, 4))
    critic = lib.Sequential(lib.Linear(4, 6), lib.LeakyReLU(0.2), lib.Linear(6, 1))
    return generator, critic, (3,), (4,)


def smooth(lib):
    generator = lib.Sequential(lib.Linear(3, 8), lib.ReLU(), lib.Linear(8, 4))
    critic = lib.Sequential(lib.Linear(4, 6), lib.Tanh(), lib.Linear(6, 5), lib.Softplus(),
                            lib.Linear(5, 1))  # fmt: skip
    return generator, critic, (3,), (4,)


def conv(lib, norm=False):
    """Images of 8 x 8, two convolutions in D; with `norm`, batch normalisation in both."""
    generator = lib.Sequential(
        lib.Linear(3, 4 * 16, bias=not norm), lib.Unflatten(1, (4, 4, 4)),
        *[lib.BatchNorm2d(4)] * norm, lib.ReLU(),
        lib.ConvTranspose2d(4, 2, 4, 2, 1), lib.Tanh(),
    )  # fmt: skip
    critic = lib.Sequential(
        lib.Conv2d(2, 4, 4, 2, 1), lib.LeakyReLU(0.2), lib.Conv2d(4, 6, 3, 2, 1, bias=not norm),
        *[lib.BatchNorm2d(6)] * norm, lib.LeakyReLU(0.2), lib.Flatten(), lib.Linear(6 * 4, 1),
    )  # fmt: skip
    return generator, critic, (3,), (2, 8, 8)


def normed(lib):
    return conv(lib, norm=True)


def labelled(lib):
    """Both networks of `mlp` with an embedding of the label beside their input."""

    class Labelled(lib.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.embedding = lib.Embedding(CLASSES, 2)
            self.body = lib.Sequential(lib.Linear(inputs + 2, 8), lib.LeakyReLU(0.2),
                                       lib.Linear(8, outputs))  # fmt: skip

        def forward(self, x, labels):
            if lib is nn:
                return self.body(ganc.cat([x, self.embedding(labels)], 1))
            return self.body(torch.cat([x, self.embedding(labels.long())], 1))

    return Labelled(3, 4), Labelled(4, 1), (3,), (4,)


NETWORKS = {f.__name__: f for f in (mlp, smooth, conv, normed, labelled)}

# ---- the cases: networks and options of GAN; a penalty is (name, weight, every) ----

TARGETS = ("non_saturating", "minimax", "lsgan")
SUMS = (*TARGETS, "wgan", "hinge")
PENALTIES = ("dragan", "r1", "r2", "wgan_gp", "zero_centered")


def cases():
    """Return (networks, options) by a name of each."""
    made = [("mlp", {"loss": loss, "n_critic": n}) for loss in losses.list() for n in (1, 3)]
    made += [("mlp", {"loss": loss, "label_smoothing": 0.2}) for loss in TARGETS]
    made += [("mlp", {"loss": "wgan", "weight_clip": 0.1, "n_critic": n}) for n in (1, 3)]
    made += [("mlp", {"loss": loss, "latent_kind": "uniform"}) for loss in ("lsgan", "wgan")]
    made += reductions() + penalised()
    made += [(net, {"loss": loss}) for net in ("conv", "normed", "labelled", "smooth")
             for loss in ("non_saturating", "relativistic_average")]  # fmt: skip
    made += [("normed", {"loss": "relativistic_hinge", "n_critic": 3, "same_fakes": True})]
    return {label(net, options): (net, options) for net, options in made}


def reductions():
    made = [("mlp", {"loss": loss, "d_reduction": "mean"}) for loss in losses.list()]
    for loss, same, n in itertools.product(SUMS, (False, True), (1, 3)):
        made += [("mlp", {"loss": loss, "d_reduction": "separate", "n_critic": n,
                          "same_fakes": same})]  # fmt: skip
    made += [("mlp", {"loss": loss, "same_fakes": True, "n_critic": n})
             for loss in losses.list() for n in (1, 3)]  # fmt: skip
    last = {"loss": "lsgan", "d_reduction": "separate", "label_smoothing": 0.1}
    made += [(net, last | {"weight_clip": clip}) for net in ("conv", "normed", "labelled")
             for clip in (None, 0.3)]  # fmt: skip
    return made


def penalised():
    made = [
        (net, {"loss": "wgan", "penalties": ((name, 2.0, every),), "n_critic": 2})
        for net in ("mlp", "smooth", "conv", "normed", "labelled")
        for name in PENALTIES
        for every in (1, 3)
    ]
    some = {
        "relativistic": (("r1", 0.5, 1), ("r2", 0.5, 1)),  # R3GAN
        "non_saturating": (("r1", 5.0, 2), ("r2", 3.0, 3)),
        "hinge": tuple((name, 0.5 + i, 1 + i % 3) for i, name in enumerate(PENALTIES)),
        "wgan": tuple((name, 0.5 + i, 1) for i, name in enumerate(PENALTIES)),
    }
    made += [(net, {"loss": loss, "penalties": p}) for net in ("smooth", "conv", "normed")
             for loss, p in some.items()]  # fmt: skip
    for every in (1, 2):
        pair = {"penalties": (("wgan_gp", 1.0, every), ("r1", 1.0, 2))}
        made += [("conv", pair | {"loss": "hinge", "d_reduction": kind, "weight_clip": 0.2})
                 for kind in ("mean", "separate")]  # fmt: skip
        made += [("mlp", pair | {"loss": "relativistic_ls", "same_fakes": True})]
    return made


def label(net, options):
    words = [net, options["loss"]]
    words += [f"{k}={v}" for k, v in options.items() if k not in ("loss", "penalties")]
    words += [f"{name}/{every}" for name, _, every in options.get("penalties", ())]
    return "-".join(words)


CASES = cases()

# ---- the steps, in float64 ----


def penalty_of(name, weight, every):
    return type(losses.get_penalties(name)[0])(weight=weight, every=every)


def gan_of(generator, critic, latent, *, penalties=(), latent_kind="normal", **options):
    def adam(parameters):
        return optim.Adam(parameters, **ADAM)

    return ganc.GAN(
        generator, critic, latent, g_optimizer=adam, d_optimizer=adam, seed=SEED,
        latent=latent_kind, penalty=[penalty_of(*p) for p in penalties], **options,
    )  # fmt: skip


def state_of(network):
    return {k: np.array(v.detach().numpy()) for k, v in network.state_dict().items()
            if "num_batches" not in k}  # fmt: skip


def relative(mine, theirs):
    """Return the difference, as a share of what is larger than 1."""
    if math.isnan(mine) and math.isnan(theirs):
        return 0.0
    return abs(mine - theirs) / max(1.0, abs(theirs))


def follow(net, options):
    """Return the largest errors of a parameter or statistic, and of a number, in ten steps."""
    ganc.manual_seed(0)
    generator, critic, latent, shape = NETWORKS[net](nn)
    gan = gan_of(generator, critic, latent, **options)
    g, d, *_ = NETWORKS[net](torch.nn)
    for mine, theirs in ((generator, g), (critic, d)):
        theirs.load_state_dict({k: torch.tensor(v) for k, v in state_of(mine).items()}, False)
    loop = Loop(g, d, latent, gan.seed, **options)
    rng, worst, numbers = np.random.default_rng(5), 0.0, 0.0
    for number in range(1, STEPS + 1):
        x = np.tanh(rng.normal(size=(BATCH, *shape)) + 0.3)
        y = [rng.integers(0, CLASSES, BATCH)] if net == "labelled" else []
        logs = gan.train_on_batch(core.tensor(x), *y)
        loop.step(number, torch.tensor(x), *map(torch.tensor, y))
        assert logs.keys() == loop.numbers.keys(), (logs, loop.numbers)
        numbers = max(numbers, *(relative(v, loop.numbers[k]) for k, v in logs.items()))
        for mine, theirs in ((generator, g), (critic, d)):
            states = state_of(mine), state_of(theirs)
            worst = max(worst, *(float(np.abs(v - states[1][k]).max())
                                 for k, v in states[0].items()))  # fmt: skip
    return {"parameters": worst, "numbers": numbers}


def measure():
    """Return the errors of each case, or what it raised."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    ganc.set_num_threads(1)
    found = {}
    for name, case in CASES.items():
        try:
            found[name] = follow(*case)
        except Exception:
            found[name] = traceback.format_exc()
    return found


# ---- the tests ----


@pytest.fixture(scope="module")
def measured():
    return in_double(__name__, "measure")


@pytest.mark.parametrize("case", CASES)
def test_ten_steps(case, measured):
    found = measured[case]
    assert isinstance(found, dict), found
    for what, error in found.items():
        assert note(f"GAN float64, {what}", error, case) <= 1e-9, what


def test_passes_through_d():
    """Batch norm couples the samples, so D sees real and generated ones apart."""
    found = {name: is_per_sample(build(nn)[1]) for name, build in NETWORKS.items()}
    assert found == {
        "mlp": True, "smooth": True, "conv": True, "normed": False, "labelled": False,
    }  # fmt: skip


# ---- what is no case of the loop ----


class Half(losses.GANLoss):
    """A loss of the user's that equals half of WGAN's."""

    def d_loss(self, real, fake):
        return (fake.mean() - real.mean()) * 0.5

    def g_loss(self, fake, real=None):
        assert real is None
        return -fake.mean()


def trained(updates=None, **options):
    """Return the parameters after three steps, as bytes, and the last numbers."""
    ganc.manual_seed(1)
    generator, critic, latent, shape = mlp(nn)
    gan = gan_of(generator, critic, latent, **options)
    if updates:
        gan.updates = lambda: updates(*type(gan).updates(gan))
    rng = np.random.default_rng(2)
    for _ in range(3):
        logs = gan.train_on_batch(core.tensor(rng.normal(size=(BATCH, *shape))))
    return [v.tobytes() for net in (generator, critic) for v in state_of(net).values()], logs


@pytest.mark.parametrize("reduction", ["mean", "separate"])
def test_a_loss_of_the_users(reduction):
    options = {"d_reduction": reduction, "loss": "wgan", "n_critic": 2}
    if reduction == "mean":
        assert trained(**options) == trained(loss=Half(), n_critic=2)
    else:  # Adam does not see a factor, but for its eps
        mine, theirs = trained(**options | {"loss": Half()}), trained(**options)
        assert mine[1]["d_grad_norm"] == pytest.approx(theirs[1]["d_grad_norm"] / 2, rel=1e-4)


def test_two_updates_of_g_with_the_same_fakes():
    """The first learns on D's fakes, the second on fresh ones."""
    found, logs = trained(lambda d, g: (d, g, g), loss="wgan", same_fakes=True)
    once, _ = trained(loss="wgan", same_fakes=True)
    fresh, _ = trained(lambda d, g: (d, g, g), loss="wgan")
    assert found != once and found != fresh and math.isfinite(logs["g_loss"])


def test_halves_of_a_loss_that_has_none():
    with pytest.raises(ValueError, match=r"RelativisticHinge\(\) compares"):
        trained(loss="relativistic_hinge", d_reduction="separate")
