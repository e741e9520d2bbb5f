"""Gradients: `grad`, and the switches of recording."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = [
    "detect_anomaly",
    "enable_grad",
    "grad",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]


def _tensors(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (tuple, list)) or not isinstance(x, Tensor) else [x]


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """Return the gradients of outputs with respect to inputs.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
    inputs : Tensor or sequence of Tensor
        What to differentiate for; each requires grad.
    grad_outputs : Tensor or sequence of Tensor, optional
        The vector of the vector-Jacobian product, one for each output; None stands for 1 if the
        output is a single number.
    retain_graph : bool, optional
        Keep what a second backward pass needs; by default the value of `create_graph`.
    create_graph : bool, default False
        Record the computation of the gradients, so that they can be differentiated in turn.
    allow_unused : bool, default False
        Return None for an input that the outputs do not depend on, instead of raising.

    Returns
    -------
    tuple of Tensor
        One gradient for each input.

    Raises
    ------
    ValueError, RuntimeError
        If shapes do not fit, an output is not recorded, or an input is unused.

    Examples
    --------
    >>> import ganc
    >>> x = ganc.tensor([1.0, 2.0], requires_grad=True)
    >>> (g,) = ganc.grad((x**3).sum(), x, create_graph=True)
    >>> g.tolist()
    [3.0, 12.0]
    >>> ganc.grad(g.sum(), x)[0].tolist()
    [6.0, 12.0]
    """
    given = None if grad_outputs is None else _tensors(grad_outputs)
    return tuple(
        core.grad(
            _tensors(outputs), _tensors(inputs), given, retain_graph, create_graph, allow_unused
        )
    )


def is_grad_enabled() -> bool:
    """Return whether operations are being recorded.

    Returns
    -------
    bool

    Examples
    --------
    >>> import ganc
    >>> ganc.is_grad_enabled()
    True
    """
    return core.is_grad_enabled()


class _Switch:
    """A grad mode as context manager and as decorator."""

    __slots__ = ("_previous",)
    _mode = False

    def __new__(cls, orig_func: Callable | None = None) -> Any:
        self = super().__new__(cls)
        if orig_func is None:
            return self
        self._previous = []
        return self(orig_func)  # @no_grad without brackets

    def __init__(self, orig_func: Callable | None = None) -> None:
        self._previous: list[bool] = []

    def __enter__(self) -> None:
        self._previous.append(core.set_grad_enabled(self._mode))

    def __exit__(self, *exception: object) -> None:
        core.set_grad_enabled(self._previous.pop())

    def __call__(self, function: Callable) -> Callable:
        mode = self._mode

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            previous = core.set_grad_enabled(mode)
            try:
                return function(*args, **kwargs)
            finally:
                core.set_grad_enabled(previous)

        return wrapper


class no_grad(_Switch):
    """Do not record operations: a context manager and a decorator.

    Parameters
    ----------
    orig_func : callable, optional
        What to wrap, when used as a decorator without brackets.

    Examples
    --------
    >>> import ganc
    >>> x = ganc.ones(2, requires_grad=True)
    >>> with ganc.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    >>> @ganc.no_grad()
    ... def double(x):
    ...     return x * 2
    >>> double(x).requires_grad
    False
    """

    __slots__ = ()
    _mode = False


class enable_grad(_Switch):
    """Record operations, also inside `no_grad`: a context manager and a decorator.

    Parameters
    ----------
    orig_func : callable, optional
        What to wrap, when used as a decorator without brackets.

    Examples
    --------
    >>> import ganc
    >>> x = ganc.ones(2, requires_grad=True)
    >>> with ganc.no_grad():
    ...     with ganc.enable_grad():
    ...         y = x * 2
    >>> y.requires_grad
    True
    """

    __slots__ = ()
    _mode = True


class set_grad_enabled(_Switch):
    """Switch recording on or off: a function, a context manager and a decorator.

    Parameters
    ----------
    mode : bool
        Takes effect at once, and ends with the ``with`` block if there is one.

    Examples
    --------
    >>> import ganc
    >>> with ganc.set_grad_enabled(False):
    ...     ganc.is_grad_enabled()
    False
    """

    __slots__ = ("_mode",)

    def __new__(cls, mode: bool) -> set_grad_enabled:
        return object.__new__(cls)

    def __init__(self, mode: bool) -> None:
        self._mode = bool(mode)
        self._previous = [core.set_grad_enabled(self._mode)]

    def __enter__(self) -> None:
        core.set_grad_enabled(self._mode)

    def __call__(self, function: Callable) -> Callable:
        core.set_grad_enabled(self._previous.pop())
        return super().__call__(function)


class detect_anomaly:
    """Find the operation that makes the first NaN: a context manager.

    Inside it, an operation or a gradient that gives NaN raises an error which names it. Slower.

    Examples
    --------
    >>> import ganc
    >>> x = ganc.tensor(-1.0, requires_grad=True)
    >>> with ganc.detect_anomaly():
    ...     ganc.sqrt(x).backward()  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    RuntimeError: sqrt: the result has NaN
    """

    def __init__(self) -> None:
        self._previous: list[bool] = []

    def __enter__(self) -> None:
        self._previous.append(core.set_anomaly(True))

    def __exit__(self, *exception: object) -> None:
        core.set_anomaly(self._previous.pop())
