"""Sums of products in Einstein's notation, as matrix products of two operands at a time."""

from __future__ import annotations

from collections import Counter
from math import prod

from ganc._backend import core
from ganc._tensor._creation import Tensor
from ganc._tensor._select import diagonal

__all__ = ["einsum"]

_DOTS = 0x2400  # labels from here on are the dimensions of "...", counted from the last


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Sum products of the elements of tensors, by Einstein's convention.

    Parameters
    ----------
    equation : str
        Letters for the dimensions of each operand, ``...`` for any others, which broadcast, and
        after ``->`` those of the result. A letter twice in one operand takes the diagonal. Without
        ``->`` the result has what ``...`` stands for and the letters that occur once, in
        alphabetical order.
    *operands : Tensor
        As many as the equation has terms.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If letters and shapes do not fit.

    Examples
    --------
    >>> import ganc
    >>> a, b = ganc.ones(2, 3), ganc.ones(3, 4)
    >>> ganc.einsum("ik,kj->ij", a, b).shape
    (2, 4)
    >>> ganc.einsum("...i,...i->...", a, a).tolist()
    [3.0, 3.0]
    >>> ganc.einsum("ii", ganc.ones(3, 3)).item()
    3.0
    """
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    terms, output = _parse(equation, operands)
    sizes = _sizes(equation, terms, operands)
    found, letters = _diagonals(operands[0], terms[0])
    for i in range(1, len(operands)):
        wanted = set(output).union(*terms[i + 1 :])
        found, letters = _product(found, letters, *_diagonals(operands[i], terms[i]), wanted, sizes)
    found, letters = _reduce(found, letters, set(output))
    return _arrange(found, letters, output)


def _product(
    a: Tensor, left: str, b: Tensor, right: str, wanted: set[str], sizes: dict[str, int]
) -> tuple[Tensor, str]:
    """Multiply two operands and sum over what is in neither of the rest."""
    a, left = _reduce(a, left, wanted | set(right))
    b, right = _reduce(b, right, wanted | set(left))
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
    return core.reshape(product, tuple(sizes[c] for c in letters)), "".join(letters)


def _parse(equation: str, operands: tuple[Tensor, ...]) -> tuple[list[str], str]:
    """Return the labels of each operand and of the result; those of "..." are not letters."""
    left, arrow, output = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        raise ValueError(f"einsum: got {len(operands)} operands for {equation!r}")
    for part in (*inputs, output):
        letters = part.replace("...", "", 1)
        if not all(c.isascii() and c.isalpha() for c in letters):
            raise ValueError(
                f"einsum: got {equation!r}, expected letters, one '...' a term, commas and one ->"
            )
    extra = [x.ndim - len(t.replace("...", "")) for t, x in zip(inputs, operands, strict=True)]
    hidden = max([n for t, n in zip(inputs, extra, strict=True) if "..." in t], default=0)
    terms = [t.replace("...", _dots(n)) for t, n in zip(inputs, extra, strict=True)]
    if arrow:
        output = output.replace("...", _dots(hidden))
    else:
        count = Counter("".join(inputs).replace(".", ""))
        output = _dots(hidden) + "".join(sorted(c for c in count if count[c] == 1))
    letters = "".join(terms)
    if unknown := [c for c in output if c not in letters]:
        raise ValueError(f"einsum: {unknown[0]!r} in the result of {equation!r} is in no operand")
    if len(set(output)) != len(output):
        raise ValueError(f"einsum: a letter occurs twice in the result of {equation!r}")
    return terms, output


def _dots(count: int) -> str:
    return "".join(chr(_DOTS + k) for k in reversed(range(count)))


def _sizes(equation: str, terms: list[str], operands: tuple[Tensor, ...]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for letters, x in zip(terms, operands, strict=True):
        if len(letters) != x.ndim:
            raise ValueError(
                f"einsum: got shape {x.shape} for a term of {equation!r} with {len(letters)} "
                "letters, expected one for each dimension"
            )
        for c, n in zip(letters, x.shape, strict=True):
            if sizes.get(c, 1) != 1 and n not in (1, sizes[c]):
                raise ValueError(
                    f"einsum: got sizes {sizes[c]} and {n} for "
                    f"{'...' if ord(c) >= _DOTS else repr(c)} in {equation!r}, expected equal ones"
                )
            if sizes.get(c, 1) == 1:
                sizes[c] = n
    return sizes


def _diagonals(x: Tensor, letters: str) -> tuple[Tensor, str]:
    """Take the diagonal for each letter that occurs twice."""
    for c in dict.fromkeys(letters):
        while letters.count(c) > 1:
            i = letters.index(c)
            j = letters.index(c, i + 1)
            if x.shape[i] != x.shape[j]:
                raise ValueError(
                    f"einsum: got sizes {x.shape[i]} and {x.shape[j]} for {c!r} in one operand"
                )
            x = diagonal(x, 0, i, j)
            letters = letters[:i] + letters[i + 1 : j] + letters[j + 1 :] + c
    return x, letters


def _reduce(x: Tensor, letters: str, keep: set[str]) -> tuple[Tensor, str]:
    """Sum over the dimensions that nobody else needs."""
    if drop := tuple(i for i, c in enumerate(letters) if c not in keep):
        x = core.sum(x, drop)
    return x, "".join(c for c in letters if c in keep)


def _arrange(x: Tensor, letters: str, order: str | list[str]) -> Tensor:
    dims = tuple(letters.index(c) for c in order)
    return x if dims == tuple(range(len(dims))) else core.permute(x, dims)
