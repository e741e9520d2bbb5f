"""core.Trainer against the alternating loop written in torch, float64, with the same noise."""

import math

import numpy as np
import pytest
from harness import _core, _core64, array, note, torch

pytestmark = pytest.mark.usefixtures("no_live_tensors")

F = torch.nn.functional
BATCH, LATENT, DATA = 6, 3, 4
LOSSES = ["non_saturating", "minimax", "lsgan", "wgan", "hinge"]


def start():
    rng = np.random.default_rng(4)
    g = [rng.normal(size=s) / 2 for s in ((8, LATENT), (8,), (DATA, 8), (DATA,))]
    d = [rng.normal(size=s) / 2 for s in ((6, DATA), (6,), (1, 6), (1,))]
    return g, d, rng.normal(size=(12, BATCH, DATA)) + 1


def core_nets(core, g, d):
    def generator(z):
        return core.linear(core.linear(z, g[0], g[1], act="tanh"), g[2], g[3])

    def discriminator(x):
        return core.linear(core.linear(x, d[0], d[1], act="leaky_relu", slope=0.2), d[2], d[3])

    return generator, discriminator


def torch_nets(g, d):
    def generator(z):
        return F.linear(torch.tanh(F.linear(z, g[0], g[1])), g[2], g[3])

    def discriminator(x):
        return F.linear(F.leaky_relu(F.linear(x, d[0], d[1]), 0.2), d[2], d[3])

    return generator, discriminator


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def d_loss(name, r, f, smooth):
    if name in ("non_saturating", "minimax"):
        return bce(r, 1 - smooth) + bce(f, 0.0)
    if name == "lsgan":
        return ((r - (1 - smooth)) ** 2).mean() / 2 + (f**2).mean() / 2
    if name == "wgan":
        return f.mean() - r.mean()
    return F.relu(1 - r).mean() + F.relu(1 + f).mean()


def g_loss(name, f):
    if name == "non_saturating":
        return bce(f, 1.0)
    if name == "minimax":
        return -bce(f, 0.0)
    return ((f - 1) ** 2).mean() / 2 if name == "lsgan" else -f.mean()


class Loop:
    """The reference: PyTorch, autograd and Adam."""

    def __init__(
        self, g, d, loss, n_critic=1, smooth=0.0, clip=0.0, latent="normal", separate=False,
        same_fakes=False,
    ):  # fmt: skip
        self.g = [torch.tensor(v, requires_grad=True) for v in g]
        self.d = [torch.tensor(v, requires_grad=True) for v in d]
        self.nets = torch_nets(self.g, self.d)
        self.opts = [torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.999)) for p in (self.g, self.d)]
        self.loss, self.n_critic, self.smooth, self.clip = loss, n_critic, smooth, clip
        self.latent, self.stream, self.phase, self.stats = latent, 0, 0, {}
        self.separate, self.same_fakes = separate, same_fakes

    def noise(self):
        if self.latent == "normal":
            z = _core64.rand_normal((BATCH, LATENT), 7, self.stream)
        else:
            z = _core64.rand_uniform((BATCH, LATENT), 7, self.stream, -1, 1)
        self.stream += 1
        return torch.tensor(array(z))

    def update(self, which, loss):
        opt, params = self.opts[which], (self.g, self.d)[which]
        opt.zero_grad()
        loss.backward()
        norm = math.sqrt(sum(float(p.grad.square().sum()) for p in params))
        opt.step()
        with torch.no_grad():
            for p in self.d if self.clip and which else ():
                p.clamp_(-self.clip, self.clip)
        return norm

    def halves(self, x, fake):
        """Update D on real samples, then on fakes."""
        discriminator = self.nets[1]
        r = discriminator(x)
        real = d_loss(self.loss, r, torch.zeros_like(r).detach(), self.smooth)
        norms = [self.update(1, real)]
        f = discriminator(fake)
        norms.append(self.update(1, d_loss(self.loss, torch.zeros_like(f), f, self.smooth)))
        total = d_loss(self.loss, r.detach(), f.detach(), self.smooth)
        return r, f, total.item(), math.hypot(*norms)

    def step(self, x):
        generator, discriminator = self.nets
        made = generator(self.noise())
        if self.separate:
            r, f, value, norm = self.halves(x, made.detach())
        else:
            r, f = discriminator(x), discriminator(made.detach())
            loss = d_loss(self.loss, r, f, self.smooth)
            value, norm = loss.item(), self.update(1, loss)
        real, fake = r.detach(), f.detach()
        if self.loss in ("non_saturating", "minimax"):
            real, fake = real.sigmoid(), fake.sigmoid()
        self.stats |= {"d_real": real.mean().item(), "d_fake": fake.mean().item()}
        self.stats["d_loss"], self.stats["d_grad_norm"] = value, norm
        self.phase += 1
        if self.phase == self.n_critic:
            made = made if self.same_fakes else generator(self.noise())
            loss = g_loss(self.loss, discriminator(made))
            self.stats["g_loss"], self.stats["g_grad_norm"] = loss.item(), self.update(0, loss)
            self.phase = 0


