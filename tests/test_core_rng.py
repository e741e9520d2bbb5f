"""Philox against its published vectors, moments, dropout's mask, and draws from any chunk."""

import numpy as np
import pytest
from harness import _core, _core64, array
from philox import philox, unit, words

pytestmark = pytest.mark.usefixtures("no_live_tensors")

BOTH = pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])

# philox4x32, 10 rounds: counter, key, result (kat_vectors of the Random123 distribution)
KNOWN = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
     [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
]  # fmt: skip


@pytest.mark.parametrize("counter, key, want", KNOWN)
def test_known_answers(counter, key, want):
    assert [int(v) for v in philox(counter, key)] == want


@BOTH
@pytest.mark.parametrize("seed, stream", [(0, 0), (1, 2), (2**32 + 7, 2**33 + 1), (2**63 - 1, 5)])
@pytest.mark.parametrize("n", [1, 3, 4, 255, 256, 257, 16384, 16385, 40000])
def test_uniform_is_philox(core, seed, stream, n):
    got = core.rand_uniform((n,), seed, stream).numpy()
    assert np.array_equal(got.astype(np.float64), unit(n, seed, stream))
    assert got.min() >= 0 and got.max() < 1


@BOTH
def test_first_known_answer_through_the_core(core):
    got = core.rand_uniform((4,), 0, 0).numpy() * 2.0**24
    assert got.astype(np.int64).tolist() == [w >> 8 for w in KNOWN[0][2]]


def box_muller(n, seed, stream):
    w = words((n + 3) // 4 * 4, seed, stream).astype(np.float64).reshape(-1, 2)
    r = np.sqrt(-2 * np.log(((w[:, 0] // 256) + 1) * 2.0**-24))
    angle = (w[:, 1] // 256) * 2.0**-24 * 2 * np.pi
    return np.stack([r * np.cos(angle), r * np.sin(angle)], 1).reshape(-1)[:n]


@BOTH
@pytest.mark.parametrize("n", [1, 2, 5, 257, 16390])
def test_normal_is_box_and_muller(core, n):
    got, want = core.rand_normal((n,), 9, 4).numpy(), box_muller(n, 9, 4)
    assert np.allclose(got, want, rtol=0, atol=3e-6 if core is _core else 1e-13)


@BOTH
def test_a_shorter_draw_is_a_prefix(core):
    for draw in (core.rand_uniform, core.rand_normal):
        full = draw((50_000,), 3, 1).numpy()
        for n in (1, 7, 1000, 16384, 20_001):
            assert np.array_equal(draw((n,), 3, 1).numpy(), full[:n])
        assert np.array_equal(draw((50, 10, 100), 3, 1).numpy().ravel(), full)
        for threads in (2, 3, 5):
            core.set_num_threads(threads)
            again = draw((50_000,), 3, 1).numpy()
            core.set_num_threads(1)
            assert np.array_equal(again, full)
        assert not np.array_equal(draw((50_000,), 3, 2).numpy(), full)
        assert not np.array_equal(draw((50_000,), 4, 1).numpy(), full)


def test_every_isa_draws_the_same():
    was, seen = _core.get_isa(), {}
    for isa in ("portable", "avx2", "avx512"):
        try:
            _core.set_isa(isa)
        except ValueError:
            continue
        for draw in (_core.rand_uniform, _core.rand_normal):
            seen.setdefault(draw.__name__, set()).add(draw((20_000,), 5, 6).numpy().tobytes())
    _core.set_isa(was)
    assert all(len(v) == 1 for v in seen.values())


def test_the_upper_bound_is_outside():
    n = 279_772  # its last element is 1 - 2^-24, and 1 + that rounds to 2
    assert unit(n, 5, 5)[-1] == 1 - 2.0**-24
    assert _core.rand_uniform((n,), 5, 5, 1, 2).numpy().max() < 2


@BOTH
def test_moments(core):
    n = 400_000
    u = core.rand_uniform((n,), 11, 0, -1, 3).numpy()
    z = core.rand_normal((n,), 11, 1, 2, 3).numpy()
    assert abs(u.mean() - 1) < 4 * 4 / np.sqrt(12 * n) and abs(u.var() - 16 / 12) < 0.01
    assert u.min() >= -1 and u.max() <= 3
    assert abs(z.mean() - 2) < 4 * 3 / np.sqrt(n) and abs(z.std() - 3) < 0.02
    s = (z.astype(np.float64) - 2) / 3
    assert abs((s**3).mean()) < 0.02 and abs((s**4).mean() - 3) < 0.06
    assert abs(np.corrcoef(s[:-1], s[1:])[0, 1]) < 0.01
    assert np.isfinite(z).all() and 4 < np.abs(s).max() < 6


@BOTH
@pytest.mark.parametrize("p", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_dropout_masks_forward_and_backward_alike(core, p):
    x = core.tensor(np.ones(40_000), requires_grad=True)
    y = core.dropout(x, p, 7, 3)
    (g,) = core.grad([core.sum(y)], [x], None, None, False, False)
    assert np.array_equal(array(y), array(g))
    keep = float(np.float32(1 - p)) if core is _core else 1 - p
    mask = unit(40_000, 7, 3) < keep
    assert np.array_equal(array(y) != 0, mask)
    assert np.allclose(array(y)[mask], 1 / (1 - p) if p < 1 else 1)
    assert abs(mask.mean() - (1 - p)) < 0.02


@BOTH
def test_permutations(core):
    for n in (0, 1, 2, 10, 5000):
        p = core.rand_perm(n, 3, 4)
        assert p.dtype == np.int64 and sorted(p) == list(range(n))
    assert not np.array_equal(core.rand_perm(100, 3, 4), core.rand_perm(100, 3, 5))
    first = [core.rand_perm(4, 1, s)[0] for s in range(2000)]
    assert np.all(np.abs(np.bincount(first, minlength=4) - 500) < 100)
    with pytest.raises(ValueError):
        core.rand_perm(-1, 0, 0)


@BOTH
def test_generator(core):
    g = core.Generator(5)
    assert (g.seed, g.stream) == (5, 0)
    assert [g.next(), g.next()] == [(5, 0), (5, 1)] and g.stream == 2
    g.stream = 7
    assert g.next() == (5, 7)
    for bad in (-1, 2**63, 2**70):
        with pytest.raises(ValueError):
            core.Generator(bad)
    for bad in (1.5, "1", None):
        with pytest.raises((TypeError, ValueError)):
            core.Generator(bad)
