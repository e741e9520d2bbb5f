"""Batches, updates, penalties and labels that cannot be: one sentence each, the model unchanged."""

import numpy as np
import pytest
from systems import build, data_of, digest

import ganc
from ganc import losses, nn, optim
from ganc.data import DataLoader, TensorDataset
from ganc.datasets import toy
from ganc.train import Field, Update

X = toy.ring(64, radius=0.7, seed=1)
Y = np.arange(64) % 5
IMAGES = np.zeros((64, 8, 8), np.uint8)
PLAN = {"batch_size": 16, "verbose": 0}


class Plain(ganc.Model):
    """A line that learns; its updates are what the test says."""

    OPTIMIZERS = {"optimizer": ("network",)}

    def __init__(self, *updates):
        super().__init__(seed=0)
        ganc.manual_seed(5)
        self.network = nn.Linear(2, 1)
        self.optimizer = optim.Adam(self.network.parameters())
        self.list = updates

    def updates(self):
        return self.list if len(self.list) != 1 else self.list[0]

    def objective(self, batch):
        return self.network(batch[0]).square().mean()


def said(call, words, *models):
    """The call raises one short sentence; models are what they were, to the bit."""
    before = [(digest(m), m._position) for m in models]
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text and 10 < len(text) < 300, text
    assert [(digest(m), m._position) for m in models] == before, text


class Parts(ganc.data.Dataset):
    """Points, and labels if it has classes."""

    def __init__(self, *parts, classes=None):
        self.parts = parts
        if classes:
            self.classes = classes

    def __len__(self):
        return len(self.parts[0])

    def __getitem__(self, i):
        return tuple(part[i] for part in self.parts)


FIVE = list("abcde")

# What `fit`, `estimate` and `train_on_batch` are given.
DATA = {
    "missing y": ("conditional", (X,), "got 1 fields.*x .image., y .label."),
    "one too many": ("conditional", (X, Y, Y), "got 3 fields.*holds 2"),
    "y for a model without labels": ("WGAN-GP", (X, Y), "got 2 fields.*holds 1: x .image.;.*label"),
    "one of a pair": ("pix2pix", (IMAGES,), "got 1 fields.*a .image., b .image."),
    "one of two": ("CycleGAN", (X,), "got 1 fields.*holds 2"),
    "None in between": ("pix2pix", (IMAGES, None, IMAGES), "got 3 fields"),
    "lengths": ("conditional", (X, Y[:40]), "y: got 40 for 64 of x, expected one for each"),
    "lengths of a pair": ("pix2pix", (IMAGES, IMAGES[:40]), "b: got 40 for 64 of a, expected"),
    "fractional": ("conditional", (X, Y + 0.5), "y: got label 0.5 at index 0, expected"),
    "negative": ("conditional", (X, Y - 1), "y: got label -1 at index 0, expected"),
    "NaN": ("conditional", (X, np.where(Y == 2, np.nan, Y)), "y: got label nan at index 2"),
    "one-hot": ("conditional", (X, np.eye(5)[Y]), r"y: got shape \(64, 5\).*argmax"),
    "texts": ("conditional", (X, [str(y) for y in Y]), "y: got dtype <U1"),
    "no labels": ("conditional", (X, []), "y: got 0 for 64"),
    "NaN in the second": ("CycleGAN", (X, X * np.nan), "b: got 128 values that are NaN"),
    "floats for words": ("sequence", (np.zeros((64, 6)),), r"text: got float64 of shape \(64, 6\)"),
    "one sequence": ("sequence", (np.zeros(6, int),), r"text: got int64 of shape \(6,\)"),
    "other images": ("pix2pix", (IMAGES, "b"), "b: got"),
}  # fmt: skip

