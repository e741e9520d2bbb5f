"""ganc.history: recording, tables, files."""

import csv
import math
import sys

import pytest

from ganc.callbacks import History


@pytest.fixture
def history():
    h = History()
    h.on_epoch_end(0, {"d_loss": 1.0, "g_loss": 2.0})
    h.on_epoch_end(1, {"d_loss": 0.5, "g_loss": 2.5, "fid": 30.0})
    h.on_epoch_end(2, {"d_loss": 0.25})
    return h


def test_columns_are_as_long_as_the_epochs(history):
    assert history.epoch == [0, 1, 2] and len(history) == 3
    assert history.history["d_loss"] == [1.0, 0.5, 0.25]
    assert math.isnan(history.history["fid"][0]) and math.isnan(history.history["g_loss"][2])


def test_the_last_epoch_can_be_recorded_again(history):
    history.on_epoch_end(2, {"d_loss": 0.125, "g_loss": 3.0})
    assert history.epoch == [0, 1, 2]
    assert history.history["d_loss"][-1] == 0.125 and history.history["g_loss"][-1] == 3.0


def test_csv(history, tmp_path):
    path = tmp_path / "h.csv"
    history.to_csv(path)
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["epoch", "d_loss", "g_loss", "fid"]
    assert rows[2] == ["1", "0.5", "2.5", "30.0"]


def test_frame_or_a_clear_error(history, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        history.to_frame()
    monkeypatch.undo()
    pandas = pytest.importorskip("pandas")
    frame = history.to_frame()
    assert isinstance(frame, pandas.DataFrame) and frame.shape == (3, 3)


def test_html(history):
    text = history._repr_html_()
    assert text.count("<tr>") == 4 and "<th>d_loss</th>" in text
    history.history["<b>"] = [0.0, 0.0, 0.0]
    assert "&lt;b&gt;" in history._repr_html_()
    for epoch in range(3, 40):
        history.on_epoch_end(epoch, {"d_loss": 0.0})
    assert "last 20 of 40" in history._repr_html_()


def test_empty():
    h = History()
    assert repr(h) == "History(0 epochs)" and h and "<table>" in h._repr_html_()
