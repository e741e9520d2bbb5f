"""The generator's moving average: its formula, its bits, sampling from it, saving it."""

import numpy as np
import pytest
from children import available_isas
from harness import _core, _core64, array
from test_gan import InOps, X, build, digest

import ganc
from ganc import nn
from ganc.train import _average


def snapshot(network):
    return {name: np.array(x.numpy()) for name, x in network.state_dict().items()}


def weight(t, decay):
    return np.float32(1 - min(decay, (1 + t) / (10 + t)))


@pytest.mark.parametrize("cls", [ganc.GAN, InOps], ids=["C", "ops"])
@pytest.mark.parametrize("n_critic", [1, 3])
@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_formula_to_the_bit(decay, n_critic, cls):
    gan = build(cls, n_critic=n_critic, ema=decay)
    names = [name for name, _ in gan.generator.named_parameters()]
    want = snapshot(gan.generator)
    updates = 0
    for i in range(12):
        gan.train_on_batch(X[i * 32 : i * 32 + 32])
        now = snapshot(gan.generator)
        if (i + 1) % n_critic == 0:
            w = weight(updates, decay)
            updates += 1
            want = {k: want[k] + w * (now[k] - want[k]) if k in names else now[k] for k in now}
        got = snapshot(gan.ema_generator)
        for k in want:
            if k in names:
                assert np.array_equal(got[k], want[k]), (i, k)
    for k in want.keys() - set(names):  # buffers are those of G after its update
        assert np.array_equal(snapshot(gan.ema_generator)[k], want[k])
    assert gan._averages["generator"].core.steps == updates


def test_the_warm_up_ends_at_the_decay():
    assert weight(0, 0.999) == np.float32(0.9)
    assert weight(8990, 0.999) == weight(10**6, 0.999) == np.float32(1 - 0.999)


def test_training_is_not_changed_by_it():
    plain, averaged = build(), build(ema=0.99)
    for gan in (plain, averaged):
        gan.fit(X, epochs=2, batch_size=64, verbose=0)
    assert digest(plain) == digest(averaged)
    assert plain.history.history == averaged.history.history


def test_any_number_of_threads_and_isa_give_the_same_bits():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 300, 211)).astype(np.float32)
    was, seen = (_core.get_isa(), _core.get_num_threads()), set()
    for isa in available_isas():
        _core.set_isa(isa)
        for threads in (1, 2, 3, 5):
            _core.set_num_threads(threads)
            p, a = _core.tensor(x), _core.tensor(y)
            _core.Average([p], [a], [], [], 0.999).update()
            seen.add(array(a).tobytes())
    _core.set_isa(was[0])
    _core.set_num_threads(was[1])
    assert seen == {np.float64(y + weight(0, 0.999) * (x - y)).tobytes()}


def test_parameters_in_one_storage_and_apart():
    values = [np.arange(n, dtype=np.float32) for n in (3, 40000, 1)]
    for flat in (False, True):
        p, a = ([_core.tensor(s * v) for v in values] for s in (2, 1))
        if flat:
            _core.flatten(p)
        average = _core.Average(p, a, [_core.tensor([7.0])], [copy := _core.tensor([0.0])], 0.5)
        for _ in range(30):
            average.update()
        assert average.steps == 30 and copy.item() == 7
        for v, x in zip(values, a, strict=True):
            assert np.allclose(array(x), 2 * v, rtol=1e-6)


def test_samples_come_from_the_average():
    gan = build(ema=0.9)
    gan.fit(X, epochs=1, batch_size=64, verbose=0)
    average, raw = gan.sample(5, seed=1), gan.sample(5, seed=1, ema=False)
    assert np.array_equal(gan.sample(5, seed=1, ema=True), average)
    assert not np.array_equal(average, raw)
    plain = build()
    plain.fit(X, epochs=1, batch_size=64, verbose=0)
    assert np.array_equal(plain.sample(5, seed=1), raw)
    assert not np.array_equal(gan.interpolate(3, seed=1), gan.interpolate(3, seed=1, ema=False))
    with pytest.raises(ValueError, match="no average is kept"):
        plain.sample(1, ema=True)


