"""`Networks`: what a model is made of, before it learns anything.

Networks by name, the optimizers that train them, the fields of a batch that they fit, and the
moving averages that results are taken from.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ganc._options import at_least, entropy, seed_word
from ganc.data._conversion import pixel_range as checked_range
from ganc.nn import Module, Parameter
from ganc.train._average import Average, checked_decay
from ganc.train._field import Field, check_fields
from ganc.train._network import count, parameters_of

__all__ = ["Networks"]

_SMALL = 4096  # a size that needs no weights to be believed


class Networks:
    """Networks, optimizers and averages by name; the lowest layer of `Model`."""

    FIELDS: tuple[Field, ...] = (Field("x", "image"),)
    OPTIMIZERS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    GENERATORS: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_fields(cls.__name__, cls.FIELDS)

    def __init__(self, pixel_range: Sequence[float], seed: int | None) -> None:
        self.pixel_range = checked_range(pixel_range)
        self.seed = entropy() if seed is None else seed_word("seed", seed)
        self.classes: int | None = None
        self._ema: float | None = None
        self._averages: dict[str, Average] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}  # of samples, once the networks are checked

    @property
    def ema(self) -> float | None:
        """Decay of the generators' moving averages, or None; ``gan.ema = 0.999`` turns them on.

        Each update of G is followed by ``average += (1 - decay) * (parameter - average)``; in the
        first updates, t of them done, the decay is (1 + t) / (10 + t) while that is smaller, so
        that the average soon forgets the random beginning. Running statistics and other buffers
        are copied. Samples come from the average unless ``sample(ema=False)`` asks for G itself:
        they are better at almost any time (Yazici et al. 2019, arXiv:1806.04498; Karras et al.
        2018, arXiv:1710.10196).
        """
        return self._ema

    @ema.setter
    def ema(self, decay: float | None) -> None:
        if decay is not None and not self.GENERATORS:
            raise ValueError(
                f"ema: {type(self).__name__} names no GENERATORS, the networks whose averages it "
                "would keep"
            )
        self._ema = None if decay is None else checked_decay(decay)
        parts = self._parts()
        names = () if decay is None else self.GENERATORS
        self._averages = {name: Average(parts[name], self._ema) for name in names}

    def _checked_option(self, name: str, value: Any) -> Any:
        """Return an option that a file says, as the constructor takes it, or raise."""
        if name == "pixel_range":
            return checked_range(value)
        if name == "classes":
            return None if value is None else self._by_weights(name, at_least(name, value, 1))
        own = getattr(self, name, None)
        if own is not None and value is not None and type(value) is not type(own):
            raise TypeError(f"{name}: got {value!r:.80}, expected a value such as {own!r:.80}")
        return value

    def _by_weights(self, name: str, size: int) -> int:
        """Return a size that goes into or comes out of a network, if it has weights enough."""
        most = max(map(count, self._parts().values()))
        if size > max(most, _SMALL):
            raise ValueError(f"{name}: got {size}, but no network has more than {most} weights")
        return size

    def averaged(self, name: str, ema: bool | None = None) -> Module:
        """Return the network that results are asked of: its average where one is kept.

        Parameters
        ----------
        name : str
            Of the network.
        ema : bool, optional
            Whether the average is wanted; by default where there is one.

        Returns
        -------
        Module

        Raises
        ------
        ValueError
            If there is no such network, or an average is asked for and none is kept.
        """
        parts = self._parts()
        if name not in parts:
            raise ValueError(f"got {name!r:.80}, expected one of the networks {', '.join(parts)}")
        average = self._averages.get(name)
        if ema and average is None:
            raise ValueError(
                "ema: got True, but no average is kept; set gan.ema = 0.999 before training"
            )
        return parts[name] if ema is False or average is None else average.network

    def inputs_of(self, name: str) -> tuple[tuple[int, ...], ...]:
        """Return the shapes of one sample's inputs of a network, for `summary`.

        By default that is one input, the first field of a batch; a model whose networks take
        something else overrides it.

        Parameters
        ----------
        name : str
            Of the network.

        Returns
        -------
        tuple of tuple of int

        Raises
        ------
        ValueError
            If they are not known yet.
        """
        first = self.FIELDS[0].name
        if first not in self._shapes:
            raise ValueError(
                f"{type(self).__name__}.summary: the shape of {first} is not known before data "
                "were seen; call fit or train_on_batch first"
            )
        return (self._shapes[first],)

    def _average_of(self, name: str) -> Any:
        """Return the core's average of a network, begun anew if that was replaced, or None."""
        average = self._averages.get(name)
        if average is None:
            return None
        network = getattr(self, name)
        if average.source is not network:
            average = self._averages[name] = Average(network, self._ema)
        return average.core

    # ---- what the rest of training asks ----

    def _parts(self) -> dict[str, Module]:
        """Return the networks by name."""
        names = [name for group in self.OPTIMIZERS.values() for name in group]
        parts = {name: getattr(self, name, None) for name in names}
        for name, network in parts.items():
            if not isinstance(network, Module):
                raise TypeError(
                    f"{type(self).__name__}.OPTIMIZERS: the model has no network {name!r}; set it "
                    "in __init__"
                )
        return parts

    def _trained_by(self, optimizer: str) -> list[Parameter]:
        """Return the parameters that an optimizer may hold, in the order that files count."""
        return parameters_of(*map(self._parts().get, self.OPTIMIZERS[optimizer]))

    def _fits(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Check once that the networks fit samples of these shapes, given by field."""
        known = self._shapes
        if any(known.get(name) != shape for name, shape in shapes.items()):
            self._check_shapes(shapes)
            self._shapes = {**known, **shapes}

    def _check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise unless the networks fit samples of these shapes."""
