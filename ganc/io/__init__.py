"""Reading and writing files: one error class, atomic saves, checksummed tensors.

>>> import os, tempfile
>>> import numpy as np
>>> from ganc import io
>>> with tempfile.TemporaryDirectory() as folder:
...     path = os.path.join(folder, "weights.safetensors")
...     io.write_tensors(path, {"w": np.ones((2, 3), np.float32)}, {"kind": "demo"})
...     tensors, metadata = io.read_tensors(path)
>>> tensors["w"].shape, metadata
((2, 3), {'kind': 'demo'})
"""

from ganc.io._atomic import atomic_write
from ganc.io._errors import FormatError
from ganc.io._tensors import read_tensors, write_tensors

__all__ = ["FormatError", "atomic_write", "read_tensors", "write_tensors"]
