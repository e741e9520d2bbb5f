"""Where the batches of `fit` come from: arrays in memory, or loaders that make them.

A source gives the batches of fields that are paired with each other; fields that are not have
sources, lengths and orders of their own.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ganc._backend import core
from ganc._options import at_least
from ganc.data import DataLoader, TensorDataset
from ganc.data._ahead import Ahead
from ganc.data._batches import Orders
from ganc.data._some import is_dataset, some
from ganc.train._field import (
    Field,
    batch_type,
    check_lengths,
    check_number,
    chosen,
    rows_of,
    wrong_number,
)

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = ["Batches", "Position", "batch_of", "batches_of", "classes_back", "given", "held_out"]

_APART = 0x9E3779B97F4A7C15  # between the seeds of two orders; the golden ratio of 2**64
_WORD = 2**64


@dataclass
class Position:
    """Where training is: `step` steps into epoch `epoch`, `index` batches into pass `pass_`.

    An epoch is what is counted and recorded, a pass is one walk over the data; they are the same
    unless steps_per_epoch says otherwise. n and batch_size are those of the current pass.
    """

    epoch: int = 0
    step: int = 0
    pass_: int = 0
    index: int = 0
    n: int = 0
    batch_size: int = 0

    def advance(self, batches: int) -> None:
        """Go on by a step, in passes of so many batches."""
        self.step += 1
        self.index += 1
        if self.index == batches:
            self.pass_, self.index = self.pass_ + 1, 0


class _Arrays:
    """Batches of paired arrays, converted when they are asked for."""

    def __init__(
        self, model: "Model", fields: Sequence[Field], arrays: list, size: int, seed: int
    ) -> None:
        self.n, self.batch_size = len(arrays[0]), size
        self.shapes = {f.name: f.shape(a) for f, a in zip(fields, arrays, strict=True)}
        for field, array in zip(fields, arrays, strict=True):
            if field.is_label and model.classes is None:
                model.classes = _counted(field, array)
        self._model, self._fields, self._arrays = model, fields, arrays
        self._orders = Orders(seed, self.n, True)

    def __len__(self) -> int:
        return self.n // self.batch_size

    def take(self, number: int) -> list[core.Tensor]:
        """Return the batch of a number, counted through all passes."""
        pass_, index = divmod(number, len(self))
        start = index * self.batch_size
        rows = self._orders(pass_)[start : start + self.batch_size]
        pairs = zip(self._fields, self._arrays, strict=True)
        return [field.take(self._model, array, rows) for field, array in pairs]

    def check_size(self) -> None:
        """Raise if there is no whole batch."""
        if self.batch_size > self.n:
            raise ValueError(
                f"batch_size: got {self.batch_size} for {self.n} samples, expected at most that "
                f"many; pass batch_size={self.n} or less"
            )

    def close(self) -> None:
        """Nothing is made ahead."""


class _Loaded:
    """Batches of a loader, in its order; the model's position says which, the loader's is left."""

    def __init__(
        self, model: "Model", fields: Sequence[Field], loader: DataLoader, seed: int
    ) -> None:
        if not loader._seed_given:
            loader = copy.copy(loader)  # the caller's goes on having none of its own
            loader.seed = seed
        self._model, self._fields, self._loader = model, fields, loader
        self.n, self.batch_size = len(loader.dataset), loader.batch_size
        if model.classes is None and any(field.is_label for field in fields):
            model.classes = _classes_of(loader.dataset)
        parts = parts_of(model, fields, loader._picked(np.arange(1)))
        checked = [f.checked(model, p, hint=True) for f, p in zip(fields, parts, strict=True)]
        self.shapes = {f.name: f.shape(a) for f, a in zip(fields, checked, strict=True)}
        self._ahead: Ahead | None = None

    def __len__(self) -> int:
        return len(self._loader)

    def take(self, number: int) -> list[core.Tensor]:
        """Return the batch of a number, counted through all passes."""
        if self._ahead is None or self._ahead.position != number:
            self.close()
            self._ahead = self._loader._endless(number, self._checked)
        arrays = self._ahead.next()
        rows = np.arange(len(arrays[0]))
        pairs = zip(self._fields, arrays, strict=True)
        return [field.take(self._model, array, rows) for field, array in pairs]

    def check_size(self) -> None:
        """Raise if there is no batch."""
        if not len(self):
            raise ValueError(
                f"{self._fields[0].name}: got a loader of {self.n} samples that gives no batch of "
                f"{self.batch_size}; pass a smaller batch_size or drop_last=False"
            )

    def close(self) -> None:
        """Stop making batches ahead."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.close()

    def _checked(self, batch: Any) -> list[np.ndarray]:
        arrays = []
        parts = parts_of(self._model, self._fields, batch)
        for field, part in zip(self._fields, parts, strict=True):
            array = field.checked(self._model, part)
            if field.shape(array) != self.shapes[field.name]:
                raise ValueError(
                    f"{field.name}: got a batch of samples {field.shape(array)} after others of "
                    f"{self.shapes[field.name]}, expected one shape"
                )
            arrays.append(array)
        return arrays


