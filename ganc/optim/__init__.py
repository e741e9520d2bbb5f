"""Optimizers and learning-rate schedules (PyTorch's names).

>>> import ganc
>>> from ganc import nn, optim
>>> net = nn.Linear(2, 1)
>>> opt = optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999))
>>> loss = net(ganc.ones(8, 2)).square().mean()
>>> opt.zero_grad()
>>> loss.backward()
>>> opt.step()
"""

from ganc.optim import _algorithms, lr_scheduler
from ganc.optim._algorithms import *  # noqa: F403
from ganc.optim._optimizer import Optimizer

__all__ = ["Optimizer", "lr_scheduler"]
__all__ += _algorithms.__all__
