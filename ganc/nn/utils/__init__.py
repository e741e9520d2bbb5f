"""Normalised weights, gradient clipping, parameters as one vector, calls with other parameters."""

from ganc.nn.utils import _functional_call, _gradients, _reparametrize
from ganc.nn.utils._functional_call import *  # noqa: F403
from ganc.nn.utils._gradients import *  # noqa: F403
from ganc.nn.utils._reparametrize import *  # noqa: F403

__all__ = sorted(_functional_call.__all__ + _gradients.__all__ + _reparametrize.__all__)
