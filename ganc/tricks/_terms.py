"""Tricks that add a term to what is minimised."""

from ganc._backend import core
from ganc._options import finite
from ganc._tensor._creation import eye
from ganc.nn._inference import without_graph
from ganc.tricks._trick import KIND, Trick

__all__ = ["FeatureMatching", "PullingAway"]


@KIND.register
class FeatureMatching(Trick):
    """G also minimises weight * mean (E f(x) - E f(G(z)))**2, f being D's last hidden layer.

    Parameters
    ----------
    weight : float, default 1.0

    Notes
    -----
    Source: Salimans et al. 2016, "Improved Techniques for Training GANs", section 3.1.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.VanillaGAN(seed=0, g_hidden=(8,), d_hidden=(8,))
    >>> gan.tricks = ganc.tricks.get("feature_matching")
    >>> logs = gan.train_on_batch(ganc.zeros(4, 1, 28, 28))
    """

    name = "feature_matching"
    source = "Salimans et al. 2016, arXiv:1606.03498, section 3.1"

    def __init__(self, weight: float = 1.0) -> None:
        self.weight = finite("weight", weight, 0.0)

    def g_term(self, gan, real, fake, labels):
        """Return how far the mean features are apart."""
        wanted = without_graph(gan.features, real, *labels)
        got = gan.features(fake, *labels)
        apart = core.mean(got.flatten(1), (0,)) - core.mean(wanted.flatten(1), (0,))
        return core.mean(core.square(apart)) * self.weight


@KIND.register
class PullingAway(Trick):
    """G also minimises weight * mean cos**2 of the features of every two of its samples.

    Features are D's last hidden layer; of an autoencoding D its code.

    Parameters
    ----------
    weight : float, default 0.1

    Notes
    -----
    Source: Zhao et al. 2017, "Energy-based Generative Adversarial Networks", equation 7.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.VanillaGAN(seed=0, g_hidden=(8,), d_hidden=(8,))
    >>> gan.tricks = ganc.tricks.get("pulling_away")
    >>> logs = gan.train_on_batch(ganc.zeros(4, 1, 28, 28))
    """

    name = "pulling_away"
    source = "Zhao et al. 2017, arXiv:1609.03126, equation 7"

    def __init__(self, weight: float = 0.1) -> None:
        self.weight = finite("weight", weight, 0.0)

    def g_term(self, gan, real, fake, labels):
        """Return how much samples are alike."""
        return pulling_away(gan.features(fake, *labels)) * self.weight


def pulling_away(features: core.Tensor) -> core.Tensor:
    """Return the mean squared cosine of every two rows."""
    rows = features.flatten(1)
    n = rows.shape[0]
    unit = rows / core.clamp_scalar(core.norm(rows, (1,), True), 1e-12, float("inf"))
    cosines = core.square(core.matmul(unit, core.permute(unit, (1, 0)))) * (1 - eye(n))
    return core.sum(cosines) * (1.0 / max(n * (n - 1), 1))
