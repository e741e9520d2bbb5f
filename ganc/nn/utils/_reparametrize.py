"""Spectral norm and weight norm: a weight that is computed from parameters before each call."""

from __future__ import annotations

from typing import Any, TypeVar

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._random import randn
from ganc.nn._module import Module
from ganc.nn._parameter import Parameter

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]

_M = TypeVar("_M", bound=Module)


class _Hook:
    """A forward pre-hook that sets one weight."""

    kind = ""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.name, self.options = name, options

    def compute(self, module: Module) -> Tensor:
        raise NotImplementedError

    def __call__(self, module: Module, args: Any) -> None:
        module.__dict__[self.name] = self.compute(module)


class _SpectralNorm(_Hook):
    kind = "spectral_norm"

    def matrix(self, weight: Tensor) -> Tensor:
        """Return the weight as a matrix, the output dimension first."""
        dim = self.options["dim"]
        if dim:
            order = (dim, *(d for d in range(weight.ndim) if d != dim))
            weight = core.permute(weight, order)
        return core.reshape(weight, (weight.shape[0], -1))

    def compute(self, module: Module) -> Tensor:
        own, name = module.__dict__, self.name
        weight, u, v = own[f"{name}_orig"], own[f"{name}_u"], own[f"{name}_v"]
        w = self.matrix(weight)
        if module.training and self.options["n_power_iterations"]:
            _iterate(w, u, v, self.options["n_power_iterations"], self.options["eps"])
            u, v = u.clone(), v.clone()  # the tape keeps them; the next call changes the buffers
        sigma = core.sum(core.mul(u, core.matmul(w, v)))
        return core.div(weight, sigma)


def _iterate(w: Tensor, u: Tensor, v: Tensor, times: int, eps: float) -> None:
    """Move u and v towards the first singular vectors of w."""
    previous = core.set_grad_enabled(False)
    try:
        w = w.detach()
        for _ in range(times):
            v.copy_(_unit(core.matmul(u, w), eps))
            u.copy_(_unit(core.matmul(w, v), eps))
    finally:
        core.set_grad_enabled(previous)


def _unit(x: Tensor, eps: float) -> Tensor:
    return core.div(x, core.clamp_scalar(core.norm(x), eps, float("inf")))


class _WeightNorm(_Hook):
    kind = "weight_norm"

    def length(self, v: Tensor) -> Tensor:
        """Return the norm of v over all dimensions but one."""
        dim = self.options["dim"]
        if dim is None:
            return core.norm(v)
        return core.norm(v, tuple(d for d in range(v.ndim) if d != dim), True)

    def compute(self, module: Module) -> Tensor:
        g, v = module.__dict__[f"{self.name}_g"], module.__dict__[f"{self.name}_v"]
        return core.mul(v, core.div(g, self.length(v)))


def _weight(what: str, module: Module, name: str) -> Parameter:
    if not isinstance(module, Module):
        raise TypeError(f"{what}: got {type(module).__name__}, expected nn.Module")
    weight = module._parameters.get(name)
    if weight is None:
        taken = any(w["name"] == name for w in module.__dict__.get("_wrappers", ()))
        hint = "; it is normalised already" if taken else ""
        raise ValueError(f"{what}: {type(module).__name__} has no parameter {name!r}{hint}")
    return weight


def _install(module: Module, hook: _Hook) -> None:
    own = module.__dict__
    training, module.training = module.training, False  # no power iteration here
    try:
        own[hook.name] = hook.compute(module).detach()  # until the first call
    finally:
        module.training = training
    module.register_forward_pre_hook(hook)
    own.setdefault("_wrappers", []).append({"kind": hook.kind, "name": hook.name, **hook.options})


def _remove(module: Module, name: str, kind: str, parts: tuple[str, ...]) -> None:
    for key, (hook, _) in list(module._pre_hooks.items()):
        if isinstance(hook, _Hook) and (hook.kind, hook.name) == (kind, name):
            previous = core.set_grad_enabled(False)
            training, module.training = module.training, False
            try:
                value = Parameter(hook.compute(module))
            finally:
                module.training = training
                core.set_grad_enabled(previous)
            del module._pre_hooks[key]
            for part in parts:
                delattr(module, f"{name}_{part}")
            wrappers = module.__dict__["_wrappers"]
            wrappers[:] = [w for w in wrappers if (w["kind"], w["name"]) != (kind, name)]
            setattr(module, name, value)
            return
    raise ValueError(f"remove_{kind}: {type(module).__name__} has no {kind} on {name!r}")


