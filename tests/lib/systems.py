"""Small systems as a user writes them on ganc.Model and ganc.GAN, and data for each.

Each is short on purpose: what a system needs beyond its networks and its losses is a fault of
`ganc.train`. `SYSTEMS` has them by name.
"""

import hashlib

import numpy as np
from systems_pairs import CycleGAN, Pix2Pix
from systems_staged import Staged

import ganc
from ganc import losses, nn, optim
from ganc.datasets import toy
from ganc.train import Field, Update

__all__ = ["ALONE", "SYSTEMS", "build", "data_of", "digest"]


def mlp(inputs, outputs, *, norm=False, dropout=0.0):
    more = [nn.BatchNorm1d(12)] if norm else []
    more += [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(nn.Linear(inputs, 12), *more, nn.LeakyReLU(0.2), nn.Linear(12, outputs))


class Labelled(nn.Module):
    """A network of vectors and labels."""

    def __init__(self, inputs, outputs, classes):
        super().__init__()
        self.names = nn.Embedding(classes, 3)
        self.body = mlp(inputs + 3, outputs)

    def forward(self, x, y):
        return self.body(ganc.cat([x, self.names(y)], 1))


class Words(nn.Module):
    """The logits of the token after each of a sequence."""

    def __init__(self, tokens, width=8):
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.cell = nn.GRUCell(width, width)
        self.head = nn.Linear(width, tokens)

    def forward(self, x):
        state, found = None, []
        for row in self.embedding(x).permute(1, 0, 2):
            state = self.cell(row, state)
            found.append(self.head(state))
        return ganc.stack(found, 1)


class SequenceModel(ganc.Model):
    """Learns the next token of sequences, with the rate going down step by step."""

    FIELDS = (Field("text", "sequence"),)
    OPTIMIZERS = {"optimizer": ("network",)}
    GENERATORS = ("network",)
    OPTIONS = (*ganc.Model.OPTIONS, "tokens", "lr")

    def __init__(self, tokens, lr=1e-2, seed=None):
        super().__init__(seed=seed)
        self.tokens, self.lr = tokens, lr
        self.network = Words(tokens)
        self.optimizer = optim.Adam(self.network.parameters(), lr=lr)

    def updates(self):
        return (Update("", "optimizer", self.objective, averages=self.GENERATORS),)

    def schedule(self):
        self.optimizer.param_groups[0]["lr"] = self.lr / (1 + 0.05 * self.step)

    def objective(self, batch):
        logits = self.network(batch.text[:, :-1])
        loss = nn.functional.cross_entropy(logits.permute(0, 2, 1), batch.text[:, 1:])
        return loss, {"perplexity": loss.exp()}

    def generate(self, n, *, seed=None, length=6):
        generator = ganc.Generator(self.seed if seed is None else seed)
        text = np.zeros((n, 1), np.float32)
        while text.shape[1] < length:
            noise = ganc.rand(n, self.tokens, generator=generator).numpy()
            logits = self.predict("network", text)[:, -1] - np.log(-np.log(noise + 1e-9))
            text = np.hstack([text, logits.argmax(1)[:, None].astype(np.float32)])
        return text


# ---- how they are built, and on what they learn ----


def wgan_gp(seed):
    rate = {"lr": 1e-3, "betas": (0.0, 0.9)}
    return ganc.GAN(
        mlp(3, 2, norm=True), mlp(2, 1), 3, loss="wgan", penalty="wgan_gp", n_critic=3, seed=seed,
        g_optimizer=lambda p: optim.Adam(p, **rate), d_optimizer=lambda p: optim.Adam(p, **rate),
    )  # fmt: skip


def r1_lazy(seed):
    penalties = [losses.R1(weight=1, every=4), losses.ZeroCentered(weight=1, every=3)]
    d = mlp(2, 1, dropout=0.2)
    return ganc.GAN(mlp(3, 2), d, 3, penalty=penalties, ema=0.9, seed=seed)


def r3gan(seed):
    penalties = [losses.R1(weight=1), losses.R2(weight=1)]
    return ganc.GAN(mlp(3, 2), mlp(2, 1), 3, loss="relativistic", penalty=penalties, seed=seed)


def conditional(seed):
    return ganc.GAN(Labelled(3, 2, 5), Labelled(2, 1, 5), 3, ema=0.9, n_critic=2, seed=seed)


def cycle_gan(seed):
    networks = {name: mlp(2, 2) for name in ("g_ab", "g_ba")}
    return CycleGAN(**networks, d_a=mlp(2, 1), d_b=mlp(2, 1), seed=seed)


def pix2pix(seed):
    generator = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3),
        nn.Conv2d(4, 3, 3, padding=1), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(nn.Conv2d(4, 4, 3, stride=2), nn.LeakyReLU(0.2), nn.Flatten())
    return Pix2Pix(generator, nn.Sequential(*discriminator, nn.Linear(36, 1)), seed=seed)


