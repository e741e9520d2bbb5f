"""Labels of which some are missing: -1."""

import numpy as np
import pytest

import ganc
from ganc._backend import core
from ganc.data import as_labels
from ganc.models._semisupervised import known_cross_entropy
from ganc.train import Field, Update


def test_missing_labels():
    np.testing.assert_array_equal(as_labels([1, -1, 0], 3, 2, missing=True), [1, -1, 0])
    with pytest.raises(ValueError, match="got label -2 at index 0, expected 0 to 2, or -1 for"):
        as_labels([-2, 0], 2, 3, missing=True)
    with pytest.raises(ValueError, match="got label 3 at index 1"):
        as_labels([-1, 3], 2, 3, missing=True)
    assert Field("y", "partial_label").is_label and Field("y", "label").is_label
    assert not Field("x").is_label


class Counting(ganc.Model):
    """Learns nothing of importance from points with some labels."""

    FIELDS = (Field("x"), Field("y", "partial_label"))
    OPTIMIZERS = {"optimizer": ("network",)}

    def __init__(self):
        super().__init__(seed=0)
        self.network = ganc.nn.Linear(2, 3)
        self.optimizer = ganc.optim.Adam(self.network.parameters())

    def updates(self):
        return (Update("", "optimizer", self.objective),)

    def objective(self, batch):
        return known_cross_entropy(self.network(batch.x), batch.y)


def test_classes_are_counted_of_known_labels():
    x = np.zeros((8, 2), np.float32)
    model = Counting()
    model.fit(x, [0, -1, 2, -1, -1, -1, -1, -1], batch_size=4, verbose=0)
    assert model.classes == 3
    with pytest.raises(ValueError, match="y: got -1 only, expected at least one"):
        Counting().fit(x, [-1] * 8, batch_size=4, verbose=0)


def test_known_cross_entropy():
    logits = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    y = np.array([2, -1, 0, -1, 1], np.float32)
    found = known_cross_entropy(core.Tensor(logits), core.Tensor(y)).item()
    wanted = np.mean(
        [np.logaddexp.reduce(logits[i]) - logits[i, c] for i, c in ((0, 2), (2, 0), (4, 1))]
    )
    assert found == pytest.approx(wanted, rel=1e-5)
    assert known_cross_entropy(core.Tensor(logits), core.Tensor(y * 0 - 1)).item() == 0
