"""load_images, ImageFolder: every source and kind of pixels, order, labels, what is refused."""

import os
import pickle
import zipfile

import numpy as np
import pytest
from pictures import encoded, noise, write
from PIL import Image, ImageOps

from ganc import data, datasets
from ganc.io import FormatError

# ---- sources and their order ----

TREE = ("b/2.png", "b/10.png", "a/x/1.png", "a/0.png", "a.png", "a-b/3.png")
SORTED = ("a/0.png", "a/x/1.png", "a-b/3.png", "a.png", "b/10.png", "b/2.png")


@pytest.fixture
def tree(tmp_path):
    """A folder whose pictures are all different, with files between that are none."""
    root = tmp_path / "tree"
    for seed, name in enumerate(TREE):
        write(root / name, noise(4, 4, seed=seed))
    (root / "notes.txt").write_text("no picture")
    write(root / ".hidden" / "1.png")
    write(root / "a" / "._1.png")
    return root


def pixels(names):
    return np.stack([noise(4, 4, seed=TREE.index(name)) for name in names])


def zipped(tree, file, prefix=""):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("__MACOSX/tree/a.png", b"not a picture")
        for path in sorted(tree.rglob("*"), reverse=True):
            archive.write(path, prefix + path.relative_to(tree).as_posix())
    return file


def test_a_folder_is_read_in_the_order_of_its_paths(tree):
    found = datasets.load_images(tree)
    x, y = found
    np.testing.assert_array_equal(x, pixels(SORTED))
    assert found.classes == ["a", "a-b", "b", "tree"] and y.tolist() == [0, 0, 1, 3, 2, 2]
    assert [os.path.relpath(name, tree) for name in found.names] == list(SORTED)
    assert x.dtype == np.uint8 and y.dtype == np.int64 and found.skipped == {}


@pytest.mark.parametrize("prefix", ["", "tree/", "some/where/"])
@pytest.mark.parametrize("suffix", [".zip", ".whl"])
def test_a_zip_gives_the_same_as_its_folder(tree, tmp_path, prefix, suffix):
    x, y = datasets.load_images(zipped(tree, tmp_path / f"tree{suffix}", prefix))
    np.testing.assert_array_equal(x, pixels(SORTED))
    assert y.tolist()[:3] == [0, 0, 1] and len(set(y.tolist())) == 4


def test_patterns_and_lists(tree):
    x, y = datasets.load_images(f"{tree}/**/*.png")
    np.testing.assert_array_equal(x, pixels(SORTED))
    one = datasets.load_images(f"{tree}/b/*.png")
    np.testing.assert_array_equal(one.x, pixels(("b/10.png", "b/2.png")))
    assert one.classes == ["b"] and one.y.tolist() == [0, 0]
    names = ("b/2.png", "a.png", "a/x/1.png")
    listed = datasets.load_images([tree / name for name in names])
    np.testing.assert_array_equal(listed.x, pixels(names))
    assert [listed.classes[label] for label in listed.y] == ["b", "tree", "a"]


def test_one_picture_and_the_current_folder(tree, monkeypatch):
    np.testing.assert_array_equal(datasets.load_images(tree / "a.png").x, pixels(["a.png"]))
    monkeypatch.chdir(tree)
    assert datasets.load_images(".").classes == ["a", "a-b", "b", "tree"]
    assert len(datasets.load_images(["a.png", "b/2.png"]).x) == 2


