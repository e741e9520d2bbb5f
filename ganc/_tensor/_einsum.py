"""Sums of products in Einstein's notation, as one matrix product."""

from __future__ import annotations

from math import prod

from ganc._backend import core
from ganc._tensor._creation import Tensor

__all__ = ["einsum"]


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Sum products of the elements of one or two tensors, by Einstein's convention.

    Parameters
    ----------
    equation : str
        Letters for the dimensions of each operand and, after ``->``, of the result. Without
        ``->`` the result has the letters that occur once, in alphabetical order.
    *operands : Tensor
        One or two.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If letters and shapes do not fit, or for what is not offered: more than two operands,
        ``...``, and a letter twice in one operand.

    Examples
    --------
    >>> import ganc
    >>> a, b = ganc.ones(2, 3), ganc.ones(3, 4)
    >>> ganc.einsum("ik,kj->ij", a, b).shape
    (2, 4)
    >>> ganc.einsum("bi,bi->b", a, a).tolist()
    [3.0, 3.0]
    """
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    inputs, output = _parse(equation, operands)
    sizes = _sizes(equation, inputs, operands)
    wanted = set(output)
    if len(operands) == 1:
        return _arrange(*_reduce(operands[0], inputs[0], wanted), output)
    left, right = inputs
    a, left = _reduce(operands[0], left, wanted | set(right))
    b, right = _reduce(operands[1], right, wanted | set(left))
    batch = [c for c in left if c in right and c in wanted]
    inner = [c for c in left if c in right and c not in wanted]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]

    def matrix(x: Tensor, letters: str, free: list[str]) -> Tensor:
        order = batch + free + inner
        shape = [prod(sizes[c] for c in part) for part in (batch, free, inner)]
        own = [x.shape[letters.index(c)] for c in order]
        x = _arrange(x, letters, order)
        full = tuple(sizes[c] for c in order)
        if tuple(own) != full:  # a size 1 that the other operand broadcasts
            x = core.expand(x, full)
        return core.reshape(x, tuple(shape))

    product = core.matmul_t(matrix(a, left, rows), matrix(b, right, columns), False, True)
    letters = batch + rows + columns
    product = core.reshape(product, tuple(sizes[c] for c in letters))
    return _arrange(product, "".join(letters), output)


def _parse(equation: str, operands: tuple[Tensor, ...]) -> tuple[list[str], str]:
    text = equation.replace(" ", "")
    left, arrow, output = text.partition("->")
    inputs = left.split(",")
    if not 1 <= len(operands) <= 2:
        raise ValueError(f"einsum: got {len(operands)} operands, expected one or two")
    if len(inputs) != len(operands):
        raise ValueError(f"einsum: got {len(operands)} operands for {equation!r}")
    for part in (*inputs, output):
        if not all(c.isascii() and c.isalpha() for c in part):
            raise ValueError(f"einsum: got {equation!r}, expected letters, commas and one ->")
        if len(set(part)) != len(part):
            raise ValueError(
                f"einsum: got {part!r} in {equation!r}; a letter twice in one term is not offered"
            )
    letters = "".join(inputs)
    if not arrow:
        output = "".join(sorted(c for c in letters if letters.count(c) == 1))
    if unknown := [c for c in output if c not in letters]:
        raise ValueError(f"einsum: {unknown[0]!r} in the result of {equation!r} is in no operand")
    return inputs, output


def _sizes(equation: str, inputs: list[str], operands: tuple[Tensor, ...]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for letters, x in zip(inputs, operands, strict=True):
        if len(letters) != x.ndim:
            raise ValueError(
                f"einsum: got shape {x.shape} for {letters!r} in {equation!r}, expected "
                f"{len(letters)} dimensions"
            )
        for c, n in zip(letters, x.shape, strict=True):
            if sizes.get(c, 1) != 1 and n not in (1, sizes[c]):
                raise ValueError(
                    f"einsum: got sizes {sizes[c]} and {n} for {c!r} in {equation!r}, expected "
                    "equal ones"
                )
            if sizes.get(c, 1) == 1:
                sizes[c] = n
    return sizes


def _reduce(x: Tensor, letters: str, keep: set[str]) -> tuple[Tensor, str]:
    """Sum over the dimensions that nobody else needs."""
    if drop := tuple(i for i, c in enumerate(letters) if c not in keep):
        x = core.sum(x, drop)
    return x, "".join(c for c in letters if c in keep)


def _arrange(x: Tensor, letters: str, order: str | list[str]) -> Tensor:
    dims = tuple(letters.index(c) for c in order)
    return x if dims == tuple(range(len(dims))) else core.permute(x, dims)
