"""PyTorch: the loop that every tutorial has.

"compile" compiles the networks together with their losses (``torch.compile``, default mode), "bf16"
runs them under autocast, "tuned" does what PyTorch's tuning guide advises: channels-last memory,
fused Adam, and no gradients of D's weights while G learns.
"""

from __future__ import annotations

import contextlib

import torch
from torch import nn
from torch.nn.functional import softplus

from rivals._modules import network


class Step:
    """One alternating step; a call does it and returns both losses."""

    def __init__(self, spec, batch, variant):
        self.spec, self.variant = spec, variant
        self.generator = network(nn, spec.generator, spec.latent)
        self.discriminator = network(nn, spec.discriminator, spec.image)
        self.bce = nn.BCEWithLogitsLoss()
        self.real = torch.rand(batch, *spec.image) * 2 - 1
        self.one, self.zero = torch.ones(batch, 1), torch.zeros(batch, 1)
        if variant == "tuned" and len(spec.image) == 3:
            last = {"memory_format": torch.channels_last}
            self.real = self.real.to(**last)
            self.generator.to(**last)
            self.discriminator.to(**last)
        self.g_opt, self.d_opt = (
            torch.optim.Adam(
                net.parameters(), spec.lr, spec.betas, spec.eps, fused=variant == "tuned"
            )
            for net in (self.generator, self.discriminator)
        )
        compiled = torch.compile if variant == "compile" else lambda function: function
        self.generate = compiled(self.generator)
        self.half, self.both = compiled(self.half), compiled(self.both)
        self.g_loss = compiled(self.g_loss)

    def half(self, x, target):
        return self.bce(self.discriminator(x), target)

    def both(self, real, fake):
        if self.spec.joint:
            r, f = self.discriminator(torch.cat((real, fake))).chunk(2)
        else:
            r, f = self.discriminator(real), self.discriminator(fake)
        return self.spec.d_scale * (self.bce(r, self.one) + self.bce(f, self.zero))

    def g_loss(self, z):
        return self.half(self.generator(z), self.one)

    def update(self, optimizer, loss, *args):
        optimizer.zero_grad()
        with self.precision():
            value = loss(*args)
        value.backward()
        optimizer.step()
        return value.item()

    def precision(self):
        bf16 = self.variant == "bf16"
        return torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext()

    def noise(self):
        return torch.randn(len(self.real), *self.spec.latent)

    def __call__(self):
        spec = self.spec
        with torch.set_grad_enabled(spec.same_fakes), self.precision():
            fake = self.generate(self.noise())
        if spec.d_reduction == "separate":
            real_half = self.update(self.d_opt, self.half, self.real, self.one)
            d = (real_half + self.update(self.d_opt, self.half, fake.detach(), self.zero)) / 2
        else:
            d = self.update(self.d_opt, self.both, self.real, fake.detach())
        self.discriminator.requires_grad_(self.variant != "tuned")
        if spec.same_fakes:
            g = self.update(self.g_opt, self.half, fake, self.one)
        else:
            g = self.update(self.g_opt, self.g_loss, self.noise())
        self.discriminator.requires_grad_(True)
        return d, g


LOSSES = {  # of D and of G
    "wgan": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
    "relativistic": (lambda r, f: softplus(f - r).mean(), lambda r, f: softplus(r - f).mean()),
}


def squares(logits, x):
    """Squared norms of the gradients of logits, one for each sample, differentiable."""
    (found,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return found.square().flatten(1).sum(1)


class PenalisedStep(Step):
    """`n_critic` updates of D with its penalties, then one of G.

    As the papers' codes do it: R1 and R2 differentiate the logits that the loss is made of, D's
    weights get no gradients while G learns, and the real logits of G's loss have no graph.
    """

    def d_loss(self, real, fake):
        at_samples = [name for name, _ in self.spec.penalties if name != "wgan_gp"]
        real, fake = (x.detach().requires_grad_(bool(at_samples)) for x in (real, fake))
        r, f = self.discriminator(real), self.discriminator(fake)
        loss = LOSSES[self.spec.loss][0](r, f)
        for name, weight in self.spec.penalties:
            if name == "wgan_gp":
                loss = loss + weight * self.between(real, fake)
            else:
                logits, x = (r, real) if name == "r1" else (f, fake)
                loss = loss + weight / 2 * squares(logits, x).mean()
        return loss

    def between(self, real, fake):
        share = torch.rand(len(real), *[1] * (real.ndim - 1))
        x = (fake + share * (real - fake)).requires_grad_()
        return (squares(self.discriminator(x), x).sqrt() - 1).square().mean()

    def g_loss(self, z):
        with torch.no_grad():
            r = self.discriminator(self.real) if self.spec.loss == "relativistic" else None
        return LOSSES[self.spec.loss][1](r, self.discriminator(self.generate(z)))

    def __call__(self):
        for _ in range(self.spec.n_critic):
            with torch.no_grad(), self.precision():
                fake = self.generate(self.noise())
            d = self.update(self.d_opt, self.d_loss, self.real, fake)
        self.discriminator.requires_grad_(False)
        g = self.update(self.g_opt, self.g_loss, self.noise())
        self.discriminator.requires_grad_(True)
        return d, g


def make(name, spec, batch, variant):
    torch.manual_seed(0)
    step = (PenalisedStep if spec.penalties else Step)(spec, batch, variant)
    networks = step.generator, step.discriminator
    return step, [sum(p.numel() for p in net.parameters()) for net in networks], ""
