"""`Optimizer`, what all optimizers share: groups, steps and state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ganc._backend import core
from ganc._tensor._creation import Tensor, tensor
from ganc.optim._group import Group, as_number

__all__ = ["Optimizer"]

_FOREIGN = (
    "params", "differentiable", "foreach", "fused", "capturable", "decoupled_weight_decay",
)  # fmt: skip
_OFF = {"amsgrad": False, "maximize": False}  # what a state that does not mention them means
_HINTS = ("foreach", "fused", "capturable")  # how PyTorch runs it, not what it computes


def refuse(what: str, **options: Any) -> None:
    """Raise for an option that is not offered; ignore those that only choose an implementation."""
    for name, value in options.items():
        if name not in _HINTS and value:
            raise ValueError(f"{what}: got {name}={value!r}, which is not offered")


class Optimizer:
    """Base class of the optimizers; not used by itself.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups with options of their own: ``{"params": [...], "lr": 0.1}``.
    defaults : dict
        The options of groups that do not state them.

    Attributes
    ----------
    param_groups : list of dict
        Setting ``optimizer.param_groups[0]["lr"]`` takes effect at once.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1)
    >>> isinstance(optimizer, optim.Optimizer)
    True
    """

    _kind = ""
    _numbers: tuple[str, ...] = ("lr",)  # options that the core takes under the same name

    def __init__(self, params: Iterable[Any], defaults: Mapping[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError("params: got a Tensor, expected an iterable of them; put it in a list")
        self.defaults = dict(defaults)
        self.param_groups: list[Group] = []
        for name in self._numbers:
            if name not in self.defaults:
                raise ValueError(f"defaults: got no {name!r}, expected {', '.join(self._numbers)}")
            as_number(name, self.defaults[name])
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], Mapping):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Add parameters with options of their own.

        Parameters
        ----------
        param_group : dict
            "params" and any of the optimizer's options.

        Raises
        ------
        TypeError, ValueError
            If it is not a dict, holds something else than leaf tensors, or a parameter is in the
            optimizer already.
        """
        if not isinstance(param_group, Mapping):
            raise TypeError(f"param_group: got {type(param_group).__name__}, expected a dict")
        options = dict(param_group)
        params = options.pop("params", None)
        if params is None:
            raise ValueError('param_group: got no "params"')
        if isinstance(params, (set, frozenset)):
            raise TypeError("params: got a set, whose order is not defined; expected a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, got {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError("can't optimize a tensor that was computed from others")
            if id(p) in known:
                raise ValueError("some parameters appear in more than one parameter group")
            known.add(id(p))
        if unknown := [name for name in options if name not in self.defaults]:
            known_names = ", ".join(self.defaults)
            raise ValueError(
                f"param_group: got option {unknown[0]!r}, {type(self).__name__} has {known_names}"
            )
        merged = {"params": params, **self.defaults, **options}
        self.param_groups.append(Group(self._kind, merged, self._numbers))

    def cores(self) -> list[core.Optimizer]:
        """Return the core's optimizers, one for each group.

        Returns
        -------
        list
        """
        return [group.core for group in self.param_groups]

    # ---- steps -----------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters from their gradients; those without are left alone.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and the gradients first, and returns the loss.

        Returns
        -------
        object
            What `closure` returned, or None.
        """
        loss = None
        if closure is not None:
            previous = core.set_grad_enabled(True)
            try:
                loss = closure()
            finally:
                core.set_grad_enabled(previous)
        core.update(tuple(self.cores()))
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients.

        Parameters
        ----------
        set_to_none : bool, default True
            False: fill them with zeros.
        """
        for group in self.param_groups:
            if set_to_none:
                group.core.zero_grad()
                continue
            for p in group["params"]:
                if p.grad is not None:
                    p.grad.detach().zero_()

    def minimize(self, loss: Tensor) -> float:
        """Differentiate a loss for this optimizer's parameters only, and update them.

        Gradients of other parameters are not computed, and no ``.grad`` is read or changed.

        Parameters
        ----------
        loss : Tensor of one element

        Returns
        -------
        float
            The norm of the gradient.

        Examples
        --------
        >>> from ganc import nn, optim
        >>> x = nn.Parameter([3.0])
        >>> opt = optim.SGD([x], lr=0.5)
        >>> opt.minimize((x**2).sum()), x.tolist()
        (6.0, [0.0])
        """
        return core.update(tuple(self.cores()), loss)

    # ---- state -----------------------------------------------------------------------------
    @property
    def state(self) -> dict[Tensor, dict[str, Any]]:
        """The state by parameter; the tensors share memory with the optimizer."""
        return {
            p: values
            for group in self.param_groups
            for p, values in zip(group["params"], _values(group), strict=True)
            if values
        }

    def state_dict(self) -> dict[str, Any]:
        """Return state and options, in PyTorch's layout.

        Returns
        -------
        dict
            "state": by parameter number, "step" and tensors (copies); "param_groups": the options
            and the numbers of the parameters. `amsgrad` and `maximize` are left out where they
            are off. PyTorch's optimizers load it, its tensors converted, and the other way round.

        Examples
        --------
        >>> from ganc import nn, optim
        >>> opt = optim.Adam(nn.Linear(2, 1).parameters(), lr=1e-3)
        >>> state = opt.state_dict()
        >>> state["state"], state["param_groups"][0]["params"]
        ({}, [0, 1])
        """
        state: dict[int, dict[str, Any]] = {}
        groups, start = [], 0
        for group in self.param_groups:
            numbers = list(range(start, start + len(group["params"])))
            start += len(numbers)
            for i, values in zip(numbers, _values(group), strict=True):
                if values:
                    state[i] = {
                        name: value.clone() if isinstance(value, Tensor) else value
                        for name, value in values.items()
                    }
            options = {
                name: value
                for name, value in group.items()
                if name != "params" and (value or name not in _OFF)
            }
            groups.append({**options, "params": numbers})
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` returned.

        Parameters
        ----------
        state_dict : dict

        Raises
        ------
        ValueError
            If groups, parameters or shapes do not fit; nothing has changed then.

        Examples
        --------
        >>> from ganc import nn, optim
        >>> net = nn.Linear(2, 1)
        >>> opt = optim.Adam(net.parameters(), lr=1e-3)
        >>> opt.load_state_dict(optim.Adam(net.parameters(), lr=5e-4).state_dict())
        >>> opt.param_groups[0]["lr"]
        0.0005
        """
        groups, state = _parts(state_dict)
        sizes = [len(group["params"]) for group in groups]
        own = [len(group["params"]) for group in self.param_groups]
        if sizes != own:
            raise ValueError(f"state_dict: got groups of {sizes} parameters, expected {own}")
        plans = []
        for group, saved in zip(self.param_groups, groups, strict=True):
            refuse(type(self).__name__, differentiable=saved.get("differentiable"))
            options = {
                name: tuple(value) if name == "betas" else value
                for name, value in saved.items()
                if name not in _FOREIGN
            }
            off = {name: value for name, value in _OFF.items() if name in group}
            made = Group(self._kind, {**group, **off, **options}, self._numbers)  # checks them
            _restore(made, [state.get(i) for i in saved["params"]])
            plans.append((group, made))
        for group, made in plans:
            group.become(made)

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles hold: the parameters too, so copy them with their network."""
        return self.__dict__ | {
            "param_groups": [dict(group) for group in self.param_groups],
            "_clips": [group.core.get("clip") for group in self.param_groups],
            "_state": self.state_dict()["state"],
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        own = dict(state)
        groups, clips, values = (own.pop(name) for name in ("param_groups", "_clips", "_state"))
        vars(self).update(own)
        self.param_groups, start = [], 0
        for options, clip in zip(groups, clips, strict=True):
            group = Group(self._kind, options, self._numbers)
            group.core.set("clip", clip)
            _restore(group, [values.get(start + i) for i in range(len(group["params"]))])
            start += len(group["params"])
            self.param_groups.append(group)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


def _values(group: Group) -> list[dict[str, Any]]:
    """Return each parameter's state; empty before its first step."""
    counts = group.core.counts
    slots = group.core.slots() if any(counts) else {}
    return [
        {"step": count, **{name: tensors[i] for name, tensors in slots.items()}} if count else {}
        for i, count in enumerate(counts)
    ]


def _parts(state_dict: Any) -> tuple[list[Mapping[str, Any]], Mapping[int, Any]]:
    """Return groups and state by parameter number, once they look like that."""
    whole = isinstance(state_dict, Mapping) and {"state", "param_groups"} <= state_dict.keys()
    groups, state = (state_dict["param_groups"], state_dict["state"]) if whole else (None, None)
    if not isinstance(groups, (list, tuple)) or not isinstance(state, Mapping):
        raise ValueError(
            f'state_dict: got {state_dict!r:.80}, expected {{"state": ..., "param_groups": [...]}}'
        )
    for group in groups:
        numbers = group.get("params") if isinstance(group, Mapping) else None
        if not isinstance(numbers, (list, tuple)) or not all(type(i) is int for i in numbers):
            raise ValueError(
                f"state_dict: got {group!r:.80} as a group, expected a dict with the numbers of "
                'its parameters as "params"'
            )
    return list(groups), state


def _restore(group: Group, saved: list[Mapping[str, Any] | None]) -> None:
    """Put saved state into a fresh group; one that has no state allocates none."""
    if not any(saved):
        return
    slots = group.core.slots()
    counts = [0] * len(saved)
    for i, values in enumerate(saved):
        if not values:
            continue
        if not isinstance(values, Mapping):
            raise ValueError(
                f"state_dict: got {values!r:.80} for parameter {i}, expected a dict of its state"
            )
        counts[i] = _count(values, i)
        for name, tensors in slots.items():
            if counts[i] or values.get(name) is not None:
                tensors[i].copy_(_slot(values.get(name), name, i, tensors[i].shape))
    group.core.counts = counts


def _count(values: Mapping[str, Any], i: int) -> int:
    # PyTorch's SGD counts none; what counts is "not the first"
    step = values.get("step", int(any(value is not None for value in values.values())))
    step = step.item() if hasattr(step, "item") else step
    if not isinstance(step, (int, float)) or not 0 <= step < 2**53 or step != int(step):
        raise ValueError(f"state_dict: got step {step!r:.80} of parameter {i}, expected a count")
    return int(step)


def _slot(value: Any, name: str, i: int, shape: tuple[int, ...]) -> Tensor:
    if value is None:
        raise ValueError(f"state_dict: got no {name} of parameter {i}")
    try:
        value = value.detach() if isinstance(value, Tensor) else tensor(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"state_dict: {name} of parameter {i}: {error}") from error
    if value.shape != shape:
        raise ValueError(
            f"state_dict: got {name} of shape {value.shape} for parameter {i}, expected {shape}"
        )
    return value
