"""ganc.metrics in use: extractors, modes, GAN.evaluate, MetricCallback, the command line."""

import functools
import json

import numpy as np
import pytest

import ganc
from ganc import cli, metrics
from ganc.callbacks import EarlyStopping, MetricCallback
from ganc.datasets import toy

X = toy.ring(256, seed=0)
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 5), dtype=np.uint8)


def toy_gan(**options):
    return ganc.models.ToyGAN(g_hidden=(8,), d_hidden=(8,), batch_size=32, seed=0, **options)


# ---- extractors ----


def test_pixels_and_functions():
    pixels = metrics.features(IMAGES, "pixels")
    want = ganc.data.from_uint8(IMAGES).reshape(40, -1)
    np.testing.assert_array_equal(pixels.values, want)

    def rows(images):
        assert images.dtype == np.float32 and images.shape[1:] == (1, 6, 5)
        return images.mean((1, 3))

    found = metrics.features(IMAGES, rows)
    assert found.extractor == "rows" and found.values.shape == (40, 6)
    assert metrics.frechet_distance(IMAGES, IMAGES[::-1], extractor=rows) < 1e-10

    both = metrics.features(IMAGES, lambda images: (rows(images), images[:, 0, 0]))
    assert both.logits.shape == (40, 5)
    assert metrics.inception_score(both) >= 1


def test_extractors_see_images_in_pieces(monkeypatch):
    from ganc.metrics import _features

    monkeypatch.setattr(_features, "_CHUNK", 7)
    seen = []

    def means(images):
        seen.append(len(images))
        return images.mean((2, 3))

    values = metrics.features(IMAGES, means).values
    assert seen == [7] * 5 + [5]
    np.testing.assert_allclose(values[:, 0], IMAGES.mean((1, 2)) / 127.5 - 1, rtol=1e-5, atol=1e-6)


BAD = {
    "size": (lambda: metrics.features(IMAGES), "'pixels'"),
    "name": (lambda: metrics.features(IMAGES, "inception"), "expected one of .*pixels"),
    "table": (lambda: metrics.features(X, "pixels"), "expected images"),
    "shape": (lambda: metrics.features(IMAGES, lambda i: i), r"expected \(40, D\)"),
    "rows": (lambda: metrics.features(IMAGES, lambda i: i[:3, 0, 0]), r"expected \(40, D\)"),
    "NaN": (lambda: metrics.features(IMAGES, lambda i: i[:, 0, 0] * np.nan), "40 of 40 rows"),
    "unknown": (
        lambda: metrics.evaluate(X, X, ["kernel_distanc"]),
        "did you mean .kernel_distance",
    ),
    "FID": (lambda: metrics.evaluate(X, X, ["FID"]), "'frechet_distance'"),
    "no metric": (lambda: metrics.evaluate(X, X, [3]), "functions of"),
    "modes": (lambda: metrics.Modes([[0.0, 0.0]], 0), "std"),
    "plane": (lambda: metrics.modes_covered(np.zeros((3, 3)), [[0.0, 0.0]], 1), "3 coordinates"),
    "points": (lambda: metrics.modes_covered([[np.nan, 0]], [[0.0, 0.0]], 1), "fake: 1 of 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_calls(name):
    call, words = BAD[name]
    with pytest.raises((ValueError, TypeError), match=words):
        call()


# ---- modes ----


def test_modes_of_the_data_themselves():
    for kind, centers, std in ((toy.ring, toy.ring_centers(), 0.01), (toy.grid, None, 0.05)):
        centers = toy.grid_centers() if centers is None else centers
        x = kind(20_000, seed=1)
        assert metrics.modes_covered(x, centers, std) == len(centers)
        assert metrics.high_quality_share(x, centers, std) == pytest.approx(0.98889, abs=0.004)
        assert metrics.reverse_kl(x, centers, std) == pytest.approx(0, abs=2e-3)


def test_modes_by_hand():
    centers = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]]
    # two good ones at the first mode, one at the second, one just outside of the third
    fake = [[0.1, 0.0], [0.0, -2.9], [10.0, 0.2], [0.0, 13.01]]
    found = metrics.Modes(centers, 1.0)(None, fake)
    assert found.modes_covered == 2 and found.high_quality_share == 0.75
    want = 2 / 3 * np.log(2 / 3 * 4) + 1 / 3 * np.log(1 / 3 * 4)
    assert found.reverse_kl == pytest.approx(want, rel=1e-12)
    assert found.modes_covered.details["counts"].tolist() == [2, 1, 0, 0]
    nothing = metrics.Modes(centers, 1.0)(None, [[5.0, 5.0]])
    assert nothing == (0, 0, np.inf)


# ---- evaluate ----


def test_evaluate_by_name_function_and_partial():
    def distance(real, fake):
        assert real.shape == fake.shape == (100, 2)
        return np.float32(abs(real.mean() - fake.mean()))

    fewer = functools.partial(metrics.kernel_distance, subset_size=50, subsets=3)
    chosen = ["frechet_distance", distance, fewer, "prdc", "ring-modes"]
    found = toy_gan().evaluate(X, chosen, n=100)
    assert list(found) == [
        "frechet_distance", "distance", "kernel_distance",
        "precision", "recall", "density", "coverage",
        "modes_covered", "high_quality_share", "reverse_kl",
    ]  # fmt: skip
    assert type(found["distance"]) is float and found["kernel_distance"].std is not None
    assert found["frechet_distance"].n == 100
    assert toy_gan().evaluate(X, "frechet", n=100) == {
        "frechet_distance": found["frechet_distance"]
    }


