"""ganc.io: damage of every kind, and nothing but FormatError."""

import json
import os
import pickle
import random
import time

import pytest
from saved import entry, raw_file

from ganc import io
from ganc.io import FormatError


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
        start = time.process_time()
        try:
            io.read_tensors(saved)
            accepted += mutant != content
        except FormatError as error:
            assert error.file == str(saved) and len(str(error)) < 2000
        assert time.process_time() - start < 2
    assert checksums is False or accepted == 0


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
