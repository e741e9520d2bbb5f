"""A small file of tensors, whole or made by hand."""

import json

import numpy as np
import pytest

from ganc import io


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


def entry(**changes):
    return {"dtype": "U8", "shape": [4], "data_offsets": [0, 4], **changes}
