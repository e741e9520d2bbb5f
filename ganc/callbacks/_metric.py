"""Measuring samples while training runs."""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

from numpy.typing import ArrayLike

from ganc._options import at_least
from ganc.callbacks._base import Callback
from ganc.metrics import _evaluate

__all__ = ["MetricCallback"]


class MetricCallback(Callback):
    """Measure samples against data every few epochs and record the numbers.

    The history has them under names that say how they were measured, such as
    ``frechet_distance(ganc-fashion-v1, n=1000)``, with NaN for the epochs between. Put it before
    callbacks that watch such a number.

    Parameters
    ----------
    x : array_like
        Real samples, in a form that `fit` takes; better ones that are not trained on.
    metrics : iterable of str or callable, optional
        As for `GAN.evaluate`.
    every : int, default 1
        Epochs between two measurements.
    n : int, default 1000
        At most so many samples of each kind, the same real ones and the same latents each time.
    extractor : str or callable, optional
        As for `GAN.evaluate`.
    seed : int, default 0
        Of the latents.

    Attributes
    ----------
    results : dict of str to float
        The last measurement, by plain names; ganc's metrics print how they were made.

    Examples
    --------
    >>> import ganc
    >>> x = ganc.datasets.toy.ring(1000, seed=0)
    >>> watch = ganc.callbacks.MetricCallback(x, ["ring_modes"], every=2, n=500)
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> history = gan.fit(x, epochs=2, verbose=0, callbacks=[watch])
    >>> list(history.history)[-1], history.history["modes_covered(of 8 modes, n=500)"]
    ('reverse_kl(of 8 modes, n=500)', [nan, 0.0])
    """

    def __init__(
        self,
        x: ArrayLike,
        metrics: Iterable[str | Callable] | None = None,
        every: int = 1,
        *,
        n: int = 1000,
        extractor: str | Callable | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.x, self.extractor, self.seed = x, extractor, seed
        self.metrics = None if metrics is None else _evaluate.checked(metrics)
        self.every, self.n = at_least("every", every, 1), at_least("n", n, 1)
        self.results: dict[str, float] = {}
        self._real: Any = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Choose the real samples, which are looked at once."""
        real = self.model.real_samples(self.x, self.n)
        if self.extractor is None:
            self.extractor = _evaluate.default_extractor(real)
        if self.metrics is None:
            self.metrics = _evaluate.default_metrics(real, self.extractor)
        self._real = _evaluate.Side("real", real, self.extractor)

    def on_epoch_end(self, epoch: int, logs: MutableMapping[str, float] | None = None) -> None:
        """Measure."""
        if (epoch + 1) % self.every:
            return
        fake = self.model.generate(len(self._real.samples), seed=self.seed)
        side = _evaluate.Side("fake", fake, self.extractor)
        self.results = _evaluate.measure(self._real, side, self.metrics)
        if logs is not None:
            logs.update({_column(name, v): float(v) for name, v in self.results.items()})


def _column(name: str, value: float) -> str:
    conditions = getattr(value, "conditions", "")
    return f"{name}({conditions})" if conditions else name
