"""The command line: ``ganc``, the same as ``python -m ganc``.

Progress goes to standard error, results to standard output. The exit status is 0, 2 for a usage
error, 1 for a failure, 130 after Ctrl-C.
"""

from ganc.cli._main import main

__all__ = ["main"]
