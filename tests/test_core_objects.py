"""The types of the core as Python objects: they go when nobody holds them, counts are checked."""

import gc
import sys
import weakref

import pytest

from ganc import _core, _core64

BOTH = pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])


def makers(core):
    """How an object of each type is made: type, arguments."""
    x = core.tensor([1.0, 2.0], requires_grad=True)
    y = core.tensor([1.0, 2.0])
    return [
        (core.Tensor, ([1.0, 2.0],)),
        (core.Generator, (3,)),
        (core.Optimizer, ("adam", [x])),
        (core.Average, ([x], [y], [], [], 0.9)),
    ]


@BOTH
def test_made_and_dropped(core):
    """2,000 objects of each type leave neither blocks nor tensors behind."""
    for type_, args in makers(core):
        type_(*args)
        gc.collect()
        grown = []
        for _ in range(3):  # a leak repeats
            before = sys.getallocatedblocks(), core.live_tensors()
            for _ in range(2000):
                type_(*args)
            assert core.live_tensors() == before[1], type_
            grown.append(sys.getallocatedblocks() - before[0])
        assert min(grown) <= 5, type_


@BOTH
def test_cycles_are_collected(core):
    """A subclass made in Python that refers to itself goes, and what it keeps with it."""
    live = core.live_tensors()
    for type_, args in makers(core)[:3]:
        own = type(type_.__name__, (type_,), {})
        one = own(*args)
        one.itself = one
        gone = weakref.ref(one)
        del one
        gc.collect()
        assert gone() is None, type_
    del args
    gc.collect()
    assert core.live_tensors() == live


@BOTH
def test_counts(core):
    x = core.tensor([1.0])
    generator, optimizer = core.Generator(3), core.Optimizer("sgd", [x])
    average = core.Average([x], [core.tensor([1.0])], [], [], 0.9)
    for o, name in [
        (generator, "seed"), (generator, "stream"), (optimizer, "steps"), (average, "steps")
    ]:  # fmt: skip
        for good in (2**63 - 1, 0, 7):
            setattr(o, name, good)
            assert getattr(o, name) == good
        for bad in (-1, 2**63, -(2**70)):
            with pytest.raises(ValueError, match=rf"{name} must be an integer .*, got {bad}"):
                setattr(o, name, bad)
        for bad in (1.5, "1", None):
            with pytest.raises(TypeError, match="integer"):
                setattr(o, name, bad)
        with pytest.raises(AttributeError, match=f"{name} cannot be deleted"):
            delattr(o, name)
        assert getattr(o, name) == 7
