"""ganc.data: what is accepted, what is refused and with which hint, and the order of batches."""

import warnings

import numpy as np
import pytest

from ganc import data

IMAGES = np.arange(10 * 4 * 4, dtype=np.uint8).reshape(10, 4, 4)


# ---- as_images ----


@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 8, 9), (3, 28, 28, 1), (3, 8, 8, 3)])
def test_uint8_images_are_kept_as_they_are(shape):
    x = np.zeros(shape, np.uint8)
    assert data.as_images(x) is x or np.shares_memory(data.as_images(x), x)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 1, 8, 8), (3, 3, 8, 8), (5, 2), (5, 784)])
def test_floats_become_float32(dtype, shape):
    got = data.as_images(np.linspace(-1, 1, np.prod(shape)).reshape(shape).astype(dtype))
    assert got.dtype == np.float32 and got.shape == shape and got.flags.c_contiguous


def test_tables_may_have_any_range():
    assert data.as_images([[1000.0, -5.0]]).tolist() == [[1000.0, -5.0]]


def test_memory_that_is_not_contiguous_is_copied():
    x = np.zeros((4, 8, 8, 3), np.uint8)[:, ::2]
    assert data.as_images(x).flags.c_contiguous


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (np.zeros((0, 28, 28), np.uint8), ValueError, "at least one sample"),
        (np.zeros((4, 0), np.float32), ValueError, "at least one value"),
        (np.zeros((4, 0, 28), np.uint8), ValueError, "at least one value"),
        (np.float32(1), ValueError, "single number"),
        (np.zeros((4, 784), np.uint8), ValueError, r"reshape\(-1, H, W\)"),
        (np.zeros((4, 3, 8, 8), np.uint8), ValueError, r"transpose\(0, 2, 3, 1\)"),
        (np.zeros((4, 8, 8, 7), np.uint8), ValueError, "C must be 1 to 4"),
        (np.zeros(4, np.uint8), ValueError, "expected .N, H, W."),
        (np.zeros((4, 8, 8, 3)), ValueError, r"transpose\(0, 3, 1, 2\)"),
        (np.zeros((4, 8, 8)), ValueError, r"x\[:, None\]"),
        (np.zeros(4), ValueError, r"x\[:, None\]"),
        (np.zeros((4, 9, 8, 8)), ValueError, "C must be 1 to 4"),
        (np.zeros((1, 1, 1, 1, 1)), ValueError, "C must be 1 to 4"),
        (np.full((4, 1, 8, 8), 255.0), ValueError, "0..255: pass uint8"),
        (np.full((4, 1, 8, 8), -3.0), ValueError, "scale them"),
        (np.full((4, 2), np.nan), ValueError, "8 values that are NaN"),
        (np.array([[0.0, 1.0], [np.inf, 0.0]]), ValueError, "first in sample 1"),
        (np.full((4, 2), 1e300), ValueError, "infinite"),
        (np.full((4, 1, 8, 8), np.nan), ValueError, "NaN"),
        (np.array([[None, 1]]), TypeError, "object"),
        (["a.png", "b.png"], TypeError, "load and resize"),
        ([np.zeros((2, 2)), np.zeros((3, 3))], ValueError, "different shapes"),
        (np.zeros((4, 8, 8), np.int64), TypeError, r"astype\(np.uint8\)"),
        (np.full((4, 8, 8), 999), TypeError, "scale them to 0..255"),
        (np.zeros((4, 2), np.int64), TypeError, r"astype\(np.float32\)"),
        (np.zeros((4, 8, 8), bool), TypeError, r"\* 255"),
        (np.zeros((4, 2), complex), TypeError, "complex"),
    ],
)
def test_as_images_refuses_with_a_hint(x, error, words):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error, match=words) as caught:
            data.as_images(x)
        assert str(caught.value).startswith("as_images: x: got")


