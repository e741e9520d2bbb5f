"""The doctor: what is wrong with a training run, in one sentence each, with the number behind it.

`_checks` has the table of all checks; one module holds each family of them, `_evidence` what they
look at.
"""

from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from ganc.doctor._finding import Diagnosis

__all__ = ["doctor"]


def doctor(
    history_or_gan: Any,
    x: Any = None,
    y: ArrayLike | None = None,
    *,
    validation_data: Any = None,
    seed: int = 0,
) -> "Diagnosis":
    """Say what is wrong with a run: each finding with its number, and one thing to try.

    A history alone tells of its curves; a model of its networks too; with the data it was trained
    on, samples are compared with them. Nothing of the model changes. Thresholds were set by runs
    that failed on purpose and by healthy ones.

    Parameters
    ----------
    history_or_gan : History or GAN
        Other models of ganc are looked at as far as a check fits them.
    x : array_like, Dataset or DataLoader, optional
        The training data, in a form that `fit` takes; of wrong ones the doctor says what is wrong.
    y : array_like of int, optional
        Their labels.
    validation_data : array_like, Dataset or DataLoader, optional
        Samples that were not trained on, which show a discriminator that learns by heart.
    seed : int, default 0
        Of the samples that are looked at.

    Returns
    -------
    Diagnosis
        A sequence of findings, empty if there are none. A finding has ``name``, ``sentence``,
        ``number``, ``threshold``, ``advice``, ``explanation`` and ``link``; ``measured`` has the
        number of each check that could be made. A notebook opens the explanation at a click.

    Raises
    ------
    TypeError
        For something else than a history or a model.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> discriminator = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    >>> gan = ganc.GAN(nn.Linear(2, 2), discriminator, latent_dim=2, seed=0)
    >>> x = ganc.datasets.toy.ring(500, seed=0)
    >>> [finding.name for finding in ganc.doctor(gan, x * 300)]
    ['data-range']
    """
    from ganc.doctor._checks import CHECKS
    from ganc.doctor._evidence import Evidence
    from ganc.doctor._finding import examine

    return examine(CHECKS, Evidence(history_or_gan, x, y, validation_data, seed))
