"""Pictures where people keep them: archives of Windows, what may not be read, odd PNG files."""

import os
import socket
import struct
import zipfile
import zlib

import pytest
from pictures import encoded, noise, write
from PIL import Image

from ganc import data, datasets
from ganc.data._pictures import Decoder

# ---- archives ----


@pytest.mark.parametrize("name", ["pets.zip", "PETS.ZIP", "pets.zip.download", "pets"])
@pytest.mark.parametrize("top", ["", "pets\\", "C:\\pets\\"])
def test_a_zip_of_windows(tmp_path, name, top):
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        for member in ("cat\\1.png", "cat\\2.PNG", "dog\\1.png"):
            archive.writestr(top + member, encoded(noise(seed=len(member)), "PNG"))
        archive.writestr(top + "cat\\Thumbs.db", b"a note of Windows")
        archive.writestr("__MACOSX\\" + top + "cat\\._1.png", b"a note of a Mac")
        archive.writestr(top + "empty\\", b"")
    found = datasets.load_images(tmp_path / name)
    assert found.classes == ["cat", "dog"] and found.y.tolist() == [0, 0, 1]
    assert (found.x[0] == noise(seed=9)).all()


def test_two_members_of_one_name_are_both_there(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("cat/1.png", encoded(noise(seed=1), "PNG"))
        archive.writestr("cat\\1.png", encoded(noise(seed=2), "PNG"))
    assert len(data.ImageFolder(tmp_path / "a.zip")) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.tar.gz", r"got an archive \.tar\.gz.*tar -xf .*x\.tar\.gz"),
        ("x.TGZ", r"got an archive \.TGZ.*tar -xf"),
        ("x.7z", r"got an archive \.7z.*Unpack it and pass the folder"),
        ("x.npz", r"Read it with numpy\.load and pass the array"),
        ("train.csv", r"Read it with pandas\.read_csv"),
    ],
)
def test_files_of_other_kinds(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"\x1f\x8b\x08whatever")
    for load in (data.ImageFolder, datasets.load_images):
        with pytest.raises(ValueError, match=words):
            load(tmp_path / name)


def test_an_archive_in_an_archive_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("images.zip", b"")
        archive.writestr("readme.heic", b"")
    with pytest.raises(FileNotFoundError, match=r"but 1 \.zip, 1 \.heic; unpack archives first"):
        data.ImageFolder(tmp_path / "a.zip")


# ---- folders ----


@pytest.fixture
def pets(tmp_path):
    for kind in ("ant", "bee", "cat"):
        for i in range(2):
            write(tmp_path / kind / f"{i}.png", noise(seed=ord(kind[0]) + i))
    return tmp_path


@pytest.fixture
def closed(pets, monkeypatch):
    """The folder of class bee may not be entered, though root may enter all."""
    real_scan, real_access = os.scandir, os.access

    def scan(path):
        if str(path).endswith("bee"):
            raise PermissionError(13, "Permission denied", str(path))
        return real_scan(path)

    def access(path, mode):
        return not str(path).endswith("bee") and real_access(path, mode)

    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr(os, "access", access)
    return pets


@pytest.mark.parametrize("pattern", ["", "*/*.png"])
def test_a_class_that_may_not_be_entered_keeps_its_label(closed, pattern):
    if pattern:  # glob sees nothing of it, as if it had no pictures
        for file in (closed / "bee").iterdir():
            file.unlink()
    with pytest.warns(UserWarning, match=r"may not be entered \(1\): .*bee \(Permission denied"):
        pictures = data.ImageFolder(closed / pattern)
    assert pictures.classes == ["ant", "bee", "cat"] and pictures.targets == [0, 0, 2, 2]
    assert list(pictures.skipped) == [str(closed / "bee")]
    with pytest.warns(UserWarning) as caught:
        found = datasets.load_images(closed / pattern)
    assert len(caught) == 1 and found.y.tolist() == [0, 0, 2, 2] and len(found.skipped) == 1
    with pytest.raises(PermissionError, match="bee"):
        data.ImageFolder(closed / pattern, on_error="raise")


