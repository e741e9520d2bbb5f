"""What may be handed over as data, and what is said of everything else."""

import warnings

import numpy as np
import pytest
from pictures import noise
from PIL import Image

import ganc
from ganc import data, metrics, plot
from ganc.data._incoming import as_array

POINTS = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
IMAGES = np.random.default_rng(0).integers(0, 256, (64, 4, 4)).astype(np.uint8)


class Samples(data.Dataset):
    """Points and a label, one by one."""

    def __len__(self):
        return len(POINTS)

    def __getitem__(self, index):
        return POINTS[index], 0


class Batches:
    """A loader of another library, as PyTorch's: it can be walked through, and no more."""

    def __init__(self, dataset=None):
        self.dataset, self.batch_size = dataset, 16

    def __len__(self):
        return 4

    def __iter__(self):
        return iter(np.split(POINTS, 4))


def toy():
    return ganc.models.ToyGAN(seed=0, batch_size=32)


# ---- every method takes what fit takes ----

TAKERS = {
    "fit": lambda x: toy().fit(x, verbose=0),
    "validation_data": lambda x: toy().fit(POINTS, validation_data=x, verbose=0),
    "estimate": lambda x: toy().estimate(x),
    "evaluate": lambda x: toy().evaluate(x, ["kernel_distance"]),
    "real_samples": lambda x: toy().real_samples(x, 8),
    "metrics.evaluate": lambda x: metrics.evaluate(x, POINTS, ["kernel_distance"]),
    "metrics of generated": lambda x: metrics.kernel_distance(POINTS, x),
    "metrics.features": lambda x: metrics.features(x),
    "doctor": lambda x: ganc.doctor(toy(), x),
    "MetricCallback": lambda x: toy().fit(
        POINTS, verbose=0, callbacks=[ganc.callbacks.MetricCallback(x, ["kernel_distance"])]
    ),
    "critic_map": lambda x: plot.critic_map(toy(), data=x, resolution=4, n=4),
    "plot.samples": lambda x: plot.samples(x),
}
WANTED = {
    "array": lambda: POINTS,
    "list": lambda: POINTS.tolist(),
    "dataset": Samples,
    "loader": lambda: data.DataLoader(Samples(), 32),
    "tensor": lambda: ganc.tensor(POINTS),
    "float16": lambda: POINTS.astype(np.float16),
    "big-endian": lambda: POINTS.astype(">f8"),
    "negative strides": lambda: POINTS[::-1, ::-1],
    "read-only": lambda: np.frombuffer(POINTS.tobytes(), np.float32).reshape(-1, 2),
    "nothing masked": lambda: np.ma.array(POINTS),
}


@pytest.fixture(autouse=True)
def agg():
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="pip install matplotlib")
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


@pytest.mark.parametrize("what", WANTED)
@pytest.mark.parametrize("taker", TAKERS)
def test_everyone_takes_what_fit_takes(taker, what):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of few samples
        TAKERS[taker](WANTED[what]())


def test_values_do_not_depend_on_the_form():
    expected = toy().evaluate(POINTS, ["kernel_distance"], n=64)
    for form in WANTED.values():
        x = form()
        got = toy().evaluate(x, ["kernel_distance"], n=64)["kernel_distance"]
        reversed_ = isinstance(x, np.ndarray) and x.strides[0] < 0
        assert reversed_ or got == pytest.approx(expected["kernel_distance"], rel=1e-2)


# ---- what cannot be taken ----

