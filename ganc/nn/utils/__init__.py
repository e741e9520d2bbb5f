"""Normalised weights, gradient clipping, parameters as one vector."""

from . import _gradients, _reparametrize
from ._gradients import *  # noqa: F403
from ._reparametrize import *  # noqa: F403

__all__ = sorted(_gradients.__all__ + _reparametrize.__all__)
