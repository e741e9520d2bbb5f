"""PyTorch: the loop that every tutorial has.

"compile" compiles the networks together with their losses (``torch.compile``, default mode), "bf16"
runs them under autocast, "tuned" does what PyTorch's tuning guide advises: channels-last memory,
fused Adam, and no gradients of D's weights while G learns.
"""

from __future__ import annotations

import contextlib

import torch
from _networks import Layer, walk
from torch import nn

KINDS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "flatten": nn.Flatten}


def module(layer: Layer, shape: tuple[int, ...]) -> nn.Module:
    if layer.kind in KINDS:
        return KINDS[layer.kind]()
    if layer.kind == "dense":
        return nn.Linear(shape[0], layer.out, bias=layer.bias)
    if layer.kind == "reshape":
        return nn.Unflatten(1, layer.shape)
    if layer.kind == "leaky":
        return nn.LeakyReLU(layer.value)
    if layer.kind == "dropout":
        return nn.Dropout(layer.value)
    if layer.kind == "bn":
        norm = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        return norm(shape[0], layer.eps, layer.momentum)
    size = shape[0], layer.out, layer.kernel, layer.stride, layer.padding
    if layer.kind == "conv":
        return nn.Conv2d(*size, bias=layer.bias)
    return nn.ConvTranspose2d(*size, layer.output_padding, bias=layer.bias)


def network(layers: list[Layer], shape: tuple[int, ...]) -> nn.Module:
    return nn.Sequential(*(module(layer, before) for layer, before, _ in walk(layers, shape)))


class Step:
    """One alternating step; a call does it and returns both losses."""

    def __init__(self, spec, batch, variant):
        self.spec, self.variant = spec, variant
        self.generator = network(spec.generator, spec.latent)
        self.discriminator = network(spec.discriminator, spec.image)
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


def make(name, spec, batch, variant):
    torch.manual_seed(0)
    step = Step(spec, batch, variant)
    networks = step.generator, step.discriminator
    return step, [sum(p.numel() for p in net.parameters()) for net in networks], ""