def spectral_norm(
    module: _M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> _M:
    """Divide a weight by its largest singular value, before each call.

    The value is estimated by power iteration; the vectors are buffers ``<name>_u`` and
    ``<name>_v``, so they are saved with the module. Evaluation does not move them.

    Parameters
    ----------
    module : Module
        Changed in place: the parameter becomes ``<name>_orig``.
    name : str, default "weight"
    n_power_iterations : int, default 1
        Steps for each call in training, at least 1.
    eps : float, default 1e-12
        The smallest divisor.
    dim : int, optional
        The output dimension of the weight; by default 0, and 1 for transposed convolutions.

    Returns
    -------
    Module
        The same module.

    Raises
    ------
    ValueError
        If there is no such parameter, or a number is out of range.

    References
    ----------
    Miyato et al. 2018, Spectral normalization for generative adversarial networks.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> layer = nn.utils.spectral_norm(nn.Linear(20, 40))
    >>> layer(ganc.zeros(5, 20)).shape
    (5, 40)
    >>> sorted(layer.state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    weight = _weight("spectral_norm", module, name)
    if n_power_iterations < 1:
        raise ValueError(
            f"spectral_norm: got n_power_iterations={n_power_iterations}, expected at least 1"
        )
    if dim is None:
        dim = int(getattr(module, "transposed", False))
    options = {"n_power_iterations": n_power_iterations, "eps": eps, "dim": dim}
    hook = _SpectralNorm(name, options)
    matrix = hook.matrix(weight.detach())
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    for part, size in zip("uv", matrix.shape, strict=True):
        module.register_buffer(f"{name}_{part}", _unit(randn(size), eps))
    _install(module, hook)
    return module


def weight_norm(module: _M, name: str = "weight", dim: int | None = 0) -> _M:
    """Write a weight as a length ``<name>_g`` times a direction ``<name>_v``.

    Parameters
    ----------
    module : Module
        Changed in place.
    name : str, default "weight"
    dim : int or None, default 0
        The dimension along which lengths differ; None: one length.

    Returns
    -------
    Module
        The same module.

    Raises
    ------
    ValueError
        If there is no such parameter.

    References
    ----------
    Salimans and Kingma 2016, Weight normalization.

    Examples
    --------
    >>> from ganc import nn
    >>> layer = nn.utils.weight_norm(nn.Linear(20, 40))
    >>> layer.weight_g.shape
    (40, 1)
    """
    weight = _weight("weight_norm", module, name)
    if dim is not None:
        if not -weight.ndim <= dim < weight.ndim:
            raise ValueError(f"weight_norm: got dim={dim} for a weight of shape {weight.shape}")
        dim %= weight.ndim
    hook = _WeightNorm(name, {"dim": dim})
    length = hook.length(weight.detach())
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(length))
    module.register_parameter(f"{name}_v", Parameter(weight))
    _install(module, hook)
    return module


def remove_spectral_norm(module: _M, name: str = "weight") -> _M:
    """Make the normalised weight an ordinary parameter again.

    Parameters
    ----------
    module : Module
    name : str, default "weight"

    Returns
    -------
    Module
        The same module.

    Raises
    ------
    ValueError
        If it has no spectral norm on that weight.

    Examples
    --------
    >>> from ganc import nn
    >>> layer = nn.utils.remove_spectral_norm(nn.utils.spectral_norm(nn.Linear(2, 3)))
    >>> sorted(layer.state_dict())
    ['bias', 'weight']
    """
    _remove(module, name, "spectral_norm", ("orig", "u", "v"))
    return module


def remove_weight_norm(module: _M, name: str = "weight") -> _M:
    """Make the composed weight an ordinary parameter again.

    Parameters
    ----------
    module : Module
    name : str, default "weight"

    Returns
    -------
    Module
        The same module.

    Raises
    ------
    ValueError
        If it has no weight norm on that weight.

    Examples
    --------
    >>> from ganc import nn
    >>> layer = nn.utils.remove_weight_norm(nn.utils.weight_norm(nn.Linear(2, 3)))
    >>> sorted(layer.state_dict())
    ['bias', 'weight']
    """
    _remove(module, name, "weight_norm", ("g", "v"))
    return module
