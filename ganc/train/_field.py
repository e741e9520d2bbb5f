"""What a batch holds, field by field, and how it comes in: `Field`.

A model says ``FIELDS = (Field("x", "image"), Field("y", "label"))``; its objectives then get
batches with ``batch.x`` and ``batch.y``.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganc._backend import core
from ganc._options import choose
from ganc.data import as_labels, as_sequences, order
from ganc.data._conversion import from_unit, sample_shape, take
from ganc.data._images import checked as as_pictures
from ganc.data._images import from_uint8
from ganc.data._incoming import as_array
from ganc.data._some import is_dataset, some

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = [
    "Field", "batch_type", "check_fields", "check_number", "evaluation_array", "inside_array",
    "rows_of",
]  # fmt: skip


class _Kind(NamedTuple):
    """How a kind of field comes in; `inside` is the model's pixel_range."""

    check: Callable[["Model", Any, str, bool], np.ndarray]
    shape: Callable[[np.ndarray], tuple[int, ...]]
    take: Callable[[np.ndarray, np.ndarray, tuple[float, float]], core.Tensor]


def _plain_rows(array: np.ndarray, index: np.ndarray, inside: tuple) -> core.Tensor:
    return core.Tensor(array[index].astype(np.float32))


def _shape(array: np.ndarray) -> tuple[int, ...]:
    return array.shape[1:]


_KINDS = {
    "image": _Kind(
        lambda model, x, name, hint: as_pictures(x, name, hint=hint), sample_shape, take
    ),
    "label": _Kind(
        lambda model, x, name, hint: as_labels(x, num_classes=model.classes, name=name),
        _shape,
        _plain_rows,
    ),
    "partial_label": _Kind(
        lambda model, x, name, hint: as_labels(
            x, num_classes=model.classes, missing=True, name=name
        ),
        _shape,
        _plain_rows,
    ),
    "sequence": _Kind(lambda model, x, name, hint: as_sequences(x, name=name), _shape, _plain_rows),
}


@dataclass(frozen=True)
class Field:
    """One thing that each sample of a batch has.

    Parameters
    ----------
    name : str
        An identifier, no keyword, not beginning with "_": objectives see ``batch.NAME``.
    kind : {"image", "label", "partial_label", "sequence"}
        "image": images or points, as `ganc.data.as_images` takes them; the networks see them in
        the model's ``pixel_range``. "label": whole numbers from 0. "partial_label": the same, with
        -1 for a sample that has none. "sequence": words, notes, or rows of numbers, as
        `ganc.data.as_sequences` takes them.
    paired : bool, default True
        Whether it belongs to the sample of the field before it. A field that does not has a length
        and an order of its own, and so have those that follow it.

    Raises
    ------
    ValueError
        If a name or kind is not as described.

    Examples
    --------
    >>> from ganc.train import Field
    >>> Field("y", "label")
    Field(name='y', kind='label', paired=True)
    """

    name: str
    kind: str = "image"
    paired: bool = True

    def __post_init__(self) -> None:
        name = self.name if isinstance(self.name, str) else ""
        if not name.isidentifier() or name.startswith("_") or iskeyword(name):
            raise ValueError(f"name: got {self.name!r}, expected an identifier, such as 'x'")
        choose("kind", self.kind, _KINDS)

    @property
    def is_label(self) -> bool:
        """Whether it holds class numbers."""
        return self.kind in ("label", "partial_label")

    def checked(self, model: "Model", data: Any, *, hint: bool = False) -> np.ndarray:
        """Return data of this kind as an array.

        Parameters
        ----------
        model : Model
            Whose `classes` labels are compared with.
        data : array_like
        hint : bool, default False
            Warn of images that look like 0..1.

        Returns
        -------
        ndarray
            A row for each sample.
        """
        return _KINDS[self.kind].check(model, data, self.name, hint)

    def shape(self, array: np.ndarray) -> tuple[int, ...]:
        """Return the shape of one sample.

        Parameters
        ----------
        array : ndarray
            What `checked` gave.

        Returns
        -------
        tuple of int
            (C, H, W) of images, whatever their layout in the array.
        """
        return _KINDS[self.kind].shape(array)

    def take(self, model: "Model", array: np.ndarray, index: np.ndarray) -> core.Tensor:
        """Return rows as the networks see them.

        Parameters
        ----------
        model : Model
            Whose `pixel_range` images are brought to.
        array : ndarray
            What `checked` gave.
        index : ndarray of int
            Numbers of the rows.

        Returns
        -------
        Tensor
        """
        return _KINDS[self.kind].take(array, index, model.pixel_range)

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