def test_linked_folders_are_entered_once(tree):
    os.symlink(tree / "b", tree / "c")
    os.symlink(tree, tree / "a" / "loop")
    assert len(datasets.load_images(tree).x) == len(TREE)


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("missing", FileNotFoundError, "does not exist; expected a folder"),
        ("*.nothing", FileNotFoundError, "holds no pictures"),
        ("empty", FileNotFoundError, "holds no pictures"),
        ([], FileNotFoundError, "holds no pictures"),
        (["missing.png"], FileNotFoundError, "not a file"),
        (7, TypeError, "expected a folder"),
        ("broken.zip", FormatError, "not readable"),
    ],
)
def test_sources_that_are_none(tmp_path, monkeypatch, source, error, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    for load in (datasets.load_images, data.ImageFolder):
        with pytest.raises(error, match=words):
            load(source)


# ---- pixels ----


def grey16(size=(7, 9)):
    values = np.linspace(0, 65535, size[0] * size[1]).reshape(size[::-1]).astype(np.uint16)
    return values, Image.fromarray(values)


def load(path, **options):
    return datasets.load_images(path, on_error="raise", **options).x[0]


def test_kinds_of_pixels(tmp_path):
    rgb = Image.fromarray(noise())
    for i, mode in enumerate(("RGB", "L", "1", "CMYK", "P")):
        suffix = ".tif" if mode == "CMYK" else ".png"
        image = rgb.convert(mode)
        file = write(tmp_path / f"{i}{suffix}", image)
        np.testing.assert_array_equal(load(file), np.asarray(image.convert("RGB")), err_msg=mode)
        grey = image.convert("L")
        np.testing.assert_array_equal(load(file, channels=1), np.asarray(grey), err_msg=mode)
        assert load(file, channels=4).shape == (9, 7, 4)


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    values, image = grey16()
    expected = np.rint(values / 257).astype(np.uint8)
    write(tmp_path / "a.png", image)
    write(tmp_path / "a.tif", image)
    (tmp_path / "a.pgm").write_bytes(b"P5 7 9 65535\n" + values.astype(">u2").tobytes())
    for name in ("a.png", "a.tif", "a.pgm"):
        np.testing.assert_array_equal(load(tmp_path / name, channels=1), expected, err_msg=name)
    file = write(tmp_path / "float.tif", Image.fromarray(values.astype(np.float32)))
    with pytest.raises(FormatError, match="32-bit pixels"):
        load(file)


@pytest.mark.parametrize("colour", ["white", "black", "#ff8000", (1, 2, 3)])
def test_transparent_parts_show_the_background(tmp_path, colour):
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[..., 0] = 200
    clear[2:, :, 3] = 255
    rgba = Image.fromarray(clear)
    palette = Image.new("P", (4, 4), 3)
    palette.putpalette([7, 7, 7] * 4)
    ground = (1, 2, 3) if colour == (1, 2, 3) else Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    kinds = {
        "rgba.png": (rgba, {}, (200, 0, 0)),
        "la.png": (rgba.convert("LA"), {}, None),
        "p.png": (palette, {"transparency": 3}, ground),
        "l.png": (Image.new("L", (4, 4), 9), {"transparency": 9}, ground),
        "rgb.png": (Image.new("RGB", (4, 4), "red"), {"transparency": (255, 0, 0)}, ground),
    }
    for name, (image, options, bottom) in kinds.items():
        got = load(write(tmp_path / name, image, **options), background=colour)
        assert got.shape == (4, 4, 3) and got[0, 0].tolist() == list(ground), name
        if bottom is not None:
            assert got[3, 3].tolist() == list(bottom), name
    kept = load(tmp_path / "rgba.png", channels=4)
    assert kept[..., 3].tolist() == clear[..., 3].tolist()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_upright(tmp_path, orientation):
    image = Image.fromarray(noise())
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = write(tmp_path / "photo.png", image, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    np.testing.assert_array_equal(load(file), expected)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif", "tif", "ppm"])
def test_formats(tmp_path, suffix):
    image = noise(16, 12)
    got = load(write(tmp_path / f"a.{suffix.upper()}", image))
    assert got.shape == (16, 12, 3)
    if suffix in ("png", "bmp", "tif", "ppm"):
        np.testing.assert_array_equal(got, image)


# ---- size ----


def test_a_picture_of_the_size_is_left_alone(tmp_path):
    file = write(tmp_path / "a.png", noise(9, 7))
    for fit in ("crop", "pad", "stretch"):
        np.testing.assert_array_equal(load(file, size=(9, 7), fit=fit), noise(9, 7))


def test_crop_pad_and_stretch(tmp_path):
    """Left half red, right half blue, twice as wide as high."""
    image = Image.new("RGB", (40, 20), "red")
    image.paste("blue", (20, 0, 40, 20))
    file = write(tmp_path / "a.png", image)
    red, blue, white = [255, 0, 0], [0, 0, 255], [255, 255, 255]
    crop = load(file, size=10)
    assert crop.shape == (10, 10, 3) and crop[0, 0].tolist() == red and crop[9, 9].tolist() == blue
    pad = load(file, size=10, fit="pad")
    assert [pad[i, 0].tolist() for i in (0, 5, 9)] == [white, red, white]
    pad = load(file, size=10, fit="pad", channels=4)
    assert [pad[i, 0, 3] for i in (0, 5, 9)] == [0, 255, 0]
    stretch = load(file, size=(20, 4), fit="stretch")
    assert stretch.shape == (20, 4, 3) and stretch[19, 0].tolist() == red


def test_shrinking_averages(tmp_path):
    board = np.indices((64, 64)).sum(0) % 2 * 255
    file = write(tmp_path / "a.png", board.astype(np.uint8))
    for resample in ("bicubic", "bilinear", "lanczos", "box"):
        got = load(file, size=8, channels=1, resample=resample)[2:-2, 2:-2]
        assert abs(got.astype(int) - 127).max() <= 2, resample
    assert set(np.unique(load(file, size=8, channels=1, resample="nearest"))) <= {0, 255}


def test_large_jpegs_are_decoded_smaller(tmp_path):
    y, x = np.mgrid[:800, :1200]
    smooth = np.stack([y * 255 // 800, x * 255 // 1200, (x + y) * 255 // 2000], -1)
    file = write(tmp_path / "a.jpg", smooth.astype(np.uint8), quality=95)
    exact = ImageOps.fit(Image.open(file), (32, 32), Image.Resampling.BICUBIC)
    assert abs(load(file, size=32).astype(int) - np.asarray(exact)).max() <= 3


def test_without_a_size_pictures_must_agree(tmp_path):
    write(tmp_path / "a.png", noise(4, 4))
    write(tmp_path / "b.png", noise(4, 5))
    with pytest.raises(ValueError, match=r"b\.png is \(4, 5\).*pass size="):
        datasets.load_images(tmp_path)
    assert datasets.load_images(tmp_path, size=4).x.shape == (2, 4, 4, 3)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"size": 0}, ValueError, "size: got 0"),
        ({"size": (3, -1)}, ValueError, "size: got -1"),
        ({"size": "64"}, TypeError, "height, width"),
        ({"size": 2.5}, TypeError, "height, width"),
        ({"channels": 2}, ValueError, "expected 1, 3 or 4"),
        ({"fit": "cover"}, ValueError, "crop, pad, stretch"),
        ({"resample": "cubic"}, ValueError, "did you mean 'bicubic'"),
        ({"background": "whitish"}, ValueError, "expected a colour"),
        ({"background": (1, 2)}, ValueError, "expected a colour"),
        ({"background": (1, 2, 256)}, ValueError, "0 to 255"),
        ({"on_error": "ignore"}, ValueError, "skip, raise"),
        ({"max_pixels": 0}, ValueError, "max_pixels"),
        ({"colour": 3}, TypeError, "colour"),
    ],
)
def test_options_are_checked_before_anything_is_read(tmp_path, options, error, words):
    (tmp_path / "a.png").write_bytes(b"never read")
    with pytest.raises(error, match=words):
        datasets.load_images(tmp_path, **options)


