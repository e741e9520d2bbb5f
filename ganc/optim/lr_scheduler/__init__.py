"""Schedules of the learning rate (PyTorch's names).

>>> from ganc import nn, optim
>>> opt = optim.Adam(nn.Linear(2, 1).parameters(), lr=0.1)
>>> schedule = optim.lr_scheduler.ExponentialLR(opt, gamma=0.5)
>>> schedule.step()
>>> schedule.get_last_lr()
[0.05]
"""

from ganc.optim.lr_scheduler._base import LambdaLR, LRScheduler
from ganc.optim.lr_scheduler._one_cycle import OneCycleLR
from ganc.optim.lr_scheduler._plateau import ReduceLROnPlateau
from ganc.optim.lr_scheduler._rules import (
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    StepLR,
)

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "StepLR",
]
