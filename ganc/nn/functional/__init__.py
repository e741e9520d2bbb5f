"""Layers and losses as functions, usually imported as ``F``.

>>> import ganc
>>> import ganc.nn.functional as F
>>> F.relu(ganc.tensor([-1.0, 2.0])).tolist()
[0.0, 2.0]
"""

from ganc.nn.functional import (
    _activation,
    _attention,
    _cell,
    _class_loss,
    _conditional,
    _conv,
    _conv_transpose,
    _equalized,
    _grid,
    _linear,
    _loss,
    _minibatch,
    _noise,
    _norm,
    _pad,
    _pool,
    _resize,
    _sample_norm,
    _smooth,
    _softmax,
)
from ganc.nn.functional._activation import *  # noqa: F403
from ganc.nn.functional._attention import *  # noqa: F403
from ganc.nn.functional._cell import *  # noqa: F403
from ganc.nn.functional._class_loss import *  # noqa: F403
from ganc.nn.functional._conditional import *  # noqa: F403
from ganc.nn.functional._conv import *  # noqa: F403
from ganc.nn.functional._conv_transpose import *  # noqa: F403
from ganc.nn.functional._equalized import *  # noqa: F403
from ganc.nn.functional._grid import *  # noqa: F403
from ganc.nn.functional._linear import *  # noqa: F403
from ganc.nn.functional._loss import *  # noqa: F403
from ganc.nn.functional._minibatch import *  # noqa: F403
from ganc.nn.functional._noise import *  # noqa: F403
from ganc.nn.functional._norm import *  # noqa: F403
from ganc.nn.functional._pad import *  # noqa: F403
from ganc.nn.functional._pool import *  # noqa: F403
from ganc.nn.functional._resize import *  # noqa: F403
from ganc.nn.functional._sample_norm import *  # noqa: F403
from ganc.nn.functional._smooth import *  # noqa: F403
from ganc.nn.functional._softmax import *  # noqa: F403

__all__ = sorted(
    name
    for module in (
        _activation,
        _attention,
        _cell,
        _class_loss,
        _conditional,
        _conv,
        _conv_transpose,
        _equalized,
        _grid,
        _linear,
        _loss,
        _minibatch,
        _noise,
        _norm,
        _pad,
        _pool,
        _resize,
        _sample_norm,
        _smooth,
        _softmax,
    )
    for name in module.__all__
)
