"""The same bits for any number of threads and any instruction set with FMA."""

import pytest
from children import DIGEST, available_isas, run

TRAIN = (
    DIGEST
    + """
import sys
import ganc

steps = int(sys.argv[1])
x, _ = ganc.datasets.load_embedded(2000)
for threads in map(int, sys.argv[2:]):
    ganc.set_num_threads(threads)
    gan = ganc.models.VanillaGAN(seed=11)
    gan.fit(x, batch_size=32, steps_per_epoch=steps, epochs=1, verbose=0)
    assert gan.step == steps
    print(digest(gan))
"""
)
_hashes = {}


def hashes(isa, steps, *threads):
    """Return the set of hashes of all parameters after training, one run per thread count."""
    if isa not in available_isas():
        pytest.skip(f"this CPU does not offer {isa}")
    key = isa, steps, threads
    if key not in _hashes:
        polite = {"OMP_WAIT_POLICY": "passive"}  # more threads than cores must not spin
        out = run(TRAIN, steps, *threads, GANC_ISA=isa, timeout=280, **polite)
        _hashes[key] = set(out.split())
    return _hashes[key]


@pytest.mark.parametrize("isa", ["avx2", "avx512", "neon"])
def test_threads(isa, capsys):
    found = hashes(isa, 200, 1, 2, 3, 5)
    with capsys.disabled():
        print(f"\n200 steps on {isa}: {', '.join(sorted(found))}")
    assert len(found) == 1


def test_avx2_and_avx512():
    assert hashes("avx2", 200, 1, 2, 3, 5) == hashes("avx512", 200, 1, 2, 3, 5)


@pytest.mark.parametrize("isa", ["avx2", "avx512", "neon"])
def test_portable(isa):
    assert hashes(isa, 5, 1, 2) == hashes("portable", 5, 1, 2)
    assert len(hashes("portable", 5, 1, 2)) == 1
