"""PyTorch: the loop that every tutorial has.

D on real and on detached fakes, one backward of the sum, one step; G on fresh noise. "compile"
compiles the networks together with their losses (``torch.compile``, default mode), "bf16" runs them
under autocast.
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


def make(name, spec, batch, variant):
    torch.manual_seed(0)
    generator = network(spec.generator, spec.latent)
    discriminator = network(spec.discriminator, spec.image)
    bce = nn.BCEWithLogitsLoss()
    real, one, zero = (
        torch.rand(batch, *spec.image) * 2 - 1,
        torch.ones(batch, 1),
        torch.zeros(batch, 1),
    )
    g_opt, d_opt = (
        torch.optim.Adam(net.parameters(), lr=spec.lr, betas=spec.betas, eps=spec.eps)
        for net in (generator, discriminator)
    )

    def d_loss(real, fake):
        if spec.joint:
            r, f = discriminator(torch.cat((real, fake))).chunk(2)
        else:
            r, f = discriminator(real), discriminator(fake)
        return spec.d_scale * (bce(r, one) + bce(f, zero))

    def g_loss(z):
        return bce(discriminator(generator(z)), one)

    sample = generator
    if variant == "compile":
        d_loss, g_loss, sample = (torch.compile(f) for f in (d_loss, g_loss, generator))

    def precision():
        bf16 = variant == "bf16"
        return torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext()

    def step():
        with torch.no_grad(), precision():
            fake = sample(torch.randn(batch, *spec.latent))
        d_opt.zero_grad()
        with precision():
            d = d_loss(real, fake)
        d.backward()
        d_opt.step()
        g_opt.zero_grad()
        with precision():
            g = g_loss(torch.randn(batch, *spec.latent))
        g.backward()
        g_opt.step()
        return d.item(), g.item()

    counts = [sum(p.numel() for p in net.parameters()) for net in (generator, discriminator)]
    return step, counts, ""
