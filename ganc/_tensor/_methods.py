"""Tensor's methods beyond those of the core: the functions as methods, PyTorch's in-place forms.

In-place methods compute out of place and then let the tensor take the result, so the tape sees
one rule for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ganc._backend import core
from ganc._tensor import _algebra, _join, _logic, _math, _order, _scatter, _select, _shape
from ganc._tensor._creation import Tensor, tensor
from ganc._tensor._random import Generator, draw

__all__: list[str] = []

_assign = Tensor._assign
_reshape = core.reshape


def _method(name: str | None = None) -> Callable[[Callable], Callable]:
    def attach(function: Callable) -> Callable:
        function.__name__ = name or function.__name__.lstrip("_")
        function.__qualname__ = f"Tensor.{function.__name__}"
        setattr(Tensor, function.__name__, function)
        return function

    return attach


_METHODS = {
    _algebra: "addmm cumprod dot lerp mm mv outer prod",
    _logic: "allclose equal isclose isinf logical_and logical_not logical_or logical_xor",
    _math: "bmm clamp max min norm pow std topk var",
    _order: "argsort masked_select nonzero sort",
    _scatter: "scatter scatter_add",
    _select: "diag diagonal movedim narrow select swapaxes tensor_split trace unbind",
    _join: "chunk repeat roll split",
    _shape: "broadcast_to expand flatten masked_fill squeeze tril triu unsqueeze",
}
for _module, _names in _METHODS.items():
    for _name in _names.split():
        setattr(Tensor, _name, getattr(_module, _name))


# ---- shapes ------------------------------------------------------------------------------
@_method()
def reshape(self: Tensor, *shape: int | tuple[int, ...]) -> Tensor:
    """Return the same elements in another shape; one size may be -1. A view where it can be one."""
    return _reshape(self, shape if len(shape) != 1 else _shape.ints(shape, "reshape"))


@_method()
def view(self: Tensor, *shape: int | tuple[int, ...]) -> Tensor:
    """Return a view of the same elements in another shape; one size may be -1."""
    return _view(self, shape if len(shape) != 1 else _shape.ints(shape, "view"))


def _view(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    y = _reshape(x, shape)
    if y._base is None:
        raise RuntimeError(
            f"view: the elements of this view of shape {x.shape} do not lie so that shape {shape} "
            "is another view of them; use .reshape(), which copies"
        )
    return y


@_method()
def permute(self: Tensor, *dims: int | tuple[int, ...]) -> Tensor:
    """Return a view with its dimensions in another order."""
    return core.permute(self, _shape.ints(dims, "permute"))


@_method()
def flip(self: Tensor, *dims: int | tuple[int, ...]) -> Tensor:
    """Reverse the order of the elements along some dimensions."""
    return core.flip(self, _shape.ints(dims, "flip"))


@_method()
def size(self: Tensor, dim: int | None = None) -> tuple[int, ...] | int:
    """Return the shape, or the size of one dimension."""
    return self.shape if dim is None else self.shape[dim]


@_method()
def t(self: Tensor) -> Tensor:
    """Return the transpose of a matrix; tensors of fewer dimensions unchanged."""
    if self.ndim > 2:
        raise ValueError(f"t: got shape {self.shape}, expected at most 2 dimensions")
    return self if self.ndim < 2 else core.transpose(self, 0, 1)


@property
def _transposed(self: Tensor) -> Tensor:
    """The tensor with its dimensions in reverse order."""
    return self if self.ndim < 2 else core.permute(self, tuple(range(self.ndim))[::-1])


Tensor.T = _transposed


@_method()
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """Return a view of the same elements in the shape of `other`."""
    return _view(self, other.shape)


@_method()
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """Repeat dimensions of size 1 to reach the shape of `other`."""
    return core.expand(self, other.shape)


# ---- what a script written for several types and devices calls --------------------------
def _cast(self: Tensor, dtype: Any) -> Tensor:
    wanted = tensor(0.0, dtype=dtype).dtype
    if self.dtype == wanted:
        return self
    return core.cast(self, "float" if wanted.kind == "f" else wanted.name)


@_method("float")
def _float(self: Tensor) -> Tensor:
    """Return the tensor as floats: itself, or a copy."""
    return _cast(self, float)


@_method("long")
def _long(self: Tensor) -> Tensor:
    """Return the tensor as int64: itself, or a copy, cut towards 0."""
    return _cast(self, int)


@_method("int")
def _int(self: Tensor) -> Tensor:
    """Return the tensor as int64, the one dtype of integers: itself, or a copy, cut towards 0."""
    return _cast(self, int)


@_method("bool")
def _bool(self: Tensor) -> Tensor:
    """Return a tensor that is True where this one is not 0: itself, or a copy."""
    return _cast(self, bool)


@_method("double")
def _double(self: Tensor) -> Tensor:
    """Return the tensor as float64, which ``GANC_DTYPE=float64`` has: itself, or a copy."""
    return _cast(self, "float64")


@_method()
def to(self: Tensor, dtype: Any, *, copy: bool = False) -> Tensor:
    """Return the tensor in another dtype, or in that of another tensor: itself, or a copy."""
    y = _cast(self, dtype.dtype if isinstance(dtype, Tensor) else dtype)
    return _clone(y) if copy and y is self else y


@_method("type")
def _type(self: Tensor, dtype: Any = None) -> Tensor | str:
    """Return the tensor in another dtype; without one, the name of its type."""
    if dtype is None:
        return {"f": "FloatTensor", "i": "LongTensor", "b": "BoolTensor"}[self.dtype.kind]
    return _cast(self, dtype)


@_method()
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the tensor in the dtype of another one: itself, or a copy."""
    return _cast(self, other.dtype)


