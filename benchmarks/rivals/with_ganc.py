"""ganc's own models, as a user gets them, on `train_on_batch`; without a preset a `GAN`."""

from __future__ import annotations

import numpy as np

import ganc
from rivals._modules import network

ARGUMENTS = {"DCGAN-64": {"image_shape": (3, 64, 64)}}


def make(name, spec, batch, variant):
    gan = penalised(spec) if spec.penalties else preset(name, spec)
    x = np.random.default_rng(0).uniform(-1, 1, (batch, *spec.image)).astype(np.float32)
    x = ganc.tensor(x)

    def step():
        for _ in range(spec.n_critic):
            stats = gan.train_on_batch(x)
        return stats["d_loss"], stats["g_loss"]

    networks = gan.generator, gan.discriminator
    return step, [sum(p.numel() for p in net.parameters()) for net in networks], ""


def penalised(spec) -> ganc.GAN:
    generator = network(ganc.nn, spec.generator, spec.latent)
    discriminator = network(ganc.nn, spec.discriminator, spec.image)
    known = {"wgan_gp": ganc.losses.GradientPenalty, "r1": ganc.losses.R1, "r2": ganc.losses.R2}

    def adam(parameters):
        return ganc.optim.Adam(parameters, lr=spec.lr, betas=spec.betas, eps=spec.eps)

    return ganc.GAN(
        generator,
        discriminator,
        spec.latent,
        loss=spec.loss,
        penalty=[known[name](weight) for name, weight in spec.penalties],
        n_critic=spec.n_critic,
        g_optimizer=adam,
        d_optimizer=adam,
        seed=0,
    )


def preset(name, spec) -> ganc.GAN:
    """The model of a name; raises unless it is trained as the rivals train theirs."""
    gan = getattr(ganc.models, name.split("-")[0])(**ARGUMENTS.get(name, {}), seed=0)
    defaults = {"d_reduction": "sum", "same_fakes": False}
    wanted = {
        "g_lr": spec.lr,
        "d_lr": spec.lr,
        "betas": spec.betas,
        "eps": spec.eps,
        "d_reduction": spec.d_reduction,
        "same_fakes": spec.same_fakes,
    }
    config = defaults | gan.config
    if wrong := {key: config[key] for key in wanted if config[key] != wanted[key]}:
        raise SystemExit(f"{name}: ganc has {wrong}, the rivals {wanted}")
    return gan