def test_images_scaled_to_0_1_warn():
    x = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 1, 8, 8)
    with pytest.warns(UserWarning, match=r"\* 2 - 1"):
        data.as_images(x)


def test_errors_use_the_name_given():
    with pytest.raises(ValueError, match="^validation_data: got"):
        data.as_images(np.zeros(4), name="validation_data")


# ---- labels ----


@pytest.mark.parametrize("y", [[0, 1, 2], np.array([0, 1, 2], np.uint8), np.array([0.0, 1, 2])])
def test_labels_become_int64(y):
    got = data.as_labels(y, 3, 3)
    assert got.dtype == np.int64 and got.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("y", "error", "words"),
    [
        ([0, 3, 1], ValueError, "got label 3 at index 1, expected 0 to 2"),
        ([0, -1, 1], ValueError, "got label -1 at index 1"),
        ([0, 0.5, 1], ValueError, "0.5 at index 1"),
        ([0, np.nan, 1], ValueError, "nan at index 1"),
        ([0, 2**63, 1], ValueError, "at index 1"),
        ([0, 1], ValueError, "got 2 labels, expected 3"),
        (np.eye(3), ValueError, "argmax"),
        (0, ValueError, "shape"),
        (["a", "b", "c"], TypeError, "numbers"),
        ([True, False, True], TypeError, "bool"),
    ],
)
def test_as_labels_refuses(y, error, words):
    with pytest.raises(error, match=words):
        data.as_labels(y, 3, 3)


# ---- conversion ----


@pytest.mark.parametrize("shape", [(1, 16, 16), (2, 8, 8, 2), (1, 8, 8, 4)])
def test_every_pixel_value_survives_both_conversions(shape):
    x = np.arange(256, dtype=np.uint8).reshape(shape)
    floats = data.from_uint8(x)
    assert floats.dtype == np.float32 and floats.min() == -1 and floats.max() == 1
    np.testing.assert_array_equal(data.to_uint8(floats), x)


def test_one_channel_loses_its_axis():
    assert data.to_uint8(data.from_uint8(np.zeros((2, 8, 8, 1), np.uint8))).shape == (2, 8, 8)


def test_channels_move():
    x = np.zeros((1, 2, 3, 3), np.uint8)
    x[0, 1, 2] = (10, 20, 30)
    assert data.from_uint8(x).shape == (1, 3, 2, 3)
    np.testing.assert_array_equal(data.to_uint8(data.from_uint8(x)), x)


def test_to_uint8_clamps_and_rounds():
    x = np.array([-9, -1, -1 + 1 / 255 * 1.02, 0.999, 1, 9, np.inf, -np.inf, 1e300])
    got = data.to_uint8(x.reshape(1, 1, 1, -1)).ravel().tolist()
    assert got == [0, 0, 1, 255, 255, 255, 255, 0, 255]


def test_to_uint8_of_no_images():
    assert data.to_uint8(np.zeros((0, 3, 4, 4), np.float32)).shape == (0, 4, 4, 3)


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (np.full((2, 1, 2, 2), np.nan), ValueError, "NaN in image 0"),
        (np.zeros((1, 2, 2)), ValueError, r"images\[None\]"),
        (np.zeros((2, 2)), ValueError, "expected .N, C, H, W."),
        (np.zeros((1, 1, 2, 2), np.uint8), TypeError, "uint8 already"),
        (np.zeros((1, 1, 2, 2), np.int64), TypeError, "expected floats"),
    ],
)
def test_to_uint8_refuses(x, error, words):
    with pytest.raises(error, match=words):
        data.to_uint8(x)


def test_from_uint8_refuses():
    with pytest.raises(ValueError, match="expected uint8"):
        data.from_uint8(np.zeros((2, 2, 2)))


# ---- order and batches ----


def test_order_is_a_permutation_and_a_pure_function():
    for n in (0, 1, 7, 1000):
        first = data.order(3, 5, n)
        assert sorted(first.tolist()) == list(range(n)) and first.dtype == np.int64
        np.testing.assert_array_equal(first, data.order(3, 5, n))


