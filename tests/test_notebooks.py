"""The notebooks: run from top to bottom, and what is committed of their last run."""

import re
from pathlib import Path

import pytest
from children import ROOT, environment

nbclient = pytest.importorskip("nbclient", reason="pip install nbclient to run a notebook")
nbformat = pytest.importorskip("nbformat", reason="pip install nbclient to run a notebook")
pytest.importorskip("ipykernel", reason="pip install ipykernel to run a Jupyter kernel")

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.skipif(not NOTEBOOKS, reason="only in the source tree")
BYTES = 1_500_000


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(cell):
    """What a cell printed or showed, as plain text."""
    shown = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(shown + [output.get("text", "") for output in cell.outputs])


def kinds(cell):
    return {kind for output in cell.outputs for kind in output.get("data", {})}


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def committed(request):
    return request.param


@pytest.fixture(scope="module")
def ran(committed, tmp_path_factory):
    """The notebook, run now with few steps, in a folder of its own."""
    notebook = nbformat.read(committed, as_version=4)
    for cell in code_cells(notebook):
        cell.outputs = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(GANC_FAST="1").items():
            patch.setenv(name, value)
        nbclient.NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}},
        ).execute()
    return notebook


def test_every_cell_runs_and_says_what_the_committed_run_says(committed, ran):
    """Each cell makes outputs of the kinds that the committed run has: text, pictures, tables."""
    before = nbformat.read(committed, as_version=4)
    for old, new in zip(code_cells(before), code_cells(ran), strict=True):
        assert kinds(old) == kinds(new), old.source
        assert bool(texts(old)) == bool(texts(new)), old.source


def test_the_committed_run_is_whole(committed):
    assert committed.stat().st_size < BYTES
    notebook = nbformat.read(committed, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output["text"]
    assert not re.search(r"/(home|root|tmp|work|Users)/", committed.read_text())


def test_pictures_of_the_committed_run_are_of_a_full_one(committed):
    """Not one of `GANC_FAST`: it says how many epochs it made."""
    source = Path(committed).read_text()
    epochs = re.search(r"EPOCHS = (\d+) if FAST else (\d+)", source)
    assert f"epoch {epochs[2]}/{epochs[2]}" in source


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def test_the_first_gan(ran, committed):
    """What its text says of its numbers, in a short run too."""
    if committed.stem != "01_first_gan":
        pytest.skip("another notebook")
    sick, repaired = (texts(cell_of(ran, name)) for name in ("doctor", "doctor-2"))
    assert "mode-collapse" in sick and "nothing found" in repaired
    spots = re.findall(r"(\d) of 8 spots", texts(cell_of(ran, "compare")))
    assert int(spots[0]) <= 1 and int(spots[1]) == 8
    numbers = [float(n) for n in re.findall(r"\d\.\d{3}", texts(cell_of(ran, "sick-curves")))]
    d_loss, d_end, g_loss, g_end, d_real, d_fake = numbers
    assert abs(d_loss - d_end) < 0.1 and abs(g_loss - g_end) < 0.1  # perfect curves
    assert abs(d_real - 0.5) < 0.1 and abs(d_fake - 0.5) < 0.1
    assert "True" in texts(cell_of(ran, "save"))
    before = re.search(r"D\(x\).* (0\.\d+)\n.* (0\.\d+)", texts(cell_of(ran, "before")))
    assert all(abs(float(n) - 0.5) < 0.1 for n in before.groups())
