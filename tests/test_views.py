"""Views write through and see what is written to their base, as in PyTorch."""

import os

import pytest
from lib.view_programs import run
from pytorch import needs_torch

PROGRAMS = int(os.environ.get("GANC_VIEW_PROGRAMS", "300"))


@needs_torch
@pytest.mark.parametrize("grad", [False, True])
def test_random_programs_as_in_pytorch(grad):
    for seed in range(PROGRAMS):
        run(seed, grad)