# ---- files that cannot be read ----


@pytest.fixture
def damaged(tmp_path):
    for i in range(6):
        write(tmp_path / f"{i}.png", noise(4, 4, seed=i))
    for i, content in {1: b"", 2: b"login page", 5: encoded(noise(4, 4), "PNG")[:60]}.items():
        (tmp_path / f"{i}.png").write_bytes(content)
    return tmp_path


def test_damaged_files_are_skipped_counted_and_named(damaged):
    with pytest.warns(UserWarning, match=r"skipped 3 of 6 pictures .*1\.png .*2\.png") as caught:
        found = datasets.load_images(damaged)
    assert len(caught) == 1 and caught[0].filename == __file__
    np.testing.assert_array_equal(found.x, [noise(4, 4, seed=i) for i in (0, 3, 4)])
    assert [os.path.basename(file) for file in found.skipped] == ["1.png", "2.png", "5.png"]
    assert "3 files skipped" in repr(found)


def test_damaged_files_raise_if_told_to(damaged):
    with pytest.raises(FormatError, match=r"1\.png: not a picture in one of PNG, JPEG"):
        datasets.load_images(damaged, on_error="raise")


def test_nothing_but_damage_is_an_error(damaged):
    for i in (0, 3, 4):
        (damaged / f"{i}.png").write_bytes(b"x")
    with pytest.raises(FormatError, match="none of 6 pictures can be read"):
        datasets.load_images(damaged)
    with pytest.warns(UserWarning), pytest.raises(FormatError, match="none of its 6 pictures"):
        data.ImageFolder(damaged)[0]


