"""ganc.data.transforms: torchvision's meaning, both layouts, and draws that depend on nothing."""

import inspect

import numpy as np
import pytest
from pictures import noise
from PIL import Image

import ganc
from ganc import data
from ganc.data import transforms

KINDS = ["grey", "rgb", "rgba", "floats", "float_grey", "PIL L", "PIL RGB", "PIL P", "PIL 1"]


def sample(kind, height=10, width=14):
    grey = noise(height, width, 1)
    if kind.startswith("PIL"):
        image = Image.fromarray(noise(height, width, 3))
        return image.convert(kind[4:])
    return {
        "grey": lambda: grey,
        "rgb": lambda: noise(height, width, 3),
        "rgba": lambda: noise(height, width, 4),
        "floats": lambda: noise(height, width, 3).transpose(2, 0, 1) / np.float32(255),
        "float_grey": lambda: grey / 255.0,
    }[kind]()


def plain(x):
    """Height, width, rest."""
    array = np.asarray(x)
    floats = array.ndim == 3 and array.dtype.kind == "f"
    return array.transpose(1, 2, 0) if floats else array


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_given_back(kind):
    x = sample(kind)
    before = plain(x)
    cases = {
        transforms.CenterCrop((4, 6)): before[3:7, 4:10],
        transforms.RandomHorizontalFlip(p=1): before[:, ::-1],
        transforms.RandomHorizontalFlip(p=0): before,
        transforms.RandomCrop((10, 14)): before,
        transforms.Resize((10, 14), "nearest"): before,
        transforms.Compose([]): before,
    }
    for transform, expected in cases.items():
        got = transform(x)
        assert type(got) is type(x) and getattr(got, "mode", "") == getattr(x, "mode", "")
        assert np.asarray(got).dtype == np.asarray(x).dtype
        np.testing.assert_array_equal(plain(got), expected, err_msg=repr(transform))
    np.testing.assert_array_equal(plain(x), before)


@pytest.mark.parametrize("kind", ["grey", "rgb", "rgba"])
@pytest.mark.parametrize("size", [(5, 7), (20, 9), (10, 14), 6])
@pytest.mark.parametrize("filter", ["bilinear", "bicubic", "nearest", "lanczos", "box"])
def test_resize_is_pillows(kind, size, filter):
    x = sample(kind)
    height, width = (6, 8) if size == 6 else size
    method = Image.Resampling[filter.upper()]
    expected = np.asarray(Image.fromarray(x).resize((width, height), method))
    resize = transforms.Resize(size, filter)
    np.testing.assert_array_equal(resize(x), expected)
    np.testing.assert_array_equal(np.asarray(resize(Image.fromarray(x))), expected)
    if kind != "rgba" and filter in ("bilinear", "nearest", "box"):  # others clip in between
        planes = x[None] if x.ndim == 2 else x.transpose(2, 0, 1)
        floats = resize(planes.astype(np.float32))
        rounded = np.rint(floats.clip(0, 255)).reshape(len(planes), height, width)
        wanted = expected[None] if x.ndim == 2 else expected.transpose(2, 0, 1)
        assert abs(rounded - wanted).max() <= 1


@pytest.mark.parametrize(
    ("shape", "options", "expected"),
    [
        ((10, 20), {"size": 5}, (5, 10)),
        ((20, 10), {"size": [5]}, (10, 5)),
        ((10, 25), {"size": 3}, (3, 7)),
        ((10, 20), {"size": 8, "max_size": 12}, (6, 12)),
        ((20, 10), {"size": 8, "max_size": 12}, (12, 6)),
        ((10, 20), {"size": 4, "max_size": 12}, (4, 8)),
        ((1, 500), {"size": 2, "max_size": 3}, (1, 3)),
        ((7, 7), {"size": 9}, (9, 9)),
    ],
)
def test_resize_keeps_the_aspect_as_torchvision(shape, options, expected):
    assert transforms.Resize(**options)(np.zeros(shape, np.uint8)).shape == expected


def test_resize_leaves_one_channel_and_float64():
    assert transforms.Resize(4)(np.zeros((8, 8, 1), np.uint8)).shape == (4, 4, 1)
    assert transforms.Resize(4)(np.zeros((2, 8, 8))).dtype == np.float64


