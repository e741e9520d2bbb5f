"""Networks: modules, layers, losses (PyTorch's names).

>>> import ganc
>>> from ganc import nn
>>> net = nn.Sequential(nn.Linear(100, 256), nn.LeakyReLU(0.2), nn.Linear(256, 784), nn.Tanh())
>>> net(ganc.randn(64, 100)).shape
(64, 784)
"""

from ganc.nn import (
    _activation,
    _attention,
    _cell,
    _class_loss,
    _conditional,
    _containers,
    _conv,
    _conv_transpose,
    _equalized,
    _linear,
    _loss,
    _minibatch,
    _noise,
    _norm,
    _pad,
    _pool,
    _reshape,
    _resize,
    _sample_norm,
    _smooth,
    _softmax,
    functional,
    init,
    utils,
)
from ganc.nn._activation import *  # noqa: F403
from ganc.nn._attention import *  # noqa: F403
from ganc.nn._cell import *  # noqa: F403
from ganc.nn._class_loss import *  # noqa: F403
from ganc.nn._conditional import *  # noqa: F403
from ganc.nn._config import module_from_config, module_to_config, register
from ganc.nn._containers import *  # noqa: F403
from ganc.nn._conv import *  # noqa: F403
from ganc.nn._conv_transpose import *  # noqa: F403
from ganc.nn._equalized import *  # noqa: F403
from ganc.nn._linear import *  # noqa: F403
from ganc.nn._loss import *  # noqa: F403
from ganc.nn._minibatch import *  # noqa: F403
from ganc.nn._module import Module
from ganc.nn._noise import *  # noqa: F403
from ganc.nn._norm import *  # noqa: F403
from ganc.nn._pad import *  # noqa: F403
from ganc.nn._parameter import Buffer, Parameter
from ganc.nn._pool import *  # noqa: F403
from ganc.nn._reshape import *  # noqa: F403
from ganc.nn._resize import *  # noqa: F403
from ganc.nn._sample_norm import *  # noqa: F403
from ganc.nn._smooth import *  # noqa: F403
from ganc.nn._softmax import *  # noqa: F403

__all__ = [
    "Buffer",
    "Module",
    "Parameter",
    "functional",
    "init",
    "module_from_config",
    "module_to_config",
    "register",
    "utils",
]
__all__ += _activation.__all__
__all__ += _attention.__all__
__all__ += _cell.__all__
__all__ += _class_loss.__all__
__all__ += _conditional.__all__
__all__ += _containers.__all__
__all__ += _conv.__all__
__all__ += _conv_transpose.__all__
__all__ += _equalized.__all__
__all__ += _linear.__all__
__all__ += _loss.__all__
__all__ += _minibatch.__all__
__all__ += _noise.__all__
__all__ += _norm.__all__
__all__ += _pad.__all__
__all__ += _pool.__all__
__all__ += _reshape.__all__
__all__ += _resize.__all__
__all__ += _sample_norm.__all__
__all__ += _smooth.__all__
__all__ += _softmax.__all__
