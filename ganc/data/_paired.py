"""Two data sets as one of pairs."""

from __future__ import annotations

from typing import Any

from ganc.data._loader import Dataset

__all__ = ["Paired"]


class Paired(Dataset):
    """Sample i of one data set with sample i of another, for models that learn from pairs.

    Parameters
    ----------
    a, b : Dataset or sequence
        Of one length. What gives (sample, label), as `ImageFolder` does, gives its sample.

    Raises
    ------
    ValueError
        If their lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import data
    >>> grey, colour = np.zeros((5, 8, 8), np.uint8), np.zeros((5, 8, 8, 3), np.uint8)
    >>> pairs = data.Paired(grey, colour)
    >>> len(pairs), [part.shape for part in pairs[0]]
    (5, [(8, 8), (8, 8, 3)])
    """

    def __init__(self, a: Any, b: Any) -> None:
        if len(a) != len(b):
            raise ValueError(f"Paired: got {len(a)} and {len(b)} samples, expected as many of each")
        self.a, self.b = a, b

    def __len__(self) -> int:
        return len(self.a)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return _sample(self.a[index]), _sample(self.b[index])

    def __repr__(self) -> str:
        return f"Paired({len(self)} pairs)"


def _sample(item: Any) -> Any:
    return item[0] if isinstance(item, tuple) else item