# Of data sets and loaders, which only `fit` and `estimate` take.
SETS = {
    "too few parts": ("conditional", (Parts(X, classes=FIVE),), "samples of 1 fields.*holds 2"),
    "labels of an unknown number": ("conditional", (Parts(X, Y),), "classes: a Parts does not say"),
    "dicts": (
        "conditional",
        (DataLoader(Parts(X, Y, classes=FIVE), 16, collate_fn=lambda rows: {"x": 1, "y": 2}),),
        "x: got a batch that is a dict of x, y",
    ),
    "a loader for one of a pair": (
        "pix2pix", (DataLoader(TensorDataset(IMAGES), 16), IMAGES), "a and b: got a data set",
    ),
    "a data set for one of a pair": (
        "pix2pix", (IMAGES, TensorDataset(IMAGES)), "a and b: got a data set",
    ),
    "a data set and labels": (
        "conditional", (TensorDataset(X), Y), "x and y: got a data set among them, expected arrays",
    ),
    "a loader without a batch": (
        "CycleGAN", (DataLoader(TensorDataset(X[:9]), 16, drop_last=True), X), "batch",
    ),
    "a small one of two": ("CycleGAN", (X, X[:9]), "batch_size: got 16 for 9 samples"),
}  # fmt: skip


@pytest.mark.parametrize("name", DATA)
def test_data(name):
    system, data, words = DATA[name]
    fitted, model = build(system), build(system)
    fitted.fit(*data_of(system), **PLAN)
    for m in (fitted, model):
        said(lambda m=m: m.fit(*data, **PLAN), words, m)
        said(lambda m=m: m.estimate(*data, batch_size=16), words, m)
        said(lambda m=m: m.train_on_batch(*data), words, m)
    assert model.classes is None


@pytest.mark.parametrize("name", SETS)
def test_data_sets(name):
    system, data, words = SETS[name]
    model, batch = build(system), {} if "loader" in name or name == "dicts" else {"batch_size": 16}
    said(lambda: model.fit(*data, verbose=0, **batch), words, model)
    said(lambda: model.estimate(*data, **batch), words, model)
    assert model.classes is None


def test_a_loader_and_a_batch_size():
    model = build("CycleGAN")
    loader = DataLoader(TensorDataset(X), 16)
    said(lambda: model.fit(loader, X, **PLAN), "batch_size: got 16 with a loader", model)


def test_labels_beyond_the_classes():
    fitted, told = build("conditional"), build("conditional")
    fitted.fit(*data_of("conditional"), **PLAN)
    told.classes = 5
    wrong = np.where(Y == 3, 5, Y)
    for model in (fitted, told):
        for call in (
            lambda m=model: m.fit(X, wrong, **PLAN),
            lambda m=model: m.estimate(X, wrong, batch_size=16),
            lambda m=model: m.train_on_batch(X, wrong),
            lambda m=model: m.fit(X, Y, **PLAN, validation_data=(X, wrong)),
        ):
            said(call, "y: got label 5 at index 3, expected 0 to 4", model)
    few = Parts(X, Y, classes=["a", "b", "c"])
    model = build("conditional")
    said(
        lambda: model.fit(DataLoader(few, 16), verbose=0),
        "y: got label 3 at index 3, expected 0 to 2",
    )
    assert model.step == 0 and model.history.epoch == []


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": -1}, {"epochs": -1, "initial_epoch": 3}, {"steps_per_epoch": 0},
        {"initial_epoch": -1}, {"verbose": 7}, {"callbacks": [3]}, {"validation_data": X},
        {"validation_data": (X, Y[:3])}, {"validation_data": (X[:, :1], Y)}, {"batch_size": 65},
    ],
    ids=str,
)  # fmt: skip
def test_fit_that_cannot_begin_has_counted_no_classes(options):
    model = build("conditional")
    before = digest(model)
    with pytest.raises((ValueError, TypeError, AttributeError)):
        model.fit(X, Y, **PLAN | options)
    assert model.classes is None and digest(model) == before and model.epoch == 0


# ---- labels of samples, and what GAN is built of ----


