"""Ready-made GANs: networks, loss, optimizers and numbers of a named source.

Each is a `ganc.GAN`; every number is a keyword with the source's value as its default, and
``describe()`` says what it is and where it deviates.

>>> from ganc import models
>>> models.list()
['DenseGAN', 'Goodfellow2014', 'ToyGAN', 'VanillaGAN']
>>> models.get("vanilla").__name__
'VanillaGAN'
"""

import builtins
from typing import Any

from ._dense import DenseGAN
from ._goodfellow import Goodfellow2014
from ._preset import Preset
from ._toy import ToyGAN
from ._vanilla import VanillaGAN

__all__ = ["DenseGAN", "Goodfellow2014", "Preset", "ToyGAN", "VanillaGAN", "get", "list"]

_MODELS = {cls.__name__: cls for cls in (DenseGAN, Goodfellow2014, ToyGAN, VanillaGAN)}
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
    ValueError: model: got 'vanila', expected one of dense, goodfellow2014, toy, vanilla; \
did you mean 'vanilla'?
    """
    short = {_short(known): cls for known, cls in _MODELS.items()}
    if _short(str(name)) in short:
        return short[_short(str(name))]
    if default is not _RAISE:
        return default
    from ganc._options import choose

    return choose("model", name, short)


def _short(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").removesuffix("gan")
