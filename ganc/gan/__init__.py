"""GANs: two networks that are trained against each other.

>>> import ganc
>>> gan = ganc.models.ToyGAN(seed=0)
>>> history = gan.fit(ganc.datasets.toy.ring(512, seed=0), epochs=2, verbose=0)
>>> gan.sample(3, seed=0).shape
(3, 2)
"""

from ganc.gan._gan import GAN

__all__ = ["GAN"]