def check_fields(who: str, fields: Any) -> None:
    """Raise unless these are what a batch can hold: a tuple of fields of different names."""
    if not isinstance(fields, tuple):
        raise TypeError(
            f"{who}.FIELDS: got {type(fields).__name__}, expected a tuple of ganc.train.Field"
        )
    if not fields:
        raise ValueError(f"{who}.FIELDS: got none, expected at least one ganc.train.Field")
    for field in fields:
        if not isinstance(field, Field):
            raise TypeError(f"{who}.FIELDS: got {type(field).__name__}, expected ganc.train.Field")
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{who}.FIELDS: got two of the name {name!r}, expected different ones")


@cache
def _batch_type(names: tuple[str, ...]) -> type:
    return namedtuple("Batch", names)


def batch_type(fields: Sequence[Field]) -> type:
    """Return the named tuple whose entries are the tensors of a batch."""
    return _batch_type(tuple(field.name for field in fields))


def rows_of(model: "Model", fields: Sequence[Field], given: Sequence[Any]) -> list[np.ndarray]:
    """Return the checked arrays of fields, as many rows of each as of those it is paired with.

    Raises
    ------
    TypeError, ValueError
        If there are too few or too many, or one is not of its kind.
    """
    check_number(model, fields, given)
    arrays = [f.checked(model, data, hint=True) for f, data in zip(fields, given, strict=True)]
    check_lengths(fields, arrays)
    return arrays


def check_lengths(fields: Sequence[Field], arrays: Sequence[Any]) -> None:
    """Raise unless there are as many rows of each as of those it is paired with."""
    first = 0
    for i, field in enumerate(fields):
        first = first if field.paired else i
        if len(arrays[i]) != len(arrays[first]):
            raise ValueError(
                f"{field.name}: got {len(arrays[i])} for {len(arrays[first])} of "
                f"{fields[first].name}, expected one for each"
            )


def check_number(model: "Model", fields: Sequence[Field], given: Sequence[Any]) -> None:
    """Raise unless there are as many as fields; one that is no data at all is told so first."""
    if len(given) == len(fields):
        return
    for part, field in zip(given, fields, strict=False):
        if part is not None and not is_dataset(part):
            as_array(part, field.name)
    raise TypeError(wrong_number(model, f"{len(given)} fields"))


def wrong_number(model: "Model", got: str) -> str:
    """Return what is said of data with too few or too many fields."""
    names = ", ".join(map(str, model.FIELDS))
    labels = "" if any(f.is_label for f in model.FIELDS) else "; it takes no labels"
    return (
        f"data: got {got}, but a batch of {type(model).__name__} holds {len(model.FIELDS)}: "
        f"{names}{labels}; pass these, in this order"
    )


def chosen(size: int, n: int) -> np.ndarray:
    """Return up to n different numbers below `size`, in order, always the same."""
    return np.sort(order(0, 0, size)[:n]) if n < size else np.arange(size)


def evaluation_array(model: "Model", x: Any, n: int) -> np.ndarray:
    """Return up to n samples of the first field, in their order, images as floats in [-1, 1].

    Fewer than all are chosen at random, always the same: steps of fixed width would meet only
    some classes where classes alternate, as in the embedded images.
    """
    array = model.FIELDS[0].checked(model, some(x, n)[0], hint=True)
    model._fits({model.FIELDS[0].name: model.FIELDS[0].shape(array)})
    if n < len(array):
        array = array[chosen(len(array), n)]
    return from_uint8(array) if array.dtype == np.uint8 else array


def inside_array(model: "Model", x: Any) -> np.ndarray:
    """Return all samples of the first field as the model's networks see them."""
    return from_unit(evaluation_array(model, x, 2**62), model.pixel_range)
