"""`main`: from words to a command, from its result to what is printed and the exit status."""

import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from ganc.cli._arguments import UsageError, set_threads
from ganc.cli._parser import parser_of_all

__all__ = ["main"]


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
    [{"name": "C...GAN", ...
    0
    """
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
    except UsageError as error:
        print(f"ganc: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nganc: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, TypeError, OSError, ArithmeticError, ImportError, MemoryError) as error:
        print(f"ganc: {error or type(error).__name__}", file=sys.stderr)
        return 1


def _warn(message: Warning | str, *place: Any) -> None:
    print(f"ganc: warning: {message}", file=sys.stderr)


def _print(result: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result))
    elif isinstance(result, dict):
        width = max(map(len, result), default=0)
        for name, value in result.items():
            print(f"{name:<{width}}  {value}")
    else:
        for entry in result:
            print("  ".join(str(value) for value in entry.values() if value not in (None, "")))
