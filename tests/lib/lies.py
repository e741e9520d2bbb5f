"""Mutants of a saved model whose checksums are right: every value of its description replaced.

``python tests/lib/lies.py 5000`` loads so many of each model and prints what became of them.
"""

import collections
import copy
import json
import random
import sys
import tempfile
from pathlib import Path
from zlib import crc32

import numpy as np

import ganc
from ganc import nn
from ganc._backend import core
from ganc.io import FormatError, read_tensors, write_tensors

HUGE = (10**4, 10**6, 10**8, 10**12, 2**31, 2**62, 2**63, 10**30)
NUMBERS = (-1, 0, 1, 3, 1.5, -0.5, 1e300, float("nan"), float("inf"), -(2**63), *HUGE)
OTHERS = ("", "../../x", "/etc/passwd", "nan", "Linear", None, True, [], {}, [1, 2], {"a": 1}, [[]])


def models():
    """Return models of many parts, trained for a step or two."""
    points = ganc.datasets.toy.ring(64, seed=0)
    toy = ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0)
    toy.fit(points, epochs=2, batch_size=32, verbose=0, callbacks=[
        ganc.callbacks.EarlyStopping("d_loss", patience=9, restore_best_weights=True)])  # fmt: skip
    g = nn.Sequential(
        nn.Linear(3, 8), nn.Unflatten(1, (2, 2, 2)), nn.ConvTranspose2d(2, 3, 4, 2, 1),
        nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 1, 3, padding=1), nn.Tanh(),
    )  # fmt: skip
    d = nn.Sequential(
        nn.utils.spectral_norm(nn.Conv2d(1, 2, 3)), nn.LeakyReLU(0.2), nn.Flatten(),
        nn.Dropout(0.1), nn.Linear(8, 1),
    )  # fmt: skip
    own = ganc.GAN(g, d, 3, seed=1, ema=0.9, penalty="r1", n_critic=2)
    own.fit(np.random.default_rng(0).uniform(-1, 1, (32, 1, 4, 4)).astype("f4"), epochs=1,
            batch_size=16, verbose=0)  # fmt: skip
    vae = ganc.models.VAE(image_shape=(1, 4, 4), hidden=6, latent_dim=2, seed=2)
    return {"toy": toy, "own": own, "vae": vae}


def places(value, path=()):
    """Yield the path of every value of nested data."""
    if path:
        yield path
    nested = isinstance(value, (dict, list))
    items = value.items() if isinstance(value, dict) else enumerate(value if nested else ())
    for key, item in items:
        yield from places(item, (*path, key))


def mutants(data):
    """Return (path, value) of every mutant; a value of `...` stands for nothing."""
    return [(path, v) for path in places(data) for v in (*NUMBERS, *OTHERS, ...)]


def mutant(data, path, value):
    """Return the data with one value replaced or left out."""
    changed = copy.deepcopy(data)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    if value is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return changed


def peak():
    """Return what this process takes at most since `reset`, in bytes, and takes now."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return tuple(int(lines[name].split()[0]) * 1024 for name in ("VmHWM", "VmRSS"))


def reset():
    """Forget the peak; False where the system does not allow that."""
    core.alloc_trim()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


class Case:
    """A saved model and a place for its mutants."""

    def __init__(self, model, folder):
        self.path = Path(folder, "m.ganc")
        model.save(self.path)
        self.arrays, metadata = read_tensors(self.path)
        self.data = json.loads(metadata["ganc.model"])

    def write(self, path, value):
        """Write a mutant; return its size."""
        text = json.dumps(mutant(self.data, path, value))
        write_tensors(self.path, self.arrays, {"ganc.model": text})
        return self.path.stat().st_size

    def load(self, into=None):
        """Load the file; return None or the error, which must be of those that load documents."""
        try:
            self.loaded = ganc.load(self.path, into)
        except FormatError as error:
            assert str(self.path) in str(error), error
            return error
        except ValueError as error:
            assert "cannot be loaded alone" in str(error), error
            return error
        return None


def many(name, model, count):
    """Load so many mutants of a model; return what became of them, and the memory above 4x."""
    found, worst = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        case = Case(model, folder)
        every = mutants(case.data)
        for path, value in random.Random(0).sample(every, min(count, len(every))):
            size = case.write(path, value)
            reset()
            before = peak()[1]
            error = case.load()
            excess = peak()[0] - before - 4 * size
            if excess > worst:
                worst = excess
                print(name, path, value, f"{excess / 1e6:.0f} MB", error, file=sys.stderr)
            found[type(error).__name__] += 1
    return found, worst


def headers(size):
    """Yield headers of about so many bytes, whose values take far more memory than their text."""
    start = '{"__metadata__":{"ganc.header_crc32":"00000000","ganc.crc32":""'
    values = {
        "floats": "[" + "0.1," * (size // 4) + "0]", "ints": "[" + "1000," * (size // 5) + "0]",
        "texts": "[" + '"ab",' * (size // 5) + '""]', "lists": "[" + "[]," * (size // 3) + "0]",
        "tables": "[" + "{}," * (size // 3) + "0]", "wide": '"' + "a" * size + '\U0001f600"',
        "keys": "{" + ",".join(f'"{i}":0' for i in range(size // 10)) + "}",
        "digits": "9" * size, "deep": "[" * size,
    }  # fmt: skip
    for name, value in values.items():
        yield name, f'{start}}},"a":{value}}}'
        yield f"{name} as metadata", f'{start},"x":{value}}}}}'
        yield f"{name} as a shape", f'{start}}},"a":{{"dtype":"F32","shape":{value}}}}}'
        text = json.dumps(f'{{"format":2,"history":{value}}}', ensure_ascii=False)
        yield f"{name} as history", f'{start},"ganc.model":{text}}}}}'


def write_header(path, header):
    """Write a file without data whose header has the right checksum."""
    body = header.encode()
    whole = len(body).to_bytes(8, "little") + body
    at = whole.index(b"00000000")
    path.write_bytes(whole[:at] + f"{crc32(whole):08x}".encode() + whole[at + 8 :])


def main(count, megabytes=5):
    """Load so many mutants of each model, and long headers; print what became of them."""
    for name, model in models().items():
        found, worst = many(name, model, count)
        print(json.dumps([name, found, worst]))
    with tempfile.TemporaryDirectory() as folder:
        path, most = Path(folder, "h.ganc"), 0
        for name, header in headers(int(megabytes * 1e6)):
            write_header(path, header)
            reset()
            before = peak()[1]
            try:
                ganc.load(path)
            except FormatError:
                excess = peak()[0] - before - 4 * path.stat().st_size
                most = max(most, excess)
                print(name, f"{excess / 1e6:.0f} MB", file=sys.stderr)
        print(json.dumps(["headers", {}, most]))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
