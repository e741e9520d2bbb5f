"""ganc's own models, as a user gets them, on `train_on_batch`."""

from __future__ import annotations

import numpy as np

import ganc

ARGUMENTS = {"DCGAN-64": {"image_shape": (3, 64, 64)}}


def make(name, spec, batch, variant):
    model = getattr(ganc.models, name.split("-")[0])
    gan = model(**ARGUMENTS.get(name, {}), seed=0)
    check(gan, name, spec)
    x = np.random.default_rng(0).uniform(-1, 1, (batch, *spec.image)).astype(np.float32)
    x = ganc.tensor(x)

    def step():
        stats = gan.train_on_batch(x)
        return stats["d_loss"], stats["g_loss"]

    networks = gan.generator, gan.discriminator
    return step, [sum(p.numel() for p in net.parameters()) for net in networks], ""


def check(gan, name, spec) -> None:
    """Raise unless the model is trained as the rivals train theirs."""
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
