"""ganc.datasets.toy: points in the plane."""

import numpy as np
import pytest

from ganc.datasets import toy


@pytest.mark.parametrize("make", [toy.ring, toy.grid, toy.swiss_roll, toy.moons])
def test_toys(make):
    x = make(500, seed=3)
    assert x.shape == (500, 2) and x.dtype == np.float32 and np.isfinite(x).all()
    np.testing.assert_array_equal(x, make(500, seed=3))
    assert (make(500, seed=4) != x).any() and (make(500) != make(500)).any()
    for n in (0, -1):
        with pytest.raises(ValueError, match="n: got"):
            make(n)


def nearest(points, centers):
    distance = np.linalg.norm(points[:, None] - centers[None], axis=2)
    return distance.argmin(1), distance.min(1)


@pytest.mark.parametrize(
    ("points", "centers", "std"),
    [
        (toy.ring(8000, seed=0), toy.ring_centers(), 0.01),
        (toy.grid(20000, seed=0), toy.grid_centers(), 0.05),
        (toy.ring(5000, 5, radius=3, std=0.1, seed=0), toy.ring_centers(5, radius=3), 0.1),
    ],
)
def test_mixtures_have_their_modes_and_spread(points, centers, std):
    mode, distance = nearest(points, centers)
    counts = np.bincount(mode, minlength=len(centers))
    assert counts.min() > 0.8 * len(points) / len(centers)
    assert np.sqrt((distance**2).mean() / 2) == pytest.approx(std, rel=0.05)
    assert (distance > 6 * std).sum() == 0


def test_the_modes_of_the_ring_are_distinct():
    centers = toy.ring_centers()
    gaps = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    assert gaps[~np.eye(8, dtype=bool)].min() > 0.7
    np.testing.assert_allclose(np.linalg.norm(centers, axis=1), 1, rtol=1e-6)


def test_the_grid_reaches_from_minus_4_to_4():
    centers = toy.grid_centers()
    assert sorted({*centers.ravel().tolist()}) == [-4, -2, 0, 2, 4] and len(centers) == 25
    assert toy.grid_centers(1).tolist() == [[0, 0]]


def test_curves_lie_along_their_centers():
    _, distance = nearest(toy.swiss_roll(2000, seed=0), toy.swiss_roll_centers(400))
    assert distance.max() < 6 * 0.25 / 7.5
    _, distance = nearest(toy.moons(2000, seed=0), toy.moons_centers(200))
    assert distance.max() < 6 * 0.05
    for centers, points in (
        (toy.swiss_roll_centers(20), toy.swiss_roll(2000, seed=0)),
        (toy.moons_centers(21), toy.moons(2000, seed=0)),
    ):
        assert np.bincount(nearest(points, centers)[0], minlength=len(centers)).min() > 20


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: toy.ring(5, 0), "modes: got 0"),
        (lambda: toy.ring(5, std=-1), "std: got -1"),
        (lambda: toy.ring(5, radius=np.nan), "radius: got nan"),
        (lambda: toy.grid(5, 24), "square number"),
        (lambda: toy.grid(5, extent=np.inf), "extent: got inf"),
        (lambda: toy.swiss_roll(5, divisor=0), "divisor: got 0"),
        (lambda: toy.moons(5, noise=-0.1), "noise: got -0.1"),
    ],
)
def test_toys_refuse(call, words):
    with pytest.raises(ValueError, match=words):
        call()
