"""Errors that name the function and the argument, from the annotations that are there anyway.

A package wraps what it exports with ``check_exports``. A wrapped function runs as it is; only when
it fails are its arguments compared with the annotations, and what does not fit is refused by name.
So one mechanism serves all functions, and costs nothing where nothing is wrong. An error that ganc
words itself passes unchanged, and so does one from the user's own code.
"""

from __future__ import annotations

import dis
import inspect
import numbers
import re
import sys
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from ganc._fits import describe, misfit
from ganc._keywords import near_keyword

__all__ = ["FAULTS", "check_exports", "explain_forward", "guard", "guard_class"]

FAULTS = (TypeError, ValueError, LookupError, AttributeError, NameError, ArithmeticError)
_INTERNAL = (LookupError, AttributeError, NameError)  # of these, IndexError alone is for users
_PACKAGES = {"ganc", "numpy", "matplotlib", "PIL", "pandas", *sys.stdlib_module_names}
_FOREIGN = (str, bytes, numbers.Number, np.ndarray, np.generic)  # in ganc no object is one
_guarded: dict[tuple[Callable, str], Callable] = {}
_PREFIX = re.compile(r"([A-Za-z_][\w.]*)(?:\(\))?: ")


def guard(function: Callable, name: str) -> Callable:
    """Return `function` with errors that say `name` and the argument that does not fit."""
    if function in _guarded.values():
        function = function.__wrapped__
    if (function, name) in _guarded:
        return _guarded[function, name]
    faults, explained = FAULTS, explain

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except faults as error:
            better = explained(error, function, name, args, kwargs)
            if better is None:
                raise
            raise better from better.__cause__

    # the globals are the function's, so that doctest and type hints find what they look for
    space, cells = inspect.unwrap(function).__globals__, call.__closure__
    own = FunctionType(call.__code__, space, function.__name__, None, cells)
    for attribute in ("__doc__", "__qualname__", "__annotations__", "__module__"):
        setattr(own, attribute, getattr(function, attribute))
    own.__dict__.update(function.__dict__)
    own.__wrapped__ = function
    _guarded[function, name] = own
    return own


def guard_class(cls: type, leave: tuple[str, ...] = ()) -> None:
    """Guard the constructor of a class and its public methods, inherited ones too."""
    for base in cls.__mro__:
        if not base.__module__.startswith("ganc"):
            continue
        for name, item in list(vars(base).items()):
            if name.startswith("_") or name in leave:
                continue
            if isinstance(item, FunctionType):
                setattr(base, name, guard(item, name))
            elif isinstance(item, classmethod):
                setattr(base, name, classmethod(guard(item.__func__, name)))
        if isinstance(vars(base).get("__init__"), FunctionType):
            base.__init__ = guard(base.__init__, "__init__")


def check_exports(namespace: dict[str, Any]) -> None:
    """Guard the functions and classes that a package lists in ``__all__``."""
    for name in namespace["__all__"]:
        item = namespace[name]
        if not (getattr(item, "__module__", None) or "").startswith("ganc"):
            continue
        if isinstance(item, FunctionType):
            namespace[name] = guard(item, name)
        elif isinstance(item, type) and not issubclass(item, BaseException):
            guard_class(item, leave=("forward",))  # Module.__call__ explains what fails in it


def explain(
    error: Exception, function: Callable, name: str, args: tuple, kwargs: Mapping[str, Any]
) -> Exception | None:
    """Return an error that says what is wrong with the arguments, or None to leave `error`."""
    if not type(error).__module__.startswith(("builtins", "numpy")) or not _is_ours(error):
        return None
    if name == "__init__" and args:
        name = _public_class(args[0])
    signature = inspect.signature(function)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as fault:
        return TypeError(_unbound(str(fault), signature, name, kwargs))
    internal = isinstance(error, _INTERNAL) and not isinstance(error, IndexError)
    prefix = None if internal else _PREFIX.match(str(error))
    if _raised_by_statement(error):
        if prefix and prefix[1] != name and prefix[1] in signature.parameters:
            error.args = (f"{name}: {error}",)  # it names the argument, but not the function
        return None
    if prefix and (prefix[1] == name or prefix[1] not in signature.parameters):
        return None  # the core's, which names its function
    wrong = misfit(function, bound) or _culprit(error, bound)
    if wrong:
        parameter, value, expected = wrong
        better = TypeError(f"{name}: got {parameter}={describe(value)}, expected {expected}")
    elif internal:
        return None  # ours, not the user's
    else:
        kind = type(error) if type(error) in (TypeError, ValueError, IndexError) else ValueError
        better = kind(f"{name}: {error}")
    better.__cause__ = error
    return better


def explain_forward(
    error: Exception, module: Any, args: tuple, kwargs: Mapping[str, Any]
) -> Exception | None:
    """Do the same for a call of a layer; a user's own class is left alone."""
    kind = type(module)
    if not kind.__module__.startswith("ganc."):
        return None
    return explain(error, kind.forward, kind.__name__, (module, *args), kwargs)


def _public_class(made: Any) -> str:
    """Return the name of the class of ganc that the user knows: no base of it, none below it."""
    for cls in type(made).__mro__:
        if cls.__module__.startswith("ganc.") and not cls.__name__.startswith("_"):
            return cls.__name__
    return type(made).__name__


def _is_ours(error: Exception) -> bool:
    """Return whether no code of the user's took part in the failure."""
    trace = error.__traceback__
    while trace := trace and trace.tb_next:
        top = trace.tb_frame.f_globals.get("__name__", "__main__").partition(".")[0]
        if top == "__main__" or top not in _PACKAGES:
            return False
    return True


def _raised_by_statement(error: Exception) -> bool:
    """Return whether a ``raise`` of ganc's made the error, and not the interpreter."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    frame = trace.tb_frame
    ours = frame.f_globals.get("__name__", "").startswith("ganc.")
    return ours and dis.opname[frame.f_code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"


def _culprit(error: Exception, bound: inspect.BoundArguments) -> tuple[str, Any, str] | None:
    """Return the argument whose missing attribute or unknown key was asked for."""
    if isinstance(error, AttributeError):
        at, expected = error.obj, f"something with .{error.name}"
    elif isinstance(error, KeyError) and error.args:
        at, expected = error.args[0], "a known name"
    else:
        return None
    for name, value in bound.arguments.items():
        inner = value if isinstance(value, (list, tuple)) else ()
        if any(v is at for v in (value, *inner)):
            return name, value, expected
    if isinstance(error, AttributeError) and isinstance(at, _FOREIGN):
        return "something", at, expected
    return None


def _unbound(fault: str, signature: inspect.Signature, name: str, kwargs: Mapping[str, Any]) -> str:
    """Say why arguments and signature do not go together."""
    known = [
        p.name
        for p in signature.parameters.values()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name != "self"
    ]
    strange = [k for k in kwargs if k not in known]
    if strange and "unexpected" in fault:
        return f"{name}: unexpected keyword {strange[0]!r}{near_keyword(strange[0], known)}"
    return f"{name}: {fault}, expected {', '.join(known) or 'no arguments'}"
