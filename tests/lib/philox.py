"""Philox 4x32-10 in NumPy, written from Salmon et al. 2011: what csrc/rng.c must equal."""

import numpy as np

MASK = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)


def philox(counter, key):
    """counter: four arrays of uint32 values, key: two; returns four arrays."""
    c = [np.asarray(v, np.uint64) for v in counter]
    k = [int(v) for v in key]
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [
            (p1 >> SHIFT) ^ c[1] ^ np.uint64(k[0]), p1 & MASK,
            (p0 >> SHIFT) ^ c[3] ^ np.uint64(k[1]), p0 & MASK,
        ]  # fmt: skip
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return [v.astype(np.uint32) for v in c]


def words(n, seed, stream):
    """The first n words of draw (seed, stream), in order."""
    counter = np.arange((n + 3) // 4, dtype=np.uint64)
    one = np.ones_like(counter)
    out = philox(
        (counter & MASK, counter >> SHIFT, one * (stream & 0xFFFFFFFF), one * (stream >> 32)),
        (seed & 0xFFFFFFFF, seed >> 32),
    )
    return np.stack(out, 1).reshape(-1)[:n]


def unit(n, seed, stream):
    """Uniform in [0, 1) with 24 bits, as the core makes them; float64."""
    return (words(n, seed, stream) >> 8) * 2.0**-24
