"""Several generators that share layers, as the GANs have them that push these apart."""

from types import SimpleNamespace
from typing import Any

from ganc import nn
from ganc._backend import core
from ganc.gan._labels import rows_of
from ganc.models._preset import Preset

__all__ = ["Generators", "SeveralGenerators", "numbers_of", "refuse_comparing"]


class Generators(nn.Module):
    """Generators with layers of their own and layers that they share, before or behind these.

    Parameters
    ----------
    before : Module
        Shared, of latents.
    own : list of Module
        One for each generator.
    behind : Module
        Shared, of what these give.
    """

    def __init__(self, before: nn.Module, own: list[nn.Module], behind: nn.Module) -> None:
        super().__init__()
        self.before, self.own, self.behind = before, nn.ModuleList(own), behind

    def everyone(self, z: core.Tensor) -> core.Tensor:
        """Return the samples of all generators of the same latents, one generator after another."""
        h = self.before(z)
        return self.behind(core.cat([part(h) for part in self.own], 0))

    def forward(self, z: core.Tensor, which: core.Tensor) -> core.Tensor:
        """Return samples of latents (N, L), each by the generator with its number."""
        h = self.before(z)
        shares = rows_of(which, len(self.own))
        mixed = None
        for i, part in enumerate(self.own):
            made = part(h)
            share = core.narrow(shares, 1, i, 1).reshape(-1, *[1] * (made.ndim - 1))
            mixed = made * share if mixed is None else mixed + made * share
        return self.behind(mixed)


class SeveralGenerators(Preset):
    """A GAN whose generator is `Generators`: labels of samples say which of them made it."""

    _conditional = True
    _judges_labels = False

    def __init__(self, arguments: dict[str, Any]) -> None:
        super().__init__(arguments)
        refuse_comparing(self)
        self.FIELDS = self.FIELDS[:1]  # data have no labels

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {"classes": c.generators}


def refuse_comparing(gan: Preset) -> None:
    """Raise if G's loss compares with real samples, where no such pairs are made."""
    if getattr(gan.loss, "relativistic", False):
        raise ValueError(
            f"loss: got {gan.loss.name!r}, relativistic; {type(gan).__name__} has no pairs of real "
            'and generated samples to compare, choose another such as "non_saturating"'
        )


def numbers_of(generators: int, n: int) -> core.Tensor:
    """Return which generator made each of the samples of `Generators.everyone`."""
    return core.tensor([float(i) for i in range(generators) for _ in range(n)])
