"""``--data``: folders and zips of pictures beside names; labels, sizes, what is refused."""

import json
import shutil
import zipfile

import numpy as np
import pytest
from pictures import noise, write

import ganc
from ganc import cli
from ganc.cli import _runs
from ganc.cli._arguments import UsageError
from ganc.cli._data import Data, load, picture_shape
from ganc.io import read_tensors

SMALL = ["--set", "g_hidden=(8,)", "--set", "d_hidden=(8,)", "--batch-size", "4", "--seed", "1"]


@pytest.fixture
def pictures(tmp_path):
    """Five pictures of cats and three of dogs."""
    for i in range(8):
        kind = "cat" if i < 5 else "dog"
        write(tmp_path / "pictures" / kind / f"{i}.png", noise(20 + i, 24, seed=i))
    return tmp_path / "pictures"


def zipped(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    return path


def train(data, out, *more):
    return cli.main(["train", "vanilla", "--data", str(data), "--out", str(out), *SMALL, *more])


def run_of(folder):
    return json.loads((folder / "config.json").read_text())["run"]


def learned(folder):
    arrays, _ = read_tensors(folder / "model.ganc")
    return {name: x.tobytes() for name, x in arrays.items()}


def test_a_folder_and_its_zip_give_the_same_run(pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert train("pictures/", tmp_path / "a", "--size", "8") == 0
    assert train(zipped(pictures, tmp_path / "p.zip"), tmp_path / "b", "--size", "8") == 0
    assert learned(tmp_path / "a") == learned(tmp_path / "b")
    gan = ganc.load(tmp_path / "a" / "model.ganc")
    assert gan.preview(1, seed=0).shape == (1, 3, 8, 8) and gan.step == 2
    run = run_of(tmp_path / "a")
    assert run["data"] == str(pictures) and run["image_shape"] == [3, 8, 8]


def test_the_folder_is_found_again(pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(pictures.parent)
    assert train("./pictures", tmp_path / "a", "--size", "8") == 0
    assert train("./pictures", tmp_path / "b", "--size", "8", "--epochs", "2") == 0
    monkeypatch.chdir(pictures)
    capsys.readouterr()
    assert cli.main(["resume", str(tmp_path / "a"), "--epochs", "2"]) == 0
    assert learned(tmp_path / "a") == learned(tmp_path / "b")
    capsys.readouterr()
    assert cli.main(["doctor", str(tmp_path / "a"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data"] == str(pictures) and found["measured"]["labels"] == 0
    assert "data-range" in found["measured"]
    assert cli.main(["evaluate", str(tmp_path / "a"), "-n", "8", "--extractor", "pixels"]) == 0
    model = str(tmp_path / "a" / "model.ganc")
    assert cli.main(["doctor", model, "--data", str(pictures)]) == 0  # the model tells the size


def test_data_that_changed_or_went_are_not_gone_on_with(pictures, tmp_path, capsys):
    assert train(pictures, tmp_path / "a", "--size", "8") == 0
    write(pictures / "dog" / "9.png", noise(20, 20, seed=9))
    assert cli.main(["resume", str(tmp_path / "a"), "--epochs", "2"]) == 1
    assert "not the data" in capsys.readouterr().err
    shutil.rmtree(pictures)
    assert cli.main(["resume", str(tmp_path / "a"), "--epochs", "2"]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_a_run_with_one_checksum_is_gone_on_with(tmp_path):
    argv = ["train", "toy", *SMALL[:4], "--batch-size", "5000", "--seed", "1"]
    for name in "ab":
        assert cli.main([*argv, "--out", str(tmp_path / name)]) == 0
    path = tmp_path / "a" / "config.json"
    config = json.loads(path.read_text())
    (config["run"]["data_crc32"],) = config["run"]["data_crc32"]
    del config["run"]["image_shape"]
    path.write_text(json.dumps(config))
    for name in "ab":
        assert cli.main(["resume", str(tmp_path / name), "--epochs", "2"]) == 0
    assert learned(tmp_path / "a") == learned(tmp_path / "b")


def test_labels(pictures, tmp_path):
    data = load(str(pictures), (3, 8, 8))
    assert data.x.shape == (8, 8, 8, 3) and data.x.dtype == np.uint8 and data.classes == 2
    np.testing.assert_array_equal(data.fields[1], [0] * 5 + [1] * 3)
    grey = load(str(pictures / "cat"), (1, 6, 10))
    assert [field.shape for field in grey.fields] == [(5, 6, 10)] and grey.classes is None
    x, y = load("embedded", None).fields
    assert len(x) == len(y) == 10_000 and y.dtype == np.int64
    assert len(load("ring", None).fields) == 1


class Conditional:
    """A model of two fields, as far as `build` looks."""

    FIELDS = ("x", "y")

    def __init__(self, image_shape, classes=10):
        self.given = image_shape, classes


def test_the_model_learns_how_many_classes_there_are(pictures):
    data = load(str(pictures), (3, 8, 8))
    assert _runs.build(Conditional, data, {}).given == ((3, 8, 8), 2)
    assert _runs.build(Conditional, data, {"classes": 5}).given == ((3, 8, 8), 5)
    with pytest.raises(ValueError, match="learns from 2 fields, these data have 1"):
        _runs.build(Conditional, Data("x", data.fields[:1]), {})


def test_sizes():
    dcgan, vanilla, toy = (ganc.models.get(name) for name in ("dcgan", "vanilla", "toy"))
    assert picture_shape(dcgan, {}, "a/b", None) == (3, 64, 64)
    assert picture_shape(vanilla, {}, "b.zip", None) == (3, 28, 28)
    assert picture_shape(vanilla, {}, "b.zip", 40) == (3, 40, 40)
    assert picture_shape(toy, {}, "a/b", None) == (3, 32, 32)
    assert picture_shape(dcgan, {"image_shape": [1, 32, 48]}, "~/b", None) == (1, 32, 48)
    assert picture_shape(dcgan, {}, "fashion-mnist", None) is None


def test_a_name_of_a_data_set_comes_before_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ring").mkdir()
    assert load("ring", None).x.shape == (50_000, 2)
    with pytest.raises(UsageError, match="holds no pictures"):
        load("./ring", None)


REFUSED = {
    "empty": (["{empty}"], "holds no pictures"),
    "missing": (["{empty}/none"], "does not exist"),
    "missing zip": (["none.zip"], "does not exist"),
    "damaged zip": (["{broken}.zip"], "broken.zip"),
    "damaged pictures": (["{broken}"], "none of 1 pictures can be read"),
    "neither": (["digitz"], "did you mean 'digits'?; or the path of a folder"),
    "size of a name": (["ring", "--size", "8"], "expected a folder or zip"),
    "two sizes": (["{empty}", "--size", "8", "--set", "image_shape=(1,8,8)"], "one of them"),
    "shape": (["{empty}", "--set", "image_shape=8"], "(channels, height, width)"),
    "channels": (["{broken}", "--set", "image_shape=(2,8,8)"], "channels"),
    "no size": (["{broken}", "--size", "0"], "at least 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_data_is_refused_at_once(name, tmp_path, capsys):
    places = {"empty": tmp_path / "empty", "broken": tmp_path / "broken"}
    for folder in places.values():
        folder.mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 cut short")
    options, words = REFUSED[name]
    assert train(options[0].format(**places), tmp_path / "out", *options[1:]) == 2
    captured = capsys.readouterr()
    assert words in captured.err and captured.err.startswith("ganc: ") and not captured.out
    assert not (tmp_path / "out").exists()


def test_points_are_not_made_of_pictures(pictures, tmp_path, capsys):
    argv = ["train", "toy", "--data", str(pictures), "--out", str(tmp_path / "out")]
    assert cli.main(argv) == 2
    assert "these data are images" in capsys.readouterr().err


def test_a_damaged_picture_is_left_out_with_a_warning(pictures, tmp_path, capsys):
    (pictures / "dog" / "8.png").write_bytes(b"no picture")
    assert train(pictures, tmp_path / "out", "--size", "8") == 0
    assert "skipped 1 of 9 pictures" in capsys.readouterr().err