def test_it_can_be_turned_on_and_off():
    gan = build()
    gan.fit(X, epochs=1, batch_size=64, verbose=0)
    assert gan.ema is None and gan.ema_generator is None
    gan.ema = 0.5
    before = snapshot(gan.generator)
    assert all(np.array_equal(before[k], v) for k, v in snapshot(gan.ema_generator).items())
    gan.train_on_batch(X[:32])
    assert gan._averages["generator"].core.steps == 1
    gan.generator.requires_grad_(True)
    gan.ema = None
    gan.train_on_batch(X[:32])
    assert gan.ema_generator is None


def test_a_new_generator_gets_a_new_average():
    gan = build(ema=0.9)
    gan.train_on_batch(X[:32])
    gan.generator = nn.Linear(3, 2)
    gan.g_optimizer = ganc.optim.SGD(gan.generator.parameters(), lr=0.1)
    gan.train_on_batch(X[:32])
    assert gan._averages["generator"].source is gan.generator and gan.ema == 0.9
    assert type(gan.ema_generator) is nn.Linear


@pytest.mark.parametrize("wrong", [1.0, -0.1, float("nan"), "0.9", True])
def test_wrong_decays(wrong):
    with pytest.raises((TypeError, ValueError), match="ema: got"):
        build(ema=wrong)


def test_save_and_resume_to_the_bit(tmp_path):
    gan = build(ema=0.99, n_critic=2)
    gan.fit(X, epochs=1, batch_size=64, verbose=0)
    gan.train_on_batch(X[:64])
    gan.save(tmp_path / "a.ganc")
    loaded = [ganc.load(tmp_path / "a.ganc"), ganc.load(tmp_path / "a.ganc", build())]
    for g in (gan, *loaded):
        g.fit(X, epochs=2, batch_size=64, verbose=0)
    want = snapshot(gan.ema_generator)
    for again in loaded:
        assert again.ema == 0.99 and repr(again.describe()) == repr(gan.describe())
        assert digest(again) == digest(gan)
        assert (
            again._averages["generator"].core.steps == gan._averages["generator"].core.steps == 12
        )
        assert all(np.array_equal(x, want[k]) for k, x in snapshot(again.ema_generator).items())


def test_loading_a_file_without_average_turns_it_off(tmp_path):
    build().save(tmp_path / "a.ganc")
    gan = ganc.load(tmp_path / "a.ganc", build(ema=0.9))
    assert gan.ema is None


def test_the_average_of_a_preset_is_loaded(tmp_path):
    gan = ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0)
    gan.ema = 0.9
    gan.fit(X, epochs=1, batch_size=64, verbose=0)
    gan.save(tmp_path / "a.ganc")
    assert np.array_equal(ganc.load(tmp_path / "a.ganc").sample(3, seed=0), gan.sample(3, seed=0))


def test_core_refuses(no_live_tensors):
    x, y = _core64.tensor([1.0, 2.0]), _core64.tensor([1.0])
    for args, error, words in [
        (([x], [y], [], [], 0.9), ValueError, "elements"),
        (([x], [], [], [], 0.9), ValueError, "1 parameters and 0 averages"),
        (([x], [x], [y], [], 0.9), ValueError, "1 buffers and 0 copies"),
        (([x], [x], [], [], 1.0), ValueError, "decay"),
        (([1], [x], [], [], 0.5), TypeError, "Tensor"),
    ]:
        with pytest.raises(error, match=words):
            _core64.Average(*args)
    optimizer = _core64.Optimizer("sgd", [x], lr=0.1)
    with pytest.raises(TypeError, match="Average"):
        _core64.step((("d", abs, (optimizer,), 1, 0.0, (1,)),), None, 1)
    average = _core64.Average([x], [_core64.tensor([0.0, 0.0])], [], [], 0.5)
    with pytest.raises(ValueError):
        average.steps = -1


def test_average_is_a_copy():
    net = nn.Linear(2, 2)
    average = _average.Average(net, 0.5)
    assert not any(p.requires_grad for p in average.network.parameters())
    assert all(p.requires_grad for p in net.parameters())
