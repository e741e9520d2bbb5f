"""PyTorch, for files whose every test compares with it: without it they are skipped as a whole.

A test among others takes the fixture `torch` instead. `conftest.py` knows the reason by its words
and says at the end of a run what was not compared.
"""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
