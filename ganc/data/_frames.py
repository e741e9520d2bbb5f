"""Tables of pandas: what in them is no value of a sample, and how it is taken apart."""

from __future__ import annotations

import math
from typing import Any

from ganc._warn import warn

__all__ = ["check"]

_LABELS = ("label", "labels", "class", "target", "y")  # what columns of labels are called
_FEWEST = 16  # pixels of an image in a table


def check(frame: Any, name: str) -> None:
    """Raise for a table whose columns are texts, or an image's pixels beside its label.

    Of a table of numbers that has a column of labels a warning says so: it may be meant.
    """
    kinds = {column: getattr(dtype, "kind", "O") for column, dtype in frame.dtypes.items()}
    label = next((c for c in kinds if str(c).lower() in _LABELS), None)
    texts = [c for c, kind in kinds.items() if kind not in "buif"]
    if texts and texts != [label]:
        named = ", ".join(map(str, texts[:4])) + (", ..." if len(texts) > 4 else "")
        raise TypeError(
            f"{name}: got a DataFrame whose columns {named} hold no numbers; drop or number them: "
            f"{name}.drop(columns={texts[:4]!r})"
        )
    rest = [c for c in kinds if label is None or c != label]
    pixels = _are_pixels(frame[rest]) if rest else False
    if label is None and not pixels:
        return
    hint = _hint(name, label, len(rest), pixels, label in texts)
    if pixels or texts:
        raise TypeError(f"{name}: got a DataFrame of {len(kinds)} columns; {hint}")
    warn(
        f"{name}: got a DataFrame whose column {label!r} is taken for a value like the others. If "
        f"it is the label, {hint}"
    )


def _are_pixels(frame: Any) -> bool:
    if frame.shape[1] < _FEWEST or any(d.kind not in "ui" for d in frame.dtypes):
        return False
    values = frame.to_numpy()
    return bool(values.size and values.min() >= 0 and values.max() <= 255)


def _hint(name: str, label: Any, width: int, pixels: bool, text: bool) -> str:
    values = name if label is None else f"{name}.drop(columns={label!r})"
    if pixels:
        side = math.isqrt(width)
        shape = f"{side}, {side}" if side * side == width else "H, W"
        values += f".to_numpy('uint8').reshape(-1, {shape})"
    y = f"{name}[{label!r}]"
    y = f"np.unique({y}, return_inverse=True)[1]" if text else f"{y}.to_numpy()"
    labels = "" if label is None else f", and as labels, for a model that takes them, {y}"
    return f"pass {values}{labels}"
