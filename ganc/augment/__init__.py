"""Random, differentiable changes of pictures that D sees, real and generated ones alike.

``GAN(augment="diffaugment")``, ``augment="ada"``, or a list of the classes here. They help where
there are few pictures (hundreds to some thousands): D cannot learn those by heart.

>>> import ganc
>>> from ganc import nn
>>> gan = ganc.GAN(
...     nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, (1, 8, 8))),
...     nn.Sequential(nn.Flatten(), nn.Linear(64, 1)),
...     latent_dim=4, augment=["translation", ganc.augment.Cutout(0.25)], seed=0,
... )
>>> logs = gan.train_on_batch(ganc.zeros(8, 1, 8, 8))
"""

from ganc.augment import _augmentation, _color, _geometry, _policies
from ganc.augment._augmentation import *  # noqa: F403
from ganc.augment._color import *  # noqa: F403
from ganc.augment._geometry import *  # noqa: F403
from ganc.augment._policies import *  # noqa: F403

__all__ = [
    *_augmentation.__all__,
    *_color.__all__,
    *_geometry.__all__,
    *_policies.__all__,
]