def test_order_is_fixed_for_ever():
    """Checkpoints rely on it: these numbers may never change."""
    assert data.order(0, 0, 10).tolist() == [0, 2, 9, 1, 8, 5, 4, 3, 6, 7]
    assert data.order(2**64 - 1, 12, 6).tolist() == [5, 0, 4, 3, 2, 1]


def test_orders_differ_between_epochs_and_seeds():
    seen = {tuple(data.order(seed, epoch, 20)) for seed in range(5) for epoch in range(5)}
    assert len(seen) == 25


def test_order_is_uniform():
    firsts = [int(data.order(0, epoch, 10)[0]) for epoch in range(2000)]
    assert np.bincount(firsts, minlength=10).min() > 140


@pytest.mark.parametrize("arguments", [(-1, 0, 5), (0, -1, 5), (2**64, 0, 5), (0, 0, -1)])
def test_order_refuses_numbers_out_of_range(arguments):
    with pytest.raises(ValueError, match="got"):
        data.order(*arguments)


def test_an_epoch_visits_each_image_once():
    batches = data.Batches(IMAGES, range(10), batch_size=3, drop_last=False, seed=1)
    seen = [batches.batch(2, i) for i in range(len(batches))]
    assert [len(x) for x, _ in seen] == [3, 3, 3, 1]
    assert sorted(np.concatenate([y for _, y in seen]).tolist()) == list(range(10))
    for x, y in seen:
        np.testing.assert_array_equal(data.to_uint8(x), IMAGES[y])


def test_batches_do_not_depend_on_what_was_asked_before():
    one, other = (data.Batches(IMAGES, batch_size=4, seed=9) for _ in range(2))
    for epoch in range(3):
        for index in range(len(one)):
            one.batch(epoch, index)
    np.testing.assert_array_equal(one.batch(1, 1)[0], other.batch(1, 1)[0])


def test_without_shuffling_the_order_is_that_of_the_data():
    batches = data.Batches(IMAGES, batch_size=4, shuffle=False)
    assert batches.indices(7, 1).tolist() == [4, 5, 6, 7]


def test_number_of_batches():
    assert len(data.Batches(IMAGES, batch_size=4)) == 2
    assert len(data.Batches(IMAGES, batch_size=4, drop_last=False)) == 3
    assert len(data.Batches(IMAGES, batch_size=64)) == 1  # one smaller batch rather than none


def test_sample_shapes():
    assert data.Batches(IMAGES).sample_shape == (1, 4, 4)
    assert data.Batches(np.zeros((2, 4, 5, 3), np.uint8)).sample_shape == (3, 4, 5)
    assert data.Batches(np.zeros((2, 3, 4, 5))).sample_shape == (3, 4, 5)
    assert data.Batches(np.zeros((5, 2))).sample_shape == (2,)


def test_points_are_batched_too():
    x, y = data.Batches(np.ones((6, 2)), batch_size=2).batch(0, 2)
    assert x.shape == (2, 2) and x.dtype == np.float32 and y is None


def test_batches_refuse():
    with pytest.raises(IndexError, match="expected 0 to 1"):
        data.Batches(IMAGES, batch_size=4).batch(0, 2)
    with pytest.raises(ValueError, match="batch_size"):
        data.Batches(IMAGES, batch_size=0)
    with pytest.raises(ValueError, match="expected 10"):
        data.Batches(IMAGES, [1])
    with pytest.raises(ValueError, match="label 9"):
        data.Batches(IMAGES, range(10), num_classes=9)


# ---- loader ----


