"""``x[key]`` and ``x[key] = value`` mean what they mean in PyTorch."""

import os

import numpy as np
import pytest
from index_programs import run

import ganc

PROGRAMS = int(os.environ.get("GANC_INDEX_PROGRAMS", "1000"))
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_random_keys_as_in_pytorch():
    for seed in range(PROGRAMS):
        run(seed)


def test_rows_where_a_mask_holds():
    x, y = ganc.tensor(VALUES), ganc.tensor([1, 0, 1])
    np.testing.assert_array_equal(x[y == 1].numpy(), VALUES[[0, 2]])
    x[y == 1] = -1.0
    np.testing.assert_array_equal(x.numpy()[[0, 2]], -1)
    np.testing.assert_array_equal(x.numpy()[1], VALUES[1])
    x[x < 0] = 0.0
    assert x.sum().item() == VALUES[1].sum()


def test_positions_that_are_named_twice_are_written_once():
    z = ganc.zeros(3, 2)
    z[[1, 1, 1]] = 2.0
    assert z.tolist() == [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0]]
    z[[1, 1]] += 1.0
    assert z[1].tolist() == [3.0, 3.0]
    z[[0, 0]] = ganc.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert z[0].tolist() == [3.0, 4.0]


def test_labels_as_positions():
    labels = np.array([2, 0, 1])
    one_hot = ganc.zeros(3, 4)
    one_hot[range(3), labels] = 1
    np.testing.assert_array_equal(one_hot.numpy(), np.eye(4, dtype=np.float32)[labels])
    x = ganc.tensor(VALUES, requires_grad=True)
    picked = x[ganc.arange(3), ganc.tensor(labels)]
    assert picked.tolist() == [2.0, 4.0, 9.0]
    picked.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), one_hot.numpy())


def test_a_gradient_that_is_read_twice_counts_twice():
    x = ganc.tensor(VALUES, requires_grad=True)
    x[[1, 1, -2]].sum().backward()
    assert x.grad.sum(1).tolist() == [0.0, 12.0, 0.0]


BAD = {
    "floats as positions": (lambda x: x[ganc.tensor([0.0, 1.0])], IndexError, "integers"),
    "a word": (lambda x: x["a"], (IndexError, TypeError), "index"),
    "a float": (lambda x: x[1.5], (IndexError, TypeError), "float"),
    "too many": (lambda x: x[0, 0, 0], IndexError, "too many"),
    "outside": (lambda x: x[3], IndexError, "3"),
    "outside of an array": (lambda x: x[[0, 3]], IndexError, "range"),
    "a mask of another size": (lambda x: x[ganc.tensor([True, False])], IndexError, "mask"),
    "arrays that do not fit": (lambda x: x[[0, 1], [0, 1, 2]], IndexError, "broadcast"),
    "two '...'": (lambda x: x[..., 0, ...], IndexError, "one"),
    "backwards": (lambda x: x[::-1], ValueError, "step"),
    "a value too large": (lambda x: x.__setitem__(0, ganc.ones(5)), ValueError, "5"),
    "a value too large at positions": (lambda x: x.__setitem__([0], ganc.ones(5)), ValueError, "5"),
    "floats into integers": (
        lambda x: x.long().__setitem__([0], ganc.ones(4)), RuntimeError, "convert",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_an_index_cannot_be(what):
    use, error, words = BAD[what]
    x = ganc.tensor(VALUES)
    with pytest.raises(error, match=words):
        use(x)
    np.testing.assert_array_equal(x.numpy(), VALUES)
