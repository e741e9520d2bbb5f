"""Training: a model is a list of updates on batches of named fields; what for, nobody knows here.

>>> import ganc
>>> gan = ganc.models.ToyGAN(seed=0)
>>> [(update.name, update.optimizer, update.every) for update in gan.updates()]
[('d', 'd_optimizer', 1), ('g', 'g_optimizer', 1)]
"""

from ganc.train._checkpoint import NeedsModel, load
from ganc.train._field import Field
from ganc.train._model import Model
from ganc.train._ramp import Ramp
from ganc.train._registry import register
from ganc.train._resume import resume
from ganc.train._update import Update

__all__ = ["Field", "Model", "NeedsModel", "Ramp", "Update", "load", "register", "resume"]
