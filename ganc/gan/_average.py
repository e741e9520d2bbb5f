"""The averaged generator that samples are taken from."""

import copy
from typing import Any

from ganc._backend import core
from ganc._options import finite

__all__ = ["Average", "Averaged"]


class Average:
    """A copy of a generator whose parameters are exponential moving averages.

    After each update of G, average += (1 - decay_t) * (parameter - average), where decay_t is the
    smaller of `decay` and (1 + t) / (10 + t) after t updates: TensorFlow's warm-up. Buffers are
    copied, as StyleGAN's training loop does.

    Parameters
    ----------
    generator : Module
    decay : float

    Examples
    --------
    >>> import ganc
    >>> from ganc.gan._average import Average
    >>> net = ganc.nn.Linear(2, 2)
    >>> average = Average(net, 0.999)
    >>> average.generator is net, average.core.decay
    (False, 0.999)
    """

    def __init__(self, generator: Any, decay: float) -> None:
        self.source = generator
        self.generator = copy.deepcopy(generator).requires_grad_(False).eval()
        self.core = core.Average(
            list(generator.parameters()),
            list(self.generator.parameters()),
            list(generator.buffers()),
            list(self.generator.buffers()),
            decay,
        )


class Averaged:
    """Part of `Model`: the moving average of the network that makes samples."""

    _average: Average | None = None

    @property
    def ema(self) -> float | None:
        """Decay of the generator's moving average, or None; ``gan.ema = 0.999`` turns it on.

        Each update of G is followed by ``average += (1 - decay) * (parameter - average)``; in the
        first updates, t of them done, the decay is (1 + t) / (10 + t) while that is smaller, so
        that the average soon forgets the random beginning. Running statistics and other buffers
        are copied. Samples come from the average unless ``sample(ema=False)`` asks for G itself:
        they are better at almost any time (Yazici et al. 2019, arXiv:1806.04498; Karras et al.
        2018, arXiv:1710.10196).
        """
        return None if self._average is None else self._average.core.decay

    @ema.setter
    def ema(self, decay: float | None) -> None:
        self._average = None if decay is None else Average(self._maker(), _checked(decay))

    @property
    def ema_generator(self) -> Any:
        """The averaged generator, a module in evaluation mode; None without `ema`."""
        return None if self._average is None else self._average.generator

    def _maker(self) -> Any:
        """Return the network that makes samples of latents."""
        raise NotImplementedError

    def _sampler(self, ema: bool | None) -> Any:
        """Return the network that samples are asked of."""
        if ema and self._average is None:
            raise ValueError(
                "ema: got True, but no average is kept; set gan.ema = 0.999 before training"
            )
        return self._maker() if ema is False or self._average is None else self.ema_generator

    def _current_average(self) -> Any:
        """Return the core's average, begun anew if the generator has been replaced, or None."""
        if self._average is None:
            return None
        if self._average.source is not self._maker():
            self.ema = self.ema
        return self._average.core


def _checked(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(f"ema: got {value}, expected the decay as a number, for example 0.999")
    decay = finite("ema", value, 0.0)
    if not decay < 1:
        raise ValueError(f"ema: got {value}, expected a decay in [0, 1), for example 0.999")
    return decay
