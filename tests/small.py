"""A small version of each model, and data for it."""

import numpy as np

import ganc

_MLP = {"image_shape": (3, 5, 6), "latent_dim": 4, "g_hidden": (8,), "d_hidden": (8,)}
SMALL = {
    "DenseGAN": _MLP,
    "Goodfellow2014": _MLP,
    "ToyGAN": {"g_hidden": (8,), "d_hidden": (8,)},
    "VAE": {"image_shape": (3, 5, 6), "latent_dim": 4, "hidden": (8,)},
    "VanillaGAN": _MLP,
}


def small_model(name, **keywords):
    """Return a model that trains in milliseconds."""
    return ganc.models.get(name)(**SMALL[name] | {"seed": 1} | keywords)


def data_for(model, n=64):
    """Return samples that a model trains on."""
    rng = np.random.default_rng(0)
    if "features" in model.config:
        return rng.standard_normal((n, model.config["features"])).astype(np.float32)
    channels, height, width = model.config["image_shape"]
    return rng.integers(0, 256, (n, height, width, channels), dtype=np.uint8)