REFUSED = {
    "None": (lambda: None, "got None, expected images or points; did what made it return"),
    "generator": (lambda: (p for p in POINTS), r"a generator.*np.stack\(list\(x\)\)"),
    "iterator": (lambda: iter(POINTS), "walked through only once"),
    "zip": (lambda: zip(POINTS, POINTS, strict=True), "walked through only once"),
    "set": (lambda: {1.0, 2.0}, "in turn, not by number"),
    "loader of others": (lambda: Batches(Samples()), r"x\.dataset, or ganc's.*batch_size=16"),
    "stream": (Batches, "in turn, not by number"),
    "dict": (lambda: {"a": POINTS, "b": POINTS}, r"a dict of a, b.*such as x\['a'\]"),
    "text": (lambda: "photos", r"ganc\.data\.ImageFolder\('photos'"),
    "path": (lambda: __import__("pathlib").Path("photos"), r"ImageFolder\('photos'"),
    "bytes": (lambda: b"123", "np.frombuffer"),
    "function": (lambda: ganc.datasets.load_embedded, r"call it first: load_embedded\("),
    "class": (lambda: Samples, r"the class Samples.*Samples\("),
    "several fields": (lambda: (POINTS, np.zeros(64, int)), r"\(64, 2\) and \(64,\).*fit\(x, y\)"),
    "train and test": (
        lambda: ((POINTS, POINTS), (POINTS, POINTS)),
        r"\(x, y\), \(x_test, y_test\)",
    ),
    "masked": (lambda: np.ma.masked_greater(POINTS, 1.0), r"x\.filled\(VALUE\)"),
    "masked in a list": (lambda: [np.ma.array([1.0, 2.0], mask=[1, 0])] * 4, "1 values masked"),
    "complex": (lambda: POINTS.astype(complex), r"complex.*x\.real"),
    "dates": (lambda: np.zeros((9, 2), "M8[s]"), "dates or times"),
    "records": (lambda: np.zeros(9, [("a", "f4"), ("b", "f4")]), r"records.*x\['a'\]"),
    "objects": (lambda: POINTS.astype(object), r"dtype object.*x\.astype\(np\.float32\)"),
    "missing": (lambda: [[1.0, None]] * 8, "missing values"),
    "ragged": (lambda: [np.zeros(2), np.zeros(3)], "different shapes"),
    "ragged objects": (
        lambda: np.array([np.zeros((2, 2)), np.zeros((3, 3))], object),
        r"np\.stack\(x\)",
    ),
    "files": (lambda: ["a.png", "b.jpg"], r"ganc\.data\.ImageFolder\(x"),
    "one picture": (lambda: Image.new("L", (4, 4)), r"one picture.*\[x\]"),
    "sizes": (
        lambda: [Image.new("L", (4, 4)), Image.new("L", (4, 6))],
        r"from 4 x 4 to 4 x 6 pixels.*resize",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_say_what_to_pass(what):
    make, words = REFUSED[what]
    with pytest.raises((TypeError, ValueError), match=words):
        as_array(make(), "x")


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("what", ["generator", "dict", "masked", "loader of others", "text"])
def test_everyone_refuses_alike(taker, what):
    words = REFUSED[what][1].replace("x", ".*")
    with pytest.raises((TypeError, ValueError), match=words):
        TAKERS[taker](REFUSED[what][0]())


def test_sparse_matrices_and_foreign_tensors():
    class Sparse:
        shape = (4, 4)

        def __len__(self):
            raise TypeError("ambiguous")

        def __getitem__(self, index):
            return self

        def toarray(self):
            return np.eye(4)

    with pytest.raises(TypeError, match=r"pass x\.toarray\(\)"):
        toy().fit(Sparse())


def test_torch(torch):
    x = torch.tensor(POINTS)
    for form in (x, x.clone().requires_grad_(), list(x.clone().requires_grad_())):
        assert (as_array(form, "x") == POINTS).all()
    with pytest.raises(TypeError, match=r"x\.float\(\)"):
        as_array(x.bfloat16(), "x")
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), batch_size=8)
    with pytest.raises(TypeError, match=r"DataLoader\(x\.dataset, batch_size=8"):
        toy().fit(loader)
    assert toy().fit(loader.dataset, verbose=0).epoch == [0]


