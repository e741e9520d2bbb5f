"""A clock that no machine can make go slower or faster."""

import time

import pytest


class Clock:
    """What `time.perf_counter` tells: it moves by `tick` whenever it is read, and when told to."""

    def __init__(self):
        self.now, self.tick = 0.0, 0.0

    def __call__(self):
        self.now += self.tick
        return self.now

    def passes(self, seconds):
        """Return a function, for a callback, that lets time pass."""
        return lambda *_: setattr(self, "now", self.now + seconds)


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(time, "perf_counter", made)
    return made
