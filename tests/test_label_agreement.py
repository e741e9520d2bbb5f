"""label_agreement: the share of samples that a classifier takes for what was asked."""

import numpy as np
import pytest

import ganc
from ganc import metrics


def test_counts_by_class():
    logits = np.eye(3)[[0, 0, 1, 1, 1, 2]]
    found = metrics.label_agreement(logits, [0, 1, 1, 1, 1, 1])
    assert found == pytest.approx(4 / 6)
    shares = found.details["by_class"]
    assert shares[:2].tolist() == [1.0, 0.6] and np.isnan(shares[2])
    assert found.n == 6


def test_real_images_are_what_they_are():
    x, y = ganc.datasets.load_embedded(1000)
    found = metrics.label_agreement(x, y)
    assert found > 0.88 and found.extractor.startswith("ganc-fashion-v1")
    assert metrics.label_agreement(x, (y.astype(int) + 1) % 10) < 0.1


def test_mistakes():
    logits = np.eye(3)
    for labels, error in (([0, 1], ValueError), ([0, 1, 3], ValueError), ([0, 1, 0.5], Exception)):
        with pytest.raises(error):
            metrics.label_agreement(logits, labels)
    with pytest.raises(ValueError, match="classes"):
        metrics.label_agreement(np.zeros((4, 5, 5, 3), np.uint8), [0] * 4, extractor="pixels")