# ---- labels ----


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (["cat", "dog"] * 32, r"texts such as 'cat'.*np\.unique\(y, return_inverse=True\)\[1\]"),
        (np.arange(64) > 3, r"dtype bool.*y\.astype\(int\)"),
        (np.zeros((64, 1), int), r"y\[:, 0\]"),
        (np.eye(64), r"argmax"),
        ({"y": 3}, "a dict of y"),
        ((i for i in range(64)), "walked through only once"),
    ],
)
def test_labels(y, words):
    with pytest.raises((TypeError, ValueError), match=words):
        ganc.models.CGAN((1, 4, 4), seed=0).fit(IMAGES, y)


# ---- tables of pandas ----


def test_frames():
    pandas = pytest.importorskip("pandas", reason="pip install pandas")
    assert (as_array(pandas.DataFrame(POINTS), "x") == POINTS).all()
    digits = pandas.DataFrame(IMAGES.reshape(64, 16).astype(int)).add_prefix("pixel")
    digits.insert(0, "label", np.arange(64) % 10)
    with pytest.raises(TypeError, match="columns") as caught:
        ganc.models.CGAN((1, 4, 4), seed=0).fit(digits)
    way = r"x.drop(columns='label').to_numpy('uint8').reshape(-1, 4, 4), and as labels"
    assert way in str(caught.value) and "x['label'].to_numpy()" in str(caught.value)
    x = digits
    assert (x.drop(columns="label").to_numpy("uint8").reshape(-1, 4, 4) == IMAGES).all()
    with pytest.raises(TypeError, match=r"x\.to_numpy\('uint8'\)\.reshape\(-1, 4, 4\)"):
        as_array(digits.drop(columns="label"), "x")
    flowers = pandas.DataFrame(POINTS).assign(species="setosa")
    with pytest.raises(TypeError, match=r"species hold no numbers.*drop\(columns=\['species'\]\)"):
        as_array(flowers, "x")
    with pytest.raises(TypeError, match=r"np\.unique\(x\['class'\]"):
        as_array(pandas.DataFrame(POINTS).assign(**{"class": "a"}), "x")
    with pytest.warns(UserWarning, match="'target' is taken for a value like the others"):
        as_array(pandas.DataFrame(POINTS).assign(target=1), "x")
    with pytest.raises((TypeError, ValueError), match="missing values|NaN"):
        data.as_images(pandas.DataFrame({"a": pandas.array([1.5, None], "Float64")}))


# ---- pictures of Pillow ----


def pictures(mode):
    rgb = [Image.fromarray(noise(4, 4, seed=i)) for i in range(5)]
    return [picture.convert(mode) for picture in rgb]


@pytest.mark.parametrize("mode", ["L", "1", "RGB", "RGBA", "P", "CMYK", "LA", "I;16"])
def test_lists_of_pictures_are_read_as_files_are(mode, tmp_path):
    if mode == "I;16":
        made = [Image.fromarray(np.full((4, 4), 257 * i, np.uint16)) for i in range(5)]
    else:
        made = pictures(mode)
    suffix = "tif" if mode == "CMYK" else "png"
    for i, picture in enumerate(made):
        picture.save(tmp_path / f"{i}.{suffix}")
    channels = {"L": 1, "1": 1, "I;16": 1, "RGBA": 4}.get(mode, 3)
    expected, _ = ganc.datasets.load_images(tmp_path, channels=channels)
    opened = [Image.open(tmp_path / f"{i}.{suffix}") for i in range(5)]
    for given in (made, opened):
        got = as_array(given, "x")
        assert got.dtype == np.uint8 and (got == expected).all()

    class Opened(data.Dataset):
        def __len__(self):
            return 5

        def __getitem__(self, index):
            return made[index]

    (batch,) = data.DataLoader(Opened(), 5)
    assert (batch == expected).all()


def test_pictures_are_turned_upright():
    picture = Image.fromarray(noise(4, 4))
    exif = Image.Exif()
    exif[0x0112] = 3
    picture.info["exif"] = exif.tobytes()
    assert (as_array([picture], "x")[0] == np.asarray(picture)[::-1, ::-1]).all()
