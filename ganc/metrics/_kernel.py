"""The kernel distance: squared maximum mean discrepancy with a polynomial kernel."""

from typing import Any

import numpy as np

from ganc._options import at_least, finite, seed_word
from ganc.metrics._features import Extractor, pair
from ganc.metrics._result import Result

__all__ = ["kernel_distance"]


def kernel_distance(
    real: Any,
    fake: Any,
    *,
    extractor: Extractor = None,
    subsets: int = 100,
    subset_size: int = 1000,
    degree: int = 3,
    gamma: float | None = None,
    coef0: float = 1.0,
    seed: int = 2020,
) -> Result:
    """Kernel distance between the features of real and of generated samples; 0 is best.

    The unbiased estimate of the squared maximum mean discrepancy with the kernel
    ``(gamma <x, y> + coef0)**degree``, averaged over random subsets. With Inception-v3's features
    this is called KID. Its expectation does not depend on the number of samples, so it serves
    small `n`, and may come out slightly negative.

    Parameters
    ----------
    real, fake : array_like or Features
        As for `frechet_distance`.
    extractor : str or callable, optional
        As for `features`.
    subsets : int, default 100
        How many subsets are averaged.
    subset_size : int, default 1000
        Samples of each side in a subset, without replacement. Where there are fewer samples, all
        are taken; if that leaves nothing to choose, they are counted once.
    degree : int, default 3
        Of the polynomial.
    gamma : float, optional
        By default 1 / number of features.
    coef0 : float, default 1.0
    seed : int, default 2020
        Of the choice of subsets; below 2**32.

    Returns
    -------
    Result
        With the standard deviation over subsets as ``.std``.

    Raises
    ------
    TypeError, ValueError
        For samples, features or options that are not as described.

    Notes
    -----
    Source: Binkowski et al. 2018, "Demystifying MMD GANs". The defaults, seed included, choose
    the same subsets as torch-fidelity's.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> x = np.random.default_rng(0).normal(size=(600, 4))
    >>> near = metrics.kernel_distance(x[:300], x[300:])
    >>> far = metrics.kernel_distance(x[:300], x[300:] + 1)
    >>> bool(abs(near) < 0.1 < far)
    True
    """
    a, b = pair(real, fake, extractor)
    subsets, degree = at_least("subsets", subsets, 1), at_least("degree", degree, 1)
    size = min(at_least("subset_size", subset_size, 2), len(a), len(b))
    if size < 2:
        raise ValueError(f"got {len(a)} real and {len(b)} generated samples, expected 2 or more")
    scale = 1 / a.values.shape[1] if gamma is None else finite("gamma", gamma, 0)
    offset = finite("coef0", coef0)
    whole = size == len(a) == len(b)
    estimates = [
        _estimate(a.values[rows], b.values[columns], scale, offset, degree)
        for rows, columns in (
            [(slice(None), slice(None))]
            if whole
            else _choices(len(a), len(b), size, subsets, seed_word("seed", seed))
        )
    ]
    how = "all samples" if whole else f"mean over {subsets} subsets of {size}"
    kernel = f"({'1/D' if gamma is None else f'{scale:g}'} <x, y> + {offset:g})^{degree}"
    return Result(
        np.mean(estimates), "kernel distance", extractor=a.extractor, n=len(b), n_real=len(a),
        std=None if whole else float(np.std(estimates)),
        definition=f"unbiased squared MMD, kernel {kernel}, {how}, Binkowski et al. 2018; "
        "KID is the same formula on Inception-v3's features only",
    )  # fmt: skip


def _choices(n_real: int, n_fake: int, size: int, subsets: int, seed: int):
    try:
        random = np.random.RandomState(seed)
    except ValueError:
        raise ValueError(f"seed: got {seed}, expected 0 to 2**32 - 1") from None
    for _ in range(subsets):
        yield random.choice(n_real, size, replace=False), random.choice(n_fake, size, replace=False)


def _estimate(x: np.ndarray, y: np.ndarray, scale: float, offset: float, degree: int) -> float:
    """Unbiased squared MMD of as many samples on each side (Gretton et al. 2012, equation 3)."""
    n = len(x)
    xx, yy, xy = (_kernel(p, q, scale, offset, degree) for p, q in ((x, x), (y, y), (x, y)))
    within = xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)
    return within / (n * (n - 1)) - 2 * xy.sum() / n**2


def _kernel(p: np.ndarray, q: np.ndarray, scale: float, offset: float, degree: int) -> np.ndarray:
    inner = p @ q.T
    inner *= scale
    inner += offset
    power = inner.copy()
    for _ in range(degree - 1):
        power *= inner
    return power