def test_to_tensor_and_normalize_give_what_networks_take():
    x = noise(5, 4)
    got = transforms.ToTensor()(x)
    np.testing.assert_array_equal(got, x.transpose(2, 0, 1).astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(transforms.ToTensor()(Image.fromarray(x)), got)
    ones = Image.new("1", (2, 2), 1)
    assert transforms.ToTensor()(ones).tolist() == [[[1, 1], [1, 1]]]
    half = transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))(got)
    np.testing.assert_allclose(half, data.from_uint8(x[None])[0], atol=1e-6)
    assert half.dtype == np.float32 and half.flags.c_contiguous
    mean, std = np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, 4.0])
    expected = (got - mean[:, None, None]) / std[:, None, None]
    np.testing.assert_allclose(transforms.Normalize(mean, std)(got), expected, atol=1e-6)
    kept = got.copy()
    assert transforms.Normalize([0.5], [0.5], inplace=True)(got) is got
    np.testing.assert_array_equal(got, transforms.Normalize([0.5], [0.5])(kept))


def test_center_crop_of_a_smaller_picture():
    x = np.full((3, 2), 9, np.uint8)
    got = transforms.CenterCrop((2, 5))(x)
    assert got.tolist() == [[0, 9, 9, 0, 0]] * 2
    assert transforms.CenterCrop(5)(np.ones((1, 2, 2))).sum() == 4


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_random_crop_padding_is_numpys(mode):
    x = noise(4, 5)
    options = {"constant_values": 7} if mode == "constant" else {}
    whole = np.pad(x, ((2, 3), (1, 2), (0, 0)), mode, **options)
    crop = transforms.RandomCrop(whole.shape[:2], (1, 2, 2, 3), fill=7, padding_mode=mode)
    np.testing.assert_array_equal(crop(x), whole)
    planes = np.ascontiguousarray(x.transpose(2, 0, 1)).astype(np.float32)
    np.testing.assert_array_equal(plain(crop(planes)), whole)


