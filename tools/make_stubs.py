"""Writes ganc/_core.pyi from the op table of the compiled core; ``--check`` only compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ganc import _core

STUB = Path(__file__).parent.parent / "ganc" / "_core.pyi"

HEAD = '''"""Stub of the compiled core; written by tools/make_stubs.py."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

Operand = Tensor | ArrayLike
Dims = int | Sequence[int]
real: Literal["float32", "float64"]
default_generator: Generator

class Generator:
    seed: int
    stream: int
    def __init__(self, seed: int = ...) -> None: ...
    def next(self) -> tuple[int, int]: ...

class Optimizer:
    steps: int
    counts: list[int]
    params: list[Tensor]
    def __init__(self, kind: str, params: Sequence[Tensor], **hyper: float) -> None: ...
    def get(self, name: str) -> float: ...
    def set(self, name: str, value: float) -> None: ...
    def step(self) -> None: ...
    def zero_grad(self) -> None: ...
    def minimize(self, loss: Tensor) -> float: ...
    def slots(self) -> dict[str, list[Tensor]]: ...

class Average:
    decay: float
    steps: int
    def __init__(
        self,
        parameters: Sequence[Tensor],
        averages: Sequence[Tensor],
        buffers: Sequence[Tensor],
        copies: Sequence[Tensor],
        decay: float,
    ) -> None: ...
    def update(self) -> None: ...

def step(
    updates: tuple[tuple[Any, ...], ...], batch: Any, number: int
) -> list[tuple[float, float, dict[str, float]] | None]: ...

class Tensor:
    shape: tuple[int, ...]
    ndim: int
    dtype: np.dtype
    requires_grad: bool
    is_leaf: bool
    grad: Tensor | None
    data: Tensor
    def __init__(self, data: Operand, requires_grad: bool = False) -> None: ...
    def numpy(self) -> np.ndarray: ...
    def item(self) -> float: ...
    def tolist(self) -> Any: ...
    def dim(self) -> int: ...
    def numel(self) -> int: ...
    def detach(self) -> Tensor: ...
    def requires_grad_(self, requires_grad: bool = True) -> Tensor: ...
    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None: ...
    def copy_(self, src: Operand) -> Tensor: ...
    def fill_(self, value: float) -> Tensor: ...
    def zero_(self) -> Tensor: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: Any) -> Tensor: ...
    def __setitem__(self, key: Any, value: Operand) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
'''

TYPES = {
    "": "Operand",
    "list": "Sequence[Tensor]",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "dims": "Dims",
    "dtype": "Any",
}
OPERATORS = "add sub mul truediv pow matmul radd rsub rmul rtruediv rpow rmatmul".split()
COMPARISONS = "lt le gt ge eq ne".split()


def parameter(item: str) -> str:
    """One item of a signature string, e.g. ``"act:none|relu='none'"``, as typed Python."""
    if item == "*":
        return item
    head, _, default = item.partition("=")
    name, _, kind = head.partition(":")
    optional = kind.endswith("?") or default == "None"
    kind = kind.rstrip("?")
    words = ", ".join(f'"{word}"' for word in kind.split("|"))
    annotation = TYPES.get(kind) or f"Literal[{words}]"
    annotation += " | None" if optional else ""
    default = default.replace("'", '"')
    return f"{name}: {annotation}" + (f" = {default}" if default else "")


def parameters(signature: str) -> list[str]:
    return [parameter(item.strip()) for item in signature.split(",")]


def stub() -> str:
    lines = [HEAD.rstrip()]
    lines += [f"    def __{name}__(self, other: Operand) -> Tensor: ..." for name in OPERATORS]
    lines += [
        f"    def __{name}__(self, other: Operand) -> Tensor: ...  # type: ignore[override]"
        for name in COMPARISONS
    ]
    lines.append("    def __neg__(self) -> Tensor: ...")
    ops = sorted(_core.ops())
    for name, signature, _ in ops:
        if name != "cat":
            rest = ", ".join(["self", *parameters(signature)[1:]])
            lines.append(f"    def {name}({rest}) -> Tensor: ...")
    lines.append("")
    lines += [f"def {n}({', '.join(parameters(s))}) -> Tensor: ..." for n, s, _ in ops]
    known = {name for name, *_ in ops} | {"Tensor", "Generator", "Optimizer"}
    known |= {"Average", "step"}
    rest = sorted(n for n in vars(_core) if callable(getattr(_core, n)) and n not in known)
    lines += [f"def {n}(*args: Any, **kwargs: Any) -> Any: ..." for n in rest if n[0] != "_"]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        STUB.write_text(stub())
        return 0
    if STUB.read_text() == stub():
        return 0
    print(f"{STUB.name} is not what the core declares; run python tools/make_stubs.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
