"""`LatentModel`: a model that makes samples of latents, as GANs and autoencoders do."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc import metrics as all_metrics
from ganc import plot
from ganc._backend import core
from ganc._options import at_least, choose, seed_word
from ganc.gan import _labels, _latents, _networks
from ganc.nn import Module
from ganc.plot._images import Rows
from ganc.train import Model, _streams
from ganc.train._field import evaluation_array

__all__ = ["LatentModel"]


class LatentModel(Model):
    """A model whose first generator takes latents, and labels where the model has classes.

    Parameters
    ----------
    latent_dim : int or tuple of int
        Shape of one latent.
    latent : {"normal", "uniform"}
        Latents from N(0, 1) or U(-1, 1).
    pixel_range, seed
        As for `Model`.
    """

    OPTIONS = (*Model.OPTIONS, "latent_dim", "latent")

    def __init__(
        self,
        latent_dim: int | Sequence[int],
        latent: str,
        pixel_range: Sequence[float],
        seed: int | None,
    ) -> None:
        super().__init__(pixel_range=pixel_range, seed=seed)
        self.latent_dim = _latents.shape_of(latent_dim)
        self.latent = choose("latent", latent, _latents.KINDS)

    @property
    def ema_generator(self) -> Module | None:
        """The averaged generator, a module in evaluation mode; None without `ema`."""
        average = self._averages.get(self.GENERATORS[0])
        return None if average is None else average.network

    def noise(self, n: int) -> core.Tensor:
        """Draw latents for a training step.

        Parameters
        ----------
        n : int

        Returns
        -------
        Tensor, shape (n, latent_dim)
        """
        return _latents.draw(core.default_generator, n, self.latent_dim, self.latent)

    # ---- samples ----

    def sample(
        self,
        n: int,
        *,
        labels: ArrayLike | None = None,
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
        labels : int or array_like of int, shape (n,), optional
            What they show, for models that were trained with labels; by default each class in turn.
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
        return self.generate(n, labels=labels, seed=seed, truncation=truncation, ema=ema)

    def generate(
        self,
        n: int,
        *,
        seed: int | None = None,
        labels: ArrayLike | None = None,
        truncation: float | None = None,
        ema: bool | None = None,
    ) -> np.ndarray:
        """Make samples; see `sample`."""
        given = _labels.asked(self, labels, at_least("n", n, 0))
        return self._of_latents(self._latents(n, seed, truncation), *given, ema=ema)

    def preview(self, n: int, *, seed: int | None = None) -> np.ndarray:
        """Return samples: of a model with classes a row of each, as long as n calls for."""
        if not self._conditional:
            return self.generate(n, seed=seed)
        ncol = max(-(-n // _labels.known_classes(self)), 1)
        rows = np.repeat(np.arange(self.classes), ncol)
        return Rows.of(self.generate(len(rows), seed=seed, labels=rows), ncol)

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
        labels: ArrayLike | None = None,
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
        labels : int or array_like of int, shape (n,), optional
            As for `sample`; by default class 0.
        seed : int, optional
            For the drawn ones.
        ema : bool, optional
            As for `sample`.

        Returns
        -------
        ndarray, shape (n, C, H, W) or (n, F)
        """
        drawn = self._latents(2, seed, None) if start is None or end is None else ()
        ends = [
            drawn[i] if z is None else _latents.given(name, z, self.latent_dim)
            for i, (name, z) in enumerate((("start", start), ("end", end)))
        ]
        way = _latents.slerp if self.latent == "normal" else _latents.lerp
        z = way(*ends, at_least("n", n, 2))
        return self._of_latents(z, *self._labels_along(labels, n), ema=ema)

    def interpolate_classes(
        self,
        n: int = 8,
        *,
        start: int = 0,
        end: int = 1,
        z: ArrayLike | None = None,
        seed: int | None = None,
        ema: bool | None = None,
    ) -> np.ndarray:
        """Generate samples of one latent on the way from one class to another.

        Parameters
        ----------
        n : int, default 8
            How many, both ends included.
        start, end : int, default 0, 1
            Classes.
        z : array_like, shape (latent_dim,), optional
            The latent; by default drawn.
        seed : int, optional
            For a drawn one.
        ema : bool, optional
            As for `sample`.

        Returns
        -------
        ndarray, shape (n, C, H, W) or (n, F)

        Raises
        ------
        ValueError
            If the model has no classes, or not these.

        Examples
        --------
        >>> import ganc
        >>> gan = ganc.models.ConvCGAN(channels=4, hidden=16, seed=0)
        >>> gan.interpolate_classes(5, start=3, end=8, seed=0).shape
        (5, 1, 28, 28)
        """
        if not self._conditional:
            raise ValueError(f"interpolate_classes: {type(self).__name__} has no classes")
        ends = _labels.asked(self, [start, end], 2)[0].astype(int)
        rows = np.eye(_labels.known_classes(self), dtype=np.float32)[ends]
        drawn = self._latents(1, seed, None)[0] if z is None else None
        latent = drawn if z is None else _latents.given("z", z, self.latent_dim)
        n = at_least("n", n, 2)
        return self._of_latents(
            np.repeat(latent[None], n, axis=0), _latents.lerp(*rows, n), ema=ema
        )

    def show(self, n: int = 16, *, seed: int | None = None, ax: Any = None) -> Any:
        """Draw samples with matplotlib; of a model with classes, a row of each.

        Parameters
        ----------
        n : int, default 16
        seed : int, optional
        ax : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return plot.samples(self.preview(n, seed=seed), ax=ax)

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
        real = evaluation_array(self, x, at_least("n", n, 1))
        fake = self.sample(len(real), seed=seed)
        return all_metrics.evaluate(real, fake, metrics, extractor=extractor)

    # ---- what Model asks for ----

    def _checked_option(self, name: str, value: Any) -> Any:
        if name == "latent_dim":
            shape = _latents.shape_of(value)
            self._by_weights(name, math.prod(shape))
            return shape
        if name == "latent":
            return choose(name, value, _latents.KINDS)
        return super()._checked_option(name, value)

    def _labels_along(self, labels: ArrayLike | None, n: int) -> tuple[np.ndarray, ...]:
        """Return the labels of n samples on a way or a plane: by default all of class 0."""
        return _labels.asked(self, 0 if labels is None and self._conditional else labels, n)

    @property
    def _can_show(self) -> bool:
        return not self._conditional or self.classes is not None

    def _generator_inputs(self, n: int, seed: int) -> tuple[np.ndarray, ...]:
        return (self._latents(n, seed, None), *_labels.asked(self, None, n))

    @property
    def _conditional(self) -> bool:
        """Whether the generator takes labels."""
        return any(field.kind == "label" for field in self.FIELDS)

    @property
    def _judges_labels(self) -> bool:
        """Whether the other networks take labels beside samples."""
        return self._conditional

    def _told(self, labels: Sequence[Any]) -> Sequence[Any]:
        """Return the labels that the other networks take: those given, or none."""
        return labels if self._judges_labels else ()

    def _of_latents(
        self, z: np.ndarray, *labels: np.ndarray, ema: bool | None = None
    ) -> np.ndarray:
        """Return samples of latents, images in [-1, 1]."""
        return self.predict(self.GENERATORS[0], z, *labels, ema=ema)

    def _check_shapes(self, shapes: dict[str, tuple[int, ...]]) -> None:
        name, first = self.GENERATORS[0], self.FIELDS[0].name
        network, labels = self._parts()[name], _labels.two(self)
        _networks.check_generator(name, network, self.latent_dim, shapes[first], labels)

    def inputs_of(self, name: str) -> tuple[tuple[int, ...], ...]:
        """Return the shapes of one sample's inputs of a network; see `Model.inputs_of`."""
        if name == self.GENERATORS[0]:
            return (self.latent_dim, *((),) * self._conditional)
        labels = ((),) * self._judges_labels
        first = self.FIELDS[0].name
        if first not in self._shapes:
            z = np.zeros((1, *self.latent_dim), np.float32)
            one = tuple(two[:1] for two in _labels.two(self))
            return (self._of_latents(z, *one).shape[1:], *labels)
        return (self._shapes[first], *labels)

    def _latents(self, n: int, seed: int | None, truncation: float | None) -> np.ndarray:
        n = at_least("n", n, 0)
        if seed is None:
            generator = core.Generator(self.seed)
            generator.stream = _streams.OWN_SAMPLES + self._drawn * 256
            self._drawn += 1
        else:
            generator = core.Generator(seed_word("seed", seed))
            generator.stream = _streams.SAMPLES
        return _latents.truncated(generator, n, self.latent_dim, self.latent, truncation)

    def _facts(self) -> dict[str, dict[str, Any]]:
        facts = super()._facts()
        facts["data"]["latents"] = {"kind": self.latent, "shape": list(self.latent_dim)}
        if self._conditional:
            facts["data"]["classes"] = self.classes
        return facts