def test_evaluate_says_what_metrics_are_of():
    gan = toy_gan()
    fake = gan.sample(256, seed=0)
    want = metrics.frechet_distance(X, fake)
    found = gan.evaluate(X)
    assert list(found) == ["frechet_distance", "kernel_distance", *metrics.PRDC._fields]
    assert found["frechet_distance"] == want
    other = gan.evaluate(X, ["frechet_distance"], seed=1)
    assert other["frechet_distance"] != want


def test_features_are_extracted_once():
    calls = []

    def means(images):
        calls.append(len(images))
        return images.mean((2, 3))

    metrics.evaluate(IMAGES, IMAGES[:30], extractor=means)
    assert calls == [40, 30]


def test_images_of_other_sizes_go_by_pixels():
    found = metrics.evaluate(IMAGES[:20], IMAGES[20:], ["kernel_distance"])
    assert found["kernel_distance"].extractor == "pixels"


def test_every_name_of_the_list_works():
    logits = 5 * np.random.default_rng(0).normal(size=(60, 2))
    digits = np.zeros((60, 28, 28, 3), np.uint8)
    for name in metrics.list():
        samples = digits if name == "stacked_modes" else logits
        values = metrics.evaluate(samples[:30], samples[30:], [name])
        assert values and all(v.n == 30 and v.definition for v in values.values())


# ---- MetricCallback ----


def test_metrics_go_into_the_history():
    gan = toy_gan()
    watch = MetricCallback(X, ["frechet_distance", "ring_modes"], every=2, n=100)
    history = gan.fit(X, epochs=4, verbose=0, callbacks=[watch])
    name = "frechet_distance(features as given, n=100)"
    column = history.history[name]
    assert np.isnan(column[0]) and np.isnan(column[2]) and column[3] > 0
    assert column[3] == watch.results["frechet_distance"]
    assert column[3] == gan.evaluate(X, ["frechet_distance"], n=100)["frechet_distance"]
    assert "modes_covered(of 8 modes, n=100)" in history.history
    assert all(type(v) is float for v in column)


def test_metrics_do_not_disturb_training():
    plain, watched = toy_gan(), toy_gan()
    plain.fit(X, epochs=2, verbose=0)
    watched.fit(X, epochs=2, verbose=0, callbacks=[MetricCallback(X, n=50)])
    for a, b in zip(plain.generator.parameters(), watched.generator.parameters(), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_real_features_are_kept():
    calls = []

    def means(points):
        calls.append(len(points))
        return points * 2

    watch = MetricCallback(X, n=64, extractor=means)
    toy_gan().fit(X, epochs=3, verbose=0, callbacks=[watch])
    assert len(calls) == 4 and watch.results["coverage"].extractor == "means"


def test_early_stopping_on_a_metric():
    watch = MetricCallback(X, [lambda real, fake: 1.0])
    stop = EarlyStopping("<lambda>", patience=2)
    history = toy_gan().fit(X, epochs=9, verbose=0, callbacks=[watch, stop])
    assert len(history) == 3


def test_bad_callbacks():
    with pytest.raises(ValueError, match="every"):
        MetricCallback(X, every=0)
    with pytest.raises(ValueError, match="expected one of"):
        MetricCallback(X, ["nothing"])


# ---- the command line ----


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "a"
    argv = ["train", "toy", "--epochs", "1", "--set", "g_hidden=(8,)", "--set", "d_hidden=(8,)"]
    assert cli.main([*argv, "--seed", "3", "--out", str(folder)]) == 0
    return folder


def test_cli_evaluate(run, capsys):
    assert cli.main(["evaluate", str(run), "-n", "500"]) == 0
    out = capsys.readouterr().out
    assert "data" in out and "ring" in out
    assert "Fréchet distance (features as given, n=500)" in out and "Heusel" in out
    assert "modes covered (of 8 modes, n=500)" in out
    argv = ["evaluate", str(run / "model.ganc"), "--data", "ring", "-n", "300", "--json"]
    assert cli.main([*argv, "--metrics", "ring_modes,kernel_distance"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["modes_covered"]["n"] == 300 and found["data"] == "ring"
    assert set(found) == {
        "data", "modes_covered", "high_quality_share", "reverse_kl", "kernel_distance",
    }  # fmt: skip


@pytest.mark.parametrize(
    "options, words",
    [
        (["--metrics", "fid"], "Inception"),
        (["--metrics", "x"], "expected one of"),
        (["-n", "1"], "at least 2"),
        (["--data", "x"], "expected one of"),
    ],
)
def test_cli_usage_errors(run, capsys, options, words):
    assert cli.main(["evaluate", str(run), *options]) == 2
    assert words in capsys.readouterr().err


def test_cli_needs_the_data(run, capsys):
    assert cli.main(["evaluate", str(run / "model.ganc")]) == 2
    assert "--data" in capsys.readouterr().err


def test_scores_show_themselves_as_a_table():
    x = np.random.default_rng(0).normal(size=(600, 2))
    found = metrics.evaluate(x[:300], x[300:], ["prdc", "frechet_distance", lambda a, b: 3])
    lines = repr(found).splitlines()
    assert lines[0].split("  ")[0] == "metric" and "real against real" in lines[0]
    assert lines[1].startswith("precision") and " higher " in lines[1] and lines[1].endswith("300")
    assert any(line.startswith("frechet_distance") and " lower " in line for line in lines)
    assert found.yardstick.keys() == {
        "precision", "recall", "density", "coverage", "frechet_distance",
    }  # fmt: skip
    assert found.yardstick["recall"] > 0.8 and "<th>better</th>" in found._repr_html_()
    assert dict(found)["<lambda>"] == 3.0 and isinstance(found, dict)
    images = np.random.default_rng(0).integers(0, 255, (200, 28, 28), dtype=np.uint8)
    assert len(metrics.evaluate(images, images, ["frechet_distance"]).yardstick) == 1
