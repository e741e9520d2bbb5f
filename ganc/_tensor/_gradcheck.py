"""Gradients against finite differences, for functions that users write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ganc._backend import core
from ganc._tensor._autograd import grad
from ganc._tensor._creation import Tensor, tensor
from ganc._tensor._random import randn_like

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient is not what finite differences say."""


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def _need_float64(what: str) -> None:
    if tensor(0.0).dtype != np.float64:
        raise RuntimeError(
            f"{what}: got float32, in which finite differences are too coarse to find errors; "
            "start Python with GANC_DTYPE=float64"
        )


def _outputs(func: Callable, inputs: Sequence[Any]) -> list[Tensor]:
    return [y for y in _as_tuple(func(*inputs)) if isinstance(y, Tensor)]


def _numeric(func: Callable, inputs: tuple[Any, ...], which: int, eps: float) -> list[np.ndarray]:
    """Return one Jacobian (inputs, outputs) for each output, by central differences."""
    base = np.array(inputs[which].detach().numpy(), copy=True)
    rows: list[list[np.ndarray]] = []
    for i in range(base.size):
        sides = []
        for step in (eps, -eps):
            moved = base.copy()
            moved.reshape(-1)[i] += step
            # fresh leaves: `func` may call `grad` on its inputs
            args = [
                tensor(moved if k == which else x.detach().numpy(), requires_grad=x.requires_grad)
                if isinstance(x, Tensor)
                else x
                for k, x in enumerate(inputs)
            ]
            sides.append([y.detach().numpy().ravel().copy() for y in _outputs(func, args)])
        rows.append([(a - b) / (2 * eps) for a, b in zip(*sides, strict=True)])
    if not rows:
        return [np.zeros((0, y.numel())) for y in _outputs(func, inputs)]
    return [np.stack(columns) for columns in zip(*rows, strict=True)]


def _analytic(outputs: list[Tensor], index: int, x: Tensor) -> np.ndarray:
    """Return the Jacobian (inputs, outputs) of one output, a backward pass for each column."""
    y = outputs[index]
    jacobian = np.zeros((x.numel(), y.numel()))
    if not y.requires_grad:
        return jacobian
    for j in range(y.numel()):
        unit = np.zeros(y.numel())
        unit[j] = 1
        (g,) = grad(y, x, tensor(unit.reshape(y.shape)), retain_graph=True, allow_unused=True)
        if g is not None:
            jacobian[:, j] = g.detach().numpy().ravel()
    return jacobian


def gradcheck(
    func: Callable[..., Tensor | Sequence[Tensor]],
    inputs: Tensor | Sequence[Tensor],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Compare gradients with finite differences, element by element.

    Parameters
    ----------
    func : callable
        Takes the inputs, returns a tensor or several.
    inputs : Tensor or sequence of Tensor
        Those that require grad are checked; keep them small and away from kinks.
    eps : float, default 1e-6
        The step of the differences.
    atol, rtol : float
        Absolute and relative tolerance.
    raise_exception : bool, default True
        False: return False instead of raising.

    Returns
    -------
    bool
        True if all gradients agree.

    Raises
    ------
    RuntimeError
        `GradcheckError` if gradients differ; also in the float32 build, where finite differences
        say nothing: start Python with ``GANC_DTYPE=float64``.
    ValueError
        If no input requires grad.

    Examples
    --------
    >>> import ganc
    >>> x = ganc.tensor([0.5, -1.5], requires_grad=True)
    >>> ganc.gradcheck(ganc.tanh, x)  # doctest: +SKIP
    True
    """
    _need_float64("gradcheck")
    inputs = _as_tuple(inputs)
    checked = [k for k, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: got no input that requires grad, expected at least one")
    previous = core.set_grad_enabled(True)
    try:
        for k in checked:
            outputs = _outputs(func, inputs)
            for o, numeric in enumerate(_numeric(func, inputs, k, eps)):
                analytic = _analytic(outputs, o, inputs[k])
                if not np.allclose(analytic, numeric, rtol=rtol, atol=atol):
                    if not raise_exception:
                        return False
                    raise GradcheckError(
                        f"gradcheck: the Jacobian of output {o} with respect to input {k} differs "
                        f"by up to {np.abs(analytic - numeric).max():.3g}\n"
                        f"numerical:\n{numeric}\nanalytical:\n{analytic}"
                    )
    finally:
        core.set_grad_enabled(previous)
    return True


def gradgradcheck(
    func: Callable[..., Tensor | Sequence[Tensor]],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Compare second derivatives with finite differences of the first.

    Parameters
    ----------
    func : callable
        Takes the inputs, returns a tensor or several.
    inputs : Tensor or sequence of Tensor
        Those that require grad are checked.
    grad_outputs : Tensor or sequence of Tensor, optional
        What the outputs' gradients are contracted with; by default random numbers.
    eps : float, default 1e-6
        The step of the differences.
    atol, rtol : float
        Absolute and relative tolerance.
    raise_exception : bool, default True
        False: return False instead of raising.

    Returns
    -------
    bool
        True if all second derivatives agree.

    Raises
    ------
    RuntimeError
        `GradcheckError` if they differ; also in the float32 build, see `gradcheck`.
    ValueError
        If no input requires grad.

    Examples
    --------
    >>> import ganc
    >>> x = ganc.tensor([0.5, -1.5], requires_grad=True)
    >>> ganc.gradgradcheck(ganc.tanh, x)  # doctest: +SKIP
    True
    """
    _need_float64("gradgradcheck")
    inputs = _as_tuple(inputs)
    if grad_outputs is None:
        cotangents = tuple(randn_like(y, requires_grad=True) for y in _outputs(func, inputs))
    else:
        cotangents = _as_tuple(grad_outputs)
    n = len(inputs)
    checked = [k for k, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]

    def gradients(*args: Any) -> tuple[Tensor, ...]:
        outputs = _outputs(func, args[:n])
        used = [(y, g) for y, g in zip(outputs, args[n:], strict=True) if y.requires_grad]
        wanted = [args[k] for k in checked]
        found = grad(
            [y for y, _ in used],
            wanted,
            [g for _, g in used],
            create_graph=True,
            allow_unused=True,
        )
        return tuple(x * 0.0 if g is None else g for g, x in zip(found, wanted, strict=True))

    options = {"eps": eps, "atol": atol, "rtol": rtol, "raise_exception": raise_exception}
    return gradcheck(gradients, inputs + cotangents, **options)
