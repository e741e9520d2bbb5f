"""ganc.io: round trips, damage of every kind, saves that cannot be torn."""

import json
import os
import pickle
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from ganc import io
from ganc.io import FormatError, _atomic, _tensors


def small_tensors():
    return {
        "generator.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "labels": np.array([1, 2, 250], np.uint8),
        "step": np.array(7, np.int64),
        "rng": np.array([2**64 - 1, 0], np.uint64),
        "empty": np.zeros((0, 4), np.float64),
        "loss": np.array([[0.5], [-1.5]], np.float64),
    }


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "a.safetensors"
    io.write_tensors(path, small_tensors(), {"kind": "test", "note": 'ä "ganc.header_crc32":"'})
    return path


def raw_file(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def run_child(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


# ---- round trips ----


def test_round_trip_keeps_values_order_and_metadata(saved):
    tensors, metadata = io.read_tensors(saved, require_checksums=True)
    assert list(tensors) == list(small_tensors())
    for name, expected in small_tensors().items():
        assert tensors[name].dtype == expected.dtype and tensors[name].shape == expected.shape
        np.testing.assert_array_equal(tensors[name], expected)
    assert metadata == {"kind": "test", "note": 'ä "ganc.header_crc32":"'}
    assert tensors["loss"].flags.writeable and tensors["loss"].flags.aligned


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-2],
        np.arange(4, dtype=">f4"),
        np.broadcast_to(np.float32(3), (2, 2)),
        np.zeros((0, 2**40), np.float32),
        np.ones((1,) * 32, np.uint8),
    ],
    ids=["transposed", "reversed", "big-endian", "broadcast", "empty", "32-d"],
)
def test_any_memory_layout_is_saved(tmp_path, array):
    io.write_tensors(tmp_path / "a", {"x": array})
    got = io.read_tensors(tmp_path / "a")[0]["x"]
    assert got.shape == array.shape
    np.testing.assert_array_equal(got, array)


def test_no_tensors_and_no_metadata(tmp_path):
    io.write_tensors(tmp_path / "a", {})
    assert io.read_tensors(tmp_path / "a", require_checksums=True) == ({}, {})