class Batches:
    """The batches of all fields by number; the longest source decides how many are in a pass.

    Attributes
    ----------
    n, batch_size : int
        Samples of the longest source, and of a batch.
    """

    def __init__(self, model: "Model", sources: Sequence[_Arrays | _Loaded]) -> None:
        self._sources = sources
        self._type = batch_type(model.FIELDS)
        model._fits({name: s for source in sources for name, s in source.shapes.items()})
        for source in sources:
            source.check_size()
        longest = max(sources, key=len)
        self.n, self.batch_size = longest.n, longest.batch_size

    def __len__(self) -> int:
        """Batches a pass."""
        return max(map(len, self._sources))

    def take(self, pass_: int, index: int) -> tuple[core.Tensor, ...]:
        """Return batch `index` of pass `pass_` as the networks see it, a named tuple."""
        number = pass_ * len(self) + index
        return self._type(*(part for source in self._sources for part in source.take(number)))

    def close(self) -> None:
        """Stop making batches ahead."""
        for source in self._sources:
            source.close()


# ---- what the user has given ----


def given(x: Any, y: Any = None, *more: Any) -> list[Any]:
    """Return the fields that a caller has given: y may be left out."""
    return [x, *(() if y is None and not more else (y,)), *more]


@contextmanager
def classes_back(model: "Model") -> Iterator[None]:
    """Take back the number of classes that data have told if the block raises before a step."""
    classes, step = model.classes, model.step
    try:
        yield
    except BaseException:
        if model.step == step:
            model.classes = classes
        raise


def batches_of(model: "Model", data: Sequence[Any], batch_size: int | None) -> Batches:
    """Return the batches of what `fit` was given: one data set, or as many as there are fields."""
    if len(data) == 1 and is_dataset(data[0]):
        loader = _loader_of(model, data[0], batch_size)
        return Batches(model, [_Loaded(model, model.FIELDS, loader, model.seed)])
    made = []
    for number, (fields, parts) in enumerate(_groups(model, data)):
        seed = (model.seed + number * _APART) % _WORD
        if is_dataset(parts[0]):
            loader = _loader_of(model, parts[0], batch_size)
            made.append(_Loaded(model, fields, loader, seed))
        else:
            arrays = rows_of(model, fields, parts)
            made.append(_Arrays(model, fields, arrays, _size_of(model, batch_size), seed))
    return Batches(model, made)


def _groups(model: "Model", data: Sequence[Any]) -> list[tuple[list[Field], list[Any]]]:
    """Return fields and data of each source."""
    check_number(model, model.FIELDS, data)
    groups: list[tuple[list[Field], list[Any]]] = []
    for field, part in zip(model.FIELDS, data, strict=True):
        if not groups or not field.paired:
            groups.append(([], []))
        groups[-1][0].append(field)
        groups[-1][1].append(part)
    for fields, parts in groups:
        if len(parts) > 1 and any(map(is_dataset, parts)):
            names = " and ".join(field.name for field in fields)
            raise TypeError(
                f"{names}: got a data set among them, expected arrays, or one data set whose "
                "samples have all of these"
            )
    return groups


