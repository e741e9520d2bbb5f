"""Points in the plane, for GANs that train in seconds.

Defaults are PacGAN's for ring and grid, WGAN-GP's for the swiss roll. WGAN-GP's own mixtures are
``ring(n, radius=2 / 1.414, std=0.02 / 1.414)`` and ``grid(n, extent=4 / 2.828, std=0.05 / 2.828)``.

>>> from ganc.datasets import toy
>>> toy.ring(1000, seed=0).shape
(1000, 2)
"""

import math
import operator

import numpy as np

__all__ = [
    "grid",
    "grid_centers",
    "moons",
    "moons_centers",
    "ring",
    "ring_centers",
    "swiss_roll",
    "swiss_roll_centers",
]


def ring(
    n: int, modes: int = 8, *, radius: float = 1.0, std: float = 0.01, seed: int | None = None
) -> np.ndarray:
    """Sample Gaussians on a circle.

    Parameters
    ----------
    n : int
        Number of points, at least 1.
    modes : int, default 8
        Number of Gaussians, equally likely and all distinct.
    radius, std : float, default 1.0, 0.01
        Of the circle; of each Gaussian, in both directions.
    seed : int, optional
        The same seed gives the same points; by default they differ each time.

    Returns
    -------
    ndarray of float32, shape (n, 2)

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from ganc.datasets import toy
    >>> x = toy.ring(500, modes=6, seed=0)
    >>> x.shape, x.dtype.name
    ((500, 2), 'float32')
    """
    return _mixture(n, ring_centers(modes, radius=radius), std, seed)


def ring_centers(modes: int = 8, *, radius: float = 1.0) -> np.ndarray:
    """Return the means of `ring`.

    Parameters
    ----------
    modes : int, default 8
    radius : float, default 1.0
        As for `ring`.

    Returns
    -------
    ndarray of float32, shape (modes, 2)

    Examples
    --------
    >>> from ganc.datasets import toy
    >>> toy.ring_centers(4).round(3) + 0
    array([[ 1.,  0.],
           [ 0.,  1.],
           [-1.,  0.],
           [ 0., -1.]], dtype=float32)
    """
    modes = _count(modes, "modes")
    angle = 2 * np.pi * np.arange(modes) / modes
    return _plane(_size(radius, "radius") * np.cos(angle), radius * np.sin(angle))


def grid(
    n: int, modes: int = 25, *, extent: float = 4.0, std: float = 0.05, seed: int | None = None
) -> np.ndarray:
    """Sample Gaussians on a square grid.

    Parameters
    ----------
    n : int
        Number of points, at least 1.
    modes : int, default 25
        Number of Gaussians, a square number.
    extent, std : float, default 4.0, 0.05
        The means reach from ``-extent`` to ``extent``; spread of each Gaussian.
    seed : int, optional
        The same seed gives the same points; by default they differ each time.

    Returns
    -------
    ndarray of float32, shape (n, 2)

    Raises
    ------
    ValueError
        If a number is out of range, or `modes` not a square.

    Examples
    --------
    >>> from ganc.datasets import toy
    >>> toy.grid(500, seed=0).shape
    (500, 2)
    """
    return _mixture(n, grid_centers(modes, extent=extent), std, seed)


def grid_centers(modes: int = 25, *, extent: float = 4.0) -> np.ndarray:
    """Return the means of `grid`.

    Parameters
    ----------
    modes : int, default 25
    extent : float, default 4.0
        As for `grid`.

    Returns
    -------
    ndarray of float32, shape (modes, 2)

    Examples
    --------
    >>> from ganc.datasets import toy
    >>> toy.grid_centers(25)[:3]
    array([[-4., -4.],
           [-4., -2.],
           [-4.,  0.]], dtype=float32)
    """
    modes = _count(modes, "modes")
    side = math.isqrt(modes)
    if side * side != modes:
        raise ValueError(f"modes: got {modes}, expected a square number such as 25")
    extent = _size(extent, "extent")
    line = np.linspace(-extent, extent, side) if side > 1 else np.zeros(1)
    return _plane(*(part.ravel() for part in np.meshgrid(line, line, indexing="ij")))