def make(
    core, g, d, loss, n_critic=1, smooth=0.0, clip=0.0, latent="normal", joint=True, **switches
):
    g, d = ([core.tensor(v, requires_grad=True) for v in p] for p in (g, d))
    opts = [core.Optimizer("adam", p, lr=0.01, beta1=0.5) for p in (g, d)]
    rng = core.Generator(7)
    trainer = core.Trainer(
        *core_nets(core, g, d), [opts[0]], [opts[1]], loss=loss, n_critic=n_critic, latent=latent,
        label_smoothing=smooth, weight_clip=clip, latent_shape=(LATENT,), joint=joint,
        generator_rng=rng, **switches,
    )  # fmt: skip
    return trainer, g, d, rng


def follow(loss, joint, **options):
    g, d, data = start()
    loop = Loop(g, d, loss, **options)
    trainer, mine_g, mine_d, rng = make(_core64, g, d, loss, joint=joint, **options)
    for step in range(10):
        stats = trainer.step(_core64.tensor(data[step]))
        loop.step(torch.tensor(data[step]))
        for key, value in stats.items():
            want = loop.stats.get(key, math.nan)
            assert np.isclose(value, want, rtol=1e-9, atol=1e-11, equal_nan=True), (step, key)
        for p, t in zip(mine_g + mine_d, loop.g + loop.d, strict=True):
            error = np.abs(array(p) - t.detach().numpy()).max()
            assert note("trainer float64", error, f"{loss} {options}") <= 1e-9, step
        assert trainer.phase == loop.phase and rng.stream == loop.stream