def _size_of(model: "Model", batch_size: int | None) -> int:
    return at_least("batch_size", model.default_batch_size if batch_size is None else batch_size, 1)


def _loader_of(model: "Model", data: Any, batch_size: int | None) -> DataLoader:
    if not isinstance(data, DataLoader):
        workers = 0 if isinstance(data, TensorDataset) else 1
        size = _size_of(model, batch_size)
        return DataLoader(data, size, shuffle=True, drop_last=True, num_workers=workers)
    if batch_size is not None:
        raise ValueError(
            f"batch_size: got {batch_size} with a loader, which has its own, {data.batch_size}; "
            "leave it out"
        )
    return data


def _counted(field: Field, labels: np.ndarray) -> int:
    """Return how many classes there are: labels are below it."""
    classes = int(labels.max()) + 1
    if not classes:
        raise ValueError(f"{field.name}: got -1 only, expected at least one sample with a label")
    return classes


def _classes_of(dataset: Any) -> int:
    names = getattr(dataset, "classes", None)
    if names is None:
        raise ValueError(
            f"classes: a {type(dataset).__name__} does not say how many there are (it has no "
            "`classes`, a list of names); pass classes= when you build the model"
        )
    return len(names)


def parts_of(model: "Model", fields: Sequence[Field], batch: Any) -> list[Any]:
    """Return the parts of a loader's batch that fields are made of; what is more is left.

    So a data set of (image, label) trains a model without labels too.
    """
    if isinstance(batch, dict):
        raise TypeError(
            f"{fields[0].name}: got a batch that is a dict of {', '.join(map(str, batch))}, "
            "expected its parts in order, such as (images, labels); pass collate_fn= to the loader"
        )
    parts = list(batch) if isinstance(batch, (list, tuple)) else [batch]
    if len(parts) < len(fields):
        raise TypeError(wrong_number(model, f"samples of {len(parts)} fields"))
    return parts[: len(fields)]


def batch_of(model: "Model", data: Sequence[Any]) -> tuple[core.Tensor, ...]:
    """Return a batch that the caller has made; Tensors are taken as they are."""
    fields = model.FIELDS
    check_number(model, fields, data)
    tensors = []
    for field, part in zip(fields, data, strict=True):
        if not isinstance(part, core.Tensor):
            array = field.checked(model, part, hint=True)
            part = field.take(model, array, np.arange(len(array)))
        tensors.append(part)
    if all(tensor.ndim for tensor in tensors):
        check_lengths(fields, tensors)
    for field, tensor in zip(fields, tensors, strict=True):
        if tensor.ndim == 0 or len(tensor) == 0:
            raise ValueError(
                f"{field.name}: got shape {tensor.shape}, expected at least one sample"
            )
    model._fits({f.name: tuple(t.shape[1:]) for f, t in zip(fields, tensors, strict=True)})
    return batch_type(fields)(*tensors)


def held_out(model: "Model", data: Any, n: int) -> tuple[np.ndarray, ...]:
    """Return up to n held-out samples, given as for `fit` (several fields as a tuple), as the
    networks see them.

    Fewer than all are chosen at random, always the same.
    """
    fields = model.FIELDS
    if is_dataset(data):
        parts = some(data, n, len(fields))
    else:
        parts = list(data) if len(fields) > 1 and isinstance(data, (tuple, list)) else [data]
    arrays = rows_of(model, fields, parts)
    model._fits({f.name: f.shape(a) for f, a in zip(fields, arrays, strict=True)})
    seen = []
    for field, array in zip(fields, arrays, strict=True):
        seen.append(field.take(model, array, chosen(len(array), n)).numpy())
    return batch_type(fields)(*seen)
