"""Generators that come with ganc: they sample at once, and are as good as their file says."""

import hashlib
import os

import numpy as np
import pytest

import ganc
from ganc.models._pretrained import _FILES, path_of

SHA256 = {"fashion": "53775f41175433a3c869ec5b17308ccf05d20aed93575377c050b48ef8b722f4"}


@pytest.mark.parametrize("name", _FILES)
def test_weights_are_small_and_never_change(name):
    path = path_of(_FILES[name])
    assert os.path.getsize(path) <= 2_000_000
    with open(path, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == SHA256[name]


def test_as_good_as_they_say():
    """The embedded images are those that the distance was measured against."""
    gan = ganc.models.pretrained("fashion")
    x, _ = ganc.datasets.load_embedded()
    distance = ganc.metrics.frechet_distance(gan.sample(10_000, seed=1), x)
    assert distance == pytest.approx(gan.trained["frechet_distance"], abs=0.5)  # of half precision
    assert "tools/evening.py weights fashion" in gan.trained["command"]


def test_it_is_a_model_like_others(tmp_path):
    gan = ganc.models.pretrained("fashion")
    assert gan.ema is None and gan.step == 0
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert (again.sample(4, seed=0) == gan.sample(4, seed=0)).all()
    gan.train_on_batch(np.zeros((8, 28, 28), np.uint8))


def test_unknown_names():
    with pytest.raises(ValueError, match="fashion"):
        ganc.models.pretrained("clothes")
