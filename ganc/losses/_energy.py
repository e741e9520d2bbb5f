"""The loss of a discriminator that gives energies: low for real samples."""

from ganc._backend import core
from ganc._options import finite
from ganc.losses._loss import GANLoss, register

__all__ = ["EnergyLoss"]


@register("energy")
class EnergyLoss(GANLoss):
    """D: mean r + mean relu(margin - f); G: mean f.

    For a D that gives energies, at least 0, such as the error of an autoencoder: it answers real
    samples with little and pushes generated ones up to the margin.

    Parameters
    ----------
    margin : float, default 10.0
        Energies of fakes above it are of no more use to D.
    label_smoothing : float, default 0.0
        This loss has no targets: only 0.

    Notes
    -----
    Source: Zhao et al. 2017, "Energy-based Generative Adversarial Networks", equations 1 and 2.

    Examples
    --------
    >>> import ganc
    >>> loss = ganc.losses.EnergyLoss(margin=3)
    >>> loss.d_loss(ganc.ones(4, 1), ganc.ones(4, 1)).item()
    3.0
    """

    source = "Zhao et al. 2017, arXiv:1609.03126, eq. 1-2"

    def __init__(self, margin: float = 10.0, label_smoothing: float = 0.0) -> None:
        super().__init__(label_smoothing=label_smoothing)
        self.margin = finite("margin", margin, 0.0)

    def d_loss(self, real, fake):
        return core.mean(real) + core.mean(core.relu(self.margin - fake))

    def g_loss(self, fake, real=None):
        return core.mean(fake)

    def equilibrium(self) -> tuple[float, float | None]:
        """Return the losses where D answers all samples alike; see `GANLoss.equilibrium`."""
        return self.margin, None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(margin={self.margin})"
