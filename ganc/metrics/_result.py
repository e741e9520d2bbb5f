"""Numbers that say how they were measured."""

from collections.abc import Mapping
from typing import Any

__all__ = ["Result"]


class Result(float):
    """A measured number: a float that carries and prints extractor, n and definition.

    It computes, compares and formats (``f"{result:.2f}"``) as the float it is; ``print`` tells the
    rest. Two results can be compared only if extractor and `n` are the same: another extractor is
    another scale, and fewer samples alone raise a Fréchet distance.

    Parameters
    ----------
    value : float
    name : str
        What was measured.
    extractor : str
        What the samples were seen through: a versioned classifier with the first digits of its
        file's SHA-256, "pixels", "features as given".
    n : int
        Generated samples.
    n_real : int, optional
        Real samples, if they were others in number.
    definition : str
        Formula, options and source.
    std : float, optional
        Standard deviation over subsets or splits.
    details : dict, optional
        What else was found on the way.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> x = np.random.default_rng(0).normal(size=(1000, 2))
    >>> result = metrics.frechet_distance(x, x + 3)
    >>> f"{result:.1f}", result.n, result.extractor
    ('18.0', 1000, 'features as given')
    >>> result
    18 Fréchet distance (features as given, n=1000)
    """

    def __new__(
        cls,
        value: float,
        name: str,
        *,
        extractor: str,
        n: int,
        n_real: int | None = None,
        definition: str,
        std: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> "Result":
        self = super().__new__(cls, value)
        self.name, self.extractor, self.n, self.n_real = name, extractor, n, n_real
        self.definition, self.std, self.details = definition, std, dict(details or {})
        return self

    @property
    def label(self) -> str:
        """What was measured, through what, on how many: the name of a column or an axis."""
        return f"{self.name} ({self.conditions})"

    @property
    def conditions(self) -> str:
        """Extractor and number of samples, in short."""
        short = self.extractor.partition("@")[0]
        real = "" if self.n_real in (None, self.n) else f", {self.n_real} real"
        return f"{short}, n={self.n}{real}"

    def to_dict(self) -> dict[str, Any]:
        """Return the plain number and what belongs to it.

        Returns
        -------
        dict
            With value, name, extractor, n, definition; n_real and std where there are some.
        """
        known = {
            "value": float(self), "name": self.name, "extractor": self.extractor, "n": self.n,
            "n_real": self.n_real, "std": self.std, "definition": self.definition,
        }  # fmt: skip
        return {name: value for name, value in known.items() if value is not None}

    def __repr__(self) -> str:
        spread = "" if self.std is None else f" +- {self.std:.2g}"
        return f"{float(self):.6g}{spread} {self.label}"

    def __str__(self) -> str:
        version = f"extractor {self.extractor}; " if "@" in self.extractor else ""
        return f"{self!r}; {version}{self.definition}"

    def __reduce__(self) -> tuple:
        return _rebuild, (float(self), vars(self))


def _rebuild(value: float, fields: dict[str, Any]) -> Result:
    return Result(value, **fields)
