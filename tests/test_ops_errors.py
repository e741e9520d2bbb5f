"""Illegal arguments raise, with a message, and never crash; what failed left nothing behind."""

import gc
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from harness import _core, _core64

import ganc

pytestmark = pytest.mark.usefixtures("no_live_tensors")

FUZZER = Path(__file__).parent / "lib" / "fuzz_ops.py"
BOTH = pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])
X = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_calls(seed):
    """4,000 calls over all ops in a child: about half illegal, none may crash or hang."""
    env = {**os.environ, "PYTHONPATH": str(FUZZER.parents[2]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(FUZZER), str(seed), "4000"],
        capture_output=True, text=True, timeout=120, env=env,
    )  # fmt: skip
    last = done.stdout.splitlines()[-1:] or ["nothing"]
    assert done.returncode == 0, f"{last[0]}\n{done.stderr[-2000:]}"
    word, good, calls = last[0].split()
    assert word == "done" and int(calls) == 4000 and 1000 < int(good) < 3500


BAD = [
    ("add", (X, np.zeros((2, 4))), {}, ValueError, "broadcast"),
    ("add", (X,), {}, TypeError, "missing"),
    ("add", (X, X, X), {}, TypeError, "positional"),
    ("add", ("x", X), {}, TypeError, "str"),
    ("add", (X, 1j), {}, TypeError, "complex"),
    ("add", (X, [[1], [1, 2]]), {}, ValueError, "lengths"),
    ("add", (np.zeros((1,) * 6), 1), {}, ValueError, "at most 5"),
    ("add", (X, 10**400), {}, ValueError, "large"),
    ("sum", (X, 2), {}, IndexError, "out of range"),
    ("sum", (X, (0, 0)), {}, ValueError, "twice"),
    ("sum", (X, 0.5), {}, TypeError, "integer"),
    ("sum", (X, 2**70), {}, ValueError, "64 bits"),
    ("sum", (X,), {"axis": 0}, TypeError, "unexpected keyword"),
    ("amax", (np.zeros((2, 0)), 1), {}, IndexError, "empty"),
    ("argmax", (np.zeros(0),), {}, IndexError, "empty"),
    ("reshape", (X, (4, 2)), {}, ValueError, "cannot become"),
    ("reshape", (X, (-1, -1)), {}, ValueError, "at most one"),
    ("reshape", (X, (0, -1)), {}, ValueError, "cannot become"),
    ("reshape", (X, (2**62, 4)), {}, ValueError, "reshape"),
    ("reshape", (X, (1,) * 6), {}, ValueError, "at most 5"),
    ("expand", (X, (3, 3)), {}, ValueError, "only sizes of 1"),
    ("expand", (np.zeros(1), (-2,)), {}, ValueError, ">= 0"),
    ("expand", (np.zeros((1, 1)), (2**40, 2**40)), {}, ValueError, "overflow"),
    ("expand", (np.zeros((1, 1)), (2**60, 1)), {}, (ValueError, MemoryError), "."),
    ("permute", (X, (0, 0)), {}, ValueError, "twice"),
    ("permute", (X, (0,)), {}, ValueError, "each"),
    ("flip", (1.0, 1), {}, IndexError, "out of range"),
    ("flip", (X, (0, -2)), {}, ValueError, "twice"),
    ("narrow", (X, 0, 1, 2), {}, IndexError, "outside"),
    ("narrow", (X, 0, 2**62, 2**62), {}, IndexError, "outside"),
    ("embed", (X, 0, 2**62, 2**63 - 1), {}, (ValueError, IndexError, MemoryError), "."),
    ("sum_to", (1.0, (3,)), {}, ValueError, "cannot be summed"),
    ("sum_to", (X, (2, 2)), {}, ValueError, "cannot be summed"),
    ("cat", ([],), {}, ValueError, "1 to 64"),
    ("cat", (X,), {}, TypeError, "list"),
    ("gather", (X, 0, np.full((1, 3), 2.0)), {}, IndexError, "index 2"),
    ("gather", (X, 0, np.full((1, 3), 0.5)), {}, IndexError, "integer"),
    ("gather", (X, 0, np.full((1, 3), np.nan)), {}, IndexError, "nan"),
    ("gather", (X, 0, np.zeros((1, 4))), {}, ValueError, "shape"),
    ("scatter_add", (1.0, 0, 3.0, 5), {}, ValueError, "0-d"),
    ("scatter_add", (np.zeros(0), 0, np.zeros(0), -1), {}, ValueError, ">= 0"),
    ("index_select", (X, 0, X), {}, ValueError, "1-D"),
    ("index_add", (X, 0, [0.0, 1.0], 1), {}, IndexError, "index 1"),
    ("matmul", (X, X), {}, ValueError, "inner sizes"),
    ("matmul", (1.0, X), {}, ValueError, "at least 1"),
    ("matmul_t", (X, np.zeros((1, 3, 2))), {}, ValueError, "leading"),
    ("linear", (X, np.zeros((4, 2))), {}, ValueError, "in_features"),
    ("linear", (X, np.zeros(3)), {}, ValueError, "out_features"),
    ("linear", (X, np.zeros((4, 3)), np.zeros(3)), {}, ValueError, "b has shape"),
    ("linear", (X, np.zeros((4, 3))), {"act": "gelu"}, ValueError, "expected one of"),
    ("linear", (X, np.zeros((4, 3))), {"slope": float("nan")}, ValueError, "slope"),
    ("batch_norm", (np.zeros((1, 3)),), {}, ValueError, "more than 1 value"),
    ("batch_norm", (np.zeros(3),), {}, ValueError, "expected"),
    ("batch_norm", (X, np.zeros(2)), {}, ValueError, "w has shape"),
    ("batch_norm", (X,), {"act": "relu", "before": "relu"}, ValueError, "one of the two"),
    ("batch_norm", (X,), {"before": "tanh"}, ValueError, "expected one of"),
    ("dropout", (X, 1.5, 0, 0), {}, ValueError, "probability"),
    ("dropout", (X, float("nan"), 0, 0), {}, ValueError, "probability"),
    ("topk_index", (X, 4), {}, IndexError, "topk"),
    ("topk_index", (X, -1), {}, IndexError, "topk"),
    ("pow_scalar", (X, None), {}, TypeError, "exponent"),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("name, args, attrs, error, words", BAD, ids=map(str, range(len(BAD))))
def test_message(core, name, args, attrs, error, words):
    before = np.array(X)
    with pytest.raises(error, match=words) as caught:
        getattr(core, name)(*args, **attrs)
    assert str(caught.value) and np.array_equal(before, X)
    assert core.add(1, 1).numpy() == 2  # no error is left pending


HUGE = [0, 1, 2**31 - 1, 2**31, 2**31 + 1, 2**32, 2**62, 2**63 - 1, -1, -(2**63)]


@BOTH
def test_huge_sizes(core):
    x = core.tensor(np.zeros((1, 0)))
    for n in HUGE:
        for m in HUGE:
            for f in (
                lambda n=n, m=m: core.expand(x, (n, m, 0)),
                lambda n=n, m=m: core.reshape(x, (n, m)),
                lambda n=n, m=m: core.narrow(x, 1, n, m),
                lambda n=n, m=m: core.embed(x, 0, n, m) if m < 9 or m > 2**40 else None,
                lambda n=n, m=m: core.scatter_add(x, 1, x, n) if n > 2**40 or n < 9 else None,
                lambda n=n, m=m: core.sum(x, (n, m)),
                lambda n=n, m=m: core.transpose(x, n, m),
            ):
                try:
                    f()
                except (ValueError, IndexError, MemoryError) as error:
                    assert str(error)


@BOTH
def test_reference_leaks(core):
    """2,000 good and bad calls of each kind leave the interpreter's block count as it was."""
    x = core.tensor(X, requires_grad=True)
    opt = core.Optimizer("adam", [x], lr=0.0)

    def good():
        y = core.sum(core.linear(x, X, act="tanh"))
        y.backward()
        core.grad([core.sum(x * x)], [x], None, None, True, False)
        opt.step()
        opt.zero_grad()
        opt.slots()
        x.reshape(3, 2).detach().numpy()
        core.cat([x, x], dim=0)
        core.Tensor([1.0, 2.0])

    def bad():
        for name, args, attrs, error, _ in BAD[:34]:
            with suppress(error):
                getattr(core, name)(*args, **attrs)
        for f in (x.numpy, lambda: core.grad([x], [x], [1], None, False, False), x.item):
            with suppress(RuntimeError, TypeError):
                f()

    for work, times in ((good, 700), (bad, 70)):
        work()
        gc.collect()
        gc.disable()
        try:
            grown = min(blocks_after(work, times) for _ in range(3))  # a leak repeats
        finally:
            gc.enable()
        assert grown <= 5, work.__name__


@BOTH
def test_list_that_changes_during_the_call(core):
    """The tensors of a list are kept while the other arguments run Python code."""

    class Dim:
        def __index__(self):
            tensors.clear()
            self.others = [core.full(64, 9.0) for _ in range(8)]  # take the memory that is free
            return 0

    tensors = [core.full(64, float(i)) for i in range(8)]
    joined = core.cat(tensors, Dim()).numpy()
    assert joined[::64].tolist() == list(range(8))


def blocks_after(work, times):
    before = sys.getallocatedblocks()
    for _ in range(times):
        work()
    return sys.getallocatedblocks() - before


def test_a_mistyped_keyword_is_answered_with_its_neighbour():
    with pytest.raises(TypeError, match=r"sum: unexpected keyword 'keepdims'.*keepdim"):
        ganc.ones(2).sum(0, keepdims=True)
