"""The moving average of the generator as a callback."""

from collections.abc import Mapping

from ganc.callbacks._base import Callback

__all__ = ["EMA"]


class EMA(Callback):
    """Keep a moving average of the generator: the same as ``gan.ema = decay``.

    Samples come from the average then, those of other callbacks too; see `GAN.ema`, which also
    says how to turn it off again.

    Parameters
    ----------
    decay : float, default 0.999
        How much of the average an update of the generator leaves.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> _ = gan.fit(ganc.datasets.toy.ring(512), verbose=0, callbacks=[ganc.callbacks.EMA(0.99)])
    >>> gan.ema, (gan.sample(1, seed=0) == gan.sample(1, seed=0, ema=False)).all().item()
    (0.99, False)
    """

    def __init__(self, decay: float = 0.999) -> None:
        super().__init__()
        self.decay = decay

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Begin the average, unless it is there from an earlier run."""
        if self.model.ema != self.decay:
            self.model.ema = self.decay
