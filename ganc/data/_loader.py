"""PyTorch's data sets and loader, giving NumPy batches."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc._options import at_least
from ganc.data._ahead import Ahead, wanted
from ganc.data._batches import Orders, order
from ganc.data._draws import drawing
from ganc.data._incoming import pixels

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["DataLoader", "Dataset", "TensorDataset"]


class Dataset:
    """Base class of data sets: samples by number.

    A subclass defines ``__getitem__(index)``, giving one sample (an array, a number, or a tuple
    or dict of them), and ``__len__()``.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import data
    >>> class Squares(data.Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, index):
    ...         return np.float32(index**2), index
    >>> [x for x, y in data.DataLoader(Squares(), batch_size=2)]
    [array([0., 1.], dtype=float32), array([4., 9.], dtype=float32)]
    """

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(index)")

    def __class_getitem__(cls, item: Any) -> type:
        """Allow ``Dataset[...]`` in annotations, as PyTorch does."""
        return cls


class TensorDataset(Dataset):
    """Arrays of equal length as a data set; a sample is a tuple of their rows.

    Parameters
    ----------
    *tensors : array_like
        Each of shape (N, ...).

    Raises
    ------
    ValueError
        Without arrays, or if their lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import data
    >>> pairs = data.TensorDataset(np.zeros((6, 2)), np.arange(6))
    >>> len(pairs), pairs[5][1]
    (6, np.int64(5))
    """

    def __init__(self, *tensors: ArrayLike) -> None:
        self.tensors = tuple(np.asarray(tensor) for tensor in tensors)
        if not self.tensors:
            raise ValueError("got no arrays, expected at least one")
        for tensor in self.tensors:
            if tensor.ndim == 0 or len(tensor) != len(self.tensors[0]):
                shapes = ", ".join(str(t.shape) for t in self.tensors)
                raise ValueError(f"got shapes {shapes}, expected arrays of equal length")

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class DataLoader:
    """Batches of a data set, as NumPy arrays.

    Each ``for`` loop over the loader is the next epoch. The order of an epoch is
    ``ganc.data.order(seed, epoch, len(dataset))``; `state_dict` and `load_state_dict` continue a
    run with the very next batch.

    Parameters
    ----------
    dataset : Dataset or array_like
        Anything with ``__len__`` and ``__getitem__``. For a plain array a batch is an array; for a
        `TensorDataset` a list of arrays.
    batch_size : int, default 1
        Samples a batch, at least 1.
    shuffle : bool, default False
        Another order each epoch.
    num_workers : int, default 0
        0 makes each batch when it is asked for; 1 makes them ahead in a background thread, so that
        reading and decoding files overlaps training. The batches are the same to the bit. Larger
        numbers, which PyTorch scripts pass, mean 1.
    collate_fn : callable, optional
        Makes a batch of a list of samples; by default like samples are stacked.
    pin_memory : bool, optional
        Accepted like `num_workers`.
    drop_last : bool, default False
        Leave out the last batch of an epoch if it is smaller.
    seed : int, optional
        Chooses the orders and what `transforms` draw; by default a fresh one, readable as
        ``loader.seed``. `GAN.fit` gives a loader without a seed the model's.
    prefetch_factor : int, optional
        Batches made ahead, with ``num_workers=1``; by default 2. Memory holds one more.

    Raises
    ------
    TypeError, ValueError
        If `dataset` has no length, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import data
    >>> x, y = np.zeros((10, 1, 8, 8), np.float32), np.arange(10)
    >>> loader = data.DataLoader(data.TensorDataset(x, y), batch_size=4, shuffle=True, seed=0)
    >>> [len(y) for x, y in loader]
    [4, 4, 2]
    """

    def __init__(
        self,
        dataset: Dataset | ArrayLike,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        seed: int | None = None,
        prefetch_factor: int | None = None,
    ) -> None:
        if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            raise TypeError(
                f"dataset: got {type(dataset).__name__}, expected a Dataset or an array "
                "(with __len__ and __getitem__)"
            )
        self.dataset = dataset
        self.batch_size = operator.index(batch_size)
        if self.batch_size < 1:
            raise ValueError(f"batch_size: got {batch_size}, expected at least 1")
        self.shuffle = bool(shuffle)
        self.num_workers = at_least("num_workers", num_workers, 0)
        self.prefetch_factor = self._depth(prefetch_factor)
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.drop_last = bool(drop_last)
        self._seed_given = seed is not None
        self.seed = _fresh_seed() if seed is None else operator.index(seed)
        order(self.seed, 0, 0)  # refuses a seed out of range now, not in the first loop
        self._orders: Orders | None = None
        self._epoch, self._position = 0, 0
        self._started = False  # a loop has taken a batch of this epoch

    def __len__(self) -> int:
        """Batches an epoch."""
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        if self._started:
            self._epoch, self._position = self._epoch + 1, 0
        epoch, end = self._epoch, len(self)
        ahead = Ahead(
            lambda number, check: self._batch(epoch, number, check),
            self._position,
            end,
            self.prefetch_factor or 0,
        )
        try:
            while ahead.position < end:
                batch = ahead.next()
                self._epoch, self._position, self._started = epoch, ahead.position, True
                yield batch
        finally:
            ahead.close()
        self._started = True

    def state_dict(self) -> dict[str, int]:
        """Return where the loader is: seed, epoch, and batches already given in that epoch.

        Returns
        -------
        dict of str to int
        """
        return {"seed": self.seed, "epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Continue where `state_dict` was taken: the next loop gives the rest of that epoch.

        Parameters
        ----------
        state : dict of str to int

        Raises
        ------
        KeyError, ValueError
            If an entry is missing or out of range.

        Examples
        --------
        >>> from ganc import data
        >>> loader = data.DataLoader(list(range(4)), shuffle=True, seed=5)
        >>> _ = next(iter(loader))
        >>> other = data.DataLoader(list(range(4)), shuffle=True)
        >>> other.load_state_dict(loader.state_dict())
        >>> len(list(other))
        3
        """
        seed, epoch, position = (operator.index(state[k]) for k in ("seed", "epoch", "position"))
        if not 0 <= position <= len(self):
            raise ValueError(f"position: got {position}, expected 0 to {len(self)}")
        order(seed, epoch, 0)  # refuses numbers out of range before anything changes
        self.seed, self._epoch, self._position = seed, epoch, position
        self._started = position == len(self)  # nothing left: the next loop is the next epoch

    def _endless(self, number: int, finish: Callable[[Any], Any]) -> Ahead:
        """Return what gives batch after batch, each through `finish`, from the given one on.

        Batches are numbered through all epochs; the loader's own position is not moved.
        """
        n = len(self)

        def make(number: int, check: Callable[[], None]) -> Any:
            return finish(self._batch(*divmod(number, n), check))

        return Ahead(make, number, None, self.prefetch_factor or 0)

    def _picked(self, indices: np.ndarray) -> Any:
        """Return the samples of these numbers as a batch, as the first epoch would have them."""
        return self._samples(0, indices, wanted)

    def _batch(self, epoch: int, number: int, check: Callable[[], None]) -> Any:
        """Make a batch, which depends on nothing but the data, the seed and these numbers."""
        if self._orders is None or self._orders.key != (self.seed, len(self.dataset)):
            self._orders = Orders(self.seed, len(self.dataset), self.shuffle)
        start = number * self.batch_size
        return self._samples(epoch, self._orders(epoch)[start : start + self.batch_size], check)

    def _samples(self, epoch: int, indices: np.ndarray, check: Callable[[], None]) -> Any:
        if self.collate_fn is None:
            if isinstance(self.dataset, np.ndarray):
                return self.dataset[indices]
            if type(self.dataset) is TensorDataset:
                return [tensor[indices] for tensor in self.dataset.tensors]
        samples = []
        for i in indices.tolist():
            check()
            with drawing(self.seed, epoch, i):
                samples.append(self.dataset[i])
        return (self.collate_fn or _stack)(samples)

    def _depth(self, prefetch_factor: int | None) -> int | None:
        if prefetch_factor is None:
            return 2 if self.num_workers else None
        if not self.num_workers:
            raise ValueError(
                f"prefetch_factor: got {prefetch_factor} with num_workers=0, which makes nothing "
                "ahead; pass num_workers=1 or leave it out"
            )
        return at_least("prefetch_factor", prefetch_factor, 1)


def _fresh_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])


def _stack(samples: list[Any]) -> Any:
    """Make a batch of samples as PyTorch's default does: dicts stay dicts, tuples become lists."""
    first = samples[0]
    if isinstance(first, Mapping):
        return {key: _stack([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (tuple, list)):
        if any(len(sample) != len(first) for sample in samples):
            raise ValueError("got samples with different numbers of parts, expected equal ones")
        return [_stack(list(parts)) for parts in zip(*samples, strict=True)]
    if isinstance(first, (str, bytes)):
        return samples
    arrays = [pixels(sample) for sample in samples]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise ValueError(
            f"got samples of shapes {shapes[0]} and {shapes[1]} in one batch, expected equal "
            "shapes; resize them in the dataset or pass collate_fn"
        )
    return np.stack(arrays)