def test_same_content_gives_the_same_bytes(tmp_path):
    for name in "ab":
        io.write_tensors(tmp_path / name, small_tensors(), {"k": "v"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_layout_is_safetensors(saved):
    content = saved.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert length % 8 == 0
    entry = header["generator.0.weight"]
    assert entry["dtype"] == "F32" and entry["shape"] == [2, 3]
    begin, end = entry["data_offsets"]
    data = content[8 + length :][begin:end]
    assert data == np.arange(6, dtype="<f4").tobytes()
    for name, value in header.items():
        if name != "__metadata__":
            width = {"F32": 4, "F64": 8, "U8": 1, "I64": 8, "U64": 8}[value["dtype"]]
            assert value["data_offsets"][0] % width == 0


def test_the_safetensors_package_reads_ours_and_we_read_its(saved, tmp_path):
    library = pytest.importorskip("safetensors.numpy", reason="pip install safetensors")
    theirs = library.load_file(saved)
    for name, expected in small_tensors().items():
        np.testing.assert_array_equal(theirs[name], expected)
    library.save_file(small_tensors(), tmp_path / "b", metadata={"format": "np"})
    ours, metadata = io.read_tensors(tmp_path / "b")
    for name, expected in small_tensors().items():
        np.testing.assert_array_equal(ours[name], expected)
    assert metadata == {"format": "np"}
    with pytest.raises(FormatError, match="no checksums"):
        io.read_tensors(tmp_path / "b", require_checksums=True)


@pytest.mark.parametrize(
    ("tensors", "metadata", "error", "words"),
    [
        ({"x": np.zeros(2, np.float16)}, {}, TypeError, "float16.*astype"),
        ({"x": np.array([None])}, {}, TypeError, "object"),
        ({"x": ["a"]}, {}, TypeError, "dtype"),
        ({1: np.zeros(2)}, {}, TypeError, "names must be str"),
        ({"__metadata__": np.zeros(2)}, {}, ValueError, "reserved"),
        ({"\ud800": np.zeros(2)}, {}, ValueError, "Unicode"),
        ({}, {"ganc.crc32": "x"}, ValueError, "reserved"),
        ({}, {"a": 1}, TypeError, "must be a str"),
        ({}, {1: "a"}, TypeError, "must be str"),
    ],
)
def test_what_cannot_be_saved_is_refused_before_writing(tmp_path, tensors, metadata, error, words):
    with pytest.raises(error, match=words):
        io.write_tensors(tmp_path / "a", tensors, metadata)
    assert os.listdir(tmp_path) == []


def test_the_writer_obeys_the_limit_of_the_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(_tensors, "_MAX_HEADER", 1000)
    with pytest.raises(ValueError, match="expected at most 1000"):
        io.write_tensors(tmp_path / "a", {}, {"a": "x" * 1000})
    io.write_tensors(tmp_path / "a", {}, {"a": "x" * 800})
    assert io.read_tensors(tmp_path / "a")[1] == {"a": "x" * 800}


# ---- damage ----


def test_cut_at_every_byte(saved):
    content = saved.read_bytes()
    for length in range(len(content)):
        saved.write_bytes(content[:length])
        with pytest.raises(FormatError):
            io.read_tensors(saved)


def test_every_flipped_bit_is_found(saved):
    content = saved.read_bytes()
    for position in range(len(content)):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            saved.write_bytes(damaged)
            with pytest.raises(FormatError):
                io.read_tensors(saved)


def test_appended_bytes_are_found(saved):
    saved.write_bytes(saved.read_bytes() + b"\0")
    with pytest.raises(FormatError, match="bytes of data"):
        io.read_tensors(saved)


def mutants(content, count, seed):
    rng = random.Random(seed)
    extremes = [0, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1]
    for _ in range(count):
        data = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            kind = rng.randrange(6)
            if kind == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                data[at] = rng.randrange(256)
            elif kind == 2:
                data[at:at] = rng.randbytes(rng.randint(1, 4))
            elif kind == 3:
                del data[at : at + rng.randint(1, 4)]
            elif kind == 4:
                data[at : at + 8] = rng.choice(extremes).to_bytes(8, "little")
            else:
                data[at : at + 1] = rng.choice([b"9", b"-", b"[", b"{", b"null", b"1e9", b'"'])
            data = data or bytearray(1)
        yield bytes(data)


@pytest.mark.parametrize("checksums", [True, False])
def test_mutants_are_refused_or_read(saved, tmp_path, checksums):
    """Without checksums the parser itself is what stops them."""
    content = saved.read_bytes()
    if not checksums:
        header = {"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
        header["b"] = {"dtype": "U8", "shape": [3], "data_offsets": [16, 19]}
        content = raw_file(saved, header, bytes(19)).read_bytes()
    accepted = 0
    for mutant in mutants(content, 1500, seed=1):
        saved.write_bytes(mutant)
        start = time.perf_counter()
        try:
            io.read_tensors(saved)
            accepted += mutant != content
        except FormatError as error:
            assert error.file == str(saved) and len(str(error)) < 2000
        assert time.perf_counter() - start < 2
    assert checksums is False or accepted == 0


def entry(**changes):
    return {"dtype": "U8", "shape": [4], "data_offsets": [0, 4], **changes}


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"a":1}',
        b'{"__metadata__":{"a":1}}',
        b'{"__metadata__":[]}',
        b"[" * 100_000,
        b'{"a":' + b"9" * 10_000 + b"}",
        b'{"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
        json.dumps({"a": entry()})[:-1].encode() + b"," + json.dumps({"a": entry()})[1:].encode(),
        {"a": entry(dtype="F16")},
        {"a": entry(dtype=None)},
        {"a": entry(dtype=[])},
        {"a": entry(extra=1)},
        {"a": {"dtype": "U8", "shape": [4]}},
        {"a": entry(shape=[5])},
        {"a": entry(shape=[-4])},
        {"a": entry(shape=[-2, -2])},
        {"a": entry(shape=[4.0])},
        {"a": entry(shape=[True, 4])},
        {"a": entry(shape="4")},
        {"a": entry(shape=[1] * 33 + [4])},
        {"a": entry(shape=[2**62, 2**62, 2**62])},
        {"a": entry(shape=[0, 2**62, 2**62], data_offsets=[0, 0])},
        {"a": entry(shape=[2**64 + 4])},
        {"a": entry(data_offsets=[0, 4, 4])},
        {"a": entry(data_offsets=[4, 0])},
        {"a": entry(data_offsets=[-4, 0])},
        {"a": entry(shape=[3], data_offsets=[1, 4])},
        {"a": entry(shape=[3], data_offsets=[0, 3])},
        {"a": entry(), "b": entry()},
        {"a": entry(shape=[2**40], data_offsets=[0, 2**40])},
        {"a": entry(), "__metadata__": {"ganc.crc32": "00000000"}},
        {"a": entry(), "__metadata__": {"ganc.header_crc32": "00000000"}},
    ],
)
def test_hostile_headers(tmp_path, header):
    with pytest.raises(FormatError):
        io.read_tensors(raw_file(tmp_path / "a", header, bytes(4)))


def test_a_header_longer_than_the_file_is_not_allocated(tmp_path):
    (tmp_path / "a").write_bytes((2**63).to_bytes(8, "little") + b"{}")
    with pytest.raises(FormatError, match="expected at most 2"):
        io.read_tensors(tmp_path / "a")


