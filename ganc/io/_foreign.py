"""What a file of another program is, told by its first bytes, and what to do with it."""

import errno
import os
import stat
import zipfile

from ganc.io._errors import FormatError

__all__ = ["refuse_foreign"]

_HEAD = 1024
_LOAD = "network.load_state_dict(weights) takes arrays by name"
_TORCH = (
    "a file of PyTorch",
    "Convert it where PyTorch is: safetensors.torch.save_file(torch.load(path, weights_only=True), "
    "'w.safetensors'); then network.load_state_dict(ganc.io.read_tensors('w.safetensors')[0]).",
)
_PICTURE = "Pictures are data: ganc.data.ImageFolder reads a folder of them."
_PACKED = "Unpack it first."
_AGAIN = "Get the file itself, for instance by the link called 'raw' or 'download'."

# How a file begins: what it is, what to do.
_STARTS = (
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", *_TORCH),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes (.h5)",
     f"Take the arrays out with h5py or Keras's model.get_weights(); {_LOAD}."),
    (b"\x93NUMPY", "an array of NumPy (.npy)", f"numpy.load(path) reads it; {_LOAD}."),
    (b"GGUF", "a GGUF file of a language model", "ganc has no such models."),
    (b"ggml", "a GGML file", "ganc has no such models."),
    (b"version https://git-lfs", "a pointer of git-lfs, not the file it stands for",
     "Run 'git lfs pull' in the repository, or download the file itself."),
    (b"\x89PNG", "a PNG picture", _PICTURE),
    (b"\xff\xd8\xff", "a JPEG picture", _PICTURE),
    (b"GIF8", "a GIF picture", _PICTURE),
    (b"BM", "a BMP picture", _PICTURE),
    (b"II*\x00", "a TIFF picture", _PICTURE),
    (b"MM\x00*", "a TIFF picture", _PICTURE),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)", _PICTURE),
    (b"\x1f\x8b", "a file packed by gzip", _PACKED),
    (b"BZh", "a file packed by bzip2", _PACKED),
    (b"\xfd7zXZ", "a file packed by xz", _PACKED),
    (b"\x28\xb5\x2f\xfd", "a file packed by zstd", _PACKED),
    (b"7z\xbc\xaf", "a 7z archive", _PACKED),
    (b"Rar!", "a RAR archive", _PACKED),
    (b"%PDF", "a PDF document", ""),
    (b"SQLite format 3", "an SQLite database", ""),
    (b"MATLAB", "a MATLAB file", "scipy.io.loadmat reads it."),
    (b"\x7fELF", "a program", ""),
)  # fmt: skip


def refuse_foreign(file: str) -> None:
    """Raise for what is no regular file, and for the files of other programs by their names."""
    mode = os.stat(file).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(
            errno.EISDIR,
            "is a folder (ganc.resume takes the folder of a run), expected a file",
            file,
        )
    if not stat.S_ISREG(mode):
        what = "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"
        raise FormatError(f"got {what}, expected a regular file", file=file)
    found = _foreign(file)
    if found is not None:
        what, hint = found
        raise FormatError(f"got {what}, expected a file that ganc has saved", file=file, hint=hint)


def _foreign(file: str) -> tuple[str, str] | None:
    """Return what a file is and what to do with it, or None where it may be a safetensors file."""
    size = os.path.getsize(file)
    with open(file, "rb") as stream:
        head = stream.read(_HEAD)
    if not head:
        return "an empty file", "Its copy or download did not succeed: take another one."
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        return None
    for start, what, hint in _STARTS:
        if head.startswith(start):
            return what, hint
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(file)
    if head[257:262] == b"ustar":
        return "a tar archive", _PACKED
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model", f"Take its arrays out with TensorFlow; {_LOAD}."
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return (
            "a pickle of Python",
            "ganc reads none, since they can run any code. Where you trust it, load it with what "
            f"wrote it and save its arrays; {_LOAD}.",
        )
    if _is_onnx(head) or file.lower().endswith(".onnx"):
        return "an ONNX model", f"Take its arrays out with onnx.numpy_helper; {_LOAD}."
    return _text(file, head)


def _archive(file: str) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except Exception:  # cut short, or none at all
        return "a damaged zip archive", "Take another copy of the file."
    if any(name.endswith("data.pkl") for name in names):
        return _TORCH
    if any(name.endswith(".weights.h5") for name in names):
        return "a model of Keras", f"Take its arrays out with Keras; {_LOAD}."
    if names and all(name.endswith(".npy") for name in names):
        return "arrays of NumPy (.npz)", f"numpy.load(path) reads them; {_LOAD}."
    return "a zip archive", f"{_PACKED} A zip of pictures goes to ganc.data.ImageFolder."


def _is_onnx(head: bytes) -> bool:
    """Whether it begins as a ModelProto: ir_version, then the name of a producer or a graph."""
    return head[:1] == b"\x08" and head[1:2] < b"\x20" and head[2:3] in (b"\x12", b"\x3a", b"\x42")


def _text(file: str, head: bytes) -> tuple[str, str] | None:
    try:
        text = head.decode("utf-8-sig" if head.startswith(b"\xef\xbb\xbf") else "utf-8").strip()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a character is cut at the end
            return None
        text = head[: error.start].decode().strip()
    if any(ord(letter) < 32 and letter not in "\t\r\n\f" for letter in text):
        return None
    start = text[:200].lower()
    if start.startswith(("<!doctype html", "<html")) or "<html" in start:
        return "a web page (HTML)", _AGAIN
    if file.lower().endswith((".py", ".ipynb")):
        return "a Python program", "Run it with Python; ganc.load takes files of `save`."
    if text[:1] in ("{", "["):
        return "a text (JSON)", "ganc.load takes files of `save`, which hold weights too."
    return "a text", "ganc.load takes files of `save`."
