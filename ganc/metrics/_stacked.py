"""Modes of stacked digits, counted by a classifier of digits."""

from typing import Any

import numpy as np

from ganc.metrics._classes import divergence
from ganc.metrics._features import every, logits_of
from ganc.metrics._result import Result

__all__ = ["stacked_modes"]


def stacked_modes(fake: Any) -> Result:
    """Count how many of the 1,000 three-digit numbers occur among stacked digits.

    ganc's classifier of MNIST digits reads each of the three channels.

    Parameters
    ----------
    fake : array_like
        Images (N, 28, 28, 3) or (N, 3, 28, 28) in a form that `fit` takes.

    Returns
    -------
    Result
        ``.details`` has ``kl``, the divergence KL(generated || even) in nats, and ``counts``.
        Published figures (Lin et al. 2018: 26,000 samples) are of another classifier.

    Raises
    ------
    ValueError
        If they are not three-channel images of 28x28.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> blank = np.zeros((10, 28, 28, 3), np.uint8)
    >>> metrics.stacked_modes(blank) + 0
    1.0
    """
    images = every(fake, "fake")
    if images.ndim == 4 and images.dtype == np.uint8 and images.shape[-1] == 3:
        images = images.transpose(0, 3, 1, 2)
    if images.shape[1:] != (3, 28, 28):
        raise ValueError(
            f"fake: got images of shape {images.shape[1:]}, expected (3, 28, 28): a digit in each "
            "channel"
        )
    digits = [
        logits_of("fake", np.ascontiguousarray(images[:, i]), "mnist").logits.argmax(axis=1)
        if images.dtype == np.uint8
        else logits_of("fake", images[:, i : i + 1], "mnist").logits.argmax(axis=1)
        for i in range(3)
    ]
    counts = np.bincount(digits[0] * 100 + digits[1] * 10 + digits[2], minlength=1000)
    n = len(images)
    kl = divergence(counts / n, np.full(1000, 1e-3))
    return Result(
        (counts > 0).sum(), "modes covered (of 1000 stacked digits)",
        extractor="ganc-mnist-v1, channel by channel", n=n,
        definition="numbers of three digits that a classifier reads in at least one sample",
        details={"counts": counts, "kl": kl},
    )  # fmt: skip