@pytest.mark.parametrize("joint", [True, False], ids=["joint", "separate"])
@pytest.mark.parametrize("n_critic", [1, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_ten_steps(loss, n_critic, joint):
    follow(loss, joint, n_critic=n_critic)


@pytest.mark.parametrize("n_critic", [1, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_two_updates_of_d_and_fakes_used_twice(loss, n_critic):
    follow(loss, False, n_critic=n_critic, separate=True)
    follow(loss, True, n_critic=n_critic, same_fakes=True)
    follow(loss, False, n_critic=n_critic, separate=True, same_fakes=True, clip=0.3)


@pytest.mark.parametrize("joint", [True, False], ids=["joint", "separate"])
def test_options(joint):
    follow("wgan", joint, clip=0.1, n_critic=3)
    follow("non_saturating", joint, smooth=0.1)
    follow("lsgan", joint, smooth=0.25, latent="uniform")


class Wasserstein:
    def __init__(self, core):
        self.core = core

    def d_loss(self, real, fake):
        return self.core.sub(self.core.mean(fake), self.core.mean(real))

    def g_loss(self, fake, real):
        assert real is None
        return self.core.neg(self.core.mean(fake))


@pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])
def test_a_loss_object_equals_the_name(core):
    g, d, data = start()
    one, *first, _ = make(core, g, d, "wgan")
    two, *second, _ = make(core, g, d, Wasserstein(core))
    for x in data[:3]:
        a, b = one.step(core.tensor(x)), two.step(core.tensor(x))
        assert a["d_loss"] == b["d_loss"] and a["g_loss"] == b["g_loss"]
    for p, q in zip(sum(first, []), sum(second, []), strict=True):
        assert np.array_equal(array(p), array(q))


def test_float32_stays_near():
    g, d, data = start()
    a, *single, _ = make(_core, g, d, "non_saturating")
    b, *double, _ = make(_core64, g, d, "non_saturating")
    for x in data:
        a.step(_core.tensor(x))
        b.step(_core64.tensor(x))
    for p, q in zip(sum(single, []), sum(double, []), strict=True):
        assert np.abs(array(p) - array(q)).max() < 1e-3


def test_any_number_of_threads_and_isa():
    g, d, data = start()
    was, seen = _core.get_isa(), set()
    for isa in ("portable", "avx2", "avx512"):
        try:
            _core.set_isa(isa)
        except ValueError:
            continue
        for threads in (1, 2, 3):
            _core.set_num_threads(threads)
            trainer, mine_g, mine_d, _ = make(_core, g, d, "hinge", n_critic=2)
            for x in data[:4]:
                trainer.step(_core.tensor(x))
            seen.add(b"".join(array(p).tobytes() for p in mine_g + mine_d))
    _core.set_num_threads(1)
    _core.set_isa(was)
    assert len(seen) == 1


def test_phase_is_state():
    g, d, data = start()
    a, *first, rng_a = make(_core64, g, d, "wgan", n_critic=3)
    for x in data[:2]:
        a.step(_core64.tensor(x))
    assert a.phase == 2
    with pytest.raises(ValueError):
        a.phase = 3
    values = [[array(p) for p in ps] for ps in first]
    b, *second, rng_b = make(_core64, *values, "wgan", n_critic=3)
    b.phase, rng_b.stream, b.last = a.phase, rng_a.stream, a.last
    assert math.isnan(b.step(_core64.tensor(data[2]))["g_loss"]) is False


def raising(x):
    raise KeyError("from forward")


def test_errors_leave_the_trainer_usable():
    g, d, data = start()
    rng = _core64.Generator(1)
    net = _core64.tensor([1.0], requires_grad=True)
    opt = _core64.Optimizer("sgd", [net], lr=0.1)

    def good(x):
        return _core64.mul(_core64.sum(x, 1, True), net)

    x = _core64.tensor(data[0])
    for d_net, error, words in [
        (raising, KeyError, "from forward"), (lambda x: 1.0, TypeError, "must return a Tensor"),
        (lambda x: _core64.sum(x), (ValueError, RuntimeError), "one row a sample"),
        (lambda x: x.detach(), RuntimeError, "require grad"), (None, TypeError, "callable"),
    ]:  # fmt: skip
        t = _core64.Trainer(
            lambda z: z, d_net, [opt], [opt], latent_shape=(DATA,), generator_rng=rng
        )
        with pytest.raises(error, match=words):
            t.step(x)
    t = _core64.Trainer(lambda z: z, good, [opt], [opt], latent_shape=(DATA,), generator_rng=rng)
    for bad in (1.0, None, _core64.tensor(1.0)):
        with pytest.raises(TypeError):
            t.step(bad)
    assert np.isfinite(t.step(x)["d_loss"])


def test_bad_options():
    p = _core64.tensor([1.0], requires_grad=True)
    opt = _core64.Optimizer("sgd", [p], lr=0.1)
    rng = _core64.Generator(1)
    good = {"generator_rng": rng, "latent_shape": (2,)}
    for error, o, options in [
        (TypeError, [opt], {"generator_rng": 1}), (ValueError, [opt], {"loss": "mse"}),
        (ValueError, [opt], {"n_critic": 0}), (ValueError, [opt], {"label_smoothing": 1.0}),
        (ValueError, [opt], {"weight_clip": -1.0}), (ValueError, [opt], {"latent": "cauchy"}),
        (ValueError, [opt], {"latent_shape": (1,) * 5}), (ValueError, [], {}), (TypeError, [1], {}),
        (ValueError, opt, {}), (ValueError, [opt] * 17, {}),
        (ValueError, [opt], {"weight_clip": math.nan}),
        (ValueError, [opt], {"latent_shape": (-1,)}),
    ]:  # fmt: skip
        with pytest.raises(error):
            _core64.Trainer(abs, abs, o, o, **{**good, **options})


def test_the_list_of_optimizers_may_change_later():
    g, d, data = start()
    opts = [_core64.Optimizer("adam", [_core64.tensor(v, requires_grad=True) for v in p], lr=0.1)
            for p in (g, d)]  # fmt: skip
    lists = [[opts[0]], [opts[1]]]
    nets = core_nets(_core64, *(o.params for o in opts))
    rng = _core64.Generator(1)
    trainer = _core64.Trainer(*nets, *lists, latent_shape=(LATENT,), generator_rng=rng)
    for at in lists:
        at.clear()
    del opts
    assert trainer.step(_core64.tensor(data[0]))["d_loss"] > 0


def test_a_step_inside_a_step_is_refused():
    g, d, data = start()
    trainer, *_ = make(_core64, g, d, "wgan")
    x = _core64.tensor(data[0])
    p = _core64.tensor(np.ones((1, DATA)), requires_grad=True)
    opt = _core64.Optimizer("sgd", [p], lr=0.1)
    holder = []

    def nested(v):
        if holder:
            holder.pop().step(x)
        return _core64.linear(v, p)

    t = _core64.Trainer(lambda z: z, nested, [opt], [opt], latent_shape=(DATA,),
                        generator_rng=_core64.Generator(0))  # fmt: skip
    holder.append(t)
    with pytest.raises(RuntimeError, match="middle of a step"):
        t.step(x)
    assert trainer.step(x)["d_loss"] is not None
