"""Letting everything that draws inside a block draw from streams of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from ganc._backend import core
from ganc.nn._inference import exclusive

__all__ = ["INIT", "drawing"]

INIT = 1 << 61  # first stream of weight initialisation


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