def test_a_file_that_may_not_be_read_or_has_gone(damaged):
    folder = data.ImageFolder(damaged)
    (damaged / "0.png").unlink()
    with pytest.warns(UserWarning, match="takes its place"):
        image, _ = folder[0]
    np.testing.assert_array_equal(image, noise(4, 4, seed=3))
    assert len(folder.skipped) == 3


def test_decompression_bombs_are_refused_before_they_are_decoded(tmp_path):
    bomb = encoded(Image.new("1", (30_000, 20_000)), "PNG")
    assert len(bomb) < 200_000
    (tmp_path / "bomb.png").write_bytes(bomb)
    with pytest.raises(FormatError, match="DecompressionBomb|expected at most 89478485"):
        load(tmp_path / "bomb.png")
    file = write(tmp_path / "a.png", noise(10, 10))
    assert load(file, max_pixels=100).shape == (10, 10, 3)
    with pytest.raises(FormatError, match="got 10 x 10 pixels, expected at most 99.*max_pixels="):
        load(file, max_pixels=99)


# ---- the lazy data set ----


def test_image_folder_is_torchvisions(tree):
    folder = data.ImageFolder(tree, size=8, transform=lambda image: image[..., 0].mean(),
                              target_transform=lambda label: -label)  # fmt: skip
    assert folder.class_to_idx == {"a": 0, "a-b": 1, "b": 2, "tree": 3}
    assert folder.targets == [0, 0, 1, 3, 2, 2] and len(folder) == 6
    value, label = folder[-1]
    assert np.ndim(value) == 0 and label == -2
    with pytest.raises(IndexError):
        folder[6]
    assert "6 files, 4 classes" in repr(folder)


def test_the_next_readable_file_takes_the_place_of_a_damaged_one(damaged):
    folder = data.ImageFolder(damaged)
    with pytest.warns(UserWarning) as caught:
        first = [folder[i][0] for i in range(6)]
    second = [folder[i][0] for i in range(6)]  # no warning again
    for got in (first, second):
        np.testing.assert_array_equal(got, [noise(4, 4, seed=i) for i in (0, 3, 3, 3, 4, 0)])
    assert len(caught) == 3 and "only counted" in str(caught[2].message)
    assert len(folder.skipped) == 3


def test_folders_and_results_can_be_pickled(tree, tmp_path):
    for source in (tree, zipped(tree, tmp_path / "tree.zip")):
        folder = data.ImageFolder(source)
        assert folder[0][0].shape == (4, 4, 3)  # an archive is open now
        again = pickle.loads(pickle.dumps(folder))
        np.testing.assert_array_equal(again[2][0], folder[2][0])
    found = pickle.loads(pickle.dumps(datasets.load_images(tree)))
    assert found.classes == ["a", "a-b", "b", "tree"] and found.x.shape == (6, 4, 4, 3)
