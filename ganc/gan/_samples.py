"""Samples of a model: drawing latents, generating, comparing with data."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc._backend import core
from ganc._options import at_least, seed_word
from ganc.gan import _door, _latents, _streams

__all__ = ["Samples"]


class Samples:
    """Part of `Model`: what a trained generator is asked for."""

    def sample(
        self,
        n: int,
        *,
        labels: None = None,
        seed: int | None = None,
        truncation: float | None = None,
        ema: bool | None = None,
    ) -> np.ndarray:
        """Generate samples.

        The generator is in evaluation mode: batch norm uses its running statistics, so a sample
        does not depend on the others. Training is not disturbed.

        Parameters
        ----------
        n : int
            How many.
        labels : None
            This model takes none.
        seed : int, optional
            The same seed gives the same samples, whatever `n`; by default they differ each time.
        truncation : float, optional
            Draw latents beyond +-truncation again: less variety, fewer odd samples.
        ema : bool, optional
            From the averaged generator or from G itself; by default the average where one is
            kept (see `GAN.ema`).

        Returns
        -------
        ndarray of float32, shape (n, C, H, W) or (n, F)
            Images are in [-1, 1]; `ganc.to_uint8` converts them.

        Examples
        --------
        >>> import ganc
        >>> gan = ganc.models.VanillaGAN(seed=0)
        >>> images = ganc.to_uint8(gan.sample(3, seed=7))
        >>> images.shape, images.dtype.name
        ((3, 28, 28), 'uint8')
        """
        if labels is not None:
            raise ValueError("labels: this model was built without labels; leave them out")
        return self._generate(self._latents(n, seed, truncation), ema)

    def sample_latent(self, n: int, *, seed: int | None = None) -> np.ndarray:
        """Draw latents as `sample` does.

        Parameters
        ----------
        n : int
        seed : int, optional

        Returns
        -------
        ndarray of float32, shape (n, latent_dim)
        """
        return self._latents(n, seed, None)

    def interpolate(
        self,
        n: int = 8,
        *,
        start: ArrayLike | None = None,
        end: ArrayLike | None = None,
        seed: int | None = None,
        ema: bool | None = None,
    ) -> np.ndarray:
        """Generate samples on the way from one latent to another.

        Normal latents are turned on the sphere (Shoemake's slerp), since the straight line between
        two of them passes where the generator was never trained; uniform ones go straight.

        Parameters
        ----------
        n : int, default 8
            How many, both ends included.
        start, end : array_like, shape (latent_dim,), optional
            Latents; by default drawn.
        seed : int, optional
            For the drawn ones.
        ema : bool, optional
            As for `sample`.

        Returns
        -------
        ndarray, shape (n, C, H, W) or (n, F)
        """
        drawn = self._latents(2, seed, None)
        ends = [
            drawn[i] if z is None else _latents.given(name, z, self.latent_dim)
            for i, (name, z) in enumerate((("start", start), ("end", end)))
        ]
        way = _latents.slerp if self.latent == "normal" else _latents.lerp
        return self._generate(way(*ends, at_least("n", n, 2)), ema)

    def show(self, n: int = 16, *, seed: int | None = None, ax: Any = None) -> Any:
        """Draw samples with matplotlib.

        Parameters
        ----------
        n : int, default 16
        seed : int, optional
        ax : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        from ganc import plot

        return plot.samples(self.sample(n, seed=seed), ax=ax)

    def _latents(self, n: int, seed: int | None, truncation: float | None) -> np.ndarray:
        n = at_least("n", n, 0)
        if seed is None:
            key, stream = self.seed, _streams.OWN_SAMPLES + self._drawn * 256
            self._drawn += 1
        else:
            key, stream = seed_word("seed", seed), _streams.SAMPLES
        generator = core.Generator(key)
        generator.stream = stream
        return _latents.truncated(generator, n, self.latent_dim, self.latent, truncation)

    def evaluate(
        self,
        x: ArrayLike,
        metrics: Iterable[str | Callable] | None = None,
        *,
        n: int = 1000,
        extractor: str | Callable | None = None,
        seed: int = 0,
    ) -> dict[str, float]:
        """Compare samples with data.

        Parameters
        ----------
        x : array_like
            Real samples, in a form that `fit` takes.
        metrics : iterable of str or callable, optional
            Names of `ganc.metrics.list`, and functions of (real, fake), two arrays in [-1, 1],
            that give a number. By default what fits the data.
        n : int, default 1000
            At most so many of each. Published Fréchet distances take 10,000 or more.
        extractor : str or callable, optional
            What images are seen through, as for `ganc.metrics.features`.
        seed : int, default 0
            Of the samples.

        Returns
        -------
        dict of str to float
            An entry for each number, by its name. Those of ganc's metrics print how they were
            measured.

        Examples
        --------
        >>> import ganc
        >>> gan = ganc.models.ToyGAN(seed=0)
        >>> found = gan.evaluate(ganc.datasets.toy.ring(2500, seed=0), ["ring_modes"], n=2500)
        >>> found["modes_covered"]
        0 modes covered (of 8 modes, n=2500)
        """
        from ganc.metrics import evaluate

        real = _door.evaluation_array(self, x, at_least("n", n, 1))
        return evaluate(real, self.sample(len(real), seed=seed), metrics, extractor=extractor)