class Pairs(data.Dataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return np.full((1, 2, 2), index, np.float32), index


def test_loader_gives_numpy_batches():
    batches = list(data.DataLoader(Pairs(), batch_size=2))
    assert [x.shape for x, _ in batches] == [(2, 1, 2, 2), (2, 1, 2, 2), (1, 1, 2, 2)]
    assert [y.tolist() for _, y in batches] == [[0, 1], [2, 3], [4]]
    assert len(data.DataLoader(Pairs(), batch_size=2)) == 3
    assert len(list(data.DataLoader(Pairs(), batch_size=2, drop_last=True))) == 2


def test_tensor_dataset_and_plain_arrays():
    x = np.arange(12.0).reshape(6, 2)
    (a, b), *_ = data.DataLoader(data.TensorDataset(x, np.arange(6)), batch_size=4)
    np.testing.assert_array_equal(a, x[:4])
    assert b.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(next(iter(data.DataLoader(x, batch_size=6))), x)


def test_shuffled_loader_follows_order():
    loader = data.DataLoader(Pairs(), batch_size=5, shuffle=True, seed=4)
    for epoch in range(3):
        ((_, y),) = loader
        assert y.tolist() == data.order(4, epoch, 5).tolist()


def test_without_a_seed_loaders_differ():
    seeds = {data.DataLoader(Pairs(), shuffle=True).seed for _ in range(5)}
    assert len(seeds) == 5


@pytest.mark.parametrize("stop", range(8))
def test_a_resumed_loader_continues_with_the_next_batch(stop):
    def stream(loader):
        while True:
            for _, y in loader:
                yield y.tolist()

    whole = data.DataLoader(Pairs(), batch_size=2, shuffle=True, seed=7)
    through = stream(whole)
    expected = [next(through) for _ in range(12)]
    first = data.DataLoader(Pairs(), batch_size=2, shuffle=True, seed=7)
    through = stream(first)
    got = [next(through) for _ in range(stop)]
    second = data.DataLoader(Pairs(), batch_size=2, shuffle=True)
    second.load_state_dict(first.state_dict())
    through = stream(second)
    got += [next(through) for _ in range(12 - stop)]
    assert got == expected


def test_leaving_a_loop_early_starts_the_next_epoch():
    loader = data.DataLoader(Pairs(), batch_size=2, shuffle=True, seed=7)
    for _ in loader:
        break
    next(iter(loader))
    assert loader.state_dict() == {"seed": 7, "epoch": 1, "position": 1}


def test_dicts_tuples_texts_and_own_collation():
    samples = [{"x": np.ones(2), "name": "a", "pair": (1, 2.0)}] * 3
    (batch,) = data.DataLoader(samples, batch_size=3)
    assert batch["x"].shape == (3, 2) and batch["name"] == ["a"] * 3
    assert [part.tolist() for part in batch["pair"]] == [[1, 1, 1], [2.0, 2.0, 2.0]]
    assert list(data.DataLoader([1, 2, 3], batch_size=2, collate_fn=sum)) == [3, 3]


def test_pytorch_scripts_pass_these_arguments():
    loader = data.DataLoader(Pairs(), 2, True, num_workers=2, pin_memory=True, drop_last=True)
    assert len(loader) == 2


def test_loader_refuses():
    with pytest.raises(TypeError, match="expected a Dataset"):
        data.DataLoader(iter([1]))
    with pytest.raises(ValueError, match="batch_size"):
        data.DataLoader(Pairs(), batch_size=0)
    with pytest.raises(ValueError, match="seed"):
        data.DataLoader(Pairs(), seed=-1)
    with pytest.raises(ValueError, match="resize them"):
        list(data.DataLoader([np.ones(2), np.ones(3)], batch_size=2))
    with pytest.raises(ValueError, match="different numbers of parts"):
        list(data.DataLoader([(1, 2), (1,)], batch_size=2))
    with pytest.raises(ValueError, match="position"):
        data.DataLoader(Pairs()).load_state_dict({"seed": 0, "epoch": 0, "position": 6})
    with pytest.raises(ValueError, match="equal length"):
        data.TensorDataset(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="at least one"):
        data.TensorDataset()
    with pytest.raises(NotImplementedError, match="__getitem__"):
        data.Dataset()[0]
