"""Systems whose batches hold two kinds of images: CycleGAN (unpaired) and pix2pix (paired)."""

import numpy as np

import ganc
from ganc import losses, optim
from ganc.train import Field, Update


class Pool:
    """The last fakes: D sees one of them or a new one, half and half (Shrivastava et al. 2017)."""

    def __init__(self, size):
        self.size, self.kept = size, None

    def take(self, fakes):
        new = np.array(fakes.numpy())
        if self.kept is None:
            self.kept = new[:0]
        for i, (use, place) in enumerate(ganc.rand(len(new), 2).tolist()):
            if len(self.kept) < self.size:
                self.kept = np.concatenate([self.kept, new[i : i + 1]])
            elif use < 0.5:
                j = int(place * self.size)
                self.kept[j], new[i] = new[i].copy(), self.kept[j].copy()
        return ganc.tensor(new)


class CycleGAN(ganc.Model):
    """Two generators that undo each other, and two discriminators (Zhu et al. 2017)."""

    FIELDS = (Field("a", "image"), Field("b", "image", paired=False))
    OPTIMIZERS = {"g_optimizer": ("g_ab", "g_ba"), "d_optimizer": ("d_a", "d_b")}
    GENERATORS = ("g_ab", "g_ba")
    OPTIONS = (*ganc.Model.OPTIONS, "cycle")

    def __init__(self, g_ab, g_ba, d_a, d_b, *, cycle=10.0, pool=50, seed=None):
        super().__init__(seed=seed)
        self.g_ab, self.g_ba, self.d_a, self.d_b = g_ab, g_ba, d_a, d_b
        self.cycle, self.loss = cycle, losses.get("lsgan")
        self.pool_a, self.pool_b = Pool(pool), Pool(pool)
        self.g_optimizer = optim.Adam([*g_ab.parameters(), *g_ba.parameters()], betas=(0.5, 0.999))
        self.d_optimizer = optim.Adam([*d_a.parameters(), *d_b.parameters()], betas=(0.5, 0.999))
        self.ema = 0.9

    def updates(self):
        return (
            Update("g", "g_optimizer", self.g_objective, averages=self.GENERATORS),
            Update("d", "d_optimizer", self.d_objective),
        )

    def g_objective(self, batch):
        fake_b, fake_a = self.g_ab(batch.a), self.g_ba(batch.b)
        back_a, back_b = self.g_ba(fake_b), self.g_ab(fake_a)
        cycle = (back_a - batch.a).abs().mean() + (back_b - batch.b).abs().mean()
        self.passed["fakes"] = fake_a.detach(), fake_b.detach()
        loss = self.loss.g_loss(self.d_a(fake_a)) + self.loss.g_loss(self.d_b(fake_b))
        return loss + self.cycle * cycle, {"cycle_loss": cycle}

    def d_objective(self, batch):
        fake_a, fake_b = self.passed["fakes"]
        fake_a, fake_b = self.pool_a.take(fake_a), self.pool_b.take(fake_b)
        in_a = self.loss.d_loss(self.d_a(batch.a), self.d_a(fake_a))
        in_b = self.loss.d_loss(self.d_b(batch.b), self.d_b(fake_b))
        return in_a + in_b, {"a_loss": in_a, "b_loss": in_b}

    def state(self):
        return {"a": self.pool_a.kept, "b": self.pool_b.kept}

    def restore(self, state):
        self.pool_a.kept, self.pool_b.kept = state["a"], state["b"]

    def translate(self, images, to="b"):
        return self.predict("g_ab" if to == "b" else "g_ba", np.asarray(images, np.float32))

    def generate(self, n, *, seed=None):
        generator = ganc.Generator(self.seed if seed is None else seed)
        return self.translate(ganc.randn(n, 2, generator=generator).numpy())


class Pix2Pix(ganc.Model):
    """One image from another (Isola et al. 2017); at first G learns alone, as in SRGAN."""

    FIELDS = (Field("a", "image"), Field("b", "image"))
    OPTIMIZERS = {"g_optimizer": ("generator",), "d_optimizer": ("discriminator",)}
    GENERATORS = ("generator",)
    OPTIONS = (*ganc.Model.OPTIONS, "weight", "alone")

    def __init__(self, generator, discriminator, *, weight=100.0, alone=3, seed=None):
        super().__init__(pixel_range=(0.0, 1.0), seed=seed)
        self.generator, self.discriminator = generator, discriminator
        self.weight, self.alone, self.loss = weight, alone, losses.get("non_saturating")
        self.g_optimizer = optim.Adam(generator.parameters(), betas=(0.5, 0.999))
        self.d_optimizer = optim.Adam(discriminator.parameters(), betas=(0.5, 0.999))

    def updates(self):
        if self.step < self.alone:
            return (Update("g", "g_optimizer", self.g_alone),)
        return (
            Update("d", "d_optimizer", self.d_objective, clip=0.5),
            Update("g", "g_optimizer", self.g_objective),
        )

    def inputs_of(self, name):
        return ((1, 8, 8),) if name == "generator" else ((4, 8, 8),)

    def judge(self, a, b):
        return self.discriminator(ganc.cat([a, b], 1))

    def g_alone(self, batch):
        distance = (self.generator(batch.a) - batch.b).abs().mean()
        return self.weight * distance, {"distance": distance}

    def d_objective(self, batch):
        self.passed["fake"] = fake = self.generator(batch.a)
        return self.loss.d_loss(self.judge(batch.a, batch.b), self.judge(batch.a, fake.detach()))

    def g_objective(self, batch):
        fake = self.passed["fake"]
        distance = (fake - batch.b).abs().mean()
        loss = self.loss.g_loss(self.judge(batch.a, fake)) + self.weight * distance
        return loss, {"distance": distance}

    def translate(self, images):
        return self.predict("generator", np.asarray(images, np.float32))

    def generate(self, n, *, seed=None):
        generator = ganc.Generator(self.seed if seed is None else seed)
        return self.translate(ganc.rand(n, 1, 8, 8, generator=generator).numpy())
