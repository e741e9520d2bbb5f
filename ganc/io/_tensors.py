"""Named arrays in the safetensors layout, with checksums kept in its metadata.

A file is the header's length (8 bytes, little-endian), the header (JSON), then the data. Our header
starts with the CRC32 of length and header, taken with that field as zeros, and holds one CRC32 for
each tensor, so every single damaged bit is found. Other readers of the layout ignore both.
"""

import os
from typing import BinaryIO, NamedTuple
from zlib import crc32

import numpy as np

from ganc.io._atomic import atomic_write
from ganc.io._errors import FormatError, reading
from ganc.io._foreign import refuse_foreign

__all__ = ["read_tensors", "write_tensors"]

_DTYPES = {
    "F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "F64": np.dtype("<f8"),
    "I8": np.dtype("i1"), "I16": np.dtype("<i2"), "I32": np.dtype("<i4"), "I64": np.dtype("<i8"),
    "U8": np.dtype("u1"), "U16": np.dtype("<u2"), "U32": np.dtype("<u4"), "U64": np.dtype("<u8"),
    "BOOL": np.dtype("?"),
}  # fmt: skip
_NAMES = {dtype: name for name, dtype in _DTYPES.items() if name != "F16"}
_RAW = _DTYPES | {"BOOL": np.dtype("u1"), "BF16": np.dtype("<u2")}  # as they lie in a file
_MAX_HEADER = 100_000_000
_MAX_NDIM = 32
_MAX_PARSED = 40_000_000  # bytes of parsed values, besides four times as many as the data have
_HEADER_CRC = "ganc.header_crc32"
_DATA_CRC = "ganc.crc32"
_START = b'{"__metadata__":{"ganc.header_crc32":"'
_ZEROS = b"00000000"
_HINT = "The file is damaged or was cut short: take another copy, or save it again."


class _Entry(NamedTuple):
    name: str
    kind: str
    dtype: np.dtype
    shape: tuple[int, ...]
    begin: int
    end: int


def write_tensors(
    path: str | os.PathLike[str],
    tensors: dict[str, np.ndarray],
    metadata: dict[str, str] | None = None,
) -> None:
    """Save named arrays to a file, atomically and with checksums.

    The file has the safetensors layout and can be read by that package too.

    Parameters
    ----------
    path : str or path-like
        The file to write. A crash or a full disk leaves what was there before.
    tensors : dict of str to ndarray
        Arrays of float32, float64, whole numbers or bools, of up to 32 dimensions.
    metadata : dict of str to str, optional
        Text kept beside them. The names ``ganc.crc32`` and ``ganc.header_crc32`` are taken.

    Raises
    ------
    TypeError
        For another dtype, or names or metadata that are not strings.
    ValueError
        For a reserved name, more than 100 MB of names and metadata, or too many values in them.
    OSError
        With `path`, if the file cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from ganc.io import read_tensors, write_tensors
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "a.safetensors")
    ...     write_tensors(path, {"step": np.array(3)})
    ...     tensors, _ = read_tensors(path)
    >>> tensors["step"]
    array(3)
    """
    arrays = {_checked_name(name): _checked_array(name, value) for name, value in tensors.items()}
    text = {_checked_key(key): _checked_text(key, value) for key, value in (metadata or {}).items()}
    # Widest elements first, so that every tensor lies aligned for readers that map the file.
    order = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)
    buffers = {name: arrays[name].reshape(-1).view(np.uint8) for name in order}
    header = _header(arrays, text, buffers)
    if len(header) - 8 > _MAX_HEADER:
        raise ValueError(
            f"names and metadata take {len(header) - 8} bytes, expected at most {_MAX_HEADER}; "
            "store long texts as a uint8 tensor"
        )
    if _parsed_size(header) > 4 * sum(b.size for b in buffers.values()) + _MAX_PARSED:
        raise ValueError(
            "names and metadata hold more values than a reader would take; store them as tensors"
        )
    atomic_write(path, [header, *buffers.values()])


