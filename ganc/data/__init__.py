"""Data as they come in: checks of images and labels, conversion, batches in a repeatable order.

>>> import numpy as np
>>> from ganc import data
>>> images = np.zeros((10, 28, 28), np.uint8)
>>> batches = data.Batches(images, batch_size=4, seed=0)
>>> x, y = batches.batch(epoch=0, index=0)
>>> x.shape, x.dtype.name, y
((4, 1, 28, 28), 'float32', None)
"""

from ganc.data import transforms
from ganc.data._batches import Batches, order
from ganc.data._folder import ImageFolder
from ganc.data._images import as_images, as_labels, from_uint8, to_uint8
from ganc.data._loader import DataLoader, Dataset, TensorDataset
from ganc.data._paired import Paired
from ganc.data._sequences import as_sequences

__all__ = [
    "Batches",
    "DataLoader",
    "Dataset",
    "ImageFolder",
    "Paired",
    "TensorDataset",
    "as_images",
    "as_labels",
    "as_sequences",
    "from_uint8",
    "order",
    "to_uint8",
    "transforms",
]