def test_random_crop_is_uniform_over_every_place():
    x = np.arange(30, dtype=np.uint8).reshape(5, 6)
    crop, seen = transforms.RandomCrop((3, 4)), []
    for i in range(900):
        with transforms.drawing(0, 0, i):
            piece = crop(x)
        seen.append(int(piece[0, 0]))
        np.testing.assert_array_equal(piece, x[seen[-1] // 6 :, seen[-1] % 6 :][:3, :4])
    assert sorted(set(seen)) == [0, 1, 2, 6, 7, 8, 12, 13, 14]
    assert np.bincount(seen)[sorted(set(seen))].min() > 60


def test_flips_are_as_frequent_as_asked_for():
    flip, x = transforms.RandomHorizontalFlip(0.25), np.array([[0, 1]], np.uint8)
    flipped = 0
    for i in range(2000):
        with transforms.drawing(1, 0, i):
            flipped += int(flip(x)[0, 0])
    assert 430 < flipped < 570


# ---- randomness ----


def test_draws_are_fixed_for_ever():
    """Checkpoints rely on it: these numbers may never change."""
    draws = transforms.Draws(3, 1, 4)
    got = [draws.integers(1000) for _ in range(6)]
    assert got == [287, 955, 820, 111, 327, 355]
    assert transforms.Draws(3, 1, 4).uniform() == 0.287902807288285


def test_draws_differ_in_every_part_and_from_the_order():
    keys = [(s, e, i) for s in range(4) for e in range(4) for i in range(4)]
    words = {transforms.Draws(*key).uniform() for key in keys}
    assert len(words) == len(keys)
    values = np.array([transforms.Draws(0, 0, i).uniform() for i in range(2000)])
    assert abs(values.mean() - 0.5) < 0.03 and abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.1
    generator = transforms.Draws(0, 0, 0).generator()
    assert isinstance(generator, np.random.Generator)


def test_inside_a_loader_draws_do_not_depend_on_batches_or_threads():
    class Draw(data.Dataset):
        def __len__(self):
            return 12

        def __getitem__(self, index):
            draws = transforms.current_draws()
            return np.array([index, draws.uniform(), transforms.current_draws().uniform()])

    tables = []
    for batch_size, workers, shuffle in ((1, 0, True), (5, 1, True), (12, 0, False), (5, 1, False)):
        loader = data.DataLoader(Draw(), batch_size, shuffle, num_workers=workers, seed=8)
        for epoch in range(2):
            rows = np.concatenate(list(loader))
            tables.append((epoch, rows[np.argsort(rows[:, 0])]))
    for epoch in range(2):
        same = [rows for e, rows in tables if e == epoch]
        assert all((rows == same[0]).all() for rows in same)
        expected = transforms.Draws(8, epoch, 7)
        assert same[0][7].tolist() == [7, expected.uniform(), expected.uniform()]
    assert (tables[0][1] != tables[1][1])[:, 1:].all()


def test_outside_of_a_loader_the_global_generator_decides():
    def draw():
        return [transforms.current_draws().uniform() for _ in range(5)]

    ganc.manual_seed(4)
    first = draw()
    assert len(set(first)) == 5
    ganc.manual_seed(4)
    assert draw() == first
    with transforms.drawing(0, 0, 0):
        with transforms.drawing(0, 0, 1):
            inner = transforms.current_draws().uniform()
        outer = transforms.current_draws().uniform()
    assert inner == transforms.Draws(0, 0, 1).uniform()
    assert outer == transforms.Draws(0, 0, 0).uniform()


# ---- signatures and refusals ----


def test_signatures_are_torchvisions():
    documented = {
        "Compose": "(transforms)",
        "ToTensor": "()",
        "Normalize": "(mean, std, inplace=False)",
        "Resize": "(size, interpolation='bilinear', max_size=None, antialias=True)",
        "CenterCrop": "(size)",
        "RandomCrop": "(size, padding=None, pad_if_needed=False, fill=0, padding_mode='constant')",
        "RandomHorizontalFlip": "(p=0.5)",
    }
    for name, text in documented.items():
        signature = inspect.signature(getattr(transforms, name))
        bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        assert str(inspect.Signature(bare)) == text, name
        assert getattr(transforms, name).__name__ in repr(transforms.Compose([])) + name


def test_torchvisions_enum_is_taken():
    class Mode:
        value = "bicubic"

    assert transforms.Resize(4, Mode()).interpolation == "bicubic"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: transforms.Compose([3]), TypeError, "functions"),
        (lambda: transforms.Normalize([0.5], [0.0]), ValueError, "no zero"),
        (lambda: transforms.Normalize([np.nan], [1.0]), ValueError, "finite"),
        (lambda: transforms.Resize(0), ValueError, "at least 1"),
        (lambda: transforms.Resize((1, 2, 3)), TypeError, "height, width"),
        (lambda: transforms.Resize(4, "cubic"), ValueError, "did you mean"),
        (lambda: transforms.Resize((4, 4), max_size=9), ValueError, "one number"),
        (lambda: transforms.Resize(4, max_size=4), ValueError, "more than size"),
        (lambda: transforms.Resize(4, antialias=False), ValueError, "always average"),
        (lambda: transforms.CenterCrop(-1), ValueError, "at least 1"),
        (lambda: transforms.RandomCrop(4, padding=(1, 2, 3)), ValueError, "left, top"),
        (lambda: transforms.RandomCrop(4, padding=-1), ValueError, "none below 0"),
        (lambda: transforms.RandomCrop(4, padding=0.5), ValueError, "expected a number"),
        (lambda: transforms.RandomCrop(4, padding_mode="wrap"), ValueError, "constant, edge"),
        (lambda: transforms.RandomHorizontalFlip(1.5), ValueError, "0 to 1"),
        (lambda: transforms.Draws(0, 0, 0).integers(0), ValueError, "at least 1"),
    ],
)
def test_options_are_checked(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("transform", "x", "error", "words"),
    [
        (transforms.RandomCrop(4), np.zeros((3, 9), np.uint8), ValueError, "pad_if_needed"),
        (transforms.CenterCrop(2), [[1, 2]], TypeError, "an array or a picture"),
        (transforms.CenterCrop(2), np.zeros(4, np.uint8), ValueError, "one picture"),
        (transforms.CenterCrop(2), np.zeros((0, 4), np.uint8), ValueError, "one picture"),
        (transforms.RandomHorizontalFlip(1), np.zeros((2, 2, 2, 2)), ValueError, "one picture"),
        (transforms.ToTensor(), np.zeros((2, 2), np.int32), TypeError, "scale it"),
        (transforms.ToTensor(), "a.png", ValueError, "one picture"),
        (transforms.Resize(2), np.zeros((4, 4), np.int32), TypeError, "expected uint8"),
        (transforms.Resize(2), np.zeros((4, 4, 2), np.uint8), TypeError, "1, 3 or 4"),
        (transforms.Normalize([0.5], [0.5]), np.zeros((2, 2, 3), np.uint8), TypeError, "ToTensor"),
        (transforms.Normalize([0.5], [0.5]), np.zeros((2, 2)), ValueError, "C, H, W"),
        (transforms.Normalize([0.5] * 2, [0.5]), np.zeros((3, 2, 2)), ValueError, "2 means"),
    ],
)
def test_samples_are_checked(transform, x, error, words):
    with pytest.raises(error, match=words):
        transform(x)


def test_pad_if_needed():
    crop = transforms.RandomCrop(6, pad_if_needed=True)
    x = np.full((3, 9), 5, np.uint8)
    got = crop(x)
    assert got.shape == (6, 6) and {0, 5} == set(np.unique(got))
