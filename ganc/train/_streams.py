"""The streams of random numbers that a model's uses have, each a range of its own.

The core's generators are counters: a draw is a function of (seed, stream). So nothing has to be
carried along, and a run that was stopped anywhere continues with the same numbers.
"""

__all__ = ["INIT", "OWN_SAMPLES", "SAMPLES", "step_stream"]

INIT = 1 << 61  # first stream of weight initialisation
SAMPLES = 1 << 62  # of samples with a seed of their own
OWN_SAMPLES = SAMPLES + INIT  # of samples drawn with the model's seed, counted
_STEP = 1 << 24  # streams a training step may use


def step_stream(step: int) -> int:
    """Return the first stream of a training step."""
    return step * _STEP