def read_tensors(
    path: str | os.PathLike[str], *, require_checksums: bool = False
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read the arrays and the metadata of a safetensors file, checking everything.

    Parameters
    ----------
    path : str or path-like
        A file of `write_tensors` or of another safetensors writer.
    require_checksums : bool, default False
        Refuse files without ganc's checksums (those of other writers have none).

    Returns
    -------
    tensors : dict of str to ndarray
        New arrays, in the order they were written; bfloat16 becomes float32, value by value.
    metadata : dict of str to str
        Without the checksums.

    Raises
    ------
    FormatError
        If the file is damaged, cut short, or holds something else. Nothing is returned then.
    OSError
        If the file is missing or cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from ganc import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "a.safetensors")
    ...     _ = path.write_bytes(b"what?")
    ...     try:
    ...         io.read_tensors(path)
    ...     except io.FormatError as error:
    ...         print(error.reason)
    got a text, expected a file that ganc has saved
    """
    file = os.fspath(path)
    refuse_foreign(file)
    with open(file, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        header = _read_header(stream, size, file)
        checked = header.startswith(_START, 8)
        if checked:
            _check_header_crc(header, file)
        entries, metadata = _parse_header(header, size - len(header), file)
        sums = _data_sums(entries, metadata, checked, file)
        if sums is None and require_checksums:
            raise FormatError(
                f"got a safetensors file with no checksums, hence of another program "
                f"({_listed(entries)}), expected one that ganc has saved",
                file=file,
                hint="Its arrays can be read: weights, _ = ganc.io.read_tensors(path), and put "
                "into a network of their shapes: network.load_state_dict(weights).",
            )
        tensors = _read_data(stream, len(header), entries, sums, file)
    return tensors, metadata


# ---- writing ----


def _checked_name(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"tensor names must be str, got {type(name).__name__}: {name!r}")
    if name == "__metadata__":
        raise ValueError("tensor name '__metadata__' is reserved by the format; choose another")
    return _encodable(name)


def _checked_array(name: str, value: np.ndarray) -> np.ndarray:
    array = np.asarray(value)
    dtype = array.dtype.newbyteorder("<")
    if dtype not in _NAMES:
        raise TypeError(
            f"tensor {name!r}: got dtype {array.dtype}, expected float32, float64, whole "
            "numbers or bools; convert it with .astype(...)"
        )
    if array.ndim > _MAX_NDIM:
        raise ValueError(f"tensor {name!r}: got {array.ndim} dimensions, expected at most 32")
    return np.asarray(array, dtype=dtype, order="C")


def _checked_key(key: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"metadata names must be str, got {type(key).__name__}: {key!r}")
    if key in (_HEADER_CRC, _DATA_CRC):
        raise ValueError(f"metadata name {key!r} is reserved for ganc's checksums; choose another")
    return _encodable(key)


def _checked_text(key: str, value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(
            f"metadata {key!r} must be a str, got {type(value).__name__}; use str() or json.dumps()"
        )
    return _encodable(value)


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"got text that is not valid Unicode: {text!r}") from None
    return text


def _header(
    arrays: dict[str, np.ndarray], text: dict[str, str], buffers: dict[str, np.ndarray]
) -> bytes:
    import json

    offsets, position = {}, 0
    for name, buffer in buffers.items():
        offsets[name] = [position, position + buffer.size]
        position += buffer.size
    sums = " ".join(_hex(crc32(buffers[name])) for name in arrays)
    fields: dict = {"__metadata__": {_HEADER_CRC: _ZEROS.decode(), _DATA_CRC: sums, **text}}
    for name, array in arrays.items():
        fields[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": offsets[name],
        }
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    body += b" " * (-len(body) % 8)
    header = len(body).to_bytes(8, "little") + body
    start = 8 + len(_START)
    return header[:start] + _hex(crc32(header)).encode() + header[start + 8 :]


def _hex(value: int) -> str:
    return f"{value:08x}"


# ---- reading ----


def _listed(entries: list[_Entry]) -> str:
    some = [f"{entry.name} {entry.kind} {entry.shape}" for entry in entries[:2]]
    more = ["..."] if len(entries) > 2 else []
    return f"{len(entries)} tensors: {', '.join([*some, *more])[:200]}"


def _read_header(stream: BinaryIO, size: int, file: str) -> bytes:
    """The length field and the header it announces."""
    if size < 8:
        reason = f"got {size} bytes, expected at least 8 for the length of the header"
        raise FormatError(reason, file=file, offset=size, hint=_HINT)
    field = stream.read(8)
    length = int.from_bytes(field, "little")
    limit = min(_MAX_HEADER, size - 8)
    if length > limit:
        reason = f"got a header of {length} bytes, expected at most {limit}"
        raise FormatError(reason, file=file, offset=0, hint=_HINT)
    stream.seek(0)
    header = stream.read(8 + length)
    if len(header) != 8 + length:
        raise FormatError("the file shrank while it was read", file=file, offset=len(header))
    return header


def _check_header_crc(header: bytes, file: str) -> None:
    start = 8 + len(_START)
    stored = header[start : start + 8]
    actual = _hex(crc32(header[:start] + _ZEROS + header[start + 8 :])).encode()
    if stored != actual:
        reason = f"checksum of the header: got {actual.decode()}, expected {stored!r}"
        raise FormatError(reason, file=file, offset=0, hint=_HINT)


def _parse_header(header: bytes, data_size: int, file: str) -> tuple[list[_Entry], dict[str, str]]:
    import json

    if _parsed_size(header) > 4 * data_size + _MAX_PARSED:
        raise FormatError("the header holds values without end", file=file, offset=8, hint=_HINT)
    with reading(file, _HINT):
        fields = json.loads(header[8:].decode(), object_pairs_hook=_unique)
    if not isinstance(fields, dict):
        raise FormatError("the header is not a JSON object", file=file, offset=8, hint=_HINT)
    metadata = fields.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise FormatError("the metadata is not a table of texts", file=file, offset=8, hint=_HINT)
    entries = [_entry(name, value, file) for name, value in fields.items()]
    _check_tiling(entries, data_size, len(header), file)
    return entries, metadata


def _parsed_size(header: bytes) -> int:
    """Return an upper bound of what the values of a header, and of JSON in its texts, take.

    Besides copies of the header itself: lists and tables, their items, keys, and characters of
    four bytes, which one such character in a text calls for.
    """
    items = 64 * header.count(b",") + 128 * header.count(b":")
    wide = 0 if header.isascii() and b"\\u" not in header else 8 * len(header)
    return 80 * (header.count(b"[") + header.count(b"{")) + items + wide


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name occurs twice in the header")
    return table


def _entry(name: str, value: object, file: str) -> _Entry:
    def bad(what: str) -> FormatError:
        return FormatError(f"tensor {_show(name)}: {what}", file=file, offset=8, hint=_HINT)

    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise bad("expected exactly dtype, shape and data_offsets")
    kind = value["dtype"]
    dtype = _RAW.get(kind) if isinstance(kind, str) else None
    if dtype is None:
        raise bad(f"got dtype {_show(kind)}, expected one of {', '.join(_RAW)}")
    shape, offsets = value["shape"], value["data_offsets"]
    if not _is_sizes(shape) or len(shape) > _MAX_NDIM:
        raise bad(f"got shape {_show(shape)}, expected up to {_MAX_NDIM} sizes >= 0")
    if not _is_sizes(offsets) or len(offsets) != 2:
        raise bad(f"got offsets {_show(offsets)}, expected [begin, end]")
    count, span = 1, dtype.itemsize
    for size in shape:
        count *= size
        span *= max(size, 1)  # NumPy limits the sizes of empty arrays as well
        if span >= 2**63:
            raise bad(f"shape {shape!r} is too large")
    begin, end = offsets
    if end - begin != count * dtype.itemsize:
        expected = count * dtype.itemsize
        raise bad(f"got {end - begin} bytes of data, expected {expected} for shape {shape!r}")
    return _Entry(name, kind, dtype, tuple(shape), begin, end)


def _show(value: object) -> str:
    """A repr of bounded length, since a hostile header may hold anything."""
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "..."


def _is_sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(v) is int and 0 <= v < 2**63 for v in value)


def _check_tiling(entries: list[_Entry], data_size: int, start: int, file: str) -> None:
    position = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != position:
            reason = f"tensor {_show(entry.name)} begins at {entry.begin}, expected {position}"
            raise FormatError(reason, file=file, offset=start + position, hint=_HINT)
        position = entry.end
    if position != data_size:
        reason = f"got {data_size} bytes of data, expected {position}"
        raise FormatError(reason, file=file, offset=start + min(position, data_size), hint=_HINT)


def _data_sums(
    entries: list[_Entry], metadata: dict[str, str], checked: bool, file: str
) -> list[str] | None:
    """Take the checksums out of the metadata; None for the files of other writers."""
    header_sum, data_sums = metadata.pop(_HEADER_CRC, None), metadata.pop(_DATA_CRC, None)
    if header_sum is None and data_sums is None:
        return None
    sums = (data_sums or "").split()
    if not checked or data_sums is None or len(sums) != len(entries):
        raise FormatError("the checksums are incomplete", file=file, offset=8, hint=_HINT)
    return sums


def _read_data(
    stream: BinaryIO, start: int, entries: list[_Entry], sums: list[str] | None, file: str
) -> dict[str, np.ndarray]:
    tensors = {entry.name: np.empty(entry.shape, entry.dtype) for entry in entries}
    for index in sorted(range(len(entries)), key=lambda i: (entries[i].begin, entries[i].end)):
        entry = entries[index]
        data = tensors[entry.name].reshape(-1).view(np.uint8)
        if stream.readinto(data) != data.size:
            raise FormatError("the file shrank while it was read", file=file, hint=_HINT)
        if sums is not None and sums[index] != _hex(crc32(data)):
            reason = f"checksum of tensor {_show(entry.name)}: got {_hex(crc32(data))}, "
            reason += f"expected {_show(sums[index])}"
            raise FormatError(reason, file=file, offset=start + entry.begin, hint=_HINT)
        tensors[entry.name] = _value(entry.kind, tensors[entry.name])
    return tensors


def _value(kind: str, raw: np.ndarray) -> np.ndarray:
    if kind == "BOOL":
        return np.asarray(raw != 0)
    if kind == "BF16":  # the upper half of a float32
        return np.asarray(np.left_shift(raw, 16, dtype=np.uint32)).view(np.float32)
    return raw
