"""Random keys, read and written in ganc and in PyTorch side by side."""

import numpy as np
from pytorch import torch

import ganc


def shape_of(rng):
    return tuple(
        int(n) for n in rng.integers(0 if rng.random() < 0.1 else 1, 5, rng.integers(0, 5))
    )


def part(rng, size):
    """Return a slice of one dimension."""
    ends = [
        None if rng.random() < 0.4 else int(rng.integers(-size - 1, size + 2)) for _ in range(2)
    ]
    return slice(*ends, None if rng.random() < 0.5 else int(rng.integers(1, 4)))


def positions(rng, size, shape):
    """Positions with repetitions, some of them counted from the end."""
    return rng.integers(-size, size, shape)


def key_of(rng, shape):
    """Return a list of items for the dimensions; arrays are NumPy's."""
    items, d = [], 0
    arrays = int(rng.integers(0, 3))
    common = tuple(int(n) for n in rng.integers(1, 4, 1 if len(shape) > 3 else rng.integers(1, 3)))
    while d < len(shape) and rng.random() < 0.85:
        kind = rng.integers(0, 8)
        size = shape[d]
        if kind == 0:
            if (
                len(shape) + sum(item is None for item in items) < 5
            ):  # dimensions of a tensor in ganc
                items.append(None)
            continue
        if kind == 1 and Ellipsis not in [i for i in items if not isinstance(i, np.ndarray)]:
            items.append(Ellipsis)
            d += int(rng.integers(0, len(shape) - d + 1))
            continue
        if kind == 2 and arrays:
            wide = int(rng.integers(1, len(shape) - d + 1))
            items.append(rng.random(shape[d : d + wide]) < 0.5)
            arrays, d = 0, d + wide
            continue
        if kind in (3, 4) and arrays and size:
            drop = int(rng.integers(0, len(common)))
            some = tuple(1 if rng.random() < 0.2 else n for n in common[drop:])
            items.append(positions(rng, size, some))
            arrays -= 1
        elif kind == 5 and size:
            items.append(int(rng.integers(-size, size)))
        else:
            items.append(part(rng, size))
        d += 1
    return items


def fits(items, shape):
    """With '...' in between, the dimensions that an array meets may be others than it was for."""
    try:
        return np.zeros(shape)[tuple(items)].shape
    except (IndexError, ValueError):
        return None


def forms(rng, items):
    """The key as ganc and as PyTorch get it: arrays as tensors, NumPy arrays or lists."""
    keys = [], []
    for item in items:
        if not isinstance(item, np.ndarray):
            pair = item, item
        elif rng.random() < 0.5:
            pair = ganc.tensor(item), torch.tensor(item)
        elif rng.random() < 0.5 and item.ndim == 1 and item.size:
            pair = item.tolist(), item.tolist()
        else:
            pair = item, torch.tensor(item)
        for key, one in zip(keys, pair, strict=True):
            key.append(one)
    single = len(items) == 1 and not isinstance(keys[0][0], list)
    return [key[0] if single else tuple(key) for key in keys]


def repeats(items, shape):
    """Whether an element is named twice: which of two gradients counts is not defined then."""
    at = np.arange(np.prod(shape, dtype=int)).reshape(shape)[tuple(items)]
    return len(np.unique(at)) < at.size


def value_of(rng, part_shape):
    if rng.random() < 0.3:
        return float(rng.normal())
    shape = tuple(1 if rng.random() < 0.2 else n for n in part_shape)
    return rng.normal(size=shape[int(rng.integers(0, len(shape) + 1)) :])


def attempt(work):
    try:
        return work()
    except (IndexError, RuntimeError, ValueError, TypeError) as error:
        return error


def same(ours, theirs, what):
    assert isinstance(ours, Exception) == isinstance(theirs, Exception), (what, ours, theirs)
    if not isinstance(ours, Exception):
        ours, theirs = ours.detach().numpy(), theirs.detach().numpy()
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype, what
        np.testing.assert_array_equal(ours, theirs, str(what))


def write(library, x, key, value):
    x[key] = value
    return x


def run(seed):
    """Read and write by one random key, with gradients in every other program."""
    rng = np.random.default_rng(seed)
    shape = shape_of(rng)
    items = key_of(rng, shape)
    part_shape = fits(items, shape)
    if len(part_shape or ()) > 5:
        return
    ours, theirs = forms(rng, items)
    kind = rng.choice(["f4", "f4", "f4", "i8", "?"])
    data = rng.normal(0, 9, shape).astype("f4").astype(kind)
    grad = bool(seed % 2) and kind == "f4"
    value = value_of(rng, part_shape or ())
    value = value if isinstance(value, float) else value.astype(kind)
    what = seed, shape, items, value
    found = []
    for library, key in ((ganc, ours), (torch, theirs)):
        x = library.tensor(data)
        v = value if isinstance(value, float) else library.tensor(value)
        leaves = [t for t in (x, v) if not isinstance(t, float)] if grad else []
        for leaf in leaves:
            leaf.requires_grad_()
        read = attempt(lambda x=x, key=key: (x * 1 if grad else x)[key])
        if grad and not isinstance(read, Exception):
            (read * read).sum().backward()
        grads = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        written = attempt(
            lambda x=x, key=key, v=v, lib=library: write(lib, x * 1 if grad else x, key, v)
        )
        if grad and not isinstance(written, Exception):
            (written * written).sum().backward()
        if not grad or part_shape is None or not repeats(items, shape):
            grads += [leaf.grad for leaf in leaves]
        found.append((read, written, grads))
    for one, other in zip(found[0][:2], found[1][:2], strict=True):
        same(one, other, what)
    for one, other in zip(found[0][2], found[1][2], strict=True):
        assert (one is None) == (other is None), what
        if one is not None:
            np.testing.assert_allclose(one.numpy(), other.numpy(), 1e-6, 1e-6, err_msg=str(what))
