"""ganc: generative adversarial networks on the computer you have.

A C core trains them fast on a CPU, reproducible to the bit for any number of threads.

>>> import ganc
>>> x, _ = ganc.datasets.load_embedded(256)
>>> gan = ganc.models.DenseGAN(seed=0)
>>> history = gan.fit(x, epochs=1, batch_size=64, verbose=0)
>>> gan.sample(16, seed=1).shape
(16, 1, 28, 28)
"""

from __future__ import annotations

from . import _indexing, _tensor  # noqa: F401
from ._tensor import *  # noqa: F403
from ._tensor import __all__ as _tensor_names

from . import data, datasets, io, nn, optim  # isort: skip
from . import callbacks, losses, metrics, models, plot  # isort: skip
from .data import to_uint8
from .doctor import doctor
from .errors import DivergenceError
from .gan import GAN, load, resume
from .history import History
from .io import FormatError
from .nn import functional

__version__ = "0.1.0"

__all__ = [
    *_tensor_names,
    "DivergenceError",
    "FormatError",
    "GAN",
    "History",
    "__version__",
    "callbacks",
    "data",
    "datasets",
    "doctor",
    "functional",
    "io",
    "load",
    "losses",
    "metrics",
    "models",
    "nn",
    "optim",
    "plot",
    "resume",
    "to_uint8",
]
