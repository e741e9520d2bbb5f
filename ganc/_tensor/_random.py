"""Random tensors and the generators behind them.

A generator is a seed and a stream number: each draw takes the next stream, and element i of a
draw is a pure function of (seed, stream, i). So results do not depend on threads, and a
generator's whole state is two integers.
"""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ganc._backend import core
from ganc._tensor._creation import Tensor, sizes, tensor

__all__ = [
    "Generator",
    "get_rng_state",
    "manual_seed",
    "rand",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "set_rng_state",
]

Generator = core.Generator
default_generator = core.default_generator
_uniform, _normal = core.rand_uniform, core.rand_normal

exclusive = (
    threading.RLock()
)  # held by who sets the global generator, or a network's mode, for a time
if hasattr(os, "register_at_fork"):  # a child must not wait for a thread that it has not got
    os.register_at_fork(
        before=exclusive.acquire,
        after_in_parent=exclusive.release,
        after_in_child=exclusive.release,
    )


def draw(generator: Generator | None) -> tuple[int, int]:
    """Return the (seed, stream) of the next draw; None means the global generator."""
    return (default_generator if generator is None else generator).next()


@contextmanager
def drawing(seed: int, stream: int) -> Iterator[Generator]:
    """Let everything that draws inside the block draw from (seed, stream), (seed, stream + 1)...

    The state of the global generator is put back at the end; other threads wait.
    """
    with exclusive:
        kept = default_generator.seed, default_generator.stream
        default_generator.seed, default_generator.stream = seed, stream
        try:
            yield default_generator
        finally:
            default_generator.seed, default_generator.stream = kept


def _seed(seed: int) -> int:
    seed = operator.index(seed)
    if not -(2**63) <= seed < 2**64:
        raise ValueError(f"seed: got {seed}, expected an int of 64 bits")
    return seed % 2**63  # what the core's counters hold


def manual_seed(seed: int) -> Generator:
    """Restart the global generator.

    Parameters
    ----------
    seed : int
        Any integer of 64 bits.

    Returns
    -------
    Generator
        The global one.

    Raises
    ------
    ValueError
        If `seed` does not fit into 64 bits.

    Examples
    --------
    >>> import ganc
    >>> _ = ganc.manual_seed(0)
    >>> a = ganc.rand(3).tolist()
    >>> _ = ganc.manual_seed(0)
    >>> a == ganc.rand(3).tolist()
    True
    """
    return _restart(default_generator, seed)


def _restart(self: Generator, seed: int) -> Generator:
    """Restart this generator at `seed`; return it."""
    self.seed, self.stream = _seed(seed), 0
    return self


def _get_state(self: Generator) -> np.ndarray:
    """Return this generator's state: uint64 array [seed, stream]."""
    return np.array([self.seed, self.stream], np.uint64)


def _set_state(self: Generator, new_state: np.ndarray) -> None:
    """Continue where `get_state` was taken."""
    state = np.asarray(new_state)
    if state.shape != (2,) or state.dtype.kind not in "iu":
        raise ValueError(
            f"new_state: got {state.dtype} of shape {state.shape}, expected two integers "
            "(seed, stream) as get_rng_state() returns them"
        )
    self.seed, self.stream = _seed(int(state[0])), _seed(int(state[1]))


def _initial_seed(self: Generator) -> int:
    """Return the seed."""
    return self.seed


for _name, _function in {
    "manual_seed": _restart,
    "get_state": _get_state,
    "set_state": _set_state,
    "initial_seed": _initial_seed,
}.items():
    _function.__name__ = _name
    setattr(Generator, _name, _function)


def get_rng_state() -> np.ndarray:
    """Return the state of the global generator.

    Returns
    -------
    ndarray of uint64, shape (2,)
        Seed and stream number.

    Examples
    --------
    >>> import ganc
    >>> state = ganc.get_rng_state()
    >>> a = ganc.randn(2).tolist()
    >>> ganc.set_rng_state(state)
    >>> a == ganc.randn(2).tolist()
    True
    """
    return _get_state(default_generator)


