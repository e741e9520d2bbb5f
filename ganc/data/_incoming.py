"""Whatever a caller hands over as an array; what cannot be one is told what to pass instead.

Every function that takes data asks `as_array`, so what `fit` takes all of them take, and each
refusal is worded here once. It knows nothing of images, labels or fields: shapes and ranges are
checked by `ganc.data.as_images` and its neighbours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganc.data import _frames
from ganc.data._pictures import SUFFIXES, Decoder

__all__ = ["SAMPLES", "as_array", "pixels"]

SAMPLES = "images or points"  # what most arguments are
_NUMBERS = (bool, int, float, np.number, np.bool_)


def as_array(x: Any, name: str, expected: str = SAMPLES) -> np.ndarray:
    """Return numbers as an array, in the same memory where possible.

    Lists of Pillow's pictures become uint8 images, as `ganc.data.ImageFolder` would read them.

    Raises
    ------
    TypeError, ValueError
        For what holds no real numbers, or is not there as a whole; the message says what to pass.
    """
    if type(x) is not np.ndarray:
        _refuse(x, name, expected)
        x = _pictures(x, name)
        x = _without_tape(x)
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(
            f"{name}: got parts of different shapes, expected one array; cut or resize them to one "
            f"shape first ({error})"
        ) from None
    except (TypeError, RuntimeError, NotImplementedError) as error:
        raise TypeError(
            f"{name}: got {_kind(x)}, which NumPy makes no array of ({error}); pass float32 "
            f"numbers, such as {name}.float() of a tensor"
        ) from None
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name}: got dtype {array.dtype}{_no_numbers(array, name)}")
    return array


def pixels(sample: Any) -> np.ndarray:
    """Return a sample as an array, a picture of Pillow as its pixels."""
    return _decoded([sample])[0] if _is_picture(sample) else np.asarray(_without_tape(sample))


# ---- what is no array ----


def _refuse(x: Any, name: str, expected: str) -> None:
    """Raise for what NumPy would make a meaningless array of, or none."""
    if x is None:
        raise TypeError(f"{name}: got None, expected {expected}; did what made it return nothing?")
    if isinstance(x, (str, os.PathLike)):
        path = os.fspath(x)
        raise TypeError(
            f"{name}: got the text {path!r}, expected numbers, {expected}; of picture files "
            f"pass ganc.data.ImageFolder({path!r}, size=64), of another file what it holds"
        )
    if isinstance(x, np.ma.MaskedArray) and np.ma.getmaskarray(x).any():
        raise ValueError(
            f"{name}: got a masked array with {int(np.ma.getmaskarray(x).sum())} values masked, "
            f"expected every value; pass {name}.filled(VALUE), or leave those samples out"
        )
    if hasattr(x, "columns") and hasattr(x, "dtypes"):
        _frames.check(x, name)
    elif isinstance(x, (tuple, list)):
        _refuse_parts(x, name)
    elif not hasattr(x, "__array__"):
        hint = _way_out(x, name)
        if hint:
            raise TypeError(f"{name}: got {_kind(x)}, expected {expected}; {hint}")


def _way_out(x: Any, name: str) -> str:
    """Return what to pass instead of an object, or nothing if it may become an array."""
    if isinstance(x, Mapping):
        keys = list(x)
        first = f"{name}[{keys[0]!r}]" if keys else "its values"
        return f"pass what it holds one by one, in the order of the model's fields, such as {first}"
    if isinstance(x, (bytes, bytearray)):
        return f"pass np.frombuffer({name}, np.uint8).reshape(-1, H, W)"
    if hasattr(x, "toarray"):
        return f"pass {name}.toarray()"
    if isinstance(x, type) or (callable(x) and not hasattr(x, "__len__")):
        return f"call it first: {getattr(x, '__name__', name)}(...)"
    if hasattr(x, "__next__"):
        return (
            f"it can be walked through only once: pass np.stack(list({name})), or a data set that "
            "gives samples by number (ganc.data.Dataset)"
        )
    if hasattr(x, "__iter__") and not hasattr(x, "__getitem__"):
        return _of_loader(x, name)
    return "" if _is_picture(x) or hasattr(x, "__len__") or np.isscalar(x) else "pass an array"


def _of_loader(x: Any, name: str) -> str:
    """Say how another library's loader, a set or a stream of samples is given."""
    dataset, size = getattr(x, "dataset", None), getattr(x, "batch_size", None)
    if dataset is None or not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__"):
        return (
            f"it gives samples in turn, not by number: pass np.stack(list({name})), or a data set "
            "with __len__ and __getitem__ (ganc.data.Dataset)"
        )
    return (
        f"pass its data set, {name}.dataset, or ganc's loader of it, "
        f"ganc.data.DataLoader({name}.dataset, batch_size={size or 64}, shuffle=True)"
    )