def swiss_roll(
    n: int, *, noise: float = 0.25, divisor: float = 7.5, seed: int | None = None
) -> np.ndarray:
    """Sample a spiral: t (cos t, sin t) with t from 1.5 pi to 4.5 pi, noise, all divided.

    Parameters
    ----------
    n : int
        Number of points, at least 1.
    noise : float, default 0.25
        Standard deviation, before the division.
    divisor : float, default 7.5
        Brings the spiral to about -2..2.
    seed : int, optional
        The same seed gives the same points; by default they differ each time.

    Returns
    -------
    ndarray of float32, shape (n, 2)

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from ganc.datasets import toy
    >>> abs(toy.swiss_roll(1000, seed=0)).max() < 2.1
    np.True_
    """
    n, noise, divisor = _count(n, "n"), _size(noise, "noise"), _positive(divisor, "divisor")
    random = np.random.default_rng(seed)
    points = _spiral(random.random(n)) + random.normal(0, noise, (n, 2))
    return (points / divisor).astype(np.float32)


def swiss_roll_centers(modes: int = 100, *, divisor: float = 7.5) -> np.ndarray:
    """Return points along the middle of `swiss_roll`, to measure how much of it is covered.

    Parameters
    ----------
    modes : int, default 100
        Number of points, at equal steps of t.
    divisor : float, default 7.5
        As for `swiss_roll`.

    Returns
    -------
    ndarray of float32, shape (modes, 2)

    Examples
    --------
    >>> from ganc.datasets import toy
    >>> toy.swiss_roll_centers(50).shape
    (50, 2)
    """
    steps = _middles(_count(modes, "modes"))
    return (_spiral(steps) / _positive(divisor, "divisor")).astype(np.float32)


def moons(n: int, *, noise: float = 0.05, seed: int | None = None) -> np.ndarray:
    """Sample two half circles that reach into each other, as scikit-learn's ``make_moons``.

    Parameters
    ----------
    n : int
        Number of points, at least 1.
    noise : float, default 0.05
        Standard deviation around the half circles, whose radius is 1.
    seed : int, optional
        The same seed gives the same points; by default they differ each time.

    Returns
    -------
    ndarray of float32, shape (n, 2)

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from ganc.datasets import toy
    >>> toy.moons(300, seed=0).shape
    (300, 2)
    """
    n, noise = _count(n, "n"), _size(noise, "noise")
    random = np.random.default_rng(seed)
    points = _half_circles(random.random(n), random.random(n) < 0.5)
    return (points + random.normal(0, noise, (n, 2))).astype(np.float32)


def moons_centers(modes: int = 100) -> np.ndarray:
    """Return points along the middle of `moons`, to measure how much of them is covered.

    Parameters
    ----------
    modes : int, default 100
        Number of points; half of them (rounded up) on the upper moon.

    Returns
    -------
    ndarray of float32, shape (modes, 2)

    Examples
    --------
    >>> from ganc.datasets import toy
    >>> toy.moons_centers(2).round(3)
    array([[ 0. ,  1. ],
           [ 1. , -0.5]], dtype=float32)
    """
    modes = _count(modes, "modes")
    steps = np.concatenate([_middles(modes - modes // 2), _middles(modes // 2)])
    upper = np.arange(modes) < modes - modes // 2
    return _half_circles(steps, upper).astype(np.float32)


def _mixture(n: int, centers: np.ndarray, std: float, seed: int | None) -> np.ndarray:
    n, std = _count(n, "n"), _size(std, "std")
    random = np.random.default_rng(seed)
    chosen = centers[random.integers(len(centers), size=n)]
    return (chosen + random.normal(0, std, (n, 2))).astype(np.float32)


def _spiral(u: np.ndarray) -> np.ndarray:
    t = 1.5 * np.pi * (1 + 2 * u)
    return np.stack([t * np.cos(t), t * np.sin(t)], axis=1)


def _half_circles(u: np.ndarray, upper: np.ndarray) -> np.ndarray:
    x, y = np.cos(np.pi * u), np.sin(np.pi * u)
    return np.stack([np.where(upper, x, 1 - x), np.where(upper, y, 0.5 - y)], axis=1)


def _middles(count: int) -> np.ndarray:
    """Middles of `count` equal parts of 0..1."""
    return (np.arange(count) + 0.5) / max(count, 1)


def _plane(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.stack([x, y], axis=1).astype(np.float32)


def _count(value: int, name: str) -> int:
    value = operator.index(value)
    if value < 1:
        raise ValueError(f"{name}: got {value}, expected at least 1")
    return value


def _size(value: float, name: str) -> float:
    value = float(value)
    if not 0 <= value < math.inf:
        raise ValueError(f"{name}: got {value}, expected a finite number >= 0")
    return value


def _positive(value: float, name: str) -> float:
    value = _size(value, name)
    if value == 0:
        raise ValueError(f"{name}: got 0, expected a number > 0")
    return value
