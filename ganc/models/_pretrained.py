"""Generators that come with ganc, trained already."""

import json
import os
from typing import Any

from ganc._options import choose
from ganc.io import read_tensors
from ganc.train._registry import MODELS

__all__ = ["pretrained"]

_FILES = {"fashion": "evening_fashion_v1.safetensors"}  # a version never changes


def pretrained(name: str) -> Any:
    """Return a model whose generator has been trained: it samples at once.

    "fashion": clothes of Fashion-MNIST, 28x28, grey, by `EveningGAN`. The discriminator is fresh:
    to go on training is to begin again, with a good G.

    Parameters
    ----------
    name : {"fashion"}

    Returns
    -------
    EveningGAN
        With an attribute ``trained``: the command that made the weights, its seed, steps and
        seconds, and the Fréchet distance that was measured.

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.pretrained("fashion")
    >>> gan.sample(16, seed=1).shape
    (16, 1, 28, 28)
    >>> gan.trained["data"]
    'fashion_mnist'
    """
    file = _FILES[choose("pretrained", name, _FILES)]
    tensors, metadata = read_tensors(path_of(file))
    about = json.loads(metadata["ganc.pretrained"])
    model = MODELS[about["class"]](**about["config"])
    model.generator.load_state_dict(tensors)
    model.ema = None
    model.trained = about["trained"]
    return model


def path_of(file: str) -> str:
    """Return where a file of weights is."""
    return os.path.join(os.path.dirname(__file__), file)
