"""A small version of each model, and data for it."""

import numpy as np

import ganc

_MLP = {"image_shape": (3, 5, 6), "latent_dim": 4, "g_hidden": (8,), "d_hidden": (8,)}
_PYRAMID = {"image_shape": (3, 8, 16), "latent_dim": 4, "g_channels": 3, "d_channels": 3}
_KERAS = {"image_shape": (3, 8, 12), "latent_dim": 4, "d_channels": (3, 4)}
_SN = {"image_shape": (3, 8, 12), "latent_dim": 4, "g_channels": 3, "d_channels": 3}
_WGAN = _PYRAMID | {"n_critic": 2, "n_critic_often": 3, "first": 1, "often": 3}
SMALL = {
    "ACGAN": {
        "image_shape": (3, 8, 12),
        "classes": 4,
        "latent_dim": 4,
        "g_hidden": 8,
        "g_channels": (3, 4, 3),
        "d_channels": (3, 4),
    },
    "ConvCGAN": {
        "image_shape": (3, 8, 12),
        "classes": 4,
        "latent_dim": 4,
        "channels": 3,
        "hidden": 8,
    },
    "DRAGAN": _PYRAMID,
    "HingeGAN": _PYRAMID,
    "LSGAN": _PYRAMID,
    "PacGAN": {"g_hidden": (8,), "d_hidden": (8,), "pieces": 2},
    "ProjectionGAN": _SN | {"classes": 4, "n_critic": 2},
    "RelativisticGAN": _SN,
    "SNGAN": _SN,
    "SNResNetGAN": _SN | {"n_critic": 2},
    "WGAN": _WGAN,
    "WGANGP": {"image_shape": (3, 20, 24), "latent_dim": 4, "dim": 3, "n_critic": 2},
    "BEGAN": {"image_shape": (3, 8, 16), "latent_dim": 4, "filters": 3},
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
    "EveningGAN": _KERAS | {"g_channels": (3, 4)},
    "GMAN": {
        "image_shape": (3, 8, 12),
        "latent_dim": 4,
        "g_channels": (4, 3, 3),
        "width": 4,
        "discriminators": 2,
    },
    "LAPGAN": {
        "image_shape": (3, 8, 12),
        "latent_dim": 4,
        "g_hidden": 8,
        "d_hidden": 8,
        "channels": 3,
    },
    "MADGAN": {"latent_dim": 4, "g_hidden": (8,), "d_hidden": (8,), "generators": 3},
    "MGAN": {
        "image_shape": (3, 8, 12),
        "latent_dim": 4,
        "channels": 3,
        "generators": 3,
        "per_generator": 4,
    },
    "EBGAN": {
        "image_shape": (3, 5, 6),
        "latent_dim": 4,
        "g_hidden": (8,),
        "e_hidden": (8, 6),
        "pulling_away": 0.1,
    },
    "Goodfellow2014": _MLP,
    "MinibatchGAN": {
        "image_shape": (3, 12, 16),
        "latent_dim": 4,
        "g_channels": 3,
        "d_channels": (3, 4),
        "kernels": 5,
        "kernel_dim": 2,
    },
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
    "UnrolledGAN": {"latent_dim": 4, "g_hidden": (8,), "d_hidden": (8,), "unroll_steps": 2},
    "VAE": {"image_shape": (3, 5, 6), "latent_dim": 4, "hidden": (8,)},
    "VanillaGAN": _MLP,
}


def small_model(name, **keywords):
    """Return a model that trains in milliseconds."""
    return ganc.models.get(name)(**SMALL[name] | {"seed": 1} | keywords)


def data_for(model, n=64):
    """Return samples that a model trains on."""
    rng = np.random.default_rng(0)
    if model.config.get("features") is not None:
        return rng.standard_normal((n, model.config["features"])).astype(np.float32)
    channels, height, width = model.config["image_shape"]
    return rng.integers(0, 256, (n, height, width, channels), dtype=np.uint8)


def fields_for(model, n=64):
    """Return all that a model trains on: samples, and labels if it takes them."""
    labels = () if len(model.FIELDS) == 1 else (np.arange(n) % model.classes,)
    if model.FIELDS[-1].kind == "partial_label":
        labels[0][::3] = -1
    return data_for(model, n), *labels