@_method()
def is_floating_point(self: Tensor) -> bool:
    """Return whether the elements are floats."""
    return self.dtype.kind == "f"


@_method()
def contiguous(self: Tensor) -> Tensor:
    """Return the tensor itself, or a copy of a view whose elements do not lie side by side."""
    return self if self._is_dense else _clone(self)


@_method()
def cpu(self: Tensor) -> Tensor:
    """Return the tensor itself: tensors live in the CPU's memory."""
    return self


@_method()
def clone(self: Tensor) -> Tensor:
    """Return a copy that takes part in differentiation."""
    return _clone(self)


def _clone(x: Tensor) -> Tensor:
    return core.affine(x, 1, 0) if x.dtype.kind == "f" else core.cast(x, x.dtype.name)


# ---- in place ----------------------------------------------------------------------------
def _in_place(name: str, function: Callable[..., Tensor], doc: str) -> None:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        old = self
        if core.is_grad_enabled() and (
            self.requires_grad or any(isinstance(x, Tensor) and x.requires_grad for x in args)
        ):
            old = _clone(self)  # the tape may need the values that are about to go
        _assign(self, function(old, *args, **kwargs))
        return self

    method.__doc__ = doc
    _method(name)(method)


def _scaled(op: Callable[[Tensor, Any], Tensor]) -> Callable[..., Tensor]:
    def function(self: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
        return op(self, other if alpha == 1 else other * alpha)

    return function


_in_place("add_", _scaled(core.add), "Add ``alpha * other`` in place.")
_in_place("sub_", _scaled(core.sub), "Subtract ``alpha * other`` in place.")
_in_place("mul_", lambda self, other: core.mul(self, other), "Multiply in place.")
_in_place("div_", lambda self, other: core.div(self, other), "Divide in place.")
for _name, _doc in {
    "floor_divide": "Divide in place, to whole numbers.",
    "remainder": "Take the remainder of a division in place.",
    "bitwise_and": "Keep the bits set in both, in place.",
    "bitwise_or": "Set the bits set in either, in place.",
    "bitwise_xor": "Set the bits set in one only, in place.",
}.items():
    _in_place(f"{_name}_", getattr(core, _name), _doc)
_in_place("pow_", _math.pow, "Raise to a power in place.")
_in_place("clamp_", _math.clamp, "Limit to [min, max] in place.")
_in_place("lerp_", _algebra.lerp, "Interpolate linearly in place.")
_in_place("scatter_", _scatter.scatter, "Write elements to positions along a dimension.")
_in_place("scatter_add_", _scatter.scatter_add, "Add elements at positions along a dimension.")
_in_place("masked_fill_", _shape.masked_fill, "Replace elements where a mask is not zero.")
for _name in ["neg", "abs", "exp", "log", "sqrt", "square", "sigmoid", "tanh", "relu"]:
    _in_place(f"{_name}_", getattr(core, _name), f"`{_name}` in place.")
for _name, _method_name in {  # so that x += y changes x itself, as in PyTorch
    "add": "add_",
    "sub": "sub_",
    "mul": "mul_",
    "truediv": "div_",
    "floordiv": "floor_divide_",
    "mod": "remainder_",
    "and": "bitwise_and_",
    "or": "bitwise_or_",
    "xor": "bitwise_xor_",
    "pow": "pow_",
}.items():
    setattr(Tensor, f"__i{_name}__", getattr(Tensor, _method_name))


@_method()
def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with normal random numbers."""
    if not std >= 0:
        raise ValueError(f"normal_: got std={std}, expected at least 0")
    self.copy_(core.rand_normal(self.shape, *draw(generator), mean, std))
    return self


def _uniform_(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Fill with uniform random numbers of [from, to): ``uniform_(from=0, to=1)``."""
    generator = kwargs.pop("generator", None)
    bounds = dict(zip(("from", "to"), args, strict=False))
    if len(args) > 2 or set(bounds) & set(kwargs) or set(kwargs) - {"from", "to"}:
        raise TypeError("uniform_: expected uniform_(from=0, to=1, *, generator=None)")
    bounds |= kwargs
    low, high = bounds.get("from", 0.0), bounds.get("to", 1.0)
    if not low <= high:
        raise ValueError(f"uniform_: got from={low}, to={high}, expected from <= to")
    self.copy_(core.rand_uniform(self.shape, *draw(generator), low, high))
    return self


_method("uniform_")(_uniform_)
