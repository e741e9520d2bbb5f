"""Functions of the test modules run in a child process whose core computes in float64."""

import json
import os
import sys

from children import run

PROGRAM = """
import importlib, json, sys
function = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
print(json.dumps(function()))
"""


def in_double(module, function):
    """Return what a function without arguments returns there: plain data."""
    path = os.pathsep.join(filter(None, sys.path))
    return json.loads(run(PROGRAM, module, function, GANC_DTYPE="float64", PYTHONPATH=path))