SAMPLES = {
    "too few": (lambda g: g.sample(3, labels=[1, 2]), "labels: got 2 for 3 samples"),
    "too many": (lambda g: g.sample(1, labels=[1, 2]), "labels: got 2 for 1 samples"),
    "out of range": (lambda g: g.sample(2, labels=5), "labels: got label 5.*expected 0 to 4"),
    "negative": (lambda g: g.sample(2, labels=[0, -1]), "labels: got label -1.*expected 0 to 4"),
    "fractional": (lambda g: g.sample(2, labels=[0, 1.5]), "labels: got label 1.5 at index 1"),
    "a text": (lambda g: g.sample(2, labels="ab"), "labels: got dtype"),
    "one-hot": (lambda g: g.sample(2, labels=np.eye(2, 5)), r"labels: got shape \(2, 5\)"),
    "interpolate": (lambda g: g.interpolate(4, labels=[1, 2]), "labels: got 2 for 4"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_labels_of_samples(name):
    call, words = SAMPLES[name]
    gan = build("conditional")
    gan.classes = 5
    said(lambda: call(gan), words, gan)


def test_labels_where_there_are_none():
    plain, unknown = build("WGAN-GP"), build("conditional")
    said(lambda: plain.sample(3, labels=[1, 2, 3]), "labels: got .1, 2, 3., but GAN was", plain)
    said(lambda: plain.sample(3, labels=0), "labels: got 0, but GAN was built without", plain)
    for call in (lambda: unknown.sample(3), lambda: unknown.preview(3), unknown.interpolate):
        said(call, "number of classes is not known yet; pass classes=", unknown)


def gan(**options):
    return ganc.GAN(nn.Linear(3, 2), nn.Linear(2, 1), 3, seed=0, **options)


GANS = {
    "classes=0": (lambda: gan(classes=0), "classes: got 0, expected at least 1"),
    "classes a text": (lambda: gan(classes="ten"), "classes: got str 'ten'"),
    "classes fractional": (lambda: gan(classes=2.5), "classes: got float 2.5"),
    "penalty": (lambda: gan(penalty="wgan_pg"), "penalty: got 'wgan_pg'.*did you mean 'wgan_gp'"),
    "penalty twice": (lambda: gan(penalty=["r1", losses.R1(3)]), "penalty: got 'r1' twice"),
    "penalty number": (lambda: gan(penalty=10.0), "penalty: got float, expected a name"),
    "penalty among": (lambda: gan(penalty=["r1", None]), "penalty: got NoneType, expected a name"),
    "penalty function": (lambda: gan(penalty=lambda c, r, f: 0), "penalty: got function"),
    "weight": (lambda: losses.R1(weight=-1), "weight: got -1.0"),
    "weight NaN": (lambda: losses.R1(weight=float("nan")), "weight: got nan"),
    "every": (lambda: losses.R1(every=0), "every: got 0, expected at least 1"),
    "clip NaN": (lambda: gan(weight_clip=float("nan")), "weight_clip: got nan"),
    "loss": (lambda: gan(loss="relativistc"), "did you mean 'relativistic'"),
}


@pytest.mark.parametrize("name", GANS)
def test_gan(name):
    said(*GANS[name])


# ---- updates ----


UPDATES = {
    "no attribute": ({"optimizer": "optimiser"}, "got 'optimiser', expected one of OPTIMIZERS"),
    "optimizer object": ({"optimizer": None}, "optimizer: got None, expected one of OPTIMIZERS"),
    "every=0": ({"every": 0}, "every: got 0, expected at least 1"),
    "every=-1": ({"every": -1}, "every: got -1, expected at least 1"),
    "every fractional": ({"every": 1.5}, "every: got float 1.5, expected a whole number"),
    "clip NaN": ({"clip": float("nan")}, "clip: got nan, expected a finite number"),
    "clip negative": ({"clip": -0.1}, "clip: got -0.1"),
    "clip a text": ({"clip": "a"}, "clip: got str 'a', expected a number"),
    "averages": ({"averages": ("critic",)}, "averages: got 'critic'"),
    "averages of no generator": ({"averages": ("network",)}, "averages: got 'network'"),
    "averages a text": ({"averages": "network"}, "averages: got 'network', expected a tuple"),
    "objective": ({"objective": 3}, "objective: got int, not callable"),
    "name": ({"name": 3}, "name: got int, expected a text"),
}


@pytest.mark.parametrize("name", UPDATES)
def test_updates(name):
    changes, words = UPDATES[name]
    model = Plain()
    made = Update(**{"name": "", "optimizer": "optimizer", "objective": model.objective} | changes)
    good = Update("first", "optimizer", model.objective)
    for model.list in ((made, made), (good, made)):
        for call in (lambda: model.train_on_batch(X), lambda: model.fit(X, **PLAN)):
            said(call, f"Plain.updates.*{words}", model)


def test_parts_that_are_not_set():
    class Unset(Plain):
        OPTIMIZERS = {"optimizer": ("network",), "other": ("network",)}

    class Torn(Plain):
        OPTIMIZERS = {"optimizer": ("network", "critic")}

    for cls, words in (
        (Unset, "^Unset.OPTIMIZERS: the model has no optimizer 'other'; set it in __init__"),
        (Torn, "^Torn.OPTIMIZERS: the model has no network 'critic'; set it in __init__"),
    ):
        model = cls()
        weight = model.network.weight.detach().tolist()
        model.list = (Update("", "optimizer", model.objective),) * 2
        for call in (lambda m=model: m.train_on_batch(X), lambda m=model: m.fit(X, **PLAN)):
            said(call, words)
        assert model.network.weight.detach().tolist() == weight and model.step == 0


LISTS = {
    "nothing": ((), "Plain.updates.*: got .., expected a tuple of one or more Update"),
    "None": ((None,), "Plain.updates.*: got None, expected a tuple of one or more Update"),
    "a generator": ((iter(()),), "Plain.updates.*expected a tuple of one or more Update"),
    "functions": ((len, len), "Plain.updates.*: got builtin_function_or_method, expected ganc"),
    "texts": (("d", "g"), "Plain.updates.*: got str, expected ganc.train.Update"),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_updates(name):
    given, words = LISTS[name]
    model = Plain(*given)
    for call in (lambda: model.train_on_batch(X), lambda: model.fit(X, **PLAN)):
        said(call, words, model)


OBJECTIVES = {
    "no scalar": (lambda m, b: m.network(b.x), r"returned shape \(\d+, 1\), expected a scalar"),
    "nothing": (lambda m, b: None, "returned NoneType, expected a scalar tensor"),
    "a number": (lambda m, b: 3.0, "returned float, expected a scalar tensor"),
    "three things": (lambda m, b: (1, 2, 3), "returned tuple, expected a scalar tensor"),
    "a report that is none": (lambda m, b: (m.objective(b), 3), "must report a dict"),
    "a report of rows": (
        lambda m, b: (m.objective(b), {"rows": m.network(b.x)}),
        "reports 'rows', which is no number or scalar",
    ),
    "a report of texts": (lambda m, b: (m.objective(b), {"t": "a"}), "reports 't', which is no"),
    "a constant": (lambda m, b: ganc.tensor(1.0), "grad"),
}


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("place", ["first", "second"])
def test_objectives(name, place):
    bad, words = OBJECTIVES[name]
    model = Plain()
    good = Update("good", "optimizer", model.objective)
    wrong = Update("bad", "optimizer", lambda batch: bad(model, batch))
    model.list = (wrong, good) if place == "first" else (good, wrong)
    for call in (lambda: model.train_on_batch(X), lambda: model.fit(X, **PLAN)):
        before = digest(model)
        with pytest.raises((TypeError, ValueError, RuntimeError), match=words) as caught:
            call()
        assert "\n" not in str(caught.value) and digest(model) == before and model.step == 0
    model.list = (good, good)
    model.fit(X, **PLAN)
    assert model.step == 4


# ---- fields and averages ----


FIELDS = {
    "kind": (lambda: Field("x", "images"), "kind: got 'images'.*did you mean 'image'"),
    "kind None": (lambda: Field("x", None), "kind: got None, expected one of image"),
    "empty": (lambda: Field(""), "name: got '', expected an identifier"),
    "words": (lambda: Field("my field"), "name: got 'my field', expected an identifier"),
    "number": (lambda: Field(3), "name: got 3, expected an identifier"),
    "keyword": (lambda: Field("class"), "name: got 'class', expected an identifier"),
    "private": (lambda: Field("_x"), "name: got '_x', expected an identifier"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields(name):
    said(*FIELDS[name])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ((Field("x"), Field("x")), "FIELDS: got two of the name 'x'"),
        (("x", "y"), "FIELDS: got str, expected ganc.train.Field"),
        ((), "FIELDS: got none"),
        (Field("x"), "FIELDS: got Field, expected a tuple of ganc.train.Field"),
    ],
    ids=["twice", "texts", "none", "no tuple"],
)
def test_lists_of_fields(fields, words):
    said(lambda: type("Mine", (ganc.Model,), {"FIELDS": fields}), f"^Mine.{words}")


def test_averages_of_a_model_without_generators():
    model = Plain()
    with pytest.raises(ValueError, match="ema: Plain names no GENERATORS"):
        model.ema = 0.9
    assert model.ema is None
