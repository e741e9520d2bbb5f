"""Files that ganc 0.1.0 has written: each loads, and goes on to the bits that 0.1.0 came to.

tests/files/0.1.0/make.py has made them, with 0.1.0, and says what they are.
"""

import importlib.util
import json
from pathlib import Path

import pytest

import ganc

FOLDER = Path(__file__).parent / "files" / "0.1.0"
HASHES = json.loads((FOLDER / "hashes.json").read_text())


def script(path):
    spec = importlib.util.spec_from_file_location("files_of_0_1_0", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE = script(FOLDER / "make.py")


@pytest.fixture(params=[1, 2])
def threads(request):
    before = ganc.get_num_threads()
    ganc.set_num_threads(request.param)
    yield request.param
    ganc.set_num_threads(before)


def test_all_are_here():
    assert {p.stem for p in FOLDER.glob("*.ganc")} == set(HASHES) == set(MAKE.CASES)


@pytest.mark.parametrize("name", HASHES)
def test_goes_on_to_the_same_bits(name, threads):
    model = ganc.load(FOLDER / f"{name}.ganc")
    assert type(model) is type(MAKE.CASES[name][0]())
    assert MAKE.outcome(model) == HASHES[name]["then"]
    assert MAKE.outcome(MAKE.trained(name, model)) == HASHES[name]["later"]


@pytest.mark.parametrize("name", HASHES)
def test_a_run_from_the_start_has_the_bits_of_the_old_version(name):
    assert MAKE.outcome(MAKE.trained(name, MAKE.CASES[name][0]())) == HASHES[name]["later"]


@pytest.mark.parametrize("name", HASHES)
def test_loaded_into_a_model_and_saved_anew(name, tmp_path):
    """A file of today's format, made of one of 0.1.0's, says the same."""
    model = MAKE.CASES[name][0]()
    assert ganc.load(FOLDER / f"{name}.ganc", model) is model
    model.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert MAKE.outcome(again) == HASHES[name]["then"]
    assert MAKE.outcome(MAKE.trained(name, again)) == HASHES[name]["later"]


def test_the_file_from_which_a_model_of_ones_own_class_was_saved(tmp_path):
    """A subclass may take over the file of its base class, as before."""

    class Mine(ganc.GAN):
        pass

    gan = Mine(*MAKE.own_networks(), 3, ema=0.99, d_reduction="separate", n_critic=2, seed=1)
    ganc.load(FOLDER / "separate_ema.ganc", gan)
    assert MAKE.outcome(gan) == HASHES["separate_ema"]["then"]
