"""ganc.metrics: distances and shares against their formulas written a second time.

The second writing follows the code of torch-fidelity, pytorch-fid and prdc, from features on.
"""

import pickle

import numpy as np
import pytest

from ganc import metrics

TIGHT = 1e-6


def clouds(n_real, n_fake, size, seed=0):
    """Features as networks give them: correlated, some dead, not negative."""
    random = np.random.default_rng(seed)
    mix = random.normal(size=(size, size)) / np.sqrt(size)
    real = np.maximum(random.normal(size=(n_real, size)) @ mix + 0.2, 0)
    fake = np.maximum(random.normal(size=(n_fake, size)) @ mix * 1.1 + 0.3, 0)
    if size > 8:
        real[:, 3] = fake[:, 3] = 0
    return real, fake


SIZES = [(500, 500, 64), (400, 700, 32), (1500, 1200, 96), (60, 90, 2), (50, 50, 1)]


# ---- Fréchet distance ----


@pytest.mark.parametrize("shape", SIZES)
def test_frechet_is_torch_fidelity(shape):
    real, fake = clouds(*shape)
    s1, s2 = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (real, fake))
    difference = real.mean(0) - fake.mean(0)
    root = np.sqrt(np.linalg.eigvals(s1 @ s2).astype(complex)).real.sum()
    want = difference @ difference + np.trace(s1) + np.trace(s2) - 2 * root
    assert metrics.frechet_distance(real, fake) == pytest.approx(want, rel=TIGHT)


@pytest.mark.parametrize("shape", [s for s in SIZES if s[2] != 1])
def test_frechet_is_pytorch_fid(shape):
    linalg = pytest.importorskip("scipy.linalg", reason="pytorch-fid takes scipy's matrix root")
    real, fake = clouds(*shape)
    if shape[2] > 8:  # its root needs covariances that are not singular
        real, fake = np.delete(real, 3, 1), np.delete(fake, 3, 1)
    s1, s2 = (np.cov(x, rowvar=False) for x in (real, fake))
    difference = real.mean(0) - fake.mean(0)
    root = np.real(linalg.sqrtm(s1 @ s2))
    want = difference @ difference + np.trace(s1) + np.trace(s2) - 2 * np.trace(root)
    assert metrics.frechet_distance(real, fake) == pytest.approx(want, rel=TIGHT)


def test_frechet_of_known_gaussians():
    """Diagonal covariances: |m|^2 + sum (s1 - s2)^2, on samples with exactly these moments."""
    random = np.random.default_rng(0)
    white = random.normal(size=(200, 5))
    white -= white.mean(0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white, rowvar=False)).T)
    s, m = np.array([0.5, 2.0, 1.0, 3.0, 0.0]), np.arange(5.0)
    want = (m**2).sum() + ((s - 1) ** 2).sum()
    assert metrics.frechet_distance(white, white * s + m) == pytest.approx(want, rel=1e-12)


