"""Which model is better, and how fast this machine is.

`compare` trains several models on the same data, several seeds each, and shows them side by side;
`speed` times products of matrices and steps of models.

>>> import ganc
>>> from ganc import bench
>>> found = bench.compare(
...     {"relu": ("ToyGAN", {}), "tanh": ("ToyGAN", {"activation": "tanh"})},
...     "ring", seeds=(0, 1), steps=20, workers=1, verbose=0,
... )
>>> [row["model"] for row in found.rows()]
['relu', 'tanh']
"""

from ganc.bench._compare import compare
from ganc.bench._comparison import Comparison
from ganc.bench._speed import speed

__all__ = ["Comparison", "compare", "speed"]
