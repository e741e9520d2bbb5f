"""Exceptions of ganc that Python has no name for.

`ganc.FormatError`, for damaged files, lives with the readers in `ganc.io`.
"""

__all__ = ["DivergenceError"]


class DivergenceError(ArithmeticError):
    """Training has left the finite numbers: a loss is NaN or infinite.

    The message says at which step, and what to try. The model is still there, but its weights
    may hold NaN; load an earlier file or build it anew.

    Examples
    --------
    >>> from ganc.errors import DivergenceError
    >>> raise DivergenceError("d_loss is nan after step 12")
    Traceback (most recent call last):
        ...
    ganc.DivergenceError: d_loss is nan after step 12
    """


DivergenceError.__module__ = "ganc"  # where it is public
