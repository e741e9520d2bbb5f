"""How fast training goes, and how long the rest will take."""

import math

__all__ = ["WARM_UP", "Throughput", "clock_text"]

WARM_UP = 20  # steps before a time left is told
_SLOW = 4  # first steps, which allocate memory and wake threads, and do not count


def clock_text(seconds: float) -> str:
    """Return a time as "1:05" or "2:01:05".

    >>> from ganc._throughput import clock_text
    >>> clock_text(65), clock_text(7265)
    ('1:05', '2:01:05')
    """
    minutes, s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{s:02}" if hours else f"{minutes}:{s:02}"


class Throughput:
    """Measures steps, and what lies between two epochs, apart from each other.

    Parameters
    ----------
    now : float
        The time at which training begins, of any clock in seconds.

    Examples
    --------
    >>> from ganc._throughput import Throughput
    >>> speed = Throughput(0.0)
    >>> for i in range(20):
    ...     speed.step(0.5 + 0.1 * i)  # the first step takes longer
    >>> speed.told(), round(speed.left(steps=100, epochs=0), 6)
    (True, 10.0)
    """

    def __init__(self, now: float) -> None:
        self.steps = 0  # made so far
        self._mark = now
        self.counted = 0  # of them, those that are measured
        self._in_steps = 0.0
        self._between, self._gaps = 0.0, 0

    def epoch(self, now: float) -> None:
        """Note that an epoch begins."""
        if self.steps:
            self._between += now - self._mark
            self._gaps += 1
        self._mark = now

    def step(self, now: float) -> None:
        """Note that a step has been made."""
        self.steps += 1
        if self.steps > _SLOW:
            self._in_steps += now - self._mark
            self.counted += 1
        self._mark = now

    @property
    def step_seconds(self) -> float:
        """Mean time of a step; NaN in the beginning."""
        return self._in_steps / self.counted if self.counted else math.nan

    def told(self) -> bool:
        """Whether enough steps have been seen to say how long the rest will take."""
        return self.steps >= WARM_UP

    def left(self, steps: float, epochs: float) -> float:
        """Return the seconds that so many more steps and ends of epochs will take."""
        ends = epochs * self._between / self._gaps if self._gaps else 0.0
        return steps * self.step_seconds + ends
