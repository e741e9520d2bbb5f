"""Checks of the recorded curves."""

import numpy as np

from ganc.doctor._evidence import Evidence
from ganc.doctor._finding import Measured

__all__ = ["explosion", "losses", "oscillation"]

_EPOCHS = 12  # fewer tell nothing about swings
_LAST = 3
_BOUNDED = ("non_saturating", "minimax", "lsgan", "hinge")
_ABOUT_LOG_2 = ("non_saturating", "minimax", "lsgan")  # the others' losses may be about 0


def explosion(evidence: Evidence) -> Measured | None:
    """Largest gradient norm of the last epochs."""
    sides = {name: evidence.curve(f"{name}_grad_norm")[-_LAST:] for name in "dg"}
    largest = {name: float(v.max()) for name, v in sides.items() if len(v)}
    if not largest:
        return None
    worst = max(largest, key=largest.get)
    return Measured(
        largest[worst],
        f"the gradient of {worst.upper()} has grown to a norm of {largest[worst]:.3g}",
        f"Lower {worst}_lr to a tenth; nn.utils.clip_grad_norm_ in a train_step holds it.",
    )


def losses(evidence: Evidence) -> Measured | None:
    """Largest loss of the last epochs, of losses that compare logits with targets."""
    if evidence.loss_name not in _BOUNDED:
        return None
    last = [evidence.curve(f"{name}_loss")[-_LAST:] for name in "dg"]
    values = np.abs(np.concatenate(last))
    if not len(values):
        return None
    return Measured(
        float(values.max()),
        f"a loss has grown to {values.max():.3g} where a few units are usual",
        "Build the model anew and lower both learning rates: Adam's usual one is 2e-4.",
    )


def oscillation(evidence: Evidence) -> Measured | None:
    """How far G's loss swings from epoch to epoch around its course, in terms of its size."""
    if evidence.loss_name not in _ABOUT_LOG_2:
        return None
    loss = evidence.curve("g_loss")
    if len(loss) < _EPOCHS or not np.isfinite(loss).all():
        return None
    late = loss[len(loss) // 2 :]
    steps = np.arange(len(late))
    course = np.polyval(np.polyfit(steps, late, 1), steps)
    size = max(float(np.abs(late).mean()), 1e-12)
    swing = float((late - course).std()) / size
    return Measured(
        swing,
        f"the losses swing instead of settling: G's by {swing:.0%} of its size over the last "
        f"{len(late)} epochs",
        "Halve both learning rates and use betas=(0.5, 0.999), or keep an average: ema=0.999.",
    )
