"""Checks the docstrings of everything public in ganc with numpydoc, and prints what is wrong.

Every public class, function and method has a summary; its Parameters section has exactly the
parameters of the signature, in their order; what returns something has a Returns section; every
public class has an example. For what is written in C, and for the methods that repeat an operation
as ``x.op(...)``, the summary is enough. A module's public names are those of its ``__all__``.

    python tools/check_docs.py
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any

from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

import ganc

# Codes of numpydoc's validation.
SUMMARY = {
    "GL03",  # double line breaks
    "GL08",  # no docstring
    "SS01",  # no summary
    "SS03",  # the summary does not end with a full stop
    "SS04",  # leading space
}
FUNCTION = SUMMARY | {
    "GL06",  # an unknown section
    "GL07",  # sections in the wrong order
    "PR01",  # a parameter is not documented
    "PR02",  # something is documented that is no parameter
    "PR03",  # parameters in another order
    "PR04",  # a parameter without a type
    "RT01",  # no Returns
    "YD01",  # no Yields
}
CLASS = FUNCTION | {"EX01"}  # no example
SHORT = ("ganc.Tensor", "ganc.Generator")


def public_modules() -> Iterator[Any]:
    """Every module without an underscore in its name."""
    yield ganc
    for found in pkgutil.walk_packages(ganc.__path__, "ganc."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def public_objects() -> Iterator[tuple[str, Any]]:
    """Name and object of every class and function that a public module lists, once each."""
    seen = set()
    for module in public_modules():
        for name in sorted(set(module.__all__)):
            item = getattr(module, name)
            if not (inspect.isclass(item) or inspect.isroutine(item)) or id(item) in seen:
                continue
            if not (getattr(item, "__module__", None) or "ganc").startswith("ganc"):
                continue
            seen.add(id(item))
            yield f"{module.__name__}.{name}", item
            if inspect.isclass(item):
                yield from _methods(f"{module.__name__}.{name}", item)


def _methods(owner: str, cls: type) -> Iterator[tuple[str, Any]]:
    for name, item in vars(cls).items():
        plain = item.__func__ if isinstance(item, staticmethod | classmethod) else item
        if not name.startswith("_") and inspect.isfunction(plain) and not _inherits(cls, name):
            yield f"{owner}.{name}", plain


def _inherits(cls: type, name: str) -> bool:
    """Whether a method overrides one that has its docstring: `forward`, `step`, callbacks."""
    return any(name in vars(base) for base in cls.__mro__[1:-1])


def codes_for(name: str, item: Any) -> set[str]:
    """What is asked of this docstring."""
    if name.startswith(SHORT) or (inspect.isclass(item) and issubclass(item, BaseException)):
        return SUMMARY
    return CLASS if inspect.isclass(item) else FUNCTION


def complaints() -> Iterator[str]:
    """One line for each thing that is wrong."""
    for name, item in public_objects():
        if not (item.__doc__ or "").strip():
            yield f"{name}: no docstring"
        elif inspect.isfunction(item) or inspect.isclass(item):
            codes = codes_for(name, item)
            for code, text in validate(get_doc_object(item))["errors"]:
                if code in codes:
                    yield f"{name}: {code} {text}"


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    count = sum(1 for _ in public_objects())
    wrong = list(complaints())
    print("\n".join(wrong))
    print(f"{count} public docstrings, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
