"""The alternating loop of a GAN as one writes it in torch, to be held beside ganc.GAN's.

Losses and penalties are written from their papers. Only the random numbers are ganc's: the same
counters, drawn in the same order.
"""

import math

import numpy as np
from pytorch import torch

from ganc._backend import core
from ganc.train import _streams

F = torch.nn.functional

# ---- losses, on logits: halves of r and f, and G's ----


def cross_entropy(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def square(x, target):
    return F.mse_loss(x, torch.full_like(x, target))


HALVES = {  # what D minimises for real samples, given 1 - label smoothing, and for fakes
    "non_saturating": (cross_entropy, lambda f: cross_entropy(f, 0.0)),
    "minimax": (cross_entropy, lambda f: cross_entropy(f, 0.0)),
    "lsgan": (lambda r, t: square(r, t) / 2, lambda f: square(f, 0.0) / 2),
    "wgan": (lambda r, t: -r.mean(), lambda f: f.mean()),
    "hinge": (lambda r, t: F.relu(1 - r).mean(), lambda f: F.relu(1 + f).mean()),
    "energy": (lambda r, t: r.mean(), lambda f: F.relu(10 - f).mean()),
    "fgan_pearson": (lambda r, t: -r.mean(), lambda f: (f**2 / 4 + f).mean()),
}
GENERATOR = {
    "non_saturating": lambda f: cross_entropy(f, 1.0),
    "minimax": lambda f: -cross_entropy(f, 0.0),
    "lsgan": lambda f: square(f, 1.0) / 2,
    "wgan": lambda f: -f.mean(),
    "hinge": lambda f: -f.mean(),
    "energy": lambda f: f.mean(),
    "fgan_pearson": lambda f: -f.mean(),
}
# Jolicoeur-Martineau 2018: f1(C(x_r) - C(x_f)) of D, g2 of G; with f2, g1 in the average ones
POSITIVE = {
    "": lambda c: -F.logsigmoid(c),
    "_ls": lambda c: (c - 1) ** 2,
    "_hinge": lambda c: torch.clamp(1 - c, min=0),
}
NEGATIVE = {
    "": lambda c: -F.logsigmoid(-c),  # 1 - sigmoid(c) = sigmoid(-c)
    "_ls": lambda c: (c + 1) ** 2,
    "_hinge": lambda c: torch.clamp(1 + c, min=0),
}


def relativistic(name, up, down):
    """The loss of `up` being more real than `down`."""
    kind = name.removeprefix("relativistic").removeprefix("_average")
    if "average" not in name:
        return POSITIVE[kind](up - down).mean()
    high, low = up - down.mean(), down - up.mean()
    return POSITIVE[kind](high).mean() + NEGATIVE[kind](low).mean()


def d_loss(name, r, f, smooth=0.0):
    if name in HALVES:
        return HALVES[name][0](r, 1 - smooth) + HALVES[name][1](f)
    return relativistic(name, r, f)


def g_loss(name, f, r=None):
    return GENERATOR[name](f) if name in GENERATOR else relativistic(name, f, r)


# ---- penalties, without their weights ----


def squared_norms(critic, x):
    """Return the squared norm of D's gradient in each sample."""
    x = x if x.requires_grad else x.detach().requires_grad_()
    (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (g**2).sum(dim=tuple(range(1, g.ndim)))


def between(real, fake, noise):
    e = noise.uniform((len(real),)).reshape(-1, *[1] * (real.ndim - 1))
    return e * real + (1 - e) * fake


def gradient_penalty(critic, real, fake, noise):
    return ((squared_norms(critic, between(real, fake, noise)).sqrt() - 1) ** 2).mean()


def dragan(critic, real, fake, noise):
    """As kodalinaveen3/DRAGAN does it, with the perturbed samples as the other end."""
    perturbed = real + 0.5 * real.std(correction=0) * noise.uniform(tuple(real.shape))
    return ((squared_norms(critic, between(perturbed, real, noise)).sqrt() - 1) ** 2).mean()


PENALTIES = {
    "wgan_gp": gradient_penalty,
    "dragan": dragan,
    "r1": lambda critic, real, fake, noise: squared_norms(critic, real).mean() / 2,
    "r2": lambda critic, real, fake, noise: squared_norms(critic, fake).mean() / 2,
    "drift": lambda critic, real, fake, noise: (critic(real) ** 2).mean(),
    "zero_centered": lambda critic, real, fake, noise: squared_norms(
        critic, between(real, fake, noise)
    ).mean(),
}
OF_GRADIENTS = [name for name in PENALTIES if name != "drift"]
AT_SAMPLES = {"r1", "r2", "drift"}  # those of D's loss
ON_FAKES = ("wgan_gp", "r2", "zero_centered")


# ---- the loop ----

# eps: D's last bias has a gradient of 0 where only differences of logits count; of rounding,
# 1e-16, an eps of 1e-8 would make steps.
ADAM = {"lr": 0.01, "betas": (0.5, 0.999), "eps": 1e-5}


class Noise:
    """ganc's random numbers: a draw is a function of the seed and a stream, which is counted."""

    def __init__(self, seed, kind="normal"):
        self.seed, self.stream, self.kind = seed, 0, kind

    def draw(self, draw, shape, *limits):
        made = draw(shape, self.seed, self.stream, *limits)
        self.stream += 1
        return torch.tensor(np.array(made.numpy()))

    def uniform(self, shape):
        return self.draw(core.rand_uniform, shape, 0.0, 1.0)

    def latents(self, shape):
        if self.kind == "normal":
            return self.draw(core.rand_normal, shape)
        return self.draw(core.rand_uniform, shape, -1.0, 1.0)


class Loop:
    """D, lazy penalties, and every n_critic-th time G; `numbers` are those of the last updates."""

    def __init__(
        self, g, d, latent, seed, *, loss, penalties=(), n_critic=1, label_smoothing=0.0,
        weight_clip=None, latent_kind="normal", d_reduction="sum", same_fakes=False,
    ):  # fmt: skip
        self.g, self.d, self.latent, self.noise = g, d, latent, Noise(seed, latent_kind)
        self.optimizers = {net: torch.optim.Adam(net.parameters(), **ADAM) for net in (g, d)}
        self.loss, self.n_critic, self.smooth = loss, n_critic, label_smoothing
        self.clip, self.reduction, self.same_fakes = weight_clip, d_reduction, same_fakes
        apart = d_reduction == "separate"
        self.lazy = [p for p in penalties if p[2] > 1 or apart]
        self.eager = [p for p in penalties if not (p[2] > 1 or apart)]
        names = ["g", *(name for name, *_ in self.lazy)]
        self.numbers = {f"{n}_{what}": math.nan for n in names for what in ("loss", "grad_norm")}

    def update(self, net, loss):
        """Learn; return the norm of the gradient."""
        optimizer, params = self.optimizers[net], list(net.parameters())
        grads = torch.autograd.grad(loss, params, allow_unused=True)
        for p, g in zip(params, grads, strict=True):
            p.grad = g
        optimizer.step()
        with torch.no_grad():
            for p in params if self.clip and net is self.d else ():
                p.clamp_(-self.clip, self.clip)
        return math.sqrt(sum(float((g**2).sum()) for g in grads if g is not None))

    def penalty(self, name, weight, real, fake, labels, judged=()):
        """Return a penalty; D does not judge samples again that it has judged."""

        def critic(x):
            known = [logits for seen, logits in judged if seen is x]
            return known[0] if known else self.d(x, *labels)

        return weight * PENALTIES[name](critic, real, fake, self.noise)

    def answers(self, r, f):
        if self.loss in ("non_saturating", "minimax"):
            r, f = torch.sigmoid(r), torch.sigmoid(f)
        self.numbers |= {"d_real": r.mean().item(), "d_fake": f.mean().item()}

    def learn_d(self, x, fake, labels):
        if AT_SAMPLES & {name for name, *_ in self.eager}:  # at the samples of D's loss
            x, fake = (t.detach().requires_grad_() for t in (x, fake))
        r, f = self.d(x, *labels), self.d(fake, *labels)
        loss = d_loss(self.loss, r, f, self.smooth) * (0.5 if self.reduction == "mean" else 1.0)
        for name, weight, _ in self.eager:
            value = self.penalty(name, weight, x, fake, labels, ((x, r), (fake, f)))
            loss = loss + value
            self.numbers[f"{name}_loss"] = value.item()
        self.answers(r, f)
        self.numbers |= {"d_loss": loss.item(), "d_grad_norm": self.update(self.d, loss)}

    def learn_d_apart(self, x, fake, labels):
        of_real, of_fake = HALVES[self.loss]
        r = self.d(x, *labels)
        first = of_real(r, 1 - self.smooth)
        norm = self.update(self.d, first)
        f = self.d(fake, *labels)
        second = of_fake(f)
        self.answers(r, f)
        self.numbers["d_loss"] = (first.item() + second.item()) / 2
        self.numbers["d_grad_norm"] = math.hypot(norm, self.update(self.d, second))

    def learn_lazily(self, number, x, labels):
        for name, weight, every in self.lazy:
            if number % every:
                continue
            fake = None
            if name in ON_FAKES:
                fake = self.g(self.noise.latents((len(x), *self.latent)), *labels).detach()
            value = self.penalty(name, weight, x, fake, labels)
            self.numbers[f"{name}_loss"] = value.item()
            self.numbers[f"{name}_grad_norm"] = self.update(self.d, every * value)

    def learn_g(self, x, fake, labels):
        r = self.d(x, *labels).detach() if "relativistic" in self.loss else None
        loss = g_loss(self.loss, self.d(fake, *labels), r)
        self.numbers |= {"g_loss": loss.item(), "g_grad_norm": self.update(self.g, loss)}

    def step(self, number, x, *labels):
        """Make step `number`, counted from 1."""
        self.noise.stream = _streams.step_stream(number - 1)
        fake = self.g(self.noise.latents((len(x), *self.latent)), *labels)
        learn = self.learn_d_apart if self.reduction == "separate" else self.learn_d
        learn(x, fake.detach(), labels)
        self.learn_lazily(number, x, labels)
        if number % self.n_critic == 0:
            if not self.same_fakes:
                fake = self.g(self.noise.latents((len(x), *self.latent)), *labels)
            self.learn_g(x, fake, labels)