def test_where_nothing_may_be_entered(tmp_path, monkeypatch):
    def scan(path, real=os.scandir):
        if str(path) != str(tmp_path):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    write(tmp_path / "cat" / "1.png")
    monkeypatch.setattr(os, "scandir", scan)
    with pytest.raises(PermissionError, match="nothing may be read.*cat: Permission denied"):
        data.ImageFolder(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize("given", ["folder", "pattern", "list"])
def test_a_fifo_a_socket_and_a_device_among_pictures(pets, given):
    os.mkfifo(pets / "ant" / "2.png")
    os.symlink("/dev/zero", pets / "bee" / "2.png")
    here = os.getcwd()
    os.chdir(pets / "cat")  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("2.png")
    finally:
        os.chdir(here)
    files = sorted(map(str, pets.glob("*/*.png")))
    source = {"folder": pets, "pattern": str(pets / "*" / "*.png"), "list": files}[given]
    with pytest.warns(UserWarning, match=r"not a regular file \(a FIFO, socket or device"):
        found = datasets.load_images(source)
    assert found.y.tolist() == [0, 0, 1, 1, 2, 2] and len(found.skipped) == 3
    pictures = data.ImageFolder(source)
    with pytest.warns(UserWarning, match="the next one takes its place"):
        samples = [pictures[i] for i in range(9)]
    assert len(samples) == 9 and len(pictures.skipped) == 3


def test_what_systems_keep_for_themselves_is_no_class(pets):
    for name in ("lost+found", "$RECYCLE.BIN", "__MACOSX", ".cache"):
        write(pets / name / "1.png")
    (pets / "ant" / "Thumbs.db").write_bytes(b"")
    (pets / "ant" / "desktop.ini").write_bytes(b"")
    assert data.ImageFolder(pets).classes == ["ant", "bee", "cat"]


def test_a_pattern_may_lead_through_a_hidden_folder(tmp_path):
    write(tmp_path / ".cache" / "pets" / "1.png")
    write(tmp_path / ".cache" / "pets" / ".2.png")
    assert len(data.ImageFolder(str(tmp_path / ".cache" / "*" / "*.png"))) == 1


@pytest.mark.parametrize("name", ["a b\n\u2028.png", "caf\udce9.JPG", "100%{x}.jpeg", "[1].PnG"])
def test_any_name(tmp_path, name):
    (tmp_path / name).write_bytes(encoded(noise(), "PNG"))
    for source in (tmp_path, tmp_path / name, [tmp_path / name]):
        assert len(datasets.load_images(source).x) == 1
    (tmp_path / name).write_bytes(b"damaged")
    with pytest.raises(ValueError, match="none of"):
        datasets.load_images(tmp_path)


# ---- pictures ----


def test_max_pixels_may_be_above_pillows_limit(tmp_path, monkeypatch):
    """Pillow warns above its limit, and refuses above twice of it."""
    file = write(tmp_path / "a.png", noise(30, 30))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert datasets.load_images(file).x.shape == (1, 30, 30, 3)
    with pytest.raises(ValueError, match="900|30 x 30 pixels, expected at most 899"):
        datasets.load_images(file, max_pixels=899)
    assert Image.MAX_IMAGE_PIXELS == 100


def png(depth, kind, row, key, width):
    """A PNG of one row with a transparent colour, which Pillow does not write for each kind."""

    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, 1, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), (b"tRNS", struct.pack(f">{len(key)}H", *key))]
    parts += [(b"IDAT", zlib.compress(b"\0" + row)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def words(*values):
    return struct.pack(f">{len(values)}H", *values)


GREY, RGB = 0, 2
RED = [255, 0, 0]
KEYS = {  # depth, kind, a row of two pixels, the key, which is the first, and the second pixel
    "1-bit grey": (1, GREY, b"\x40", (0,), [255, 255, 255]),
    "2-bit grey": (2, GREY, b"\x60", (1,), [170, 170, 170]),
    "4-bit grey": (4, GREY, b"\x78", (7,), [136, 136, 136]),
    "8-bit grey": (8, GREY, b"\x07\x08", (7,), [8, 8, 8]),
    "16-bit grey": (16, GREY, words(0x1234, 0x1235), (0x1234,), [18, 18, 18]),
    "8-bit RGB": (8, RGB, bytes([1, 2, 3, 1, 2, 4]), (1, 2, 3), [1, 2, 4]),
    "16-bit RGB": (16, RGB, words(513, 770, 1027, 513, 770, 1028), (513, 770, 1027), [2, 3, 4]),
}


@pytest.mark.parametrize("kind", KEYS)
def test_the_transparent_colour_of_a_png(kind):
    depth, colours, row, key, other = KEYS[kind]
    file = png(depth, colours, row, key, 2)
    assert Decoder(background="red")(file, "a.png").tolist() == [[RED, other]]
    alpha = Decoder(channels=4)(file, "a.png")[0, :, 3]
    assert alpha.tolist() == [0, 255]
    assert Decoder(channels=1, background="white")(file, "a.png")[0, 0] == 255


@pytest.mark.parametrize("format", ["PNG", "GIF", "WEBP"])
def test_of_animated_pictures_the_first(tmp_path, format):
    frames = [Image.new("RGB", (6, 6), colour) for colour in ("red", "blue", "lime")]
    options = {"lossless": True} if format == "WEBP" else {}
    frames[0].save(
        tmp_path / f"a.{format.lower()}", format, save_all=True, append_images=frames[1:], **options
    )
    assert datasets.load_images(tmp_path).x[0, 0, 0].tolist() == RED
