"""What practice has added to GAN training: small changes of what D sees, or of what is minimised.

``GAN(tricks=["label_flip", ganc.tricks.InstanceNoise(0.1, steps=2000)])``: names, or objects of the
classes here. Each says in its first line what it does, and where it comes from.

>>> from ganc import tricks
>>> tricks.list()[:3]
['feature_matching', 'historical_averaging', 'image_pool']
"""

from ganc.tricks import _history, _inputs, _terms, _trick
from ganc.tricks._history import *  # noqa: F403
from ganc.tricks._inputs import *  # noqa: F403
from ganc.tricks._terms import *  # noqa: F403
from ganc.tricks._trick import *  # noqa: F403

__all__ = [*_history.__all__, *_inputs.__all__, *_terms.__all__, *_trick.__all__]
