"""What a trick is, and finding one by its name."""

import builtins
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganc._backend import core
from ganc._named import Kind

if TYPE_CHECKING:
    from ganc.gan import GAN

__all__ = ["Trick", "get", "list"]


class Trick:
    """Base class of tricks: override what it changes; each method changes nothing by default.

    A GAN keeps a copy of a trick that is its own; `gan` is the model in the middle of a step, so
    ``gan.step`` and ``gan.epoch`` are the numbers of those completed.

    Attributes
    ----------
    name : str
        What ``GAN(tricks=...)`` finds it by.

    Examples
    --------
    >>> import ganc
    >>> class Shy(ganc.tricks.Trick):
    ...     "G keeps its samples near 0."
    ...     name = "shy"
    ...     def g_term(self, gan, real, fake, labels):
    ...         return fake.square().mean()
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> gan.tricks = ganc.tricks.get(Shy())
    >>> logs = gan.train_on_batch([[0.0, 1.0]] * 4)
    """

    name = "trick"
    source = ""

    def samples(self, gan: "GAN", x: core.Tensor) -> core.Tensor:
        """Return samples as D sees them, real and generated ones alike.

        Parameters
        ----------
        gan : GAN
        x : Tensor

        Returns
        -------
        Tensor
        """
        return x

    def fakes(self, gan: "GAN", fake: core.Tensor) -> core.Tensor:
        """Return the generated samples that D learns on, constants.

        Parameters
        ----------
        gan : GAN
        fake : Tensor

        Returns
        -------
        Tensor
        """
        return fake

    def logits(
        self, gan: "GAN", real: core.Tensor, fake: core.Tensor
    ) -> tuple[core.Tensor, core.Tensor]:
        """Return D's logits of real and of generated samples for D's loss.

        Parameters
        ----------
        gan : GAN
        real, fake : Tensor

        Returns
        -------
        tuple of Tensor
        """
        return real, fake

    def g_logits(self, gan: "GAN", fake: core.Tensor) -> core.Tensor:
        """Return D's logits of generated samples for G's loss.

        Parameters
        ----------
        gan : GAN
        fake : Tensor

        Returns
        -------
        Tensor
        """
        return fake

    def d_term(self, gan: "GAN") -> core.Tensor | None:
        """Return what D minimises besides, if anything.

        Parameters
        ----------
        gan : GAN

        Returns
        -------
        Tensor or None
            A scalar.
        """
        return None

    def g_term(
        self, gan: "GAN", real: core.Tensor, fake: core.Tensor, labels: Sequence[core.Tensor]
    ) -> core.Tensor | None:
        """Return what G minimises besides, if anything.

        Parameters
        ----------
        gan : GAN
        real, fake : Tensor
            The batch, and samples with a graph.
        labels : sequence of Tensor
            The batch's labels, where there are any.

        Returns
        -------
        Tensor or None
            A scalar.
        """
        return None

    def state(self) -> dict[str, Any]:
        """Return what a file must hold besides the options: numbers and arrays.

        Returns
        -------
        dict
        """
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned.

        Parameters
        ----------
        state : dict
        """

    def __repr__(self) -> str:
        options = (f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({', '.join(options)})"


KIND = Kind("tricks", Trick, "ganc.tricks.Trick")


def list() -> builtins.list[str]:
    """Return the names that ``GAN(tricks=...)`` takes.

    Returns
    -------
    list of str
    """
    return KIND.names()


def get(tricks: Any) -> tuple[Trick, ...]:
    """Return tricks for None, a name, an object, or a list of names and objects.

    Parameters
    ----------
    tricks : None, str, Trick, type, or list of these

    Returns
    -------
    tuple of Trick

    Raises
    ------
    ValueError
        For an unknown name, and for two of one name.
    TypeError
        For anything else.

    Examples
    --------
    >>> from ganc import tricks
    >>> tricks.get("label_flip")
    (LabelFlip(p=0.05),)
    """
    return KIND.several(tricks)