def test_the_message_says_file_offset_reason_and_hint(saved):
    saved.write_bytes(saved.read_bytes()[:-1] + b"\xff")
    with pytest.raises(FormatError) as caught:
        io.read_tensors(saved)
    error = caught.value
    assert error.file == str(saved) and error.offset > 8
    assert "checksum of tensor" in error.reason and "another copy" in error.hint
    for part in (error.file, str(error.offset), error.reason, error.hint):
        assert part in str(error)
    assert isinstance(error, ValueError)


def test_format_error_survives_pickling():
    error = FormatError("got 1", file="f", offset=3, hint="Do.")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) == "f, byte 3: got 1. Do." and vars(copy) == vars(error)


def test_what_is_not_a_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        io.read_tensors(tmp_path / "missing")
    with pytest.raises(OSError):
        io.read_tensors(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(FormatError, match="pipe"):
            io.read_tensors(tmp_path / "pipe")


# ---- saving ----


def test_save_syncs_file_renames_then_syncs_folder(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace

    def is_folder(handle):
        return os.path.isdir(f"/proc/self/fd/{handle}")

    monkeypatch.setattr(
        os, "fsync", lambda h: (calls.append("folder" if is_folder(h) else "file"), fsync(h))
    )
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("rename"), replace(a, b)))
    io.atomic_write(tmp_path / "a", [b"x"])
    expected = (
        ["file", "rename", "folder"] if os.path.isdir("/proc/self/fd") else ["file", "rename"]
    )
    assert calls[: len(expected)] == expected


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_error_while_saving_keeps_the_old_file(saved, monkeypatch, call):
    before = saved.read_bytes()

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError) as caught:
        io.write_tensors(saved, {"x": np.zeros(100)})
    assert caught.value.errno == 5 and caught.value.filename == str(saved)
    assert "not saved" in caught.value.__notes__[0]
    assert saved.read_bytes() == before and os.listdir(saved.parent) == [saved.name]


def test_an_error_after_the_rename_says_so(saved, monkeypatch):
    def fail(folder):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(_atomic, "_sync_folder", fail)
    with pytest.raises(OSError) as caught:
        io.write_tensors(saved, {"x": np.zeros(100)})
    assert caught.value.filename == str(saved) and "was saved" in caught.value.__notes__[0]
    assert io.read_tensors(saved)[0]["x"].shape == (100,)


def test_ctrl_c_while_saving_keeps_the_old_file(saved):
    before = saved.read_bytes()

    def chunks():
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        io.atomic_write(saved, chunks())
    assert saved.read_bytes() == before and os.listdir(saved.parent) == [saved.name]


def test_a_killed_save_leaves_the_old_file_and_the_next_clears_up(saved):
    before = saved.read_bytes()
    code = (
        "import os, sys; import numpy as np; from ganc import io\n"
        "os.replace = lambda *_: os._exit(9)\n"
        "io.write_tensors(sys.argv[1], {'x': np.zeros(1000)})"
    )
    assert run_child(code, saved).returncode == 9
    assert saved.read_bytes() == before
    assert sorted(os.listdir(saved.parent)) == [saved.name, saved.name + ".tmp"]
    io.write_tensors(saved, {"x": np.zeros(3)})
    assert os.listdir(saved.parent) == [saved.name]
    assert io.read_tensors(saved)[0]["x"].shape == (3,)


def test_full_disk(saved):
    pytest.importorskip("resource", reason="needs a POSIX system")
    before = saved.read_bytes()
    code = (
        "import resource, sys; import numpy as np; from ganc import io\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    io.write_tensors(sys.argv[1], {'x': np.ones(100_000)})\n"
        "except OSError as error:\n"
        "    print(error.errno, error.filename)"
    )
    result = run_child(code, saved)
    assert result.stdout.split() == ["27", str(saved)], result.stderr
    assert saved.read_bytes() == before and os.listdir(saved.parent) == [saved.name]


def test_read_only_folder(saved):
    if os.name != "posix":
        pytest.skip("needs a POSIX system")
    before = saved.read_bytes()
    code = (
        "import json, os, sys; import numpy as np; from ganc import io\n"
        "os.geteuid() or os.setuid(65534)\n"
        "try:\n"
        "    io.write_tensors(sys.argv[1], {'x': np.ones(3)})\n"
        "except PermissionError as error:\n"
        "    print(error.filename)"
    )
    saved.parent.chmod(0o555)
    try:
        result = run_child(code, saved)
    finally:
        saved.parent.chmod(0o755)
    assert result.stdout.strip() == str(saved), result.stderr
    assert saved.read_bytes() == before


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        io.write_tensors(tmp_path / "no" / "a", {})
    assert caught.value.filename == str(tmp_path / "no" / "a")


def test_a_symbolic_link_stays_one(tmp_path):
    target, link = tmp_path / "run-1", tmp_path / "latest"
    target.write_bytes(b"old")
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("no permission to make symbolic links")
    io.atomic_write(link, [b"new"])
    assert link.is_symlink() and target.read_bytes() == b"new"
