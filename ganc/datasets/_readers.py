"""The layouts in which data sets come: IDX files, CSV files, Keras's npz, scikit-learn's digits."""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ganc.datasets._catalog import CSV_FILES, SPECS, Part, Spec
from ganc.io import FormatError
from ganc.io._errors import reading
from ganc.io._roots import Root, read_into

__all__: list[str] = []

Arrays = dict[str, np.ndarray]
_HINT = "Get the file again."


class OtherSetError(FormatError):
    """An intact file of another data set with the same file names."""


class Candidate(NamedTuple):
    """A complete set of files, not read yet."""

    label: str
    read: Callable[[], Arrays]
    slow: bool = False  # worth a decoded copy in the cache


def candidates(root: Root, spec: Spec) -> Iterator[Candidate]:
    """Every place below a root where all files of the data set are."""
    for folder in spec.idx_folders:
        names = {key: _existing(root, _join(folder, part.file)) for key, part in spec.parts.items()}
        if all(names.values()):
            yield Candidate(root.label(folder), lambda n=names: _read_idx_set(root, n, spec))
    for name in spec.npz_files:
        if root.size(name) is not None:
            yield Candidate(root.label(name), lambda n=name: _read_npz(root, n, spec))
    for folder in spec.csv_folders:
        names = {key: _join(folder, file) for key, file in CSV_FILES.items()}
        if all(root.size(name) is not None for name in names.values()):
            yield Candidate(root.label(folder), lambda n=names: _read_csv_set(root, n, spec), True)
    for name in spec.digits_files:
        if root.size(name) is not None:
            yield Candidate(root.label(name), lambda n=name: _read_digits(root, n, spec))


def idx_header(shape: tuple[int, ...]) -> bytes:
    """The start of an IDX file of bytes: magic number, then sizes, big-endian."""
    return struct.pack(f">{1 + len(shape)}i", 0x800 + len(shape), *shape)


def read_idx(root: Root, name: str, part: Part) -> np.ndarray:
    """Read and check one IDX file, gzipped or not."""
    file = root.label(name)
    expected = idx_header(part.shape)
    with root.open(name) as stream:
        header = stream.read(len(expected))
        if header != expected:
            reason = f"got IDX header {header.hex()}, expected {expected.hex()} for {part.shape}"
            raise FormatError(reason, file=file, offset=0, hint=_HINT)
        array = np.empty(part.shape, np.uint8)
        read_into(stream, memoryview(array.reshape(-1)), file)
    return _verified(array, part, file)


def _verified(array: np.ndarray, part: Part, file: str) -> np.ndarray:
    import hashlib

    digest = hashlib.sha256(idx_header(part.shape))
    digest.update(array)
    got = digest.hexdigest()
    if got == part.sha256:
        return array
    for spec in SPECS.values():
        if any(got == other.sha256 for other in spec.parts.values()):
            raise OtherSetError(
                f"this is a file of {spec.title}, expected another data set", file=file
            )
    raise FormatError(f"got SHA-256 {got}, expected {part.sha256}", file=file, hint=_HINT)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _existing(root: Root, name: str) -> str | None:
    """The file, packed or not, under the spellings in use (train-images.idx3-ubyte is Kaggle's)."""
    dotted = name.replace("-idx", ".idx")
    for variant in (name, name + ".gz", dotted, dotted + ".gz"):
        if root.size(variant) is not None:
            return variant
    return None


def _read_idx_set(root: Root, names: dict[str, str], spec: Spec) -> Arrays:
    return {key: read_idx(root, names[key], part) for key, part in spec.parts.items()}


def _read_npz(root: Root, name: str, spec: Spec) -> Arrays:
    import zipfile

    file = root.label(name)
    arrays = {}
    with root.open(name) as stream, reading(file, _HINT), zipfile.ZipFile(stream) as archive:
        for key, part in spec.parts.items():
            with archive.open(key + ".npy") as member:
                array = _read_npy(member, part, f"{file}, {key}")
            arrays[key] = _verified(array, part, f"{file}, {key}")
    return arrays


def _read_npy(stream, part: Part, file: str) -> np.ndarray:
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise FormatError(f"got npy version {version}, expected (1, 0)", file=file)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if shape != part.shape or dtype != np.uint8 or (fortran and len(shape) > 1):
        reason = f"got {dtype} {shape}, expected uint8 {part.shape} in C order"
        raise FormatError(reason, file=file)
    array = np.empty(shape, np.uint8)
    read_into(stream, memoryview(array.reshape(-1)), file)
    return array


def _read_csv_set(root: Root, names: dict[str, str], spec: Spec) -> Arrays:
    arrays = {}
    for half, name in names.items():
        images, labels = spec.parts["x_" + half], spec.parts["y_" + half]
        table = _read_csv(root, name, len_rows=images.shape[0])
        file = root.label(name)
        pixels = np.ascontiguousarray(table[:, 1:]).reshape(images.shape)
        arrays["x_" + half] = _verified(pixels, images, file)
        arrays["y_" + half] = _verified(table[:, 0].copy(), labels, file)
    return arrays


def _read_csv(root: Root, name: str, len_rows: int) -> np.ndarray:
    """One header line, then label and 784 pixels a line."""
    import io

    file = root.label(name)
    limit = (len_rows + 2) * 785 * 10
    if root.size(name) > limit:
        raise FormatError(f"got {root.size(name)} bytes, expected at most {limit}", file=file)
    with root.open(name) as stream:
        text = io.TextIOWrapper(stream, encoding="ascii")
        table = np.loadtxt(
            text, dtype=np.uint8, delimiter=",", skiprows=1, max_rows=len_rows + 1, ndmin=2
        )
    if table.shape != (len_rows, 785):
        raise FormatError(f"got a table {table.shape}, expected {(len_rows, 785)}", file=file)
    return table


def _read_digits(root: Root, name: str, spec: Spec) -> Arrays:
    """64 pixels 0..16 and the label a line; scaled to 0..255, the last lines are the test set."""
    import hashlib

    part = spec.parts["csv"]
    file = root.label(name)
    with root.open(name) as stream:
        content = stream.read(1_000_000)
        if hashlib.sha256(content).hexdigest() != part.sha256:
            reason = "the SHA-256 of its content is not that of scikit-learn's digits.csv"
            raise FormatError(reason, file=file, hint=_HINT)
        table = np.array([line.split(b",") for line in content.split()], dtype=np.uint16)
        if table.shape != part.shape:
            raise FormatError(f"got a table {table.shape}, expected {part.shape}", file=file)
    images = ((table[:, :64] * 255 + 8) // 16).astype(np.uint8).reshape(-1, 8, 8)
    labels = table[:, 64].astype(np.uint8)
    train = spec.counts[0]
    return {
        "x_train": images[:train],
        "y_train": labels[:train],
        "x_test": images[train:],
        "y_test": labels[train:],
    }
