"""Latents: drawing them, checking given ones, and the ways between two."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ganc._backend import core
from ganc._options import at_least, finite

KINDS = ("normal", "uniform")


def shape_of(latent_dim: int | Sequence[int]) -> tuple[int, ...]:
    """Return the shape of one latent."""
    sizes = latent_dim if isinstance(latent_dim, (tuple, list)) else (latent_dim,)
    if not sizes:
        raise ValueError("latent_dim: got an empty shape, expected at least one number")
    return tuple(at_least("latent_dim", size, 1) for size in sizes)


def draw(generator: core.Generator, n: int, shape: tuple[int, ...], kind: str) -> core.Tensor:
    """Return n latents, the next draw of the generator."""
    seed, stream = generator.next()
    if kind == "uniform":
        return core.rand_uniform((n, *shape), seed, stream, -1.0, 1.0)
    return core.rand_normal((n, *shape), seed, stream)


def truncated(
    generator: core.Generator, n: int, shape: tuple[int, ...], kind: str, limit: float | None
) -> np.ndarray:
    """Return n latents as an array; those beyond +-limit are drawn again, up to 200 times."""
    z = np.array(draw(generator, n, shape, kind).numpy(), np.float32)
    if limit is None:
        return z
    limit = finite("truncation", limit, 0.05)
    for _ in range(200):
        beyond = np.abs(z) > limit
        if not beyond.any():
            return z
        z[beyond] = draw(generator, n, shape, kind).numpy()[beyond]
    return z.clip(-limit, limit)


def given(name: str, z: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    """Return a latent that the caller has chosen."""
    array = np.asarray(z, np.float32)
    if array.shape != shape:
        raise ValueError(f"{name}: got shape {array.shape}, expected {shape}, one latent")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: got NaN or infinity, expected finite numbers")
    return array


def lerp(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """Return n points on the straight line from a to b."""
    t = np.linspace(0, 1, n).reshape(n, *[1] * a.ndim)
    return ((1 - t) * a + t * b).astype(np.float32)


def slerp(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """Return n points on the arc from a to b; the line where there is no arc."""
    product = np.linalg.norm(a) * np.linalg.norm(b)
    cosine = float((a * b).sum() / product) if product else 1.0
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-4:
        return lerp(a, b, n)
    t = np.linspace(0, 1, n).reshape(n, *[1] * a.ndim)
    return ((np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)).astype(
        np.float32
    )
