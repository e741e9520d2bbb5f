"""`main`: from words to a command, from its result to what is printed and the exit status."""

import json
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ganc.cli._arguments import UsageError, set_threads
from ganc.cli._parser import parser_of_all

__all__ = ["main"]

_EXPECTED = (UsageError, ValueError, TypeError, OSError, ArithmeticError, ImportError, MemoryError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Without the program's name; by default ``sys.argv[1:]``.

    Returns
    -------
    int
        The exit status.

    Examples
    --------
    >>> from ganc.cli import main
    >>> main(["models", "--json"])                                # doctest: +ELLIPSIS
    [{"name": "ACGAN", ...
    0
    """
    _take_any_name()
    parser = parser_of_all()
    arguments = parser.parse_args(argv)
    arguments.words = list(sys.argv[1:] if argv is None else argv)
    if not hasattr(arguments, "run"):
        parser.print_help()
        return 0
    try:
        if getattr(arguments, "threads", None) is not None:
            set_threads(arguments.threads)
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            result = arguments.run(arguments)
        _print(result, arguments.json)
        return 0
    except KeyboardInterrupt:
        print("\nganc: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        print(f"ganc: {_told(error)}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


def _take_any_name() -> None:
    """Print names that the console cannot show with escapes, where it would be an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _told(error: Exception) -> str:
    """Return one sentence, and what to do."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        notes = " ".join(getattr(error, "__notes__", ()))
        return f"{os.fsdecode(error.filename)}: {error.strerror}" + (f". {notes}" if notes else "")
    if isinstance(error, _EXPECTED):
        return str(error) or type(error).__name__
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"a fault of ganc, please report it: {type(error).__name__}: {error} "
        f"({os.path.basename(place.filename)}, line {place.lineno})"
    )


def _warn(message: Warning | str, *place: Any) -> None:
    print(f"ganc: warning: {message}", file=sys.stderr)


def _print(result: Any, as_json: bool) -> None:
    """Print a result, and find out whether it could be written."""
    try:
        _print_all(result, as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        with suppress(OSError):  # else Python tries again, and complains, at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OSError(error.errno, error.strerror, "standard output") from None


def _print_all(result: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result))
    elif isinstance(result, dict):
        width = max(map(len, result), default=0)
        for name, value in result.items():
            print(f"{name:<{width}}  {value}")
    else:
        for entry in result:
            print("  ".join(str(value) for value in entry.values() if value not in (None, "")))
