"""LearningRateScheduler: functions, schedulers of ganc.optim, what is recorded."""

import pytest
from test_callbacks import X, toy_gan
from test_gan import digest

import ganc
from ganc import optim
from ganc.callbacks import LambdaCallback, LearningRateScheduler


def rates(gan):
    return [optimizer.param_groups[0]["lr"] for optimizer in (gan.g_optimizer, gan.d_optimizer)]


def test_a_function_of_epoch_and_rate():
    seen = []

    def schedule(epoch, lr):
        seen.append((epoch, lr))
        return lr / 2 if epoch else lr

    gan = toy_gan(g_lr=4e-3, d_lr=8e-3)
    history = gan.fit(X, epochs=3, verbose=0, callbacks=[LearningRateScheduler(schedule)])
    assert history.history["g_lr"] == [4e-3, 2e-3, 1e-3]
    assert history.history["d_lr"] == [8e-3, 4e-3, 2e-3]
    assert seen[:4] == [(0, 4e-3), (0, 8e-3), (1, 4e-3), (1, 8e-3)]


def test_one_optimizer():
    gan = toy_gan(g_lr=1e-3, d_lr=1e-3)
    only_d = LearningRateScheduler(lambda epoch, lr: 5e-4, optimizer="d_optimizer")
    history = gan.fit(X, epochs=1, verbose=0, callbacks=[only_d])
    assert rates(gan) == [1e-3, 5e-4] and "g_lr" not in history.history


def test_rates_are_in_effect():
    gan = toy_gan()
    before = gan.sample(4, seed=0)
    gan.fit(X, epochs=1, verbose=0, callbacks=[LearningRateScheduler(lambda epoch, lr: 0.0)])
    assert (gan.sample(4, seed=0) == before).all()


def test_an_interrupted_epoch_keeps_its_rate():
    def decay(epoch, lr):
        return lr * 0.5

    whole, parts = toy_gan(), toy_gan()
    whole.fit(X, epochs=3, verbose=0, callbacks=[LearningRateScheduler(decay)])

    def halt(batch, logs):
        parts.stop_training = parts.step == 6

    parts.fit(
        X, epochs=3, verbose=0,
        callbacks=[LearningRateScheduler(decay), LambdaCallback(on_train_batch_end=halt)],
    )  # fmt: skip
    assert parts.step == 6
    parts.fit(X, epochs=3, initial_epoch=1, verbose=0, callbacks=[LearningRateScheduler(decay)])
    assert digest(whole) == digest(parts) and rates(whole) == rates(parts)


def schedulers(optimizer):
    s = optim.lr_scheduler
    return [
        s.StepLR(optimizer, 2), s.ExponentialLR(optimizer, 0.5), s.CosineAnnealingLR(optimizer, 5),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", range(3))
def test_schedulers_step_at_the_end_of_each_epoch(kind):
    gan, other = toy_gan(), toy_gan()
    theirs = schedulers(other.g_optimizer)[kind]
    want = []
    for _ in range(5):
        want.append(theirs.get_last_lr()[0])
        theirs.step()
    callback = schedulers(gan.g_optimizer)[kind]
    history = gan.fit(X, epochs=5, verbose=0, callbacks=[callback])
    assert history.history["g_lr"] == want and "d_lr" not in history.history


def test_a_scheduler_of_steps():
    gan = toy_gan(g_lr=1.0)
    one = optim.lr_scheduler.LambdaLR(gan.g_optimizer, lambda step: 0.5**step)
    gan.fit(
        X, epochs=1, steps_per_epoch=3, verbose=0,
        callbacks=[LearningRateScheduler(one, every="step")],
    )  # fmt: skip
    assert rates(gan)[0] == 0.125


def test_plateau_watches_a_number():
    gan = toy_gan(g_lr=1.0)
    plateau = optim.lr_scheduler.ReduceLROnPlateau(gan.g_optimizer, factor=0.5, patience=0)
    feed = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(m=1.0))
    watch = LearningRateScheduler(plateau, monitor="m")
    gan.fit(X, epochs=3, verbose=0, callbacks=[feed, watch])
    assert rates(gan)[0] == 0.25
    with pytest.raises(ValueError, match="monitor: got 'm', expected one of d_loss"):
        gan.fit(X, epochs=1, verbose=0, callbacks=[watch])


def test_state_goes_with_it():
    gan = toy_gan(g_lr=1.0)
    one = LearningRateScheduler(optim.lr_scheduler.StepLR(gan.g_optimizer, 3, 0.1))
    gan.fit(X, epochs=2, verbose=0, callbacks=[one])
    two = LearningRateScheduler(optim.lr_scheduler.StepLR(gan.g_optimizer, 3, 0.1))
    two.load_state_dict(one.state_dict())
    gan.fit(X, epochs=1, verbose=0, callbacks=[two])
    assert rates(gan)[0] == pytest.approx(0.1)


def test_refusals():
    with pytest.raises(TypeError, match="schedule: got float"):
        LearningRateScheduler(0.1)
    with pytest.raises(ValueError, match="every"):
        LearningRateScheduler(lambda epoch, lr: lr, every="batch")
    for schedule, error in ((lambda epoch, lr: None, TypeError), (lambda e, lr: -1.0, ValueError)):
        with pytest.raises(error, match="the schedule's lr"):
            toy_gan().fit(X, verbose=0, callbacks=[LearningRateScheduler(schedule)])
    foreign = optim.lr_scheduler.StepLR(toy_gan().g_optimizer, 1)
    with pytest.raises(ValueError, match="make it of its g_optimizer or d_optimizer"):
        toy_gan().fit(X, verbose=0, callbacks=[foreign])
    with pytest.raises(ValueError, match="optimizer: got 'G'"):
        one = LearningRateScheduler(lambda epoch, lr: lr, optimizer="G")
        toy_gan().fit(X, verbose=0, callbacks=[one])


def test_a_vae_has_one_rate():
    vae = ganc.models.VAE((1, 4, 4), latent_dim=2, seed=0)
    x = (X[:64, :1] * 0)[:, :, None].repeat(16, 1).reshape(64, 1, 4, 4)
    half = LearningRateScheduler(lambda epoch, lr: lr / 2)
    before = vae.optimizer.param_groups[0]["lr"]
    history = vae.fit(x, epochs=1, batch_size=16, verbose=0, callbacks=[half])
    assert history.history["lr"] == [before / 2]
