"""`Ramp`: a number that changes while a model trains."""

import math
from typing import Any

from ganc._options import at_least, choose, finite

__all__ = ["Ramp"]


class Ramp:
    """A number that goes from one value to another within some steps, and then stays.

    Parameters
    ----------
    start, end : float
    steps : int
        In the step after these the number is `end`.
    shape : {"cosine", "linear"}, default "cosine"
        Half a cosine, slow at both ends, or a straight line.
    after : int, default 0
        Steps before it begins to change.

    Raises
    ------
    TypeError, ValueError
        If a number is not as described.

    Examples
    --------
    >>> from ganc.train import Ramp
    >>> rate = Ramp(1.0, 0.0, steps=100)
    >>> [round(rate.at(step), 3) for step in (0, 25, 50, 100, 200)]
    [1.0, 0.854, 0.5, 0.0, 0.0]
    """

    def __init__(
        self, start: float, end: float, steps: int, shape: str = "cosine", after: int = 0
    ) -> None:
        self.start, self.end = finite("start", start), finite("end", end)
        self.steps, self.after = at_least("steps", steps, 1), at_least("after", after, 0)
        self.shape = choose("shape", shape, ("cosine", "linear"))

    def at(self, step: int) -> float:
        """Return the number for a step.

        Parameters
        ----------
        step : int
            Steps made before.

        Returns
        -------
        float
        """
        done = min(max(step - self.after, 0) / self.steps, 1.0)
        if self.shape == "cosine":
            done = (1 - math.cos(math.pi * done)) / 2
        return (1 - done) * self.start + done * self.end

    def to_data(self) -> list[Any]:
        """Return the arguments as plain data.

        Returns
        -------
        list
        """
        return [self.start, self.end, self.steps, self.shape, self.after]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None

    def __repr__(self) -> str:
        after = f", after={self.after}" if self.after else ""
        return f"Ramp({self.start:g}, {self.end:g}, steps={self.steps}, {self.shape!r}{after})"