def vae(seed):
    model = ganc.models.VAE((1, 4, 4), latent_dim=2, hidden=(8,), seed=seed)
    model.ema = 0.9
    return model


def sequence_model(seed):
    model = SequenceModel(5, seed=seed)
    model.ema = 0.9
    return model


def staged(seed):
    model = Staged(seed=seed)
    model.ema = 0.9
    return model


SYSTEMS = {
    "WGAN-GP": wgan_gp,
    "R1 lazy": r1_lazy,
    "R3GAN": r3gan,
    "conditional": conditional,
    "CycleGAN": cycle_gan,
    "pix2pix": pix2pix,
    "VAE": vae,
    "staged": staged,
    "sequence": sequence_model,
}
ALONE = ("WGAN-GP", "R1 lazy", "R3GAN", "VAE")  # whose files need no model to be loaded into


def build(name, seed=9):
    """Return a system, always with the same weights."""
    ganc.manual_seed(5)
    return SYSTEMS[name](seed)


def data_of(name):
    """Return the fields that a system learns on: 5 steps a pass with batches of 16."""
    rng = np.random.default_rng(0)
    points = toy.ring(80, radius=0.7, seed=1)
    if name == "conditional":
        return points, np.arange(80) % 5
    if name == "CycleGAN":
        return points[:50], toy.ring(83, radius=0.3, seed=2)
    if name == "pix2pix":
        a = rng.integers(0, 256, (80, 8, 8), dtype=np.uint8)
        return a, np.stack([a, 255 - a, a // 2], 3)
    if name == "staged":
        return (rng.integers(0, 256, (80, 8, 8), dtype=np.uint8),)
    if name == "VAE":
        return (rng.integers(0, 256, (80, 4, 4), dtype=np.uint8),)
    if name == "sequence":
        return ((rng.integers(0, 5, (80, 1)) + np.arange(6)) % 5,)
    return (points,)


def digest(model):
    """Hash of everything that a model has learned and counted."""
    h = hashlib.sha256()

    def add(name, value):
        if isinstance(value, dict):
            for key in sorted(value, key=str):
                add(f"{name}.{key}", value[key])
        elif isinstance(value, (list, tuple)):
            add(name, dict(enumerate(value)))
        elif isinstance(value, (np.ndarray, ganc.Tensor)):
            array = np.ascontiguousarray(np.asarray(value))
            h.update(f"{name} {array.shape} {array.dtype}".encode() + array.tobytes())
        else:
            h.update(f"{name} {value!r}".encode())

    for optimizer, networks in model.OPTIMIZERS.items():
        for name in networks:
            add(name, dict(model.averaged(name, ema=False).state_dict()))
            add(f"average of {name}", dict(model.averaged(name).state_dict()))
        if hasattr(model, optimizer):
            add(optimizer, getattr(model, optimizer).state_dict())
    add("state", model.state())
    add("history", [model.history.history, model.history.epoch])
    add("counts", [model.step, model.epoch, model.seed, model.classes, model.ema])
    return h.hexdigest()