def _refuse_parts(x: tuple | list, name: str) -> None:
    """Raise for a tuple of several fields, and for masked arrays in a list."""
    if any(isinstance(part, np.ma.MaskedArray) for part in x):
        for part in x:
            if isinstance(part, np.ma.MaskedArray):
                _refuse(part, name, "")
    if not isinstance(x, tuple) or len(x) < 2:
        return
    if all(isinstance(part, tuple) for part in x) and not np.isscalar(next(iter(x[0]), 0)):
        raise TypeError(
            f"{name}: got a tuple of {len(x)} tuples, such as loaders of data sets return, "
            f"expected one array; unpack it first: (x, y), (x_test, y_test) = {name}"
        )
    shapes = [getattr(part, "shape", None) for part in x]
    if None not in shapes and len({tuple(shape) for shape in shapes}) > 1:
        text = " and ".join(str(tuple(shape)) for shape in shapes)
        raise TypeError(
            f"{name}: got a tuple of {len(x)} arrays, of shapes {text}, expected one; pass them "
            f"one by one, fit(x, y), or the images alone, fit({name}[0])"
        )


def _kind(x: Any) -> str:
    """Return what an object is, in words."""
    if isinstance(x, type):
        return f"the class {x.__name__}"
    if isinstance(x, Mapping):
        keys = [str(key) for key in x]
        more = ", ..." if len(keys) > 4 else ""
        return f"a {type(x).__name__} of {', '.join(keys[:4])}{more}"
    return f"a {type(x).__name__}"


# ---- arrays that hold no numbers ----


def _no_numbers(array: np.ndarray, name: str) -> str:
    """Return what follows the dtype in the refusal of an array without real numbers."""
    kind = array.dtype.kind
    if kind == "c":
        return f" (complex), expected real numbers; pass {name}.real, or real and imaginary parts"
    if kind in "mM":
        return f" (dates or times), expected numbers; drop them, or pass {name}.astype(float)"
    if kind == "V":
        fields = array.dtype.names
        hint = f"pass {name}[{fields[0]!r}], or the columns side by side" if fields else "load it"
        return f" (records), expected numbers; {hint}"
    odd = next((part for part in array.flat if not isinstance(part, _NUMBERS)), 0)
    if isinstance(odd, (str, bytes)):
        return _of_texts(str(odd), name)
    if isinstance(odd, _NUMBERS):
        return f", expected numbers; pass {name}.astype(np.float32)"
    if hasattr(odd, "shape"):
        return (
            f" (arrays of different shapes), expected numbers; pass one array: np.stack({name}) of "
            "samples that were cut or resized to one shape"
        )
    missing = odd is None or type(odd).__name__ in ("NAType", "NaTType")
    what = "missing values" if missing else f"{type(odd).__name__} objects"
    return f" ({what}), expected numbers; fill or remove what is none"


def _of_texts(text: str, name: str) -> str:
    if os.path.splitext(text)[1].lower() in SUFFIXES:
        hint = f"load and resize the files: ganc.data.ImageFolder({name}, size=64)"
    else:
        hint = (
            f"number texts: np.unique({name}, return_inverse=True)[1]; read files first, pictures "
            "with ganc.data.ImageFolder"
        )
    return f" (texts such as {text[:40]!r}), expected numbers; {hint}"


# ---- tensors and pictures of others ----


def _without_tape(x: Any) -> Any:
    """Return a tensor of another library without what keeps NumPy from seeing its numbers."""
    if isinstance(x, (list, tuple)):
        return [_without_tape(part) for part in x] if _has_tape(next(iter(x), None)) else x
    return x.detach().cpu() if _has_tape(x) else x


def _has_tape(x: Any) -> bool:
    return hasattr(x, "detach") and hasattr(x, "cpu")


def _is_picture(x: Any) -> bool:
    images = sys.modules.get("PIL.Image")  # who has such a picture has imported it
    return images is not None and isinstance(x, images.Image)


def _pictures(x: Any, name: str) -> Any:
    """Return Pillow's pictures as images, and everything else as it is."""
    if _is_picture(x):
        raise TypeError(f"{name}: got one picture, expected several; pass [{name}]")
    if isinstance(x, np.ndarray) or not isinstance(x, (list, tuple)):
        return x
    if not x or not all(map(_is_picture, x)):
        return x
    sizes = sorted({picture.size for picture in x})
    if len(sizes) > 1:
        (a, b), (c, d) = sizes[0], sizes[-1]
        raise ValueError(
            f"{name}: got pictures of {len(sizes)} sizes, from {a} x {b} to {c} x {d} pixels, "
            f"expected one; pass [picture.resize((64, 64)) for picture in {name}]"
        )
    return np.stack(_decoded(x))


def _decoded(pictures: Any) -> list[np.ndarray]:
    """Return pixels, grey or RGBA if all pictures are, else RGB as `ImageFolder` has it."""
    modes = {picture.mode for picture in pictures}
    grey = all(m == "L" or m == "1" or m.startswith("I") for m in modes)
    clear = grey and any("transparency" in picture.info for picture in pictures)
    channels = 1 if grey and not clear else 4 if modes == {"RGBA"} else 3
    decode = Decoder(channels=channels)
    return [np.array(decode.finished(picture)) for picture in pictures]
