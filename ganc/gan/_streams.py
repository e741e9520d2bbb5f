"""Random numbers of a model as pure functions of (seed, where).

The core's generators are counters: a draw is a function of (seed, stream). A model gives each of
its uses its own range of streams, so nothing has to be carried along, and a run that was stopped
anywhere continues with the same numbers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ganc._backend import core
from ganc.nn._inference import exclusive

__all__ = ["INIT", "OWN_SAMPLES", "SAMPLES", "drawing", "step_stream"]

INIT = 1 << 61  # first stream of weight initialisation
SAMPLES = 1 << 62  # of samples with a seed of their own
OWN_SAMPLES = SAMPLES + INIT  # of samples drawn with the model's seed, counted
_STEP = 1 << 24  # streams a training step may use


def step_stream(step: int) -> int:
    """Return the first stream of a training step."""
    return step * _STEP


@contextmanager
def drawing(seed: int, stream: int) -> Iterator[core.Generator]:
    """Let everything that draws inside the block draw from (seed, stream), (seed, stream + 1)...

    The state of the default generator is put back at the end; other threads wait.
    """
    generator = core.default_generator
    with exclusive:
        kept = generator.seed, generator.stream
        generator.seed, generator.stream = seed, stream
        try:
            yield generator
        finally:
            generator.seed, generator.stream = kept
