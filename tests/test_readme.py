"""The README's Python runs as it stands there, with fewer epochs."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
pytestmark = pytest.mark.skipif(not README.exists(), reason="only in the source tree")


def test_python_blocks(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="pip install matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    assert len(blocks) == 7
    names = {}
    for block in blocks:
        exec(re.sub(r"epochs=\d+", "epochs=1", block), names)
    assert names["images"].shape == (64, 28, 28)
    assert (tmp_path / "run.ganc").exists()


def test_the_two_commands_are_there():
    text = README.read_text()
    for command in ("pip install . && python -m ganc demo", "pip install -e '.[test]' && pytest"):
        assert text.count(f"```sh\n{command}\n```") == 1
