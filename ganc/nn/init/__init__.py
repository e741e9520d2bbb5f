"""Initial values: functions that fill a tensor in place and return it (PyTorch's names).

>>> import ganc
>>> from ganc import nn
>>> layer = nn.Linear(100, 50)
>>> nn.init.normal_(layer.weight, 0.0, 0.02).shape
(50, 100)
"""

from ganc.nn.init import _plain, _scaled
from ganc.nn.init._plain import *  # noqa: F403
from ganc.nn.init._scaled import *  # noqa: F403

__all__ = sorted(_plain.__all__ + _scaled.__all__)
