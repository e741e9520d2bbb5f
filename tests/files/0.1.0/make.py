"""Makes the files of ganc 0.1.0 in this folder, and `hashes.json`: where 0.1.0 went from them.

To be run with ganc 0.1.0 only, which is older than anything in this repository that reads the
files: ``PYTHONPATH=path/to/0.1.0 python make.py``. `CASES`, `trained` and `outcome` are used by
tests/test_old_files.py as well, so they use what both versions have.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import numpy as np

import ganc
from ganc import nn, optim
from ganc.callbacks import EarlyStopping, LambdaCallback, LearningRateScheduler

HERE = Path(__file__).resolve().parent
SIZE, EPOCHS = 16, 3  # of a batch; of the whole run, 5 steps each


def points():
    """Points on which floats of every machine agree."""
    i = np.arange(160, dtype=np.int64)
    return (i * 7919 % 1024 / 512 - 1).astype(np.float32).reshape(80, 2)


def pictures(height, width):
    """Images of 8 bits."""
    i = np.arange(80 * height * width, dtype=np.int64)
    return (i * i * 31 % 256).astype(np.uint8).reshape(80, height, width)


def own_networks():
    """Networks with batch norm, dropout and spectral norm, always the same."""
    ganc.manual_seed(5)
    generator = nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2)
    )
    discriminator = nn.Sequential(
        nn.utils.spectral_norm(nn.Linear(2, 8)), nn.BatchNorm1d(8), nn.LeakyReLU(0.2),
        nn.Linear(8, 1),
    )  # fmt: skip
    return generator, discriminator


def toy():
    return ganc.models.ToyGAN(
        g_hidden=(8,), d_hidden=(8,), loss="wgan", n_critic=3, weight_clip=0.05, seed=3
    )


def separate():
    return ganc.GAN(*own_networks(), 3, ema=0.99, d_reduction="separate", n_critic=2, seed=9)


def same_fakes():
    rate = {"lr": 1e-3, "momentum": 0.5}
    return ganc.GAN(
        *own_networks(), 3, same_fakes=True, loss="lsgan", label_smoothing=0.1, latent="uniform",
        d_optimizer=lambda p: optim.RMSprop(p, **rate), seed=9,
        g_optimizer=lambda p: optim.Adam([{"params": p[:2], "lr": 1e-2}, {"params": p[2:]}]),
    )  # fmt: skip


def vae():
    model = ganc.models.VAE((1, 6, 5), latent_dim=3, hidden=(8,), seed=4)
    model.ema = 0.9
    return model


def conv_vae():
    return ganc.models.ConvVAE((1, 8, 8), e_channels=(3, 4), d_channels=(3, 4, 3), seed=4)


def dcgan():
    return ganc.models.DCGAN((1, 16, 16), latent_dim=4, g_channels=3, d_channels=3, seed=6)


def goodfellow():
    return ganc.models.Goodfellow2014(
        (1, 6, 5), latent_dim=4, g_hidden=(8, 8), d_hidden=(6, 6), lr_decay=1.01,
        momentum_epochs=3, seed=7,
    )  # fmt: skip


def listened():
    return ganc.models.ToyGAN(g_hidden=(8,), d_hidden=(8,), seed=8)


# file: model, data, steps made before it was written
CASES = {
    "toy_n_critic": (toy, points(), 7),
    "separate_ema": (separate, points(), 8),
    "same_fakes_groups": (same_fakes, points(), 6),
    "vae_ema": (vae, pictures(6, 5), 7),
    "conv_vae": (conv_vae, pictures(8, 8), 3),
    "dcgan": (dcgan, pictures(16, 16), 7),
    "goodfellow": (goodfellow, pictures(6, 5), 7),
    "callbacks": (listened, points(), 12),
    "untrained": (listened, points(), 0),
}


def listeners(name, model):
    """Callbacks with a state."""
    if name != "callbacks":
        return []
    return [
        EarlyStopping("d_loss", patience=9, restore_best_weights=True),
        LearningRateScheduler(optim.lr_scheduler.StepLR(model.g_optimizer, 2, gamma=0.5)),
    ]


def trained(name, model, until=EPOCHS * 5):
    """Fit up to a step of the run."""

    def leave(batch, logs):
        if model.step == until:
            raise KeyError(until)

    callbacks = [*listeners(name, model), LambdaCallback(on_train_batch_end=leave)]
    plan = {"epochs": EPOCHS, "initial_epoch": model.epoch, "batch_size": SIZE, "verbose": 0}
    with suppress(KeyError):  # so that the callbacks' states are kept, as by a checkpoint
        model.fit(CASES[name][1], **plan, callbacks=callbacks)
    assert model.step == until
    return model


def outcome(model):
    """Return hashes of networks, averages and optimizers, and the history, as JSON has them."""
    networks, moments = hashlib.sha256(), hashlib.sha256()
    parts = [getattr(model, n) for names in model.OPTIMIZERS.values() for n in names]
    if model.ema_generator is not None:
        parts.append(model.ema_generator)
    for network in parts:
        for key, tensor in network.state_dict().items():
            last = key.rsplit(".", 1)[-1]  # Maxout's parameters have moved since
            networks.update(last.encode() + np.ascontiguousarray(tensor.numpy()).tobytes())
    for name in model.OPTIMIZERS:
        state = getattr(model, name).state_dict()
        for key, entry in sorted(state["state"].items()):
            for slot in sorted(entry):
                moments.update(f"{key}.{slot}".encode() + np.asarray(entry[slot]).tobytes())
        options = [{k: repr(v) for k, v in g.items()} for g in state["param_groups"]]
        moments.update(json.dumps(options, sort_keys=True).encode())
    return {
        "networks": networks.hexdigest(),
        "optimizers": moments.hexdigest(),
        "samples": hashlib.sha256(model.sample(4, seed=1).tobytes()).hexdigest(),
        "history": {k: list(map(repr, v)) for k, v in sorted(model.history.history.items())},
        "step": model.step,
    }


def main():
    """Write the files and what became of the models that wrote them."""
    found = {}
    for name, (make, _, stop) in CASES.items():
        model = make()
        if stop:
            trained(name, model, stop)
        model.save(HERE / f"{name}.ganc")
        now = outcome(model)
        found[name] = {"then": now, "later": outcome(trained(name, model))}
        whole = trained(name, make())  # a run that was not interrupted
        assert outcome(whole) == found[name]["later"], name
    (HERE / "hashes.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
