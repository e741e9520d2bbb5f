"""Ready-made models: networks, loss, optimizers and numbers of a named source.

Each is a `ganc.GAN`, but for the variational autoencoders beside them; every number is a keyword
with the source's value as its default, and ``describe()`` says what it is and where it deviates.

>>> from ganc import models
>>> models.list()[:4]
['CNNGAN', 'ConvVAE', 'DCGAN', 'DCGANPaper']
>>> models.get("vanilla").__name__
'VanillaGAN'
"""

import builtins
from typing import Any

from ._cnn import CNNGAN
from ._dcgan import DCGAN, DCGANPaper
from ._dense import DenseGAN
from ._goodfellow import Goodfellow2014
from ._preset import Preset
from ._tfdcgan import TFDCGAN
from ._toy import ToyGAN
from ._vae import VAE, ConvVAE
from ._vanilla import VanillaGAN

__all__ = [
    "CNNGAN",
    "ConvVAE",
    "DCGAN",
    "DCGANPaper",
    "DenseGAN",
    "Goodfellow2014",
    "Preset",
    "TFDCGAN",
    "ToyGAN",
    "VAE",
    "VanillaGAN",
    "get",
    "list",
]

_MODELS = {
    cls.__name__: cls
    for cls in (
        CNNGAN,
        ConvVAE,
        DCGAN,
        DCGANPaper,
        DenseGAN,
        Goodfellow2014,
        TFDCGAN,
        ToyGAN,
        VAE,
        VanillaGAN,
    )
}
_RAISE = object()


def list() -> builtins.list[str]:
    """Return the names of the models.

    Returns
    -------
    list of str
    """
    return sorted(_MODELS)


def get(name: str, default: Any = _RAISE) -> Any:
    """Return the class of a model.

    Parameters
    ----------
    name : str
        As in `list`; upper or lower case, with or without "GAN".
    default : object, optional
        Returned for an unknown name, instead of an error.

    Returns
    -------
    type

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> from ganc import models
    >>> models.get("vanila")
    Traceback (most recent call last):
        ...
    ValueError: model: got 'vanila', expected one of cnngan, convvae, dcgan, dcganpaper, densegan, \
goodfellow2014, tfdcgan, toygan, vae, vanillagan; did you mean 'vanillagan'?
    """
    short = {_short(known): cls for known, cls in _MODELS.items()}
    if _short(str(name)) in short:
        return short[_short(str(name))]
    if default is not _RAISE:
        return default
    from ganc._options import choose

    return choose("model", name, map(str.lower, list()))


def _short(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").removesuffix("gan")
