"""A discriminator that says two things of a sample."""

from ganc import nn
from ganc._backend import core

__all__ = ["TwoHeads"]


class TwoHeads(nn.Module):
    """A discriminator with a second head, for classes: of images, or which generator made them.

    Parameters
    ----------
    trunk : Module
        Gives features (N, F).
    features : int
        F.
    classes : int
    """

    def __init__(self, trunk: nn.Module, features: int, classes: int) -> None:
        super().__init__()
        self.features = trunk
        self.logit, self.of_class = nn.Linear(features, 1), nn.Linear(features, classes)

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Return logits (N, 1): real or generated."""
        return self.logit(self.features(x))

    def both(self, x: core.Tensor) -> tuple[core.Tensor, core.Tensor]:
        """Return the logits of real or generated, and those of the classes."""
        h = self.features(x)
        return self.logit(h), self.of_class(h)
