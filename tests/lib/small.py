"""A small version of each model, and data for it."""

import numpy as np

import ganc

_MLP = {"image_shape": (3, 5, 6), "latent_dim": 4, "g_hidden": (8,), "d_hidden": (8,)}
_PYRAMID = {"image_shape": (3, 8, 16), "latent_dim": 4, "g_channels": 3, "d_channels": 3}
_KERAS = {"image_shape": (3, 8, 12), "latent_dim": 4, "d_channels": (3, 4)}
SMALL = {
    "BiGAN": {
        "image_shape": (3, 5, 6),
        "latent_dim": 4,
        **dict.fromkeys(("g_hidden", "d_hidden", "e_hidden"), 8),
    },
    "CGAN": {
        "image_shape": (3, 5, 6),
        "classes": 4,
        "latent_dim": 4,
        **dict.fromkeys(("g_latent", "g_label", "g_hidden", "d_image", "d_label", "d_hidden"), 8),
    },
    "CNNGAN": _KERAS | {"g_channels": (3, 4, 3)},
    "ConvVAE": {
        "image_shape": (3, 8, 12),
        "latent_dim": 4,
        "e_channels": (3, 4),
        "d_channels": (3, 4, 3),
    },
    "DCGAN": _PYRAMID,
    "DCGANPaper": _PYRAMID,
    "DenseGAN": _MLP,
    "Goodfellow2014": _MLP,
    "InfoGAN": {
        "image_shape": (3, 8, 12),
        "latent_dim": 4,
        "categories": 3,
        **dict.fromkeys(("g_hidden", "d_hidden", "q_hidden"), 8),
        **dict.fromkeys(("g_channels", "d_channels"), (3, 4)),
    },
    "SDCGAN": _PYRAMID | {"classes": 4, "c_channels": 3},
    "SemiSupervisedGAN": {
        "image_shape": (3, 5, 6),
        "classes": 3,
        "latent_dim": 4,
        "g_hidden": (8,),
        "d_hidden": (8, 6),
    },
    "TFDCGAN": _KERAS | {"g_channels": (4, 3, 3)},
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


def fields_for(model, n=64):
    """Return all that a model trains on: samples, and labels if it takes them."""
    labels = () if len(model.FIELDS) == 1 else (np.arange(n) % model.classes,)
    if model.FIELDS[-1].kind == "partial_label":
        labels[0][::3] = -1
    return data_for(model, n), *labels
