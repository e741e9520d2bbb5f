"""Keywords that a function does not have: which one is meant."""

import difflib
from collections.abc import Iterable

__all__ = ["near_keyword"]

# What other libraries and lessons call things, and what they may be here.
_ELSEWHERE = {
    "lr": ("g_lr", "d_lr"),
    "learning_rate": ("g_lr", "d_lr", "lr"),
    "beta1": ("betas",),
    "beta_1": ("betas",),
    "batch": ("batch_size",),
    "bs": ("batch_size",),
    "n_epochs": ("epochs",),
    "num_epochs": ("epochs",),
    "iterations": ("epochs", "steps_per_epoch"),
    "steps": ("steps_per_epoch",),
    "callback": ("callbacks",),
    "nz": ("latent_dim",),
    "z_dim": ("latent_dim",),
    "noise_dim": ("latent_dim",),
    "latent_size": ("latent_dim",),
    "img_shape": ("image_shape",),
    "input_shape": ("image_shape",),
    "image_size": ("image_shape",),
    "img_size": ("image_shape",),
    "num_classes": ("classes",),
    "n_classes": ("classes",),
    "random_state": ("seed",),
    "random_seed": ("seed",),
    "num_samples": ("n",),
    "n_samples": ("n",),
    "label": ("labels",),
    "y": ("labels",),
    "optimizer": ("g_optimizer", "d_optimizer"),
    "criterion": ("loss",),
    "gp": ("penalty",),
    "lambda_gp": ("penalty",),
    "clip_value": ("weight_clip",),
    "smoothing": ("label_smoothing",),
}


def near_keyword(word: str, known: Iterable[str]) -> str:
    """Return what follows "unexpected keyword 'x'": the nearest names, or all of them."""
    known = list(known)
    near = [name for name in _ELSEWHERE.get(word.lower(), ()) if name in known]
    near = near or difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {' and '.join(f'{name}=' for name in near)}?"
    return f"; expected {', '.join(known) or 'none'}"
