"""Ready-made models: networks, loss, optimizers and numbers of a named source.

Each is a `ganc.GAN`, but for the variational autoencoders beside them; every number is a keyword
with the source's value as its default, and ``describe()`` says what it is and where it deviates.

>>> from ganc import models
>>> models.list()[-2:]
['WGAN', 'WGANGP']
>>> models.get("vanilla").__name__
'VanillaGAN'
"""

import builtins
from typing import Any

from ganc._options import choose
from ganc.models._acgan import ACGAN as ACGAN
from ganc.models._began import BEGAN as BEGAN
from ganc.models._bigan import BiGAN as BiGAN
from ganc.models._cgan import CGAN as CGAN
from ganc.models._cnn import CNNGAN as CNNGAN
from ganc.models._conv_cgan import ConvCGAN as ConvCGAN
from ganc.models._dcgan import DCGAN as DCGAN
from ganc.models._dcgan import DCGANPaper as DCGANPaper
from ganc.models._dense import DenseGAN as DenseGAN
from ganc.models._dragan import DRAGAN as DRAGAN
from ganc.models._ebgan import EBGAN as EBGAN
from ganc.models._evening import EveningGAN as EveningGAN
from ganc.models._gman import GMAN as GMAN
from ganc.models._goodfellow import Goodfellow2014 as Goodfellow2014
from ganc.models._hinge import HingeGAN as HingeGAN
from ganc.models._infogan import InfoGAN as InfoGAN
from ganc.models._lapgan import LAPGAN as LAPGAN
from ganc.models._lsgan import LSGAN as LSGAN
from ganc.models._madgan import MADGAN as MADGAN
from ganc.models._mgan import MGAN as MGAN
from ganc.models._minibatch import MinibatchGAN as MinibatchGAN
from ganc.models._pacgan import PacGAN as PacGAN
from ganc.models._preset import Configured, Preset
from ganc.models._pretrained import pretrained
from ganc.models._sdcgan import SDCGAN as SDCGAN
from ganc.models._semisupervised import SemiSupervisedGAN as SemiSupervisedGAN
from ganc.models._sngan import SNGAN as SNGAN
from ganc.models._sngan import RelativisticGAN as RelativisticGAN
from ganc.models._snresnet import ProjectionGAN as ProjectionGAN
from ganc.models._snresnet import SNResNetGAN as SNResNetGAN
from ganc.models._tfdcgan import TFDCGAN as TFDCGAN
from ganc.models._toy import ToyGAN as ToyGAN
from ganc.models._unrolled import UnrolledGAN as UnrolledGAN
from ganc.models._vae import VAE as VAE
from ganc.models._vae import ConvVAE as ConvVAE
from ganc.models._vanilla import VanillaGAN as VanillaGAN
from ganc.models._wgan import WGAN as WGAN
from ganc.models._wgan_gp import WGANGP as WGANGP
from ganc.train._registry import MODELS

__all__ = ["Preset", "get", "list", "pretrained"]
__all__ += sorted(cls.__name__ for cls in MODELS.values() if cls.__module__.startswith(__name__))

_RAISE = object()


def list() -> builtins.list[str]:
    """Return the names of the models.

    Returns
    -------
    list of str
    """
    return sorted(_known())


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
    >>> models.get("vanila")                                     # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: model: got 'vanila', expected one of ...; did you mean 'vanillagan'?
    """
    short = {_short(known): cls for known, cls in _known().items()}
    if _short(str(name)) in short:
        return short[_short(str(name))]
    if default is not _RAISE:
        return default
    return choose("model", name, map(str.lower, list()))


def _known() -> dict[str, type]:
    """Return the ready-made models by name; `GAN` itself is registered for its files only."""
    return {name: cls for name, cls in MODELS.items() if issubclass(cls, Configured)}


def _short(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").removesuffix("gan")
