"""Where the batches of `fit` come from: an array in memory, or a loader that makes them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ganc._backend import core
from ganc._options import at_least
from ganc.data import Batches, DataLoader, Dataset, TensorDataset
from ganc.data._ahead import Ahead
from ganc.data._images import checked
from ganc.gan import _door

if TYPE_CHECKING:
    from ganc.gan._model import Model

__all__ = ["Feed", "feed_of", "some"]


class Feed:
    """Batches by number; an array's are converted when they are asked for.

    Attributes
    ----------
    n, batch_size : int
        Samples in all, and of a batch.
    shape : tuple of int
        Of a sample.
    """

    def __init__(self, model: "Model", x: Any, batch_size: int) -> None:
        self._batches = Batches(x, batch_size=batch_size, seed=model.seed)
        self._inside = model.pixel_range
        self.n, self.batch_size = len(self._batches.x), self._batches.batch_size
        self.shape = _door.sample_shape(self._batches.x)
        _door.check_shape(model, self.shape)
        if self.batch_size > self.n:
            raise ValueError(
                f"batch_size: got {self.batch_size} for {self.n} samples, expected at most that "
                f"many; pass batch_size={self.n} or less"
            )

    def __len__(self) -> int:
        """Batches a pass."""
        return len(self._batches)

    def take(self, pass_: int, index: int) -> core.Tensor:
        """Return batch `index` of pass `pass_` as the networks see it."""
        return _door.take(self._batches.x, self._batches.indices(pass_, index), self._inside)

    def close(self) -> None:
        """Stop making batches ahead."""


class LoaderFeed(Feed):
    """Batches of a loader, in its order; the model's position says which, the loader's is left."""

    def __init__(self, model: "Model", loader: DataLoader) -> None:
        if not len(loader):
            raise ValueError(
                f"x: got a loader of {len(loader.dataset)} samples that gives no batch of "
                f"{loader.batch_size}; pass a smaller batch_size or drop_last=False"
            )
        if not loader._seed_given:
            loader.seed, loader._seed_given = model.seed, True
        self._loader, self._inside = loader, model.pixel_range
        self.n, self.batch_size = len(loader.dataset), loader.batch_size
        self.shape = _door.sample_shape(
            checked(_images(loader._picked(np.arange(1))), "x", hint=True)
        )
        _door.check_shape(model, self.shape)
        self._ahead: Ahead | None = None

    def __len__(self) -> int:
        return len(self._loader)

    def take(self, pass_: int, index: int) -> core.Tensor:
        number = pass_ * len(self) + index
        if self._ahead is None or self._ahead.position != number:
            self.close()
            self._ahead = self._loader._endless(number, self._checked)
        x = self._ahead.next()
        return _door.take(x, np.arange(len(x)), self._inside)

    def close(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.close()

    def _checked(self, batch: Any) -> np.ndarray:
        x = checked(_images(batch), "x", hint=False)
        if _door.sample_shape(x) != self.shape:
            raise ValueError(
                f"x: got a batch of samples {_door.sample_shape(x)} after others of {self.shape}, "
                "expected one shape"
            )
        return x


def feed_of(model: "Model", x: Any, batch_size: int | None) -> Feed:
    """Return the batches of what `fit` was given; the model fits them."""
    if isinstance(x, DataLoader):
        if batch_size is not None:
            raise ValueError(
                f"batch_size: got {batch_size} with a loader, which has its own, {x.batch_size}; "
                "leave it out"
            )
        return LoaderFeed(model, x)
    size = at_least("batch_size", model.default_batch_size if batch_size is None else batch_size, 1)
    if not is_dataset(x):
        return Feed(model, x, size)
    workers = 0 if isinstance(x, TensorDataset) else 1
    return LoaderFeed(
        model,
        DataLoader(x, size, shuffle=True, drop_last=True, num_workers=workers, seed=model.seed),
    )


def is_dataset(x: Any) -> bool:
    """Whether `x` gives samples by number without being an array or a list of them."""
    if isinstance(x, Dataset):
        return True
    given = hasattr(x, "__len__") and hasattr(x, "__getitem__")
    return given and not (hasattr(x, "__array__") or isinstance(x, (list, tuple, str, dict)))


def _sampled(x: Any, n: int) -> np.ndarray:
    """Return up to n samples of a data set or loader, evenly spread."""
    loader = x if isinstance(x, DataLoader) else DataLoader(x, seed=0)
    size = len(loader.dataset)
    return _images(loader._picked(np.linspace(0, size - 1, min(n, size)).astype(np.int64)))


def some(x: Any, n: int) -> Any:
    """Return up to n samples of a data set or loader; arrays as they are."""
    return _sampled(x, n) if isinstance(x, DataLoader) or is_dataset(x) else x


def _images(batch: Any) -> Any:
    """What is trained on: the first part of (images, labels), or all there is."""
    if isinstance(batch, (list, tuple)) and batch:
        return batch[0]
    if isinstance(batch, dict):
        raise TypeError(
            f"x: got a batch that is a dict of {', '.join(map(str, batch))}, expected images or "
            "(images, labels); pass collate_fn= to the loader"
        )
    return batch
