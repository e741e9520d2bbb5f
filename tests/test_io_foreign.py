"""Files of other programs given to ganc.load and read_tensors: said what they are, or read."""

import gzip
import io as memory
import json
import os
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

import ganc
from ganc import io, nn
from ganc.io import FormatError


def zipped(**members):
    file = memory.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return file.getvalue()


def numpy_file(save, *arrays):
    file = memory.BytesIO()
    save(file, *arrays)
    return file.getvalue()


def tarred():
    file = memory.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"), memory.BytesIO())
    return file.getvalue()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
FILES = {
    "weights.pt": (zipped(archive__data__pkl=b"", **{"archive__data.pkl": b"x"}), "PyTorch"),
    "old.pth": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", "PyTorch"),
    "weights.h5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"),
    "model.keras": (zipped(**{"config.json": b"{}", "model.weights.h5": b""}), "Keras"),
    "a.npz": (numpy_file(np.savez, np.ones(3)), r"NumPy \(.npz\)"),
    "a.npy": (numpy_file(np.save, np.ones(3)), r"NumPy \(.npy\)"),
    "a.onnx": (b"\x08\x07\x12\x07pytorch\x1a\x032.1" + bytes(40), "ONNX"),
    "a.gguf": (b"GGUF\x03\x00\x00\x00" + bytes(40), "GGUF"),
    "a.pkl": (pickle.dumps({"w": [1, 2]}), "pickle"),
    "page.ganc": (b"\n<!DOCTYPE html>\n<html><head></head></html>", "web page"),
    "html.ganc": (b"<HTML lang=de>" + bytes("\u00e4" * 600, "utf-8"), "web page"),
    "pointer.ganc": (LFS, "git-lfs"),
    "a.zip": (zipped(cats__1=b"x"), "zip archive"),
    "cut.zip": (zipped(cats__1=b"x")[:20], "damaged zip"),
    "a.ganc.gz": (gzip.compress(b"abc"), "gzip"),
    "a.png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "PNG"),
    "a.jpg": (b"\xff\xd8\xff\xe0" + bytes(20), "JPEG"),
    "a.tar": (tarred(), "tar archive"),
    "train.py": (b"import ganc\nganc.models.ToyGAN()\n", "Python program"),
    "a.json": (b'{"a": 1}', "JSON"),
    "notes.txt": (b"some text that goes on", "a text"),
    "empty.ganc": (b"", "an empty file"),
    "a.pdf": (b"%PDF-1.7" + bytes(20), "PDF"),
}


@pytest.mark.parametrize("name", FILES)
def test_says_what_it_is(name, tmp_path):
    content, words = FILES[name]
    (tmp_path / name).write_bytes(content)
    for read in (ganc.load, io.read_tensors, ganc.resume):
        with pytest.raises(FormatError, match=words) as caught:
            read(tmp_path / name)
        assert name in str(caught.value) and "cut short" not in str(caught.value)


def test_files_of_pytorch_itself(tmp_path):
    torch = pytest.importorskip("torch", reason="pip install torch")
    for name, options in (("new.pt", {}), ("old.pt", {"_use_new_zipfile_serialization": False})):
        torch.save({"w": torch.ones(3)}, tmp_path / name, **options)
        with pytest.raises(FormatError, match="a file of PyTorch.*save_file"):
            ganc.load(tmp_path / name)


def test_what_is_no_file(tmp_path):
    with pytest.raises(OSError, match=r"ganc\.resume"):
        ganc.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="got a pipe"):
        ganc.load(tmp_path / "pipe")
    with pytest.raises(FormatError, match="got a device"):
        ganc.load("/dev/null")


def test_a_text_that_has_a_brace_where_a_header_begins(tmp_path):
    (tmp_path / "a.ganc").write_text("def a(): {1: 2}")
    with pytest.raises(FormatError, match="a text"):
        ganc.load(tmp_path / "a.ganc")


# ---- safetensors of others ----


def written(path, **tensors):
    """A safetensors file of (dtype, shape, bytes)."""
    fields, position = {}, 0
    for name, (kind, shape, data) in tensors.items():
        end = position + len(data)
        fields[name] = {"dtype": kind, "shape": shape, "data_offsets": [position, end]}
        position = end
    header = json.dumps(fields).encode()
    data = b"".join(t[2] for t in tensors.values())
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    return path


VALUES = np.array([[1.0, -2.5, 0.0], [3.0, 0.125, 100.0]])
KINDS = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "i1", "I16": "<i2", "I32": "<i4",
         "I64": "<i8", "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8"}  # fmt: skip


@pytest.mark.parametrize("kind", [*KINDS, "BF16", "BOOL"])
def test_weights_of_every_kind_reach_a_network(kind, tmp_path):
    values = VALUES if kind in ("F16", "F32", "F64", "BF16") else np.abs(VALUES).astype("i8")
    if kind == "BF16":
        data = (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    elif kind == "BOOL":
        values = (values > 0).astype("u1")
        data = values.tobytes()
    else:
        data = values.astype(KINDS[kind]).tobytes()
    zero = ("F32", [2], bytes(8))
    path = written(tmp_path / "w.safetensors", weight=(kind, [2, 3], data), bias=zero)
    weights, metadata = io.read_tensors(path)
    assert metadata == {} and weights["weight"].shape == (2, 3)
    net = nn.Linear(3, 2)
    net.load_state_dict(weights)
    np.testing.assert_array_equal(net.weight.detach().numpy(), values)
    with pytest.raises(FormatError, match=rf"another program.*weight {kind} \(2, 3\)"):
        ganc.load(path)


def test_one_number_of_each_kind(tmp_path):
    path = written(tmp_path / "w", b=("BF16", [], b"\x80\x3f"), t=("BOOL", [], b"\x01"))
    weights, _ = io.read_tensors(path)
    assert weights["b"].shape == () and weights["b"] == 1 and weights["t"].dtype == bool


def test_kinds_that_numpy_lacks(tmp_path):
    path = written(tmp_path / "w.safetensors", w=("F8_E4M3", [3], b"abc"))
    with pytest.raises(FormatError, match="got dtype 'F8_E4M3', expected one of F16"):
        io.read_tensors(path)