def test_frechet_of_singular_covariances_is_exact():
    """Fewer samples than features: the root through the samples' own Gram matrix."""
    real, fake = clouds(20, 30, 64)
    a, b = ((x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (real, fake))
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    want = ((real.mean(0) - fake.mean(0)) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * root
    with pytest.warns(UserWarning, match="n=20 samples for 64 features"):
        found = metrics.frechet_distance(real, fake)
    assert found == pytest.approx(want, rel=TIGHT)


def test_frechet_of_collapsed_samples_is_finite():
    real, _ = clouds(200, 2, 16)
    same = np.repeat(real[:1], 200, axis=0)
    want = ((real.mean(0) - same[0]) ** 2).sum() + np.trace(np.cov(real, rowvar=False))
    assert metrics.frechet_distance(real, same) == pytest.approx(want, rel=TIGHT)
    assert 0 <= metrics.frechet_distance(real, real) < 1e-10


# ---- kernel distance ----


def kid(real, fake, subsets, size, seed=2020):
    random, estimates = np.random.RandomState(seed), []
    for _ in range(subsets):
        x = real[random.choice(len(real), size, replace=False)]
        y = fake[random.choice(len(fake), size, replace=False)]
        xx, yy, xy = ((p @ q.T / x.shape[1] + 1) ** 3 for p, q in ((x, x), (y, y), (x, y)))
        m = size
        value = (xx.sum() - np.diagonal(xx).sum()) / (m * (m - 1))
        value += (yy.sum() - np.diagonal(yy).sum()) / (m * (m - 1))
        estimates.append(value - 2 * xy.sum() / m**2)
    return np.mean(estimates), np.std(estimates)


@pytest.mark.parametrize("shape, size", [((300, 300, 64), 100), ((200, 500, 8), 150)])
def test_kernel_distance_is_torch_fidelity(shape, size):
    real, fake = clouds(*shape)
    mean, std = kid(real, fake, 20, size)
    found = metrics.kernel_distance(real, fake, subsets=20, subset_size=size)
    assert found == pytest.approx(mean, rel=TIGHT) and found.std == pytest.approx(std, rel=TIGHT)
    assert metrics.kernel_distance(real, fake, subsets=20, subset_size=size, seed=1) != found


def test_kernel_distance_options():
    real, fake = clouds(100, 100, 4)
    whole = metrics.kernel_distance(real, fake)
    assert whole == pytest.approx(kid(real, fake, 1, 100)[0], rel=TIGHT)
    assert whole.std is None and "all samples" in whole.definition
    linear = metrics.kernel_distance(real, fake, degree=1, gamma=1.0, coef0=0.0)
    means = real.mean(0) - fake.mean(0)  # MMD of a linear kernel, made unbiased
    bias = sum(np.trace(np.cov(x, rowvar=False)) / 100 for x in (real, fake))
    assert linear == pytest.approx(means @ means - bias, rel=TIGHT)


def test_kernel_distance_has_no_bias():
    """Two halves of one cloud: 0 within the error of the mean, for small n too."""
    values = [metrics.kernel_distance(*clouds(50, 50, 4, seed=s)) for s in range(60)]
    shift = np.mean(values)
    same = []
    for seed in range(60):
        x, _ = clouds(100, 1, 4, seed=seed)
        same.append(metrics.kernel_distance(x[:50], x[50:]))
    assert abs(np.mean(same)) < 4 * np.std(same) / np.sqrt(60) < shift


# ---- inception score, class coverage ----


@pytest.mark.parametrize("n, classes, splits", [(500, 10, 10), (333, 7, 4), (40, 3, 1)])
def test_inception_score_is_torch_fidelity(torch, n, classes, splits):
    logits = 3 * np.random.default_rng(n).normal(size=(n, classes))
    rows = torch.from_numpy(logits[np.random.RandomState(2020).permutation(n)])
    p, log_p = rows.softmax(1), rows.log_softmax(1)
    scores = []
    for i in range(splits):
        part = slice(i * n // splits, (i + 1) * n // splits)
        q = p[part].mean(0, keepdim=True)
        scores.append((p[part] * (log_p[part] - q.log())).sum(1).mean().exp().item())
    found = metrics.inception_score(logits, splits=splits)
    assert found == pytest.approx(np.mean(scores), rel=TIGHT)
    assert splits == 1 or found.std == pytest.approx(np.std(scores), rel=TIGHT)


def test_inception_score_at_its_ends():
    assert metrics.inception_score(np.zeros((50, 10))) == pytest.approx(1)
    sure = 1e4 * np.eye(10)[np.arange(1000) % 10]  # other classes' probability is exactly 0
    assert metrics.inception_score(sure, splits=1) == pytest.approx(10)
    assert metrics.inception_score(sure[:1].repeat(50, 0)) == pytest.approx(1)


def test_class_coverage():
    eye = np.eye(5)
    real = eye[np.repeat([0, 1, 2, 3], [40, 30, 20, 10])]  # class 4 does not occur
    fake = eye[np.repeat([0, 1, 2, 4], [70, 20, 1, 9])]
    found = metrics.class_coverage(real, fake)
    assert found == 0.5 and found.details["counts"].tolist() == [70, 20, 1, 0, 9]
    assert metrics.class_coverage(real, fake, at_least=0.04) == 0.75
    assert found.details["kl"] == np.inf  # a class that the data do not have
    assert metrics.class_coverage(real, real).details["kl"] == pytest.approx(0)


# ---- precision, recall, density, coverage ----


@pytest.mark.parametrize("shape", [(500, 500, 64), (300, 450, 8), (120, 60, 2), (50, 40, 1)])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_prdc_is_prdc(torch, shape, k):
    real, fake = (torch.from_numpy(x) for x in clouds(*shape))
    distances = {
        (a, b): torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
        for a, x in (("r", real), ("f", fake))
        for b, y in (("r", real), ("f", fake))
    }
    real_radii, fake_radii = (distances[s, s].kthvalue(k + 1, dim=1).values for s in "rf")
    cross = distances["r", "f"]
    inside = cross < real_radii[:, None]
    want = (
        inside.any(0).double().mean(),
        (cross < fake_radii[None]).any(1).double().mean(),
        inside.sum(0).double().mean() / k,
        (cross.min(1).values < real_radii).double().mean(),
    )
    found = metrics.precision_recall_density_coverage(real.numpy(), fake.numpy(), k=k)
    assert found == pytest.approx([w.item() for w in want], rel=TIGHT)


def test_prdc_in_blocks(monkeypatch):
    from ganc.metrics import _manifold

    real, fake = clouds(70, 90, 3)
    whole = metrics.precision_recall_density_coverage(real, fake)
    monkeypatch.setattr(_manifold, "_ENTRIES", 200)
    assert metrics.precision_recall_density_coverage(real, fake) == whole


def test_prdc_of_collapse_and_of_noise():
    real, _ = clouds(300, 1, 8)
    collapsed = np.repeat(real[:1], 300, axis=0)
    found = metrics.precision_recall_density_coverage(real, collapsed)
    assert found.precision == 1 and found.recall == 0 and found.coverage < 0.1
    far = metrics.precision_recall_density_coverage(real, real + 1e3)
    assert far == (0, 0, 0, 0)


# ---- results ----


def test_results_say_how_they_were_measured():
    real, fake = clouds(300, 200, 4)
    named = metrics.Features(real, "net@12345678"), metrics.Features(fake, "net@12345678")
    found = metrics.frechet_distance(*named)
    assert found.label == "Fréchet distance (net, n=200, 300 real)"
    assert found.extractor == "net@12345678" and (found.n, found.n_real) == (200, 300)
    text = str(found)
    for part in (f"{float(found):.6g}", found.label, "net@12345678", "Heusel", "Inception"):
        assert part in text
    assert f"{found:.3f}" == f"{float(found):.3f}" and found + 0 == float(found)
    assert found.to_dict()["value"] == float(found)
    again = pickle.loads(pickle.dumps(found))
    assert again == found and vars(again) == vars(found) and type(again) is metrics.Result


def test_nothing_is_called_fid():
    real, fake = clouds(50, 50, 4)
    logits = metrics.Features(real, logits=real), metrics.Features(fake, logits=fake)
    found = metrics.evaluate(*logits)
    assert len(found) == 8
    assert not any("FID" in v.label or "KID" in v.label for v in found.values())


# ---- what is wrong is said ----

X = np.random.default_rng(0).normal(size=(30, 4))
NAN = np.where(np.arange(30)[:, None] == 7, np.nan, X)
BOTH = [metrics.frechet_distance, metrics.kernel_distance]
BOTH += [metrics.precision_recall_density_coverage, metrics.class_coverage]


@pytest.mark.parametrize("metric", BOTH)
def test_bad_features(metric):
    with pytest.raises(ValueError, match=r"fake: 1 of 30 rows hold NaN .*row 7"):
        metric(X, NAN)
    with pytest.raises(ValueError, match="real: 1 of 30 rows"):
        metric(NAN, X)
    with pytest.raises(ValueError, match="expected the same"):
        metric(X, X[:, :3])
    with pytest.raises(ValueError, match=r"\(0, 4\), expected a table"):
        metric(X, X[:0])
    with pytest.raises((ValueError, TypeError), match="expected"):
        metric(X, X[0])
    with pytest.raises((ValueError, TypeError), match="expected|numbers"):
        metric(X, [["a"]])
    with pytest.raises(TypeError, match="complex"):
        metric(X, X.astype(complex))
    with pytest.raises(ValueError, match="extractor 'pixels'"):
        metric(X, X, extractor="pixels")


BAD = {
    "one sample": (lambda: metrics.frechet_distance(X, X[:1]), "fake: got 1 sample"),
    "one sample, kernel": (lambda: metrics.kernel_distance(X[:1], X), "expected 2 or more"),
    "k": (lambda: metrics.precision_recall_density_coverage(X, X[:5]), "more than k=5"),
    "k zero": (lambda: metrics.precision_recall_density_coverage(X, X, k=0), "k: got 0"),
    "splits": (lambda: metrics.inception_score(X[:3]), "3 samples for 10 splits"),
    "seed": (lambda: metrics.inception_score(X, seed=2**40), "2\\*\\*32"),
    "kernel seed": (
        lambda: metrics.kernel_distance(X, X, subset_size=9, seed=2**40),
        "2\\*\\*32",
    ),
    "degree": (lambda: metrics.kernel_distance(X, X, degree=0), "degree"),
    "subsets": (lambda: metrics.kernel_distance(X, X, subsets=0), "subsets"),
    "at_least": (lambda: metrics.class_coverage(X, X, at_least=0), "at_least"),
    "no classes": (lambda: metrics.inception_score(metrics.Features(X, "mine")), "no classes"),
    "two extractors": (
        lambda: metrics.frechet_distance(metrics.Features(X, "a"), metrics.Features(X, "b")),
        "'a', fake from 'b'",
    ),
    "logits": (lambda: metrics.Features(X, logits=X[:3]), "3 rows for 30"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_calls(name):
    call, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("metric", BOTH + [metrics.inception_score])
def test_tensors_and_lists_are_taken(metric):
    import ganc

    sides = 1 if metric is metrics.inception_score else 2
    same = X.astype(np.float32)
    forms = (same, ganc.tensor(same), same.tolist())
    a, b, c = (metric(*[form] * sides) for form in forms)
    assert a == pytest.approx(b) and a == pytest.approx(c)
