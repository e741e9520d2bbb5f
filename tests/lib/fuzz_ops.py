"""Random, mostly illegal calls of every op, in a process that may die: run by
test_ops_errors.py.  Prints each call before making it, so that the last line names a crash.

    python fuzz_ops.py SEED CALLS [PREFIX]     only ops whose names begin so
"""

import random
import resource
import sys

import numpy as np

from ganc import _core, _core64

ALLOWED = (ValueError, TypeError, IndexError, RuntimeError, MemoryError)
INTEGERS = [0, 1, -1, 2, 3, -2, 5, 7, 100, 2**31, 2**31 - 1, -(2**31), 2**32, 2**62, 2**63 - 1,
            -(2**63), 2**63, 2**64, -(2**70), True]  # fmt: skip
FLOATS = [0.0, 1.0, -1.0, 0.5, 1e-5, 1e300, -1e300, float("nan"), float("inf"), -float("inf"), 2]
SHAPES = [(), (1,), (3,), (2, 3), (3, 2), (3, 3), (0,), (2, 0), (0, 3), (1, 1), (2, 3, 4),
          (2, 1, 4), (2, 3, 4, 5), (1, 2, 1, 2, 3), (2, 2, 2, 2, 2), (4, 4),
          (1, 3, 6, 7), (3, 3, 2, 2), (4, 1, 3, 3), (2, 4, 1, 5), (0, 3, 4, 4)]  # fmt: skip
JUNK = [None, "relu", b"x", [], {}, object(), 1j, [[1, 2], [3]], np.zeros((2, 2), complex), "none",
        np.zeros((1,) * 6), np.array(["a"]), float("nan"), 2**2000, (1, "a"), [None]]  # fmt: skip


def tensor(rng, core):
    shape = rng.choice(SHAPES)
    kind = rng.randrange(4)
    if kind == 0:
        n = int(np.prod(shape))
        values = np.array([rng.choice([0.0, 1.0, 2.0, 3.0, -1.0]) for _ in range(n)])
    else:
        values = np.random.default_rng(rng.randrange(99)).normal(size=int(np.prod(shape)))
    values = values.reshape(shape)
    if kind == 3:
        return values  # arrays and lists are converted
    return core.tensor(values, requires_grad=rng.random() < 0.5)


def dims(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return None
    if kind < 3:
        return rng.choice(INTEGERS)
    pool = INTEGERS if rng.random() < 0.3 else [0, 1, 2, 3, 4, -1, -2]
    return tuple(rng.choice(pool) for _ in range(rng.randrange(7)))


def argument(rng, core, annotation):
    if rng.random() < 0.04:
        return rng.choice(JUNK)
    if annotation == "":
        return tensor(rng, core)
    if annotation == "list":
        return [tensor(rng, core) for _ in range(rng.choice([0, 1, 2, 3, 65, 70]))]
    if annotation.startswith("int"):
        return rng.choice(INTEGERS if rng.random() < 0.5 else [0, 1, 2, 3, -1])
    if annotation == "float":
        return rng.choice(FLOATS)
    if annotation == "bool":
        return rng.choice([True, False, 0, 1, 3])
    if annotation == "dims":
        return dims(rng)
    return rng.choice([*annotation.split("|"), "wrong", ""])


def parse(signature):
    for item in signature.split(","):
        item = item.strip()
        if item != "*":
            name, _, annotation = item.partition("=")[0].partition(":")
            yield name, annotation, "=" in item


def show(value):
    return f"T{value.shape}" if hasattr(value, "shape") else repr(value)[:60]


def one(rng, core, name, signature):
    attrs = {}
    for parameter, annotation, optional in parse(signature):
        if rng.random() < (0.5 if optional else 0.02):
            continue
        attrs[parameter] = argument(rng, core, annotation)
    if rng.random() < 0.02:
        attrs["unknown"] = 1
    text = ", ".join(f"{k}={show(v)}" for k, v in attrs.items())
    print(core.real, f"{name}({text})", flush=True)
    try:
        y = getattr(core, name)(**attrs)
        if y.requires_grad and y.numel():
            loss = core.sum(core.mul(y, y))
            xs = [v for v in attrs.values() if isinstance(v, core.Tensor) and v.requires_grad]
            grads = core.grad([loss], xs, None, None, True, True)
            more = [core.sum(g) for g in grads if g is not None and g.requires_grad]
            if more:
                core.grad(more, xs, None, None, False, True)
    except ALLOWED as error:
        assert str(error), f"{name}: an exception without a message"
        return False
    return True


def main(seed, calls, prefix=""):
    rng = random.Random(seed)
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 2**30, now + 2**30))  # 2**31 elements: no
    ops = [op for op in _core.ops() if op[0].startswith(prefix)]
    good = 0
    live = _core.live_tensors() + _core64.live_tensors()
    for n in range(calls):
        name, signature, _ = ops[n % len(ops)]
        good += one(rng, rng.choice([_core, _core64]), name, signature)
    assert _core.live_tensors() + _core64.live_tensors() == live, "tensors were left behind"
    print("done", good, calls)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
