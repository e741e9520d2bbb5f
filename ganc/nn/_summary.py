"""The table of `Module.summary`, and how a module looks in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ganc._backend import core
from ganc._tensor._creation import Tensor, zeros

if TYPE_CHECKING:
    from ganc.nn._module import Module

__all__ = ["Summary", "outline_html", "summarize"]


class Summary:
    """A table of layers; ``print`` it, or leave it at the end of a notebook cell.

    Attributes
    ----------
    rows : list of tuple
        Layer, class, output shape (None where it is not a tensor), parameters.
    parameters, trainable : int
        Numbers in all parameters, and in those that require grad.
    """

    def __init__(
        self, rows: list[tuple[str, str, Any, int]], parameters: int, trainable: int, size: int
    ) -> None:
        self.rows, self.parameters, self.trainable = rows, parameters, trainable
        self._size = size

    def _cells(self) -> list[tuple[str, str, str]]:
        return [
            (f"{path} ({kind})" if path else kind, _shape_text(shape), f"{n:,}")
            for path, kind, shape, n in self.rows
        ]

    def _foot(self) -> str:
        return (
            f"Parameters: {self.parameters:,} ({_bytes(self._size)}), trainable: {self.trainable:,}"
        )

    def __str__(self) -> str:
        head = ("Layer", "Output shape", "Parameters")
        cells = self._cells()
        a, b, c = (max(len(row[i]) for row in [head, *cells]) for i in range(3))
        lines = [f"{x:<{a}}  {y:<{b}}  {z:>{c}}" for x, y, z in [head, *cells]]
        rule = "-" * (a + b + c + 4)
        return "\n".join([lines[0], rule, *lines[1:], rule, self._foot()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(x)}</td><td>{escape(y)}</td><td>{z}</td></tr>"
            for x, y, z in self._cells()
        )
        return (
            "<table><thead><tr><th>Layer</th><th>Output shape</th><th>Parameters</th></tr></thead>"
            f"<tbody>{rows}</tbody></table><p>{escape(self._foot())}</p>"
        )


def _shape_text(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else "(" + ", ".join(["N", *map(str, shape[1:])]) + ")"


def _bytes(n: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n < 1000 or unit == "GB":
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    raise AssertionError


def _own(module: Module) -> int:
    return sum(p.numel() for p in module.parameters(recurse=False))


def summarize(module: Module, input_shape: Sequence[int] | list[Sequence[int]]) -> Summary:
    """Run zeros through the module in evaluation mode and note what each layer gives."""
    several = isinstance(input_shape, list) and any(hasattr(s, "__len__") for s in input_shape)
    shapes = input_shape if several else [input_shape]
    inputs = [zeros((2, *shape)) for shape in shapes]
    rows: list[tuple[str, str, Any, int]] = []
    paths = {id(part): path for path, part in module.named_modules()}
    counted: set[int] = set()

    def note(part: Module, args: tuple, output: Any) -> None:
        n = 0 if id(part) in counted else _own(part)
        counted.add(id(part))
        shape = output.shape if isinstance(output, Tensor) else None
        rows.append((paths[id(part)], type(part).__name__, shape, n))

    # layers, and whatever holds parameters of its own
    watched = [m for m in module.modules() if not any(m.children()) or m._parameters]
    handles = [m.register_forward_hook(note) for m in watched]
    modes = [(m, m.training) for m in module.modules()]
    previous = core.set_grad_enabled(False)
    try:
        module.eval()
        module(*inputs)
    finally:
        core.set_grad_enabled(previous)
        for m, mode in modes:
            m.training = mode
        for handle in handles:
            handle.remove()
    every = list(module.parameters())
    total = sum(p.numel() for p in every)
    trainable = sum(p.numel() for p in every if p.requires_grad)
    return Summary(rows, total, trainable, total * core.tensor(0.0).dtype.itemsize)


def outline_html(module: Module) -> str:
    """Return the modules and their parameters as an HTML table."""
    rows = []
    for path, part in module.named_modules(remove_duplicate=False):
        depth = path.count(".") + 1 if path else 0
        name = path.rpartition(".")[2]
        label = f"{name}: {type(part).__name__}" if name else type(part).__name__
        rows.append(
            f"<tr><td style='text-align:left;padding-left:{depth + 0.5:.1f}em'>{escape(label)}</td>"
            f"<td style='text-align:left'>{escape(part.extra_repr())}</td>"
            f"<td>{_own(part):,}</td></tr>"
        )
    total = sum(p.numel() for p in module.parameters())
    return (
        "<table><thead><tr><th>Module</th><th></th><th>Parameters</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table><p>Parameters: {total:,}</p>"
    )
