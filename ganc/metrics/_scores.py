"""What several metrics found, as a dict that shows itself as a table."""

from collections.abc import Mapping
from html import escape
from typing import Any

from ganc.metrics._result import Result

__all__ = ["Scores"]

_BETTER = dict.fromkeys(("frechet_distance", "kernel_distance", "kl"), "lower")
_BETTER |= dict.fromkeys(
    ("precision", "recall", "density", "coverage", "inception_score", "class_coverage", "modes"),
    "higher",
)
_HEADING = ("metric", "value", "better", "real against real", "extractor", "samples")


class Scores(dict[str, Any]):
    """Numbers by the name of their metric.

    Attributes
    ----------
    yardstick : dict of str to float
        The same of one half of the data against the other: what no model can be expected to beat.
        Halves have fewer samples, which makes distances a little larger.
    """

    def __init__(
        self, found: Mapping[str, Any], yardstick: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(found)
        self.yardstick = dict(yardstick or {})

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                name,
                f"{value:.4g}",
                _BETTER.get(name, ""),
                f"{self.yardstick[name]:.4g}" if name in self.yardstick else "",
                value.extractor if isinstance(value, Result) else "",
                str(value.n) if isinstance(value, Result) else "",
            )
            for name, value in self.items()
        ]

    def __repr__(self) -> str:
        rows = [_HEADING, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cells = (
            "<tr>" + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in row) + "</tr>"
            for row, tag in [(_HEADING, "th"), *((row, "td") for row in self._rows())]
        )
        return f"<table>{''.join(cells)}</table>"
