"""ganc's own models, as a user gets them, on `train_on_batch`."""

from __future__ import annotations

import numpy as np

import ganc

ARGUMENTS = {"DCGAN-64": {"image_shape": (3, 64, 64)}}


def make(name, spec, batch, variant):
    model = getattr(ganc.models, name.split("-")[0])
    gan = model(**ARGUMENTS.get(name, {}), seed=0)
    x = np.random.default_rng(0).uniform(-1, 1, (batch, *spec.image)).astype(np.float32)
    x = ganc.tensor(x)

    def step():
        stats = gan.train_on_batch(x)
        return stats["d_loss"], stats["g_loss"]

    networks = gan.generator, gan.discriminator
    return step, [sum(p.numel() for p in net.parameters()) for net in networks], ""
