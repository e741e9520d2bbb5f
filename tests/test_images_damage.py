"""Damaged picture files of every format: decoded, or skipped and counted; nothing else happens."""

import json
import warnings
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from children import run
from pictures import encoded, noise, write
from PIL import Image

from ganc import data, datasets
from ganc.io import FormatError


def seeds():
    """A small file of every kind, with what tends to go wrong: palettes, EXIF, transparency."""
    rgb = Image.fromarray(noise(9, 7))
    palette = rgb.convert("P")
    exif = Image.Exif()
    exif[0x0112] = 6
    grey16 = Image.fromarray(noise(9, 7, 1).astype(np.uint16) * 257)
    return {
        "png": encoded(rgb, "PNG"),
        "png palette": encoded(palette, "PNG", transparency=3),
        "png rgba": encoded(rgb.convert("RGBA"), "PNG", exif=exif),
        "png 16": encoded(grey16, "PNG"),
        "jpeg": encoded(rgb, "JPEG"),
        "jpeg progressive": encoded(rgb, "JPEG", progressive=True, exif=exif),
        "jpeg cmyk": encoded(rgb.convert("CMYK"), "JPEG"),
        "webp": encoded(rgb, "WEBP", exif=exif),
        "webp lossless": encoded(rgb.convert("RGBA"), "WEBP", lossless=True),
        "gif": encoded(palette, "GIF", transparency=3),
        "bmp": encoded(rgb, "BMP"),
        "bmp palette": encoded(palette, "BMP"),
        "tiff": encoded(rgb, "TIFF"),
        "tiff lzw": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "tiff deflate": encoded(rgb, "TIFF", compression="tiff_adobe_deflate"),
        "tiff jpeg": encoded(rgb.convert("L"), "TIFF", compression="jpeg"),
        "tiff 16": encoded(grey16, "TIFF"),
        "ppm": encoded(rgb, "PPM"),
    }


PROGRAM = """
import json, random, resource, sys, time, warnings
from pathlib import Path
import numpy as np
from PIL import Image
from ganc.data._pictures import Decoder
from ganc.io import FormatError

warnings.simplefilter("ignore")  # Pillow's remarks about what it reads
file, mutants = Path(sys.argv[1]), int(sys.argv[2])
seed = file.read_bytes()
decoders = [Decoder(16, 3, max_pixels=10_000), Decoder(None, 4, max_pixels=10_000)]
counts = {"decoded": 0, "refused": 0}
slowest = 0.0

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def attempt(content):
    global slowest
    begin = time.process_time()  # whatever else the machine does
    for decoder in decoders:
        try:
            image = decoder(content, "seed")
            assert image.dtype == np.uint8 and image.ndim == 3 and image.size <= 40_000
            counts["decoded"] += 1
        except FormatError as error:
            assert error.file == "seed" and error.reason
            counts["refused"] += 1
    slowest = max(slowest, time.process_time() - begin)

attempt(seed)
assert counts == {"decoded": 2, "refused": 0}
before = peak()
for end in range(len(seed)):
    attempt(seed[:end])
rng = random.Random(len(seed))
extremes = [n.to_bytes(w, o) for w in (2, 4) for o in ("big", "little")
            for n in (0, 1, 2 ** (8 * w - 1) - 1, 2 ** (8 * w - 1), 2 ** (8 * w) - 1)]
for _ in range(mutants):
    content = bytearray(seed)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        at = rng.randrange(len(content) + 1)
        how = rng.randrange(5)
        if how == 0 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif how == 1 and at < len(content):
            content[at] = rng.randrange(256)
        elif how == 2:
            content[at:at] = rng.randbytes(rng.randrange(1, 5))
        elif how == 3:
            del content[at : at + rng.randrange(1, 5)]
        else:
            word = rng.choice(extremes)
            content[at : at + len(word)] = word
    attempt(bytes(content))
print(json.dumps(counts | {"slowest": slowest, "growth": peak() - before}))
"""


@pytest.mark.parametrize("kind", seeds())
def test_mutants_are_decoded_or_refused(tmp_path, kind):
    """Cut at every byte, then changed at random: no other exception, no crash, bounded."""
    (tmp_path / "seed").write_bytes(seeds()[kind])
    got = json.loads(run(PROGRAM, tmp_path / "seed", 1000))
    assert got["refused"] > 20 and got["decoded"] > 2
    assert got["slowest"] < 2 and got["growth"] < 64, got


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_a_folder_of_files_cut_at_every_byte(tmp_path, format):
    whole = encoded(noise(9, 7), format)
    good = {}
    for end in range(len(whole) + 1):
        file = tmp_path / f"{end:04}.{format.lower()}"
        file.write_bytes(whole[:end])
        with suppress(FormatError):
            good[str(file)] = datasets.load_images(file, on_error="raise").x[0]
    with pytest.warns(UserWarning, match=rf"skipped {len(whole) + 1 - len(good)} of") as caught:
        found = datasets.load_images(tmp_path)
    assert len(caught) == 1 and found.names == list(good)
    np.testing.assert_array_equal(found.x, list(good.values()))
    assert 0 < len(good) < len(whole) / 4  # Pillow forgives a missing end mark
    lazy = data.ImageFolder(tmp_path)
    with pytest.warns(UserWarning, match="takes its place"):
        batches = list(data.DataLoader(lazy, 16, num_workers=1))
    assert sum(len(x) for x, _ in batches) == len(whole) + 1
    assert lazy.skipped == found.skipped


def test_a_damaged_member_of_a_zip_is_skipped(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i in range(4):
            archive.writestr(f"{i}.png", encoded(noise(9, 7, seed=i), "PNG"))
    content = bytearray((tmp_path / "a.zip").read_bytes())
    at = content.index(b"2.png") + 60
    content[at : at + 8] = b"\xff" * 8
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.warns(UserWarning, match=r"skipped 1 of 4 .*member 2\.png .*CRC"):
        x, _ = datasets.load_images(tmp_path / "a.zip")
    np.testing.assert_array_equal(x, [noise(9, 7, seed=i) for i in (0, 1, 3)])


def test_mutants_of_a_zip(tmp_path):
    """Pictures, FormatError, or no pictures at all; also when the directory of the zip lies."""
    with zipfile.ZipFile(tmp_path / "seed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", encoded(noise(4, 4), "PNG"))
        archive.writestr("b/2.png", encoded(noise(4, 4), "PNG"))
    whole = (tmp_path / "seed.zip").read_bytes()
    rng = np.random.default_rng(0)
    mutants = [whole[:end] for end in range(0, len(whole), 3)]
    for _ in range(300):
        mutant = bytearray(whole)
        for at in rng.integers(0, len(whole), rng.integers(1, 4)):
            mutant[at] = rng.integers(256)
        mutants.append(bytes(mutant))
    seen = {"pictures": 0, "refused": 0}
    for mutant in mutants:
        (tmp_path / "mutant.zip").write_bytes(mutant)
        try:
            with warnings.catch_warnings(action="ignore"):
                seen["pictures"] += len(datasets.load_images(tmp_path / "mutant.zip").x) > 0
        except (FormatError, FileNotFoundError):
            seen["refused"] += 1
    assert min(seen.values()) > 50


def test_write_and_read_again(tmp_path):
    """The seeds themselves are whole."""
    for kind, content in seeds().items():
        suffix = kind.split()[0]
        (tmp_path / f"{kind}.{suffix}").write_bytes(content)
    assert len(datasets.load_images(tmp_path, 8, on_error="raise").x) == len(seeds())
    assert write(tmp_path / "one.png").stat().st_size > 0