def set_rng_state(new_state: np.ndarray) -> None:
    """Continue the global generator where `get_rng_state` was taken.

    Parameters
    ----------
    new_state : array_like of two integers

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> import ganc
    >>> ganc.set_rng_state([7, 0])
    >>> ganc.get_rng_state().tolist()
    [7, 0]
    """
    _set_state(default_generator, new_state)


def _check_float(name: str, dtype: Any) -> None:
    if dtype is not None and tensor(0.0, dtype=dtype).dtype.kind != "f":
        raise RuntimeError(
            f"{name}: got dtype {np.dtype(dtype)}, expected a float one; randint draws integers"
        )


def rand(
    *size: int | tuple[int, ...],
    generator: Generator | None = None,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return uniform random numbers in [0, 1).

    Parameters
    ----------
    *size : int or tuple of int
        The shape, as several ints or as one tuple.
    generator : Generator, optional
        By default the global one.
    dtype : dtype, optional
        A float one, `ganc.float32` by default.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.rand(2, 3).shape
    (2, 3)
    """
    _check_float("rand", dtype)
    x = _uniform(sizes(size), *draw(generator))
    return x.requires_grad_() if requires_grad else x


def randn(
    *size: int | tuple[int, ...],
    generator: Generator | None = None,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return standard normal random numbers.

    Parameters
    ----------
    *size : int or tuple of int
        The shape, as several ints or as one tuple.
    generator : Generator, optional
        By default the global one.
    dtype : dtype, optional
        A float one, `ganc.float32` by default.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> z = ganc.randn(64, 100, generator=ganc.Generator(3))
    >>> z.shape
    (64, 100)
    """
    _check_float("randn", dtype)
    x = _normal(sizes(size), *draw(generator))
    return x.requires_grad_() if requires_grad else x


def randn_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Return standard normal random numbers in the shape of `input`.

    Parameters
    ----------
    input : Tensor
    dtype : dtype, optional
        A float one, `ganc.float32` by default.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ganc
    >>> ganc.randn_like(ganc.zeros(2, 2)).shape
    (2, 2)
    """
    _check_float("randn_like", input.dtype if dtype is None else dtype)
    x = _normal(input.shape, *draw(None))
    return x.requires_grad_() if requires_grad else x


def randint(
    low: int,
    high: int | tuple[int, ...],
    size: tuple[int, ...] | None = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return random whole numbers from `low` up to but without `high`.

    ``randint(high, size)`` counts from 0.

    Parameters
    ----------
    low, high : int
        ``low < high``, at most 2**24 apart.
    size : tuple of int
        The shape.
    generator : Generator, optional
        By default the global one.
    dtype : dtype, optional
        By default `ganc.int64`.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the range is empty or too wide.

    Examples
    --------
    >>> import ganc
    >>> labels = ganc.randint(0, 10, (64,))
    >>> bool((labels >= 0).amin()), bool((labels < 10).amin())
    (True, True)
    """
    if size is None:
        low, high, size = 0, low, high
    low, high = operator.index(low), operator.index(high)
    if not 0 < high - low <= 2**24:
        raise ValueError(f"randint: got low={low}, high={high}, expected 0 < high - low <= 2**24")
    u = _uniform(sizes((size,)), *draw(generator))
    x = core.clamp_scalar(core.floor(core.affine(u, high - low, 0)), 0, high - low - 1)
    x = tensor(core.cast(x, "int64") + low, dtype=int if dtype is None else dtype)
    return x.requires_grad_() if requires_grad else x


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the integers from 0 up to but without `n` in random order.

    Parameters
    ----------
    n : int
    generator : Generator, optional
        By default the global one.
    dtype : dtype, optional
        By default `ganc.int64`.
    requires_grad : bool, default False
        Record operations on the result for automatic differentiation; floats only.

    Returns
    -------
    Tensor of shape (n,)

    Raises
    ------
    ValueError
        If `n` is negative.

    Examples
    --------
    >>> import ganc
    >>> sorted(ganc.randperm(4).tolist())
    [0, 1, 2, 3]
    """
    if operator.index(n) < 0:
        raise ValueError(f"randperm: got n={n}, expected at least 0")
    seed, stream = draw(generator)
    order = np.random.Generator(np.random.Philox(key=[seed, stream])).permutation(n)
    x = tensor(order, dtype=int if dtype is None else dtype)
    return x.requires_grad_() if requires_grad else x
