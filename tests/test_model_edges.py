"""What a model does where several of its parts meet: undo inside fit, averages, labels, loaders."""

import numpy as np
import pytest

import ganc
from ganc import losses, nn
from ganc.callbacks import Callback, EarlyStopping
from ganc.train import Update

POINTS = ganc.datasets.toy.ring(512, seed=0)
LABELS = np.arange(512) % 8


class WithLabels(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.body = nn.Linear(inputs + 8, outputs)

    def forward(self, x, y):
        return self.body(ganc.cat([x, nn.functional.one_hot(y, 8)], 1))


def conditional(**options):
    return ganc.GAN(WithLabels(2, 2), WithLabels(2, 1), 2, seed=0, **options)


def small(**options):
    return ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0, **options)


@pytest.mark.parametrize("undo", [lambda m: m.estimate(POINTS), lambda m: m.snapshot()()])
def test_what_is_taken_back_inside_fit_does_not_lead_it_astray(undo):
    class Undoing(Callback):
        def on_epoch_end(self, epoch, logs=None):
            undo(self.model)
            self.model.stop_training = epoch >= 9  # instead of for ever

    gan, plain = small(), small()
    gan.fit(POINTS, epochs=3, verbose=0, callbacks=[Undoing()])
    plain.fit(POINTS, epochs=3, verbose=0)
    assert (gan.epoch, gan.step) == (plain.epoch, plain.step) == (3, 6)
    assert gan.history.history == plain.history.history
    stopping = EarlyStopping("d_loss", patience=50)
    gan.fit(POINTS, epochs=1, verbose=0, callbacks=[stopping])
    assert stopping.best_epoch in (3, None)


def test_an_optimizer_that_was_replaced_comes_back():
    gan = small()
    first, undo = gan.g_optimizer, gan.snapshot()
    gan.g_optimizer = ganc.optim.SGD(gan.generator.parameters(), lr=1.0)
    undo()
    assert gan.g_optimizer is first


def test_an_average_follows_whoever_updates_its_network():
    class Own(ganc.models.ToyGAN):
        averages = None

        def updates(self):
            d = Update("d", "d_optimizer", self.d_objective)
            return d, Update("g", "g_optimizer", self.g_objective, averages=self.averages)

    for averages, steps in ((None, 3), (("generator",), 3), ((), 0)):
        gan = Own(seed=0)
        gan.averages, gan.ema = averages, 0.5
        for _ in range(3):
            gan.train_on_batch(POINTS[:8])
        assert gan._averages["generator"].core.steps == steps


def test_a_tensor_of_labels_changes_nothing_for_the_images():
    gan, images = conditional(pixel_range=(0.0, 1.0)), np.zeros((4, 2, 2), np.uint8)
    seen = []
    gan.d_objective = lambda batch: seen.append(batch.x.numpy().copy()) or nn.Parameter([1.0]).sum()
    gan._check_shapes = lambda shapes: None
    for labels in (LABELS[:4], ganc.tensor(LABELS[:4])):
        gan.train_on_batch(images, labels)
    assert len(seen) == 2 and (seen[0] == seen[1]).all() and seen[0].shape == (4, 1, 2, 2)


def test_a_loader_keeps_having_no_seed_of_its_own():
    loader = ganc.data.DataLoader(ganc.data.TensorDataset(POINTS), 64, shuffle=True)
    other = small()
    other.seed = 5
    other.fit(loader, verbose=0)
    gan, fresh = small(), small()
    gan.fit(loader, verbose=0)
    fresh.fit(ganc.data.DataLoader(ganc.data.TensorDataset(POINTS), 64, shuffle=True), verbose=0)
    assert gan.history.history == fresh.history.history


def test_a_new_number_is_not_hidden_by_an_old_one_of_its_name():
    class Counting(ganc.models.ToyGAN):
        calls = 0

        def counted(self, batch):
            self.calls += 1
            return self.g_objective(batch), {"count": self.calls}

        def updates(self):
            a = Update("a", "g_optimizer", self.counted)
            return a, Update("b", "g_optimizer", self.counted, every=4)

    gan = Counting(seed=0)
    counts = [gan.train_on_batch(POINTS[:8])["count"] for _ in range(7)]
    assert counts == [1, 2, 3, 5, 6, 7, 8] and "count" not in gan._stale


