"""Training a GAN: the class `GAN`, and reading back what it saved.

>>> import ganc
>>> gan = ganc.models.ToyGAN(seed=0)
>>> history = gan.fit(ganc.datasets.toy.ring(512, seed=0), epochs=2, verbose=0)
>>> gan.sample(3, seed=0).shape
(3, 2)
"""

from ._checkpoint import load
from ._gan import GAN
from ._resume import resume

__all__ = ["GAN", "load", "resume"]
