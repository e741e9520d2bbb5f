"""What a classifier says of generated samples: how sure it is, and which classes there are."""

from typing import Any

import numpy as np

from ganc._options import at_least, finite, seed_word
from ganc.data import as_labels
from ganc.metrics._features import Extractor, logits_of
from ganc.metrics._result import Result

__all__ = ["class_coverage", "inception_score", "label_agreement"]


def inception_score(
    fake: Any, *, extractor: Extractor = None, splits: int = 10, seed: int = 2020
) -> Result:
    """Inception score's formula on a classifier's answers; from 1 to the number of classes.

    High if the classifier is sure of each sample and all classes occur. The published numbers
    are those of Inception-v3 on ImageNet's classes; the result names the classifier used here.

    Parameters
    ----------
    fake : array_like or Features
        Images in a form that `fit` takes, `Features` with logits, or a table (N, K) of logits.
    extractor : str or callable, optional
        As for `features`; it must give logits.
    splits : int, default 10
        The score is the mean over so many equal parts of the shuffled samples.
    seed : int, default 2020
        Of the shuffling; below 2**32.

    Returns
    -------
    Result
        With the standard deviation over parts as ``.std``.

    Raises
    ------
    TypeError, ValueError
        For samples or options that are not as described, fewer samples than splits, an extractor
        without classes.

    Notes
    -----
    Source: Salimans et al. 2016, "Improved Techniques for Training GANs". The defaults, seed
    included, cut the samples into the same parts as torch-fidelity's.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> sure_of_all_four = 100 * np.eye(4)[np.arange(400) % 4]
    >>> f"{metrics.inception_score(sure_of_all_four, splits=1):.2f}"
    '4.00'
    """
    found = logits_of("fake", fake, extractor)
    splits, n = at_least("splits", splits, 1), len(found)
    if n < splits:
        raise ValueError(f"fake: got {n} samples for {splits} splits, expected one for each")
    seed = seed_word("seed", seed)
    if seed >= 2**32:
        raise ValueError(f"seed: got {seed}, expected 0 to 2**32 - 1")
    log_p = _log_softmax(found.logits[np.random.RandomState(seed).permutation(n)])
    scores = [_score(log_p[i * n // splits : (i + 1) * n // splits]) for i in range(splits)]
    return Result(
        np.mean(scores), "inception score", extractor=found.extractor, n=n,
        std=float(np.std(scores)) if splits > 1 else None,
        definition=f"exp(mean KL(p(y|x) || p(y))), mean over {splits} splits, Salimans et al. "
        "2016; comparable with the same classifier only",
    )  # fmt: skip


def class_coverage(
    real: Any, fake: Any, *, extractor: Extractor = None, at_least: float = 0.25
) -> Result:
    """Share of the data's classes that occur among generated samples; 1 is best.

    A class is covered if its share of the generated samples is at least `at_least` times its
    share of the real ones. What is counted are the classifier's answers on both sides.

    Parameters
    ----------
    real, fake : array_like or Features
        As for `inception_score`.
    extractor : str or callable, optional
        As for `features`; it must give logits.
    at_least : float, default 0.25
        In (0, 1]. Well above 0, so that misread samples do not count for a class.

    Returns
    -------
    Result
        ``.details`` has ``counts`` and ``real_counts`` by class, and ``kl``, the divergence
        KL(generated || real) of the two histograms in nats.

    Raises
    ------
    TypeError, ValueError
        For samples or options that are not as described, an extractor without classes.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> real, collapsed = np.eye(4)[np.arange(80) % 4], np.eye(4)[np.arange(80) % 2]
    >>> result = metrics.class_coverage(real, collapsed)
    >>> f"{result:.2f}", result.details["counts"].tolist()
    ('0.50', [40, 40, 0, 0])
    """
    a, b = logits_of("real", real, extractor), logits_of("fake", fake, extractor)
    if a.extractor != b.extractor or a.logits.shape[1] != b.logits.shape[1]:
        raise ValueError(f"real comes from {a!r}, fake from {b!r}, expected the same classes")
    least = finite("at_least", at_least, 0)
    if not 0 < least <= 1:
        raise ValueError(f"at_least: got {at_least}, expected above 0, up to 1")
    real_counts, counts = (
        np.bincount(side.logits.argmax(axis=1), minlength=side.logits.shape[1]) for side in (a, b)
    )
    p, q = counts / len(b), real_counts / len(a)
    there = q > 0
    covered = there & (p >= least * q) & (counts > 0)
    return Result(
        covered.sum() / there.sum(), "class coverage", extractor=a.extractor, n=len(b),
        n_real=len(a),
        definition=f"share of classes found among {len(a)} real samples whose share of the "
        f"generated ones is at least {least:g} times as large",
        details={"counts": counts, "real_counts": real_counts, "kl": divergence(p, q)},
    )  # fmt: skip


def label_agreement(fake: Any, labels: Any, *, extractor: Extractor = None) -> Result:
    """Share of generated samples that a classifier takes for what was asked for; 1 is best.

    Parameters
    ----------
    fake : array_like or Features
        As for `inception_score`.
    labels : array_like of int, shape (N,)
        The classes that they were asked to be, numbered as the classifier's.
    extractor : str or callable, optional
        As for `features`; it must give logits.

    Returns
    -------
    Result
        ``.details`` has ``by_class``, the share in each class, NaN where none was asked for. The
        classifier errs on real images too; its share there is what a generator can reach.

    Raises
    ------
    TypeError, ValueError
        For samples or labels that are not as described, an extractor without classes.

    Examples
    --------
    >>> import numpy as np
    >>> from ganc import metrics
    >>> result = metrics.label_agreement(np.eye(4)[[0, 1, 2, 2]], [0, 1, 2, 3])
    >>> f"{result:.2f}", result.details["by_class"].tolist()
    ('0.75', [1.0, 1.0, 1.0, 0.0])
    """
    found = logits_of("fake", fake, extractor)
    n, classes = found.logits.shape
    asked = as_labels(labels, n, classes)
    right = found.logits.argmax(axis=1) == asked
    counts = np.bincount(asked, minlength=classes)
    with np.errstate(invalid="ignore"):
        by_class = np.bincount(asked, weights=right, minlength=classes) / counts
    return Result(
        right.mean(), "label agreement", extractor=found.extractor, n=n,
        definition="share of generated samples that the classifier takes for the class they were "
        "asked to be",
        details={"by_class": by_class},
    )  # fmt: skip


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) in nats; infinite where q is 0 and p is not."""
    there = p > 0
    with np.errstate(divide="ignore"):
        return float((p[there] * np.log(p[there] / q[there])).sum())


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _score(log_p: np.ndarray) -> float:
    p = np.exp(log_p)
    q = p.mean(axis=0)
    log_q = np.log(q, where=q > 0, out=np.zeros_like(q))  # a class that never occurs adds 0
    return float(np.exp((p * (log_p - log_q)).sum(axis=1).mean()))
