"""Normalised weights, gradient clipping, parameters as one vector."""

from ganc.nn.utils import _gradients, _reparametrize
from ganc.nn.utils._gradients import *  # noqa: F403
from ganc.nn.utils._reparametrize import *  # noqa: F403

__all__ = sorted(_gradients.__all__ + _reparametrize.__all__)