def test_what_a_file_cannot_hold_whole_is_the_users_own(tmp_path):
    class Margin(losses.Hinge):
        def __init__(self, margin=1.0, *, label_smoothing=0.0):
            super().__init__(label_smoothing=label_smoothing)
            self.margin = margin

    losses.register("margin")(Margin)
    try:
        gan = small(loss=Margin(5.0))
        gan.save(tmp_path / "a.ganc")
        assert ganc.load(tmp_path / "a.ganc").loss.margin == 5.0  # its keywords say all of it
        gan.loss.scale = 2.0
        gan.save(tmp_path / "a.ganc")
        with pytest.raises(ganc.train.NeedsModel, match="loss is your own"):
            ganc.load(tmp_path / "a.ganc")
        assert ganc.load(tmp_path / "a.ganc", gan).loss.margin == 5.0
    finally:
        del losses._loss._LOSSES["margin"]


def test_the_doctor_and_relativistic_losses():
    gan = small(loss="relativistic")
    gan._step = 300
    gan.fit(POINTS, epochs=1, verbose=0)
    for data in ((), (POINTS[:40],), (POINTS,)):
        ganc.doctor(gan, *data)


def test_models_that_have_nothing_to_show():
    class Silent(ganc.Model):
        OPTIMIZERS = {"optimizer": ("network",)}

        def __init__(self):
            super().__init__(seed=0)
            self.network = nn.Linear(2, 2)
            self.optimizer = ganc.optim.SGD(self.network.parameters(), lr=0.1)

        def updates(self):
            return (Update("", "optimizer", lambda batch: self.network(batch.x).square().mean()),)

    silent, gan = Silent(), conditional()
    silent.fit(POINTS, epochs=1, verbose=0, callbacks=[ganc.callbacks.Doctor(POINTS)])
    gan.train_on_batch(POINTS[:8], LABELS[:8])
    for model in (silent, gan):
        assert "<img" not in model._repr_html_()
        ganc.doctor(model, POINTS)


def test_pictures_and_metrics_of_a_conditional_model():
    pytest.importorskip("matplotlib", reason="pip install matplotlib").use("Agg")
    gan = conditional()
    gan.fit(POINTS, LABELS, epochs=1, verbose=0, validation_data=(POINTS[:64], LABELS[:64]))
    assert "val_d_real" in gan.history.history
    ganc.plot.critic_map(gan, labels=3, resolution=5)
    assert gan.interpolate(3, seed=0).shape == (3, 2)
    pairs = ganc.data.TensorDataset(POINTS, LABELS)
    assert gan.evaluate(pairs, [lambda real, fake: 0.0])
    ganc.doctor(gan, pairs, validation_data=[POINTS[:64], LABELS[:64]])


@pytest.mark.parametrize("every", [1, 2])
def test_penalties_at_the_samples_get_samples_with_a_gradient(every):
    class OfGradient(losses.Penalty):
        name, at_samples = "of_gradient", True

        def value(self, critic, real, fake):
            (g,) = ganc.grad(critic(real).sum(), [real], create_graph=True)
            return g.square().mean()

    small(n_critic=1).train_on_batch(POINTS[:8])
    gan = ganc.GAN(nn.Linear(2, 2), nn.Linear(2, 1), 2, penalty=OfGradient(1.0, every), seed=0)
    for _ in range(2):
        logs = gan.train_on_batch(POINTS[:8])
    assert logs["of_gradient_loss"] > 0


def test_gradients_of_two_leaves_are_two():
    a, b = (nn.Parameter([0.0]) for _ in range(2))
    (3 * (a + b)).sum().backward()
    nn.utils.clip_grad_norm_([a, b], 1.0)
    assert a.grad.item() == pytest.approx(0.5**0.5) == b.grad.item()
    given = ganc.ones(1)
    a.grad = b.grad = None
    (a + b).backward(given)
    a.grad.zero_()
    assert b.grad.item() == given.item() == 1.0


def test_counts_of_an_optimizer_are_taken_whole():
    from ganc._backend import core

    params = [core.tensor([1.0], requires_grad=True) for _ in range(3)]
    optimizer = core.Optimizer("adam", params, lr=0.1)
    optimizer.counts = [7, 7, 7]
    counts = [1, 2]

    class Clearing:
        def __index__(self):
            counts.clear()
            return -1

    counts.append(Clearing())
    with pytest.raises(ValueError):
        optimizer.counts = counts
    assert optimizer.counts == [7, 7, 7] and optimizer.steps == 7
