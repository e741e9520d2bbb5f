"""ganc.io: round trips, saves that cannot be torn."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from saved import small_tensors

from ganc import io
from ganc.io import FormatError, _atomic, _tensors


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
    left = [name for name in os.listdir(saved.parent) if name != saved.name]
    assert len(left) == 1 and _atomic.is_temporary(left[0])
    io.write_tensors(saved, {"x": np.zeros(3)})
    assert os.listdir(saved.parent) == [saved.name]
    assert io.read_tensors(saved)[0]["x"].shape == (3,)


def test_a_users_file_of_a_like_name_stays(saved):
    for suffix in (".tmp", ".new", "~", ".ganc-tmp"):
        (saved.parent / f"{saved.name}{suffix}").write_bytes(b"mine")
    io.write_tensors(saved, {"x": np.zeros(3)})
    for suffix in (".tmp", ".new", "~", ".ganc-tmp"):
        assert (saved.parent / f"{saved.name}{suffix}").read_bytes() == b"mine"


def test_the_longest_name_and_the_old_permissions(tmp_path):
    path = tmp_path / ("n" * 250 + ".bin")
    path.write_bytes(b"old")
    path.chmod(0o600)
    io.atomic_write(path, [b"new"])
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [path.name]


def test_two_writers_of_a_file_take_turns(tmp_path):
    """Each content is whole, whoever comes last; the second does not clear up under the first."""
    path, half = tmp_path / "a", threading.Event()

    def slowly():
        yield b"one "
        half.set()
        time.sleep(0.1)
        yield b"one"

    first = threading.Thread(target=io.atomic_write, args=(path, slowly()))
    first.start()
    half.wait()
    io.atomic_write(path, [b"two two"])
    first.join()
    assert path.read_bytes() == b"two two" and os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device"])
def test_what_is_no_regular_file_is_refused(tmp_path, kind):
    path = tmp_path / "a"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    else:
        path.symlink_to("/dev/null")
    before = path.stat()
    for write in (io.atomic_write, _atomic.append):
        with pytest.raises(OSError, match="expected") as caught:
            write(path, b"xyz")
        assert caught.value.filename == str(path)
    assert os.path.samestat(before, path.stat()) and os.listdir(tmp_path) == ["a"]


def test_what_is_appended_is_there_whole_or_not(tmp_path):
    path = tmp_path / "log"
    _atomic.append(path, b"one\n")
    code = (
        "import resource, sys; from ganc.io._atomic import append\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    append(sys.argv[1], b'x' * 5000)\n"
        "except OSError as error:\n"
        "    print(error.errno, error.filename)"
    )
    result = run_child(code, path)
    assert result.stdout.split() == ["27", str(path)], result.stderr
    assert path.read_bytes() == b"one\n"
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(OSError):
        _atomic.append(link, b"two\n", follow=False)
    assert path.read_bytes() == b"one\n"


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
