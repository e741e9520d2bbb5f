"""The benchmarks run and say what they should; what they measure is not tested."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from pytorch import torch

import ganc
from ganc._backend import core

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
pytestmark = [
    pytest.mark.skipif(not FOLDER.is_dir(), reason="only in the source tree"),
    pytest.mark.skipif(np.dtype(core.real) == np.float64, reason="float32 is what is measured"),
]

RUNS = {
    "gemm": ((), {"GFLOP/s", "of peak", "vs torch"}),
    "ops": ((), {"ganc us", "PyTorch us"}),
    "conv": ((), {"layer", "pass", "GFLOP/s", "of peak", "vs torch"}),
    "step": (("--model", "ToyGAN", "--rival", "torch"), {"ganc ms", "torch ms", "vs best"}),
    "memory": (("--model", "DenseGAN"), {"ganc MiB", "torch MiB", "torch / ganc"}),
    "scaling": (("--plot", "cost.png"), {"sweep", "us each", "off the line"}),
    "resample": ((), {"op", "pass", "PyTorch / ganc", "of the triad"}),
}


@pytest.fixture
def benchmark(tmp_path, monkeypatch):
    """Runs one with --quick in this process; threads, kernels and modules stay as they were."""
    threads, torch_threads, isa = ganc.get_num_threads(), torch.get_num_threads(), core.get_isa()
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.chdir(tmp_path)

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, "--quick", "--threads", "1", *arguments])
        importlib.import_module(name).main()

    yield run
    ganc.set_num_threads(threads)
    torch.set_num_threads(torch_threads)
    core.set_isa(isa)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(FOLDER)):
            del sys.modules[name]


@pytest.mark.parametrize("name", RUNS)
def test_quick_run_writes_table_and_json(name, benchmark, capsys):
    arguments, columns = RUNS[name]
    benchmark(name, "--json", "figures.json", *arguments)
    document = json.loads(Path("figures.json").read_text())
    assert document["benchmark"] == name and document["machine"]["torch"] and document["rows"]
    out = capsys.readouterr().out
    assert all(columns <= set(row) for row in document["rows"])
    assert all(f" {column} |" in out for column in columns)
    if name == "scaling":
        assert Path("cost.png").read_bytes().startswith(b"\x89PNG")


def test_rows_with_a_penalty(benchmark, capsys):
    """Both are there, against who can do it; torch.compile cannot and has no figure."""
    models, rivals = ("WGAN-GP", "R1+R2"), ("torch", "torch-compile")
    benchmark("step", "--json", "figures.json", "--model", *models, "--rival", *rivals)
    rows = json.loads(Path("figures.json").read_text())["rows"]
    assert [row["one D+G step"] for row in rows] == [
        "WGAN-GP, batch 2, 5 D + 1 G", "R1+R2, batch 2"
    ]  # fmt: skip
    for row in rows:
        assert row["torch-compile ms"] is row["vs torch-compile"] is None
        assert row["vs best"] == row["vs torch"] > 0
    said = capsys.readouterr()
    assert "| - |" in said.out and "no double backward" in said.err


def test_before_and_after(benchmark, capsys):
    trees = [str(FOLDER.parent)] * 2
    benchmark("before_after", *trees, "--json", "figures.json", "--model", "ToyGAN")
    (row,) = json.loads(Path("figures.json").read_text())["rows"]
    assert row["after / before"] > 0
    with pytest.raises(SystemExit, match="holds no ganc"):
        benchmark("before_after", trees[0], str(Path.cwd()), "--model", "ToyGAN")


def test_who_cannot_make_a_step_is_refused(benchmark):
    from _worker import child

    with pytest.raises(SystemExit, match="jax, WGAN-GP: no penalty"):
        child("jax", "WGAN-GP", 2, 1, "time")


def test_unknown_names_are_refused(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark("step", "--rival", "numpy")
    assert "no numpy; there are torch," in capsys.readouterr().err


def test_other_networks_than_the_declared_ones_are_refused(benchmark, monkeypatch):
    """What is timed is compared with the declaration first: other parameters, other training."""
    from _networks import SPECS, Spec, dense
    from _worker import Contender

    toy = SPECS["ToyGAN"]
    monkeypatch.setitem(SPECS, "ToyGAN", Spec(2, (2,), (2,), toy.generator, [dense(1)], lr=1e-3))
    with pytest.raises(SystemExit, match="not the same networks"):
        Contender("ganc", "ToyGAN", batch=2, threads=1)


def test_ganc_model_is_trained_as_the_rivals_are(benchmark):
    from _networks import SPECS, Spec
    from rivals import with_ganc

    toy = SPECS["ToyGAN"]
    other = Spec(2, (2,), (2,), toy.generator, toy.discriminator, lr=1e-3, betas=(0.9, 0.999))
    with pytest.raises(SystemExit, match="betas"):
        with_ganc.make("ToyGAN", other, 2, "")
    for name, spec in SPECS.items():
        _, parameters, _ = with_ganc.make(name, spec, 2, "")
        assert parameters == spec.parameters
