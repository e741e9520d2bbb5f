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

import sys

from ganc._checked import check_exports, guard_class
from ganc._tensor import *  # noqa: F403
from ganc._tensor import __all__ as _tensor_names
from ganc._tensor._dtypes import boolean as bool
from ganc._tensor._dtypes import int64 as int
from ganc._tensor._dtypes import real as float
from ganc._threads import get_num_threads, set_num_threads, show_config
from ganc._version import __version__

from ganc import data, datasets, io, nn, optim  # isort: skip
from ganc import augment, losses, tricks  # isort: skip
from ganc import callbacks, metrics, models, plot, train  # isort: skip
from ganc.callbacks import History
from ganc.data import to_uint8
from ganc.doctor import doctor
from ganc.errors import DivergenceError
from ganc.gan import GAN
from ganc.io import FormatError
from ganc.nn import functional
from ganc.train import Field, Model, Update, load, resume

from ganc import bench  # isort: skip

__all__ = [
    *_tensor_names,
    "DivergenceError",
    "Field",
    "FormatError",
    "GAN",
    "History",
    "Model",
    "Update",
    "__version__",
    "augment",
    "bench",
    "bool",
    "callbacks",
    "data",
    "datasets",
    "doctor",
    "float",
    "functional",
    "get_num_threads",
    "int",
    "io",
    "load",
    "losses",
    "metrics",
    "models",
    "nn",
    "optim",
    "plot",
    "resume",
    "set_num_threads",
    "show_config",
    "to_uint8",
    "train",
    "tricks",
]

for _package in (
    *(nn, nn.functional, nn.init, nn.utils, optim, optim.lr_scheduler, data, data.transforms),
    *(
        augment,
        bench,
        callbacks,
        datasets,
        datasets.toy,
        io,
        losses,
        metrics,
        models,
        plot,
        train,
        tricks,
    ),
):
    check_exports(vars(_package))
check_exports(vars(sys.modules["ganc.doctor"]))  # ganc.doctor is the function
check_exports(globals())
guard_class(Tensor)  # noqa: F405
